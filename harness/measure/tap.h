/* What stands around a case's task in a sample: it picks the tasks that are run, times some of
 * them, and lets each carry bytes as a call. A sample that needs none of it goes without. */
#ifndef MEASURE_TAP_H
#define MEASURE_TAP_H

#include "carry.h"
#include "workload.h"

/* Single tasks are timed for at most this many tasks of a region, evenly spread. */
#define TAP_TIMES 1024

struct tap {
    const struct workload *workload;
    uint64_t tasks;          /* of a region */
    const uint64_t *indices; /* which of the case's they are; NULL: the first ones */
    double *times;           /* seconds, TAP_TIMES of them; NULL: no task is timed. They are the
                                start of a shared mapping, which is the pool's remake_fd, ... */
    size_t times_size;       /* ... of so many bytes */
    uint64_t stride;         /* tap_use's: every stride-th task is timed; a power of two */
    struct carry carry;      /* tap_carry's; the owner's alone */
};

/* Of how many tasks of a region one is timed, a power of two: time i is that of its task i *
 * stride. */
uint64_t tap_stride(uint64_t tasks);

/* Makes the tap, with the members above set, the configuration's task, its worker hooks and what
 * worker processes that are no forks of this one remake them from. The tap must outlive the pool;
 * the rest lasts as long as the process. */
void tap_use(struct tap *tap, struct pool_config *config);

/* After tap_use: lets each task be a call, with so many bytes to its worker and back. Serial's
 * tasks carry them in the loop; it has no calls, and its calls_max stays 0. Returns 0, or -1
 * without memory. */
int tap_carry(struct tap *tap, const struct pool_ops *ops, struct pool_config *config,
    size_t payload, size_t result);

/* A region of tasks 0 .. tasks-1 as calls, in a pool whose configuration has calls. Returns 0, or
 * -1 with a message (task_message). */
int tap_map(struct tap *tap, struct pool *pool, uint64_t tasks);

#endif
