/* Regions whose tasks have a time limit: who is slow costs itself alone, where workers can be
 * killed; a thread cannot, and is reported. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "calls.h"

#include "harness/util/hash.h"

#define TASKS 60
#define SLOW 17
#define TIMEOUT_S 0.1
/* A region with one slow task ends within TIMEOUT_S + 0.5 s; ten times that. */
#define PATIENCE_S 6

static const unsigned sizes[] = {1, 2, 5};
#define SIZES (sizeof sizes / sizeof *sizes)

/* ---- tasks ---- */

static void for_ever(void)
{
    blocking_begin();
    for (;;)
        pause();
}

static void deaf_for_ever(void)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    signal(SIGTERM, SIG_IGN);
    for_ever();
}

static void stopped(void)
{
    raise(SIGSTOP);
}

static void (*way)(void); /* of the slow task; set before the pool starts */

static int slow_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)ctx;
    (void)local;
    if (index == SLOW && !atomic_load(&scene->open))
        way();
    result->value = index + 1;
    return 0;
}

/* Where every task is slow until the gate opens, or one is. */
static int gated_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)local;
    result->value = index + 1;
    if (!ctx || index == SLOW)
        wait_at_gate();
    result->value = index + 1000;
    atomic_fetch_add(&scene->runs, 1);
    return 0;
}

static const bool one; /* as ctx: only SLOW is slow */

static struct pool *start_timed(const struct pool_ops *ops, unsigned workers, double timeout_s,
    task_fn *task, const void *ctx, struct arena *arena)
{
    char why[512];
    const struct pool_config config = {.workers = workers,
        .task = task,
        .ctx = ctx,
        .arena = arena,
        .calls_max = 8,
        .call_size = 8,
        .task_timeout_s = timeout_s};
    struct pool *pool = pool_start(ops, &config, why, sizeof why);
    if (!pool)
        fail_msg("%s", why);
    return pool;
}

/* ---- what must hold ---- */

/* In one chunk, which must not be claimed whole: who is slow would keep it. */
static void map_within(struct pool *pool, uint64_t tasks, double seconds)
{
    uint64_t begin = clock_now();
    if (pool_map(pool, tasks, tasks))
        fail_msg("%s", task_message(0));
    if (clock_since(begin) > seconds)
        fail_msg("it took %g s", clock_since(begin));
}

/* All are done but SLOW, which is TIMEOUT, and, where workers share a process, as many as that has
 * other threads, which are LOST. */
static void assert_one_timed_out(const struct pool *pool)
{
    const struct arena *arena = pool->config.arena;
    unsigned lost = 0;
    for (uint64_t i = 0; i < TASKS; i++) {
        if (arena->status[i] == TASK_LOST && i != SLOW) {
            lost++;
            continue;
        }
        assert_int_equal(arena->status[i], i == SLOW ? TASK_TIMEOUT : TASK_OK);
        if (i != SLOW)
            assert_int_equal(arena_slot(arena, i)->value, i + 1);
    }
    assert_true(lost < pool->config.threads_each);
    assert_int_equal(*arena->failed, 1 + lost);
    const struct task_failure *failure = arena->failures;
    while (failure->index != SLOW)
        failure++;
    assert_int_equal(failure->code, ETIME);
    assert_non_null(strstr(failure->message, " ran for more than 0.1 s"));
}

static void assert_all_done(const struct arena *arena)
{
    assert_int_equal(*arena->failed, 0);
    for (uint64_t i = 0; i < TASKS; i++) {
        assert_int_equal(arena->status[i], TASK_OK);
        assert_int_equal(arena_slot(arena, i)->value, i + 1);
    }
}

/* ---- workers that can be killed ---- */

static void a_task_over_its_time_costs_itself_alone(void **state)
{
    static void (*const ways[])(void) = {for_ever, deaf_for_ever, stopped};
    struct arena arena;
    assert_int_equal(arena_make(&arena, TASKS, 0), 0);
    for (size_t i = 0; i < 3 * SIZES; i++) {
        char pid[32];
        way = ways[i / SIZES];
        atomic_store(&scene->open, 0);
        struct pool *pool =
            start_timed(*state, sizes[i % SIZES], TIMEOUT_S, slow_task, NULL, &arena);
        pid_t before[5];
        for (unsigned k = 0; k < sizes[i % SIZES]; k++)
            before[k] = pool_worker_pid(pool, k);
        map_within(pool, TASKS, PATIENCE_S);
        assert_one_timed_out(pool);
        if (pool->config.threads_each == 1) {
            snprintf(pid, sizeof pid, "(pid %d)", (int)before[arena.failures[0].worker]);
            assert_non_null(strstr(arena.failures[0].message, pid));
        }
        atomic_store(&scene->open, 1);
        map_within(pool, TASKS, PATIENCE_S);
        assert_all_done(&arena);
        pool_stop(pool);
    }
    arena_free(&arena);
}

static void tasks_that_are_all_too_slow_all_time_out(void **state)
{
    struct arena arena;
    assert_int_equal(arena_make(&arena, 6, 0), 0);
    struct pool *pool = start_timed(*state, 3, 0.02, gated_task, NULL, &arena);
    map_within(pool, 6, 10 * PATIENCE_S);
    assert_int_equal(*arena.failed, 6);
    for (uint64_t i = 0; i < 6; i++)
        assert_true(arena.status[i] == TASK_TIMEOUT || arena.status[i] == TASK_LOST);
    assert_int_equal(scene->runs, 0);
    pool_stop(pool);
    arena_free(&arena);
}

static int deadly_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)ctx;
    (void)local;
    (void)index;
    (void)result;
    kill(getpid(), SIGKILL);
    return 0;
}

/* The owner looks every 20 ms, so it notices a death when a short limit has passed, too. Not each:
 * the worker may have had no CPU in time. */
static void a_death_is_no_timeout(void **state)
{
    struct arena arena;
    unsigned lost = 0;
    assert_int_equal(arena_make(&arena, 20, 0), 0);
    struct pool *pool = start_timed(*state, 1, 0.01, deadly_task, NULL, &arena);
    map_within(pool, 20, 10 * PATIENCE_S);
    for (uint64_t i = 0; i < 20; i++)
        lost += arena.status[i] == TASK_LOST;
    assert_true(lost > 15);
    pool_stop(pool);
    arena_free(&arena);
}

/* ---- threads ---- */

/* And the task that it is stuck in. */
static void assert_worker_named(const char *message, unsigned worker)
{
    char expected[64];
    snprintf(expected, sizeof expected, "worker %u is stuck in task %d,", worker, SLOW);
    if (!strstr(message, expected))
        fail_msg("\"%s\" does not say that %s", message, expected);
}

static void a_thread_over_its_time_is_stuck_until_it_comes_back(void **state)
{
    struct arena arena;
    assert_int_equal(arena_make(&arena, TASKS, 64), 0);
    for (unsigned workers = 2; workers < 5; workers++) {
        atomic_store(&scene->open, 0);
        atomic_store(&scene->runs, 0);
        arena_slot(&arena, SLOW)->value = 4711;
        struct pool *pool = start_timed(*state, workers, TIMEOUT_S, gated_task, &one, &arena);
        map_within(pool, TASKS, PATIENCE_S);
        assert_int_equal(scene->runs, TASKS - 1);
        assert_int_equal(*arena.failed, 1);
        assert_int_equal(arena.failures[0].index, SLOW);
        assert_non_null(strstr(arena.failures[0].message, "ran for more than 0.1 s and is stuck"));
        assert_int_equal(pool_map(pool, TASKS, 0), -1);
        assert_worker_named(task_message(0), arena.failures[0].worker);
        assert_int_equal(pool_apply(pool, echo, NULL, 0, NULL, NULL), 0);
        atomic_store(&scene->open, 1);
        while (pool_map(pool, 0, 0))
            sched_yield();
        assert_int_equal(arena_slot(&arena, SLOW)->value, 4711); /* not what came too late */
        map_within(pool, TASKS, PATIENCE_S);
        assert_int_equal(*arena.failed, 0);
        assert_int_equal(arena_slot(&arena, SLOW)->value, SLOW + 1000);
        pool_stop(pool);
    }
    arena_free(&arena);
}

static void where_all_threads_are_stuck_the_rest_is_lost(void **state)
{
    struct arena arena;
    assert_int_equal(arena_make(&arena, TASKS, 0), 0);
    for (unsigned workers = 1; workers < 4; workers++) {
        unsigned timeouts = 0, lost = 0;
        atomic_store(&scene->open, 0);
        atomic_store(&scene->runs, 0);
        struct pool *pool = start_timed(*state, workers, TIMEOUT_S, gated_task, NULL, &arena);
        map_within(pool, TASKS, PATIENCE_S);
        for (uint64_t i = 0; i < TASKS; i++) {
            timeouts += arena.status[i] == TASK_TIMEOUT;
            lost += arena.status[i] == TASK_LOST;
        }
        assert_int_equal(timeouts, workers);
        assert_int_equal(lost, TASKS - workers);
        assert_int_equal(*arena.failed, TASKS);
        atomic_store(&scene->open, 1);
        while (pool_map(pool, 0, 0))
            sched_yield();
        map_within(pool, TASKS, PATIENCE_S);
        assert_int_equal(*arena.failed, 0);
        assert_int_equal(scene->runs, TASKS + workers);
        pool_stop(pool);
    }
    arena_free(&arena);
}

/* Stopping takes 0.1 s; ten times that. */
static void stop_quickly(struct pool *pool)
{
    uint64_t begin = clock_now();
    pool_stop(pool);
    assert_true(clock_since(begin) < 1);
}

/* In a process of its own, which does not mind that an abandoned pool is never freed. */
static void run_apart(void (*scenario)(const struct pool_ops *ops, unsigned workers),
    const struct pool_ops *ops, unsigned workers)
{
    int status = 0;
    atomic_store(&scene->open, 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        alarm(LEFTOVERS_SECONDS);
        scenario(ops, workers);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void stop_and_free(const struct pool_ops *ops, unsigned workers)
{
    struct arena arena;
    assert_int_equal(arena_make(&arena, TASKS, 1 << 16), 0);
    bool all = workers == 2;
    struct pool *pool = start_timed(ops, workers, 0.02, gated_task, all ? NULL : &one, &arena);
    map_within(pool, TASKS, PATIENCE_S);
    stop_quickly(pool);
    uint32_t ended = atomic_load(&scene->runs);
    arena_free(&arena);
    atomic_store(&scene->open, 1);
    wait_for(&scene->runs, ended + (all ? 2 : 1));
    while (leftovers_entries("/proc/self/task", "") > leftovers_before.threads)
        sched_yield(); /* until they have ended, beside an arena that is gone */
}

static void a_pool_stops_with_threads_stuck_for_ever(void **state)
{
    for (unsigned workers = 1; workers < 4; workers++)
        run_apart(stop_and_free, *state, workers);
}

static void stop_with_calls(const struct pool_ops *ops, unsigned workers)
{
    struct arena arena;
    assert_int_equal(arena_make(&arena, TASKS, 0), 0);
    struct pool *pool = start_timed(ops, workers, 0.02, gated_task, NULL, &arena);
    map_within(pool, TASKS, PATIENCE_S);
    for (uint64_t i = 0; i < 4; i++)
        submit(pool, square, i);
    stop_quickly(pool);
}

static void a_pool_stops_with_calls_behind_stuck_threads(void **state)
{
    run_apart(stop_with_calls, *state, 2);
}

static int gated_call(struct pool_call *call)
{
    (void)call;
    wait_at_gate();
    atomic_fetch_add(&scene->runs, 1);
    return 0;
}

static void stop_beside_stuck_calls(const struct pool_ops *ops, unsigned workers)
{
    const struct pool_config config = {.workers = workers, .calls_max = 8};
    const struct pool_options options = {.timeout_s = 0.02};
    char why[512];
    struct pool *pool = pool_start(ops, &config, why, sizeof why);
    uint32_t ended = atomic_load(&scene->runs);
    if (!pool)
        fail_msg("%s", why);
    struct future *stuck = pool_submit(pool, gated_call, NULL, 0, &options);
    assert_int_equal(future_get(stuck, NULL, NULL, PATIENCE_S), ETIME);
    stop_quickly(pool);
    atomic_store(&scene->open, 1);
    wait_for(&scene->runs, ended + 1);
    while (leftovers_entries("/proc/self/task", "") > leftovers_before.threads)
        sched_yield();
}

static void a_pool_stops_with_threads_stuck_in_calls_for_ever(void **state)
{
    for (unsigned workers = 1; workers < 4; workers++)
        run_apart(stop_beside_stuck_calls, *state, workers);
}

/* ---- both ---- */

static int failing_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)ctx;
    (void)local;
    result->value = index + 1;
    memset(result->bytes, (int)index, 24);
    return index % 50 == 1 ? task_fail(EDOM, "task %d", (int)index) : 0;
}

static void a_timed_region_does_what_another_does(void **state)
{
    struct arena arena;
    uint64_t tasks = 3000;
    assert_int_equal(arena_make(&arena, tasks, 24), 0);
    for (size_t i = 0; i < SIZES; i++) {
        struct pool *pool = start_timed(*state, sizes[i], 1000, failing_task, NULL, &arena);
        for (uint64_t chunk = 0; chunk < 200; chunk += 99) {
            uint64_t ran = pools_worker_tasks(pool);
            assert_int_equal(pool_map(pool, tasks, chunk), 0);
            assert_int_equal(*arena.failed, tasks / 50);
            for (uint64_t k = 0; k < tasks; k++) {
                assert_int_equal(arena.status[k], k % 50 == 1 ? TASK_ERROR : TASK_OK);
                assert_int_equal(arena_slot(&arena, k)->value, k + 1);
                assert_int_equal(arena_slot(&arena, k)->bytes[23], k % 256);
            }
            for (uint64_t k = 0; k < tasks / 50; k++) {
                char message[32];
                snprintf(message, sizeof message, "task %d", (int)arena.failures[k].index);
                assert_string_equal(arena.failures[k].message, message);
            }
            assert_int_equal(pools_worker_tasks(pool), ran + tasks);
        }
        pool_stop(pool);
    }
    arena_free(&arena);
}

#define NAP_S 0.02

/* They end just when they are given up. */
static int napping_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    uint64_t begin = clock_now(), random = hash_mix(3, index);
    double seconds = NAP_S + (double)(random % 20) * 1e-3;
    (void)ctx;
    (void)local;
    blocking_begin();
    while (clock_since(begin) < seconds)
        nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
    blocking_end();
    result->value = index + 1;
    return 0;
}

static void a_task_that_ends_as_its_time_does_is_done_or_timed_out(void **state)
{
    struct arena arena;
    assert_int_equal(arena_make(&arena, 8, 0), 0);
    struct pool *pool = start_timed(*state, 2, NAP_S, napping_task, NULL, &arena);
    for (int region = 0; region < 10; region++) {
        unsigned done = 0, lost = 0;
        while (pool_map(pool, 8, 0))
            nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
        for (uint64_t i = 0; i < 8; i++) {
            assert_int_not_equal(arena.status[i], TASK_PENDING);
            done += arena.status[i] == TASK_OK;
            lost += arena.status[i] == TASK_LOST;
            if (arena.status[i] == TASK_OK)
                assert_int_equal(arena_slot(&arena, i)->value, i + 1);
        }
        assert_int_equal(*arena.failed, 8 - done);
        if (pool->ops->kill && pool->config.threads_each == 1)
            assert_int_equal(lost, 0);
    }
    pool_stop(pool);
    arena_free(&arena);
}

static void a_region_without_waiting_is_refused(void **state)
{
    struct arena arena;
    assert_int_equal(arena_make(&arena, TASKS, 0), 0);
    struct pool *pool = start_timed(*state, 2, 1000, failing_task, NULL, &arena);
    assert_null(pool_map_async(pool, TASKS, 0));
    assert_int_equal(errno, ENOTSUP);
    assert_non_null(strstr(task_message(0), "task_timeout_s"));
    pool_stop(pool);
    arena_free(&arena);
}

static void other_backends_and_other_numbers_are_refused(void **state)
{
    const struct pool_ops *ops = *state;
    struct arena arena;
    char why[512];
    assert_int_equal(arena_make(&arena, 1, 0), 0);
    struct pool_config config = {.workers = 1, .task = failing_task, .arena = &arena};
    config.task_timeout_s = runs_calls(ops) ? -1 : 1;
    assert_null(pool_start(ops, &config, why, sizeof why));
    assert_int_equal(errno, runs_calls(ops) ? EINVAL : ENOTSUP);
    assert_non_null(strstr(why, runs_calls(ops) ? "task_timeout_s is -1" : "timeout"));
    config.task_timeout_s = 0;
    config.task_retries = 1;
    config.task_retry_delay_s = runs_calls(ops) ? 0.0 / 0.0 : 0;
    assert_null(pool_start(ops, &config, why, sizeof why));
    assert_int_equal(errno, runs_calls(ops) ? EINVAL : ENOTSUP);
    assert_non_null(strstr(why, runs_calls(ops) ? "task_retry_delay_s" : "task_retries"));
    arena_free(&arena);
}

int main(void)
{
    for (const struct pool_ops *const *at = registry_backends; *at; at++) {
        const struct pool_ops *ops = *at;
        if ((ops->supported && ops->supported()) || ops->keeps_threads || ops->events)
            continue;
        CALLS_ADD(other_backends_and_other_numbers_are_refused);
        if (!runs_calls(ops) || ops == &pool_spawn) /* whose workers know nothing of this scene */
            continue;
        if (ops->kill) {
            CALLS_ADD(a_task_over_its_time_costs_itself_alone);
            CALLS_ADD(tasks_that_are_all_too_slow_all_time_out);
            CALLS_ADD(a_death_is_no_timeout);
        } else {
            CALLS_ADD(a_thread_over_its_time_is_stuck_until_it_comes_back);
            CALLS_ADD(where_all_threads_are_stuck_the_rest_is_lost);
            CALLS_ADD(a_pool_stops_with_threads_stuck_for_ever);
            CALLS_ADD(a_pool_stops_with_calls_behind_stuck_threads);
            CALLS_ADD(a_pool_stops_with_threads_stuck_in_calls_for_ever);
        }
        CALLS_ADD(a_timed_region_does_what_another_does);
        CALLS_ADD(a_task_that_ends_as_its_time_does_is_done_or_timed_out);
        CALLS_ADD(a_region_without_waiting_is_refused);
    }
    return group_run("timeouts", NULL, NULL);
}
