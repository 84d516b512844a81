/* See shared_file.h. */
#include "shared_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static int find_path(char path[PATH_MAX], const char *folder)
{
    int length = snprintf(path, PATH_MAX, "%s/shared", folder);
    if (length >= 0 && length < PATH_MAX)
        return 0;
    errno = ENAMETOOLONG;
    return -1;
}

/* Maps the file and closes it. */
static void *map_file(int file, size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    int code = errno;
    close(file);
    errno = code;
    return memory == MAP_FAILED ? NULL : memory;
}

void *shared_file_make(const char *folder, size_t size)
{
    char path[PATH_MAX];
    int file =
        find_path(path, folder) ? -1 : open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0)
        return NULL;
    int code = posix_fallocate(file, 0, (off_t)size);
    if (code) {
        close(file);
        unlink(path);
        errno = code;
        return NULL;
    }
    return map_file(file, size);
}

void *shared_file_open(const char *folder, size_t size)
{
    char path[PATH_MAX];
    int file = find_path(path, folder) ? -1 : open(path, O_RDWR | O_CLOEXEC);
    return file < 0 ? NULL : map_file(file, size);
}

void shared_file_close(void *memory, size_t size)
{
    if (memory)
        munmap(memory, size);
}
