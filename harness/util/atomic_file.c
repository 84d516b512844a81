/* Atomic replacement by rename(2). The temporary's name carries the process id, and is opened
 * exclusively, so that two programs at once write two files, and the last rename wins. It is made
 * by open and not by mkstemp, so that the file has the user's usual permissions. */
#include "atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ATTEMPTS 100 /* names left behind by killed processes that had our id */

struct atomic_file {
    char path[PATH_MAX], temporary[PATH_MAX];
    FILE *stream;
};

static size_t folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

/* Follows links, so that rename replaces the file and not the link to it. */
static int resolve(struct atomic_file *file, const char *path)
{
    struct stat status;
    size_t size = strlen(path) + 1;
    if (size > sizeof file->path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(file->path, path, size);
    if (stat(path, &status))
        return errno == ENOENT ? 0 : -1;
    if (!S_ISREG(status.st_mode)) {
        errno = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
        return -1;
    }
    return realpath(path, file->path) ? 0 : -1;
}

static int open_temporary(struct atomic_file *file)
{
    int folder = (int)folder_length(file->path);
    for (int i = 0; i < ATTEMPTS; i++) {
        int length = snprintf(file->temporary, sizeof file->temporary, "%.*s.%ld-%d-%s", folder,
            file->path, (long)getpid(), i, file->path + folder);
        if (length < 0 || (size_t)length >= sizeof file->temporary) {
            errno = ENAMETOOLONG;
            return -1;
        }
        int fd = open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

struct atomic_file *atomic_open(const char *path, char *why, size_t size)
{
    struct atomic_file *file = calloc(1, sizeof *file);
    int fd = -1;
    if (!file || resolve(file, path) || (fd = open_temporary(file)) < 0 ||
        !(file->stream = fdopen(fd, "w"))) {
        snprintf(why, size, "%s: cannot be written: %s", path, strerror(errno));
        if (fd >= 0) {
            close(fd);
            unlink(file->temporary);
        }
        free(file);
        return NULL;
    }
    return file;
}

FILE *atomic_stream(struct atomic_file *file)
{
    return file->stream;
}

const char *atomic_path(const struct atomic_file *file)
{
    return file->temporary;
}

/* Makes the rename durable. Best effort: not every file system can do it, and by now both the old
 * and the new file are whole. */
static void sync_folder(const struct atomic_file *file)
{
    char folder[PATH_MAX];
    size_t length = folder_length(file->path);
    snprintf(folder, sizeof folder, "%.*s", (int)length, length ? file->path : "");
    int fd = open(length ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}

int atomic_commit(struct atomic_file *file, char *why, size_t size)
{
    bool failed = ferror(file->stream) || fflush(file->stream) || fsync(fileno(file->stream));
    int cause = errno;
    if (fclose(file->stream) && !failed) {
        failed = true;
        cause = errno;
    }
    if (!failed && rename(file->temporary, file->path)) {
        failed = true;
        cause = errno;
    }
    if (failed) {
        snprintf(why, size, "%s: cannot be written: %s", file->path, strerror(cause));
        unlink(file->temporary);
    } else {
        sync_folder(file);
    }
    free(file);
    return failed ? -1 : 0;
}

void atomic_abort(struct atomic_file *file)
{
    if (!file)
        return;
    fclose(file->stream);
    unlink(file->temporary);
    free(file);
}
