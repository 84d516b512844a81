/* The tasks of a workload as a simulation needs them: how long each computes and blocks. */
#ifndef MEASURE_LENGTHS_H
#define MEASURE_LENGTHS_H

#include "../sim/model.h"
#include "../sim/tasks.h"
#include "workload.h"

struct lengths_request {
    const struct sim_model *model; /* whose `task` wins where it is given */
    uint64_t seed;                 /* of lengths that are drawn */
    bool timed;                    /* by the serial loop here, though the case has a model hook */
};

/* Fills in tasks (tasks_free is the caller's), in this order: drawn as the model says, asked of the
 * case's model hook, or timed in a real serial loop. *ran: whether that loop ran every task, so
 * that the arena has their results. Returns 0, or -1 with one line in why, or after a signal. */
int lengths_make(struct sim_tasks *tasks, bool *ran, struct workload *workload,
    const struct lengths_request *request, char *why, size_t size);

#endif
