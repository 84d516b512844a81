/* Until when to wait. Everywhere in this folder `seconds` means: negative for ever, 0 try and do
 * not wait, else at most that long by CLOCK_MONOTONIC. */
#ifndef SHARE_DEADLINE_H
#define SHARE_DEADLINE_H

#include "harness/measure/clock.h"

#include <errno.h>
#include <stdbool.h>

/* How long a sleeper sleeps before it looks itself: whoever was to wake it may be dead. */
#define DEADLINE_RECHECK_NS 50000000

#define DEADLINE_NONE UINT64_MAX /* for ever */
#define DEADLINE_TRY 0           /* has always passed */

/* The clock_now at which a wait of `seconds` ends. Beyond 30 years, and NaN, is for ever. */
static inline uint64_t deadline_after(double seconds)
{
    if (!(seconds >= 0) || seconds > 1e9)
        return DEADLINE_NONE;
    return seconds > 0 ? clock_now() + (uint64_t)(seconds * 1e9) : DEADLINE_TRY;
}

/* What a wait returns that has not got what it waited for: EAGAIN where it was a try. */
static inline int deadline_status(uint64_t deadline)
{
    return deadline == DEADLINE_TRY ? EAGAIN : ETIMEDOUT;
}

/* Nanoseconds left, at most `limit`; 0 when it has passed. */
static inline uint64_t deadline_left(uint64_t deadline, uint64_t limit)
{
    if (deadline == DEADLINE_NONE)
        return limit;
    uint64_t now = deadline == DEADLINE_TRY ? 0 : clock_now();
    if (deadline <= now)
        return 0;
    return deadline - now < limit ? deadline - now : limit;
}

static inline struct timespec deadline_timespec(uint64_t ns)
{
    return (struct timespec){(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
}

#endif
