/* folder_put is called once a task, so what the file system does behind it is part of the measured
 * time; see take_place. */
#include "folder.h"

#include "transfer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MODE 0666
#define FOLDER_MODE 0777

int folder_make(const char *path)
{
    char parents[PATH_MAX];
    const size_t length = strlen(path);
    if (length >= sizeof parents) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(parents, path, length + 1);
    for (char *slash = strchr(parents + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(parents, FOLDER_MODE) != 0 && errno != EEXIST)
            return -1;
        *slash = '/';
    }
    return mkdir(path, FOLDER_MODE) == 0 || errno == EEXIST ? 0 : -1;
}

static int is_file(int folder, const char *name)
{
    struct stat status;
    return fstatat(folder, name, &status, 0) != 0 || S_ISREG(status.st_mode);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Appends a copy of the name; *names grows by doubling. Returns 0, or -1. */
static int append(char ***names, size_t *count, const char *name)
{
    if ((*count & (*count - 1)) == 0) {
        char **more = realloc(*names, (*count > 0 ? 2 * *count : 1) * sizeof **names);
        if (more == NULL)
            return -1;
        *names = more;
    }
    (*names)[*count] = strdup(name);
    return (*names)[(*count)++] != NULL ? 0 : -1;
}

static int read_names(DIR *listing, char ***names, size_t *count)
{
    struct dirent *entry;
    while (errno = 0, (entry = readdir(listing)) != NULL)
        if (is_file(dirfd(listing), entry->d_name) && append(names, count, entry->d_name) != 0)
            return -1;
    return errno == 0 ? 0 : -1;
}

int folder_list(int folder, char ***names, size_t *count)
{
    *names = NULL;
    *count = 0;
    int own = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = own >= 0 ? fdopendir(own) : NULL;
    if (listing == NULL) {
        if (own >= 0)
            close(own);
        return -1;
    }
    int failed = read_names(listing, names, count), error = errno;
    closedir(listing);
    if (failed != 0) {
        folder_forget(*names, *count);
        *names = NULL;
        *count = 0;
        errno = error;
        return -1;
    }
    if (*count > 0)
        qsort(*names, *count, sizeof **names, by_name);
    return 0;
}

void folder_forget(char **names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
}

/* The file to write, emptied of what would stick out at its end. -1 with errno. */
static int open_part(int folder, const char *part, size_t size)
{
    const int flags = O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC;
    int file = openat(folder, part, flags, FILE_MODE);
    if (file < 0 && errno == EACCES && unlinkat(folder, part, 0) == 0) /* was read-only */
        file = openat(folder, part, flags, FILE_MODE);
    struct stat status;
    if (file >= 0 && fstat(file, &status) == 0 && (size_t)status.st_size > size &&
        ftruncate(file, (off_t)size) != 0) {
        close(file);
        return -1;
    }
    return file;
}

/* An old file of that name changes places with the part, and so is written over next time. To
 * replace it would cost more than a small file's content does: ext4 writes a file to the disk at
 * once when it is renamed over another (1 ms), and looks long for a free inode after many files
 * were removed (0.1 ms, with the folder locked against the other workers). Only a plain file with
 * no other name is safe to write over. */
static int take_place(int folder, const char *part, const char *name)
{
    struct stat old;
    if (fstatat(folder, name, &old, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(old.st_mode) &&
        old.st_nlink == 1 && renameat2(folder, part, folder, name, RENAME_EXCHANGE) == 0)
        return 0;
    return renameat(folder, part, folder, name); /* nothing there, or no exchange here */
}

int folder_put(int folder, const char *part, const char *name, const void *bytes, size_t size)
{
    int file = open_part(folder, part, size);
    int error = file < 0 || transfer_write(file, bytes, size) != 0 ? errno : 0;
    if (file >= 0 && close(file) != 0 && error == 0)
        error = errno;
    if (error == 0 && take_place(folder, part, name) == 0)
        return 0;
    if (error == 0)
        error = errno;
    unlinkat(folder, part, 0);
    errno = error;
    return -1;
}
