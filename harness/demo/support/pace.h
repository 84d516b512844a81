/* Beginning together, and waiting. */
#ifndef DEMO_PACE_H
#define DEMO_PACE_H

#include <sched.h>
#include <stdatomic.h>
#include <time.h>

/* Waits until `count` threads or processes have come, so that all begin at once. *arrived begins
 * with 0. Orders nothing but the begin: relaxed. */
static inline void pace_meet(_Atomic unsigned *arrived, unsigned count)
{
    atomic_fetch_add_explicit(arrived, 1, memory_order_relaxed);
    while (atomic_load_explicit(arrived, memory_order_relaxed) < count)
        sched_yield();
}

/* Sleeps; shorter where a signal comes. */
static inline void pace_pause(double seconds)
{
    nanosleep(
        &(struct timespec){(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)},
        NULL);
}

#endif
