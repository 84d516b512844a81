/* The one clock of all measurements: CLOCK_MONOTONIC, in nanoseconds. */
#ifndef MEASURE_CLOCK_H
#define MEASURE_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t clock_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Seconds from `start` (a clock_now) to now. */
static inline double clock_since(uint64_t start)
{
    return (double)(clock_now() - start) * 1e-9;
}

#endif
