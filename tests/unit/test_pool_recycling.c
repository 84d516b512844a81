/* Workers that are replaced after so many tasks: none runs more, none is missed, and it does not
 * take an owner's recheck each time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "pools.h"

#include "harness/measure/clock.h"

#include <errno.h>

#define TASKS_MAX 200

struct scene {
    _Atomic uint32_t entered, left, most; /* most: tasks that one worker's local has seen */
};
static struct scene *scene;
static uint64_t tasks; /* of a region, or calls: fewer where a worker takes milliseconds to start */

static int enter(const void *ctx, void **local)
{
    (void)ctx;
    atomic_fetch_add(&scene->entered, 1);
    *local = calloc(1, sizeof(uint32_t));
    return *local ? 0 : ENOMEM;
}

static void leave(const void *ctx, void *local)
{
    (void)ctx;
    atomic_fetch_add(&scene->left, 1);
    free(local);
}

static void count(void *local)
{
    uint32_t own = ++*(uint32_t *)local, most = atomic_load(&scene->most);
    while (own > most && !atomic_compare_exchange_weak(&scene->most, &most, own))
        ;
}

static int task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)ctx;
    count(local);
    result->value = index + 1;
    return 0;
}

static int call(struct pool_call *given)
{
    count(given->local);
    return 0;
}

static int remake_scene(const void *bytes, size_t size, struct pool_config *config)
{
    int code = pools_remake(bytes, size, config);
    scene = (struct scene *)config->ctx;
    return code;
}

static struct pool *start(
    const struct pool_ops *ops, unsigned workers, uint64_t most, struct arena *arena)
{
    char why[512];
    const struct pool_config config = {.workers = workers,
        .task = task,
        .worker_enter = enter,
        .worker_leave = leave,
        .arena = arena,
        .calls_max = TASKS_MAX,
        .tasks_per_worker = most,
        .remake = remake_scene};
    atomic_store(&scene->entered, 0);
    atomic_store(&scene->left, 0);
    atomic_store(&scene->most, 0);
    struct pool *pool = pools_try(ops, &config, why, sizeof why);
    if (!pool)
        fail_msg("%s", why);
    return pool;
}

static void assert_replaced(unsigned workers, uint64_t most)
{
    assert_true(scene->most <= most);
    assert_int_equal(scene->left, scene->entered);
    if (workers == 1) /* the last one enters after the last task, or not any more */
        assert_in_range(scene->entered, (tasks + most - 1) / most, tasks / most + 1);
    else
        assert_true(scene->entered >= (tasks + most - 1) / most);
}

static const uint64_t mosts[] = {1, 7, 100};

static void set_tasks(const struct pool_ops *ops)
{
    tasks = pools_part(TASKS_MAX) / (ops == &pool_spawn ? 5 : 1);
}

static void regions_replace_workers_after_so_many_tasks(void **state)
{
    set_tasks(*state);
    struct arena arena;
    assert_int_equal(arena_make(&arena, tasks, 0), 0);
    for (unsigned workers = 1; workers < 4; workers += 2) {
        for (size_t i = 0; i < 3 * sizeof mosts / sizeof *mosts; i++) {
            uint64_t begin = clock_now(), most = mosts[i / 3];
            struct pool *pool = start(*state, workers, most, &arena);
            assert_int_equal(pool_map(pool, tasks, i % 3 * 6), 0);
            for (uint64_t k = 0; k < tasks; k++)
                assert_int_equal(arena_slot(&arena, k)->value, k + 1);
            assert_int_equal(*arena.failed, 0);
            assert_int_equal(pools_worker_tasks(pool), tasks);
            pool_stop(pool);
            assert_replaced(workers, most);
            assert_true(clock_since(begin) < 3); /* 10 ms a task would be a recheck each */
        }
    }
    arena_free(&arena);
}

static void calls_replace_workers_too(void **state)
{
    set_tasks(*state);
    for (unsigned workers = 1; workers < 4; workers += 2) {
        for (size_t i = 0; i < sizeof mosts / sizeof *mosts; i++) {
            struct future *futures[TASKS_MAX];
            uint64_t begin = clock_now();
            struct pool *pool = start(*state, workers, mosts[i], NULL);
            for (uint64_t k = 0; k < tasks; k++)
                futures[k] = pool_submit(pool, call, NULL, 0, NULL);
            assert_int_equal(pool_wait(pool, futures, tasks, POOL_WAIT_ALL, -1), 0);
            for (uint64_t k = 0; k < tasks; k++)
                assert_int_equal(future_status(futures[k]), FUTURE_OK);
            pool_stop(pool);
            assert_replaced(workers, mosts[i]);
            assert_true(clock_since(begin) < 3);
        }
    }
}

/* What a worker has printed goes out when it has left the pool, just before its end. */
static ssize_t stop_instead(void *cookie, const char *bytes, size_t size)
{
    (void)cookie;
    (void)bytes;
    raise(SIGSTOP);
    return (ssize_t)size;
}

static int print_something(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    putchar('.');
    return task(ctx, local, index, result);
}

static void a_worker_that_is_stopped_on_its_way_out_is_replaced(void **state)
{
    struct arena arena;
    const struct pool_config config = {.workers = 1,
        .task = print_something,
        .worker_enter = enter,
        .worker_leave = leave,
        .arena = &arena,
        .tasks_per_worker = 2};
    char why[512];
    FILE *before = stdout;
    assert_int_equal(arena_make(&arena, 4, 0), 0);
    stdout = fopencookie(NULL, "w", (cookie_io_functions_t){.write = stop_instead});
    struct pool *pool = pool_start(*state, &config, why, sizeof why);
    int failed = !pool || pool_map(pool, 4, 1);
    uint64_t lost = *arena.failed;
    fclose(stdout);
    stdout = before;
    assert_int_equal(failed, 0);
    assert_int_equal(lost, 0);
    pool_stop(pool);
    arena_free(&arena);
}

static void other_backends_say_that_they_do_not(void **state)
{
    struct arena arena;
    char why[512] = "";
    assert_int_equal(arena_make(&arena, 1, 0), 0);
    const struct pool_config config = {
        .workers = 1, .task = task, .arena = &arena, .tasks_per_worker = 1};
    assert_null(pool_start(*state, &config, why, sizeof why));
    assert_int_equal(errno, ENOTSUP);
    assert_non_null(strstr(why, "tasks_per_worker"));
    arena_free(&arena);
}

static int set_up(void **state)
{
    scene = pools_shared(sizeof *scene);
    return leftovers_mark(state);
}

static int tear_down(void **state)
{
    int failed = leftovers_check(state);
    pools_unshare(scene, sizeof *scene);
    return failed;
}

int main(void)
{
    static const char *const names[] = {"threads", "processes", "hybrid", "spawn"};
#define ADD(test, ops)                                                                             \
    group_add(pools_followed(ops) ? test : pools_not_followed, set_up, tear_down, (void *)(ops),   \
        "%s: " #test, (ops)->name)
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct pool_ops *ops = registry_backend(names[i]);
        ADD(regions_replace_workers_after_so_many_tasks, ops);
        ADD(calls_replace_workers_too, ops);
    }
    ADD(a_worker_that_is_stopped_on_its_way_out_is_replaced, &pool_processes);
    ADD(other_backends_say_that_they_do_not, registry_backend("queue"));
#undef ADD
    return group_run("recycling", NULL, NULL);
}
