/* Shared mappings. An anonymous one comes first: the kernel checks that it has so much memory,
 * which it does not for a memfd, and it stands in where there can be no memfd. See mapping.h. */
#include "mapping.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

static int make_file(size_t size)
{
    struct rlimit limit; /* of any file's size; to exceed it is a signal */
    if (getrlimit(RLIMIT_FSIZE, &limit) || limit.rlim_cur < size)
        return -1;
    int fd = memfd_create("poolbench", MFD_CLOEXEC);
    if (fd >= 0 && ftruncate(fd, (off_t)size)) {
        close(fd);
        return -1;
    }
    return fd;
}

void *mapping_make(size_t size, bool reserve, int *fd)
{
    const int mode = PROT_READ | PROT_WRITE;
    void *memory =
        mmap(NULL, size, mode, MAP_SHARED | MAP_ANONYMOUS | (reserve ? 0 : MAP_NORESERVE), -1, 0);
    *fd = -1;
    if (memory == MAP_FAILED)
        return NULL;
    *fd = make_file(size);
    if (*fd < 0 || mmap(memory, size, mode, MAP_SHARED | MAP_FIXED, *fd, 0) != MAP_FAILED)
        return memory;
    mapping_free(memory, size, *fd);
    *fd = -1;
    return NULL;
}

void *mapping_open(size_t size, int fd)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return memory == MAP_FAILED ? NULL : memory;
}

void mapping_free(void *memory, size_t size, int fd)
{
    munmap(memory, size);
    if (fd >= 0)
        close(fd);
}
