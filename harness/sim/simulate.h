/* One region of a pool in virtual time: a discrete-event simulation. Pure and deterministic: the
 * same input gives the same output, to the last bit, on every machine with IEEE arithmetic.
 *
 * Cost: an event a claim where tasks only compute, else two or three a task; about 0.1 us each, and
 * 64 bytes a worker. A worker that finds nothing to steal looks at all others once. */
#ifndef SIM_SIMULATE_H
#define SIM_SIMULATE_H

#include "model.h"
#include "tasks.h"

#define SIMULATE_WORKERS_MAX 65536

/* What somebody may want to see of a region; NULL where not. */
struct simulate_watch {
    void *context;
    /* A worker begins to run the tasks begin .. end-1; in the order of virtual time. */
    void (*claimed)(void *context, unsigned worker, uint64_t begin, uint64_t end);
    double *latency; /* of each task: ns from the worker's turning to it until its end */
};

struct simulate_outcome {
    double region;      /* ns from the call until all tasks have ended */
    double cpu;         /* ns that cores were taken, by all workers together */
    double start, stop; /* ns of the pool's */
    uint64_t events;
};

/* Runs the tasks on a pool of 1 to SIMULATE_WORKERS_MAX workers, chunk 0 being the backend's
 * default. watch may be NULL. Returns 0, or -1 without memory. */
int simulate_region(const struct sim_model *model, const struct sim_tasks *tasks, unsigned workers,
    uint64_t chunk, const struct simulate_watch *watch, struct simulate_outcome *outcome);

/* The serial loop over the same tasks: no pool, no waiting. */
struct simulate_outcome simulate_serial(
    const struct sim_model *model, const struct sim_tasks *tasks);

#endif
