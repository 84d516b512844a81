/* Signs of disturbance: the machine's counters around a run, and canary spins within it. The host
 * is diagnosed, never changed. */
#ifndef MEASURE_NOISE_H
#define MEASURE_NOISE_H

#include "../store/result.h"

/* Counters at one moment. */
struct noise_mark {
    uint64_t at; /* clock_now */
    uint64_t steal_ticks, cpu_ticks, throttled, swapped_in, stalled_us;
    double own_s;  /* CPU time of this process and its children, living and waited for */
    double busy_s; /* CPU time of everybody, on the CPUs of our mask */
    uint64_t cpus; /* cpus_fingerprint */
};

struct noise_mark noise_mark(void);

/* What happened between `before` and now. */
struct result_noise noise_since(const struct noise_mark *before);

/* Seconds of a fixed piece of work of about 0.2 ms: the median of five. A machine that changes its
 * speed shows here. */
double noise_canary(void);

#endif
