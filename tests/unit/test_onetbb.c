/* Where oneTBB's workers leave: in the pool's threads, not in the owner's for all of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "drive.h"
#include "harness/measure/registry.h"
#include "harness/pool/backend.h"
#include "leftovers.h"

#include <stdatomic.h>
#include <stdio.h>

#define WORKERS 4

static pid_t left_in[WORKERS]; /* threads */
static _Atomic unsigned left;

static int enter(const void *ctx, void **local)
{
    (void)ctx;
    *local = NULL;
    return 0;
}

static void leave(const void *ctx, void *local)
{
    (void)ctx;
    (void)local;
    left_in[atomic_fetch_add(&left, 1)] = gettid();
}

static int do_nothing(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)ctx;
    (void)local;
    result->value = index;
    return 0;
}

static void workers_leave_each_in_a_thread_of_its_own(void **state)
{
    (void)state;
    const struct pool_ops *ops = registry_backend("onetbb");
    struct arena arena;
    char why[TASK_MESSAGE_MAX];
    if (!ops || (ops->supported && ops->supported()))
        skip();
    assert_int_equal(arena_make(&arena, 100, 0), 0);
    arena_reset(&arena, 100);
    const struct pool_config config = {.workers = WORKERS,
        .task = do_nothing,
        .worker_enter = enter,
        .worker_leave = leave,
        .arena = &arena};
    struct pool *pool = pool_start(ops, &config, why, sizeof why);
    assert_non_null(pool);
    assert_int_equal(pool_map(pool, 100, 1), 0);
    pool_stop(pool);
    arena_free(&arena);
    assert_int_equal(left, WORKERS);
    for (unsigned i = 0; i < WORKERS; i++)
        for (unsigned j = 0; j < i; j++)
            assert_int_not_equal(left_in[i], left_in[j]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            workers_leave_each_in_a_thread_of_its_own, leftovers_mark, leftovers_check),
    };
    return cmocka_run_group_tests_name("onetbb", tests, NULL, NULL);
}
