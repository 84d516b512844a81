/* What transports have in common. Memory has a descriptor and no name, so that nothing is left in
 * /dev/shm, whoever is killed. */
#include "echo_link.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

bool echo_deserted(const struct echo_link *link)
{
    struct pollfd control = {.fd = link->control, .events = POLLIN};
    return poll(&control, 1, 0) > 0;
}

int echo_share(int fd, int *copy)
{
    *copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return *copy < 0 ? errno : 0;
}

int echo_make_memory(size_t size, int *worker, int *partner)
{
    *partner = memfd_create("poolbench-ipc", MFD_CLOEXEC);
    if (*partner < 0 || ftruncate(*partner, (off_t)size))
        return errno;
    return echo_share(*partner, worker);
}

int echo_map(struct echo_link *link, int fd, size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED)
        return errno;
    link->memory = memory;
    return 0;
}

int echo_write(int fd, const void *bytes, size_t size)
{
    const unsigned char *from = bytes;
    while (size > 0) {
        ssize_t count = write(fd, from, size);
        if (count < 0 && errno != EINTR)
            return errno;
        if (count > 0) {
            from += count;
            size -= (size_t)count;
        }
    }
    return 0;
}

int echo_read(int fd, void *bytes, size_t size)
{
    unsigned char *to = bytes;
    while (size > 0) {
        ssize_t count = read(fd, to, size);
        if (count == 0)
            return EPIPE;
        if (count < 0 && errno != EINTR)
            return errno;
        if (count > 0) {
            to += count;
            size -= (size_t)count;
        }
    }
    return 0;
}
