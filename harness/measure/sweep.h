/* A sweep: blocks in which serial and every other configuration run once, in random order
 * (the first begins with serial, whose results the others are compared with). */
#ifndef MEASURE_SWEEP_H
#define MEASURE_SWEEP_H

#include "../analyze/stopping.h"
#include "../store/result.h"
#include "workload.h"

/* Told after each sample, with the part that is done (0 to 1) as far as is known; and now and then
 * the widest half-width so far, where one is asked for (NULL: not wanted). */
struct sweep_progress {
    void (*report)(void *context, double done);
    void (*reached)(void *context, double half_width);
    void *context;
};

struct sweep_options {
    unsigned blocks; /* asked for, where no half-width is */
    enum stopping_mode mode;
    double half_width; /* asked for, with another mode than STOPPING_FIXED */
    double budget_s;   /* no block begins after this long once stopping_least are there (not of the
                          pilot, which ends then); 0: none */
    double serial_max_s; /* a serial region of an even case that takes longer runs a subset */
    struct sweep_progress progress;
};

/* Measures result->configs (serial among them or not; all backends known and available) on the
 * workload and appends blocks and samples to the result; fills in tasks, even, answer, noise,
 * alpha and complete. A configuration that fails in the first block is measured no more; its sample
 * says why. Where all do, that block is the only one. Returns 0, or -1 when a signal interrupted
 * it: what was measured until then is in the result. */
int sweep_measure(
    struct workload *workload, const struct sweep_options *options, struct result *result);

#endif
