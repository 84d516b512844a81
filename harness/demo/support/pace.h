/* Beginning together, and waiting. */
#ifndef DEMO_PACE_H
#define DEMO_PACE_H

#include <stdatomic.h>
#include <time.h>

/* Sleeps; shorter where a signal comes. */
static inline void pace_pause(double seconds)
{
    nanosleep(
        &(struct timespec){(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)},
        NULL);
}

/* Leaves the CPU to others for a moment, as a thread does that is interrupted. It sleeps for about
 * 0.1 ms: sched_yield would come back many milliseconds later where the CPU is busy. */
static inline void pace_let_others(void)
{
    pace_pause(1e-6);
}

/* Waits until `count` threads or processes have come, so that all begin at about the same time.
 * *arrived begins with 0. Orders nothing but the begin: relaxed. */
static inline void pace_meet(_Atomic unsigned *arrived, unsigned count)
{
    atomic_fetch_add_explicit(arrived, 1, memory_order_relaxed);
    while (atomic_load_explicit(arrived, memory_order_relaxed) < count)
        pace_let_others();
}

#endif
