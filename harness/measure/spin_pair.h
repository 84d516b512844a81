/* One paired block of break-even: a region of spin tasks on serial and on a pool, side by side in
 * random order. All is measured by runner_sample. */
#ifndef MEASURE_SPIN_PAIR_H
#define MEASURE_SPIN_PAIR_H

#include "../store/result.h"
#include "workload.h"

/* Makes pairs for one search after another; not thread-safe. */
struct spin_pair {
    uint64_t seed;       /* of the order within a pair */
    double fixed_ns;     /* serial: of an empty task ... */
    double iteration_ns; /* ... and of one iteration; they only place the sizes */
    struct workload workload;
    bool open; /* the workload is kept open for the next pair of the same size */
    uint64_t iterations;
    char *why;
    size_t size;
};

/* Calibrates the machine; why (size bytes) takes the messages of this and all that follows. Returns
 * STATUS_DONE, STATUS_INTERRUPTED, or another status with one line in why. spin_pair_close is
 * needed in any case. */
enum status spin_pair_open(struct spin_pair *spin, uint64_t seed, char *why, size_t size);
void spin_pair_close(struct spin_pair *spin);

/* Measures pair->tasks tasks of grain_ns each (0: empty ones) on serial and on the search's pool
 * and fills in serial_s and pool_s. block numbers the pair, for its order. Returns as above. */
enum status spin_pair_take(struct spin_pair *spin, const struct result_search *search,
    double grain_ns, uint64_t block, struct result_pair *pair);

/* What the search's pool takes for an empty task, in ns, within a factor of 2 or so: from a region
 * that grows until it lasts some milliseconds. Returns as above. */
enum status spin_pair_probe(
    struct spin_pair *spin, const struct result_search *search, double *task_ns);

#endif
