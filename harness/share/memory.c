/* Shared mappings without a name: nothing is left in /dev/shm, whoever is killed. */
#include "memory.h"

#include <sys/mman.h>

void *memory_make(size_t size, bool reserve)
{
    int flags = MAP_SHARED | MAP_ANONYMOUS | (reserve ? MAP_NORESERVE : 0);
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

void memory_free(void *memory, size_t size)
{
    if (memory)
        munmap(memory, size);
}
