/* What the tests of calls share: functions to be called, a scene that they and the tests see,
 * pools. To be included after cmocka.h by one test program each. */
#ifndef UNIT_CALLS_H
#define UNIT_CALLS_H

#include "group.h"
#include "leftovers.h"
#include "pools.h"

#include "harness/measure/clock.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

#define WORKERS 3
#define CALL_SIZE 1000
#define CALLS_MAX 256

/* ---- functions that are called ---- */

static inline int square(struct pool_call *call)
{
    uint64_t number;
    memcpy(&number, call->payload, sizeof number);
    number *= number;
    memcpy(call->result, &number, sizeof number);
    call->result_size = sizeof number;
    return 0;
}

static inline int echo(struct pool_call *call)
{
    memcpy(call->result, call->payload, call->payload_size);
    call->result_size = call->payload_size;
    return 0;
}

static inline int fail_with_number(struct pool_call *call)
{
    uint64_t number;
    memcpy(&number, call->payload, sizeof number);
    return number % 2 ? task_fail(EDOM, "odd number %d", (int)number) : 0;
}

static inline int claim_too_much(struct pool_call *call)
{
    call->result_size = CALL_SIZE + 1;
    return 0;
}

/* What tests and functions share. */
struct scene {
    _Atomic uint32_t open; /* gates: functions wait until it is 1 */
    _Atomic uint32_t waiting, runs;
    uint32_t fail_first; /* so many runs fail */
};
static struct scene *scene;

static inline void wait_at_gate(void)
{
    atomic_fetch_add(&scene->waiting, 1);
    blocking_begin();
    while (!atomic_load(&scene->open))
        nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
    blocking_end();
}

static inline int gate(struct pool_call *call)
{
    wait_at_gate();
    return echo(call);
}

static inline int flaky(struct pool_call *call)
{
    uint32_t run = atomic_fetch_add(&scene->runs, 1);
    return run < scene->fail_first ? task_fail(EAGAIN, "run %u fails", run) : echo(call);
}

static inline int deadly(struct pool_call *call)
{
    uint32_t run = atomic_fetch_add(&scene->runs, 1);
    if (run < scene->fail_first)
        raise(SIGKILL);
    return echo(call);
}

/* ---- pools ---- */

static inline int remake_scene(const void *bytes, size_t size, struct pool_config *config)
{
    int code = pools_remake(bytes, size, config);
    scene = (struct scene *)config->ctx;
    return code;
}

static inline struct pool *start(const struct pool_ops *ops, unsigned workers)
{
    char why[512];
    const struct pool_config config = {
        .workers = workers, .calls_max = CALLS_MAX, .call_size = CALL_SIZE, .remake = remake_scene};
    struct pool *pool = pools_try(ops, &config, why, sizeof why);
    if (!pool)
        fail_msg("%s", why);
    return pool;
}

static inline struct future *submit(struct pool *pool, pool_function *function, uint64_t number)
{
    struct future *future = pool_submit(pool, function, &number, sizeof number, NULL);
    assert_non_null(future);
    return future;
}

static inline uint64_t number_of(struct future *future)
{
    const void *bytes;
    size_t size;
    uint64_t number;
    assert_int_equal(future_get(future, &bytes, &size, -1), 0);
    assert_int_equal(size, sizeof number);
    memcpy(&number, bytes, sizeof number);
    return number;
}

static inline void wait_for(_Atomic uint32_t *word, uint32_t value)
{
    while (atomic_load(word) < value)
        nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
}

/* ---- regions ---- */

static inline int triple(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)ctx;
    (void)local;
    result->value = 3 * index;
    return index % 100 == 50 ? ERANGE : 0;
}

static inline void assert_tripled(const struct arena *arena, uint64_t tasks)
{
    for (uint64_t i = 0; i < tasks; i++) {
        assert_int_equal(arena->status[i], i % 100 == 50 ? TASK_ERROR : TASK_OK);
        assert_int_equal(arena_slot(arena, i)->value, 3 * i);
    }
}

/* ---- tests ---- */

static inline int set_up(void **state)
{
    scene = pools_shared(sizeof *scene);
    return leftovers_mark(state);
}

static inline int tear_down(void **state)
{
    int failed = leftovers_check(state);
    pools_unshare(scene, sizeof *scene);
    return failed;
}

/* Adds a test of `ops`, in a file that has it as a variable. */
#define CALLS_ADD(test)                                                                            \
    group_add(pools_followed(ops) ? test : pools_not_followed, set_up, tear_down, (void *)ops,     \
        "%s: " #test, ops->name)

/* Whether a backend runs calls. */
static inline bool runs_calls(const struct pool_ops *ops)
{
    return strcmp(ops->name, "threads") == 0 || strcmp(ops->name, "gil") == 0 || ops->kill;
}

#endif
