/* A file in memory (memfd) that other processes open as /proc/PID/fd/N of the process that has made
 * it, which is there for as long as they have work. */
#include "segment.h"

#include "../case.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

/* Returns a descriptor, or -1 with errno. */
static int make_file(size_t size)
{
    struct rlimit limit; /* of any file's size; to exceed it is a signal */
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < size) {
        errno = EFBIG;
        return -1;
    }
    int fd = memfd_create("poolbench-case", MFD_CLOEXEC);
    if (fd >= 0 && ftruncate(fd, (off_t)size)) {
        int code = errno;
        close(fd);
        errno = code;
        return -1;
    }
    return fd;
}

static bool map(struct segment *segment, int fd)
{
    segment->memory = mmap(NULL, segment->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return segment->memory != MAP_FAILED;
}

static int open_another(struct segment *segment, const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    bool mapped = fd >= 0 && map(segment, fd);
    int code = errno;
    if (fd >= 0)
        close(fd);
    if (!mapped)
        segment->memory = NULL;
    return mapped ? 0
                  : task_fail(code, "%.120s: cannot map the case's shared memory: %s", path,
                        strerror(code));
}

/* The caller's own; writes how others find it. */
static int make_own(struct segment *segment, char *address, size_t room)
{
    segment->fd = make_file(segment->size);
    if (segment->fd >= 0 && map(segment, segment->fd)) {
        snprintf(address, room, "/proc/%d/fd/%d", (int)getpid(), segment->fd);
        return 0;
    }
    int code = errno;
    if (segment->fd >= 0)
        close(segment->fd);
    segment->memory = NULL;
    return task_fail(code, "no %zu bytes of shared memory: %s", segment->size, strerror(code));
}

int segment_open(struct segment *segment, struct case_run *run, size_t size)
{
    *segment = (struct segment){.size = size, .fd = -1};
    return *run->handed ? open_another(segment, run->handed)
                        : make_own(segment, run->handed, sizeof run->handed);
}

int segment_open_in(struct segment *segment, const char *folder, bool makes, size_t size)
{
    char link[PATH_MAX + 16], address[64];
    *segment = (struct segment){.size = size, .fd = -1};
    snprintf(link, sizeof link, "%s/shared", folder);
    if (!makes)
        return open_another(segment, link);
    int code = make_own(segment, address, sizeof address);
    if (code || symlink(address, link) == 0)
        return code;
    code = errno;
    segment_close(segment);
    segment->memory = NULL;
    return task_fail(
        code, "cannot make a link in %.120s: %s; try folder=DIR", folder, strerror(code));
}

bool segment_is_mine(const struct segment *segment)
{
    return segment->fd >= 0;
}

void segment_close(struct segment *segment)
{
    if (!segment->memory)
        return;
    munmap(segment->memory, segment->size);
    if (segment->fd >= 0)
        close(segment->fd);
}
