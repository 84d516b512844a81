/* Work of a known length: CPU time, which takes longer where the CPU is taken away. */
#ifndef SUPPORT_COMPUTE_H
#define SUPPORT_COMPUTE_H

#include <stdint.h>
#include <time.h>

/* Keeps the calling thread busy for `grain` ns of its own CPU time. 0: returns at once. */
static inline void compute_for(uint64_t grain)
{
    struct timespec used;
    if (grain == 0)
        return;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    uint64_t end = (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec + grain;
    while ((uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec < end)
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
}

#endif
