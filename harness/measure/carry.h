/* A region as calls: each task is handed over by itself, with bytes that travel to its worker and
 * bytes that come back, which is what a task costs whose data are not there beforehand. Threads and
 * processes both pay for it, since a pool's payload and result are copies (pool.h).
 *
 * The serial loop does the same work without the journey: the task reads the payload and writes the
 * result, and whoever asked reads that, where they stand. */
#ifndef MEASURE_CARRY_H
#define MEASURE_CARRY_H

#include "../pool/pool.h"

/* What travels. The owner's; nothing of it is a worker's. */
struct carry {
    size_t payload, result; /* bytes a call, each way, beside 8 for the index and the value */
    unsigned char *source;  /* the index and the payload */
    unsigned char *sink;    /* serial's result */
    size_t call_size;       /* for pool_config */
    uint32_t window;        /* for pool_config.calls_max: calls that are under way at once */
};

/* Makes one for a pool of so many workers; its memory lasts as long as the process, which is the
 * sample's. Returns 0, or -1 with errno. */
int carry_make(struct carry *carry, size_t payload, size_t result, unsigned workers);

/* In the worker: reads the payload and returns the index. The caller runs the task on carry_result,
 * then carry_pack writes its bytes. */
uint64_t carry_unpack(const struct pool_call *call);
struct task_result *carry_result(const struct pool_call *call);
void carry_pack(struct pool_call *call, uint64_t index);

/* Runs tasks 0 .. tasks-1 as calls of `function`, at most a window of them at once, and puts their
 * values in the arena. Returns 0, or -1 with a message (task_message). */
int carry_map(
    struct pool *pool, pool_function *function, const struct carry *carry, uint64_t tasks);

/* One task the serial way, on the calling thread, into its slot. Returns function's code. */
int carry_alone(const struct carry *carry, pool_function *function, const void *ctx, void *local,
    uint64_t index, struct task_result *slot);

#endif
