/* How workers are split into processes and threads: what there is of each, what is refused, what
 * happens to a whole process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "group.h"
#include "leftovers.h"
#include "pools.h"

#include <errno.h>
#include <time.h>

#define TASKS 1000
#define WORKERS 4

extern const struct pool_ops pool_hybrid, pool_processes;

static int task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)ctx;
    (void)local;
    result->value = index + 1;
    return 0;
}

static struct pool *start_split(unsigned workers, unsigned threads_each, struct arena *arena)
{
    char why[512];
    const struct pool_config config = {
        .workers = workers, .threads_each = threads_each, .task = task, .arena = arena};
    struct pool *pool = pool_start(&pool_hybrid, &config, why, sizeof why);
    if (!pool)
        fail_msg("%s", why);
    return pool;
}

static void assert_map(struct pool *pool, uint64_t chunk)
{
    const struct arena *arena = pool->config.arena;
    assert_int_equal(pool_map(pool, TASKS, chunk), 0);
    assert_int_equal(*arena->failed, 0);
    for (uint64_t i = 0; i < TASKS; i++) {
        assert_int_equal(arena->status[i], TASK_OK);
        assert_int_equal(arena_slot(arena, i)->value, i + 1);
    }
}

/* Every process is our child, holds `threads` workers in a row and has so many threads. */
static void assert_split(const struct pool *pool, unsigned threads)
{
    for (unsigned i = 0; i < pool->config.workers; i++) {
        char folder[64];
        pid_t pid = pool_worker_pid(pool, i);
        assert_int_equal(waitid(P_PID, (id_t)pid, &(siginfo_t){0}, WEXITED | WNOHANG | WNOWAIT), 0);
        snprintf(folder, sizeof folder, "/proc/%d/task", (int)pid);
        assert_int_equal(leftovers_entries(folder, ""), threads);
        for (unsigned j = 0; j < i; j++)
            assert_int_equal(pid == pool_worker_pid(pool, j), i / threads == j / threads);
    }
}

static void each_split_has_its_processes_and_threads(void **state)
{
    struct arena arena;
    (void)state;
    assert_int_equal(arena_make(&arena, TASKS, 0), 0);
    for (unsigned threads = WORKERS; threads > 0; threads /= 2) {
        struct pool *pool = start_split(WORKERS, threads, &arena);
        assert_split(pool, threads);
        for (uint64_t chunk = 0; chunk < 8; chunk += 7)
            assert_map(pool, chunk);
        assert_int_equal(pools_worker_tasks(pool), 2 * TASKS);
        pool_stop(pool);
    }
    arena_free(&arena);
}

static void a_process_is_replaced_with_all_its_threads(void **state)
{
    struct arena arena;
    (void)state;
    assert_int_equal(arena_make(&arena, TASKS, 0), 0);
    struct pool *pool = start_split(WORKERS, 2, &arena);
    for (unsigned i = 0; i < 2 * WORKERS; i++) {
        siginfo_t info;
        pid_t pid = pool_worker_pid(pool, i % WORKERS);
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
        while (pool_worker_pid(pool, i % WORKERS) == pid)
            assert_map(pool, 0);
        char folder[64];
        snprintf(folder, sizeof folder, "/proc/%d/task", (int)pool_worker_pid(pool, i % WORKERS));
        for (int ms = 0; leftovers_entries(folder, "") < 2 && ms < LEFTOVERS_PATIENCE_MS; ms++)
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL); /* it begins with one */
        assert_split(pool, 2);
    }
    pool_stop(pool);
    arena_free(&arena);
}

/* The first pool's workers enter, none after them. */
static int enter_at_first(const void *ctx, void **local)
{
    _Atomic unsigned *entered = (_Atomic unsigned *)ctx;
    (void)local;
    return ++*entered > WORKERS ? task_fail(EPERM, "no badge left") : 0;
}

static void a_thread_that_cannot_enter_later_fails_the_pool_with_its_message(void **state)
{
    _Atomic unsigned *entered = pools_shared(sizeof *entered);
    struct arena arena;
    char why[512];
    int failed = 0;
    (void)state;
    assert_int_equal(arena_make(&arena, TASKS, 0), 0);
    const struct pool_config config = {.workers = WORKERS,
        .threads_each = 2,
        .task = task,
        .ctx = entered,
        .worker_enter = enter_at_first,
        .arena = &arena};
    struct pool *pool = pool_start(&pool_hybrid, &config, why, sizeof why);
    assert_non_null(pool);
    assert_int_equal(kill(pool_worker_pid(pool, 1), SIGKILL), 0);
    while (!failed)
        failed = pool_map(pool, TASKS, 1);
    assert_string_equal(task_message(EIO), "no badge left");
    pool_stop(pool);
    arena_free(&arena);
    pools_unshare(entered, sizeof *entered);
}

static void no_split_told_means_as_many_processes_as_cpus_where_that_divides(void **state)
{
    static const struct {
        const char *cpus;
        unsigned workers, threads_each;
    } rows[] = {{"2", 1, 1}, {"2", 2, 1}, {"2", 3, 3}, {"2", 4, 2}, {"2", 8, 4}, {"2", 13, 13},
        {"4", 6, 2}, {"4", 4, 1}, {"1", 4, 4}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        setenv("POOLBENCH_CPUS", rows[i].cpus, 1);
        assert_int_equal(pool_hybrid.threads_each(rows[i].workers), rows[i].threads_each);
    }
    unsetenv("POOLBENCH_CPUS");
}

static void assert_refused(const struct pool_ops *ops, unsigned threads_each, const char *expected)
{
    char why[512] = "";
    const struct pool_config config = {
        .workers = WORKERS, .threads_each = threads_each, .task = task};
    assert_null(pool_start(ops, &config, why, sizeof why));
    assert_int_equal(errno, EINVAL);
    assert_string_equal(why, expected);
}

static void a_split_that_does_not_divide_is_refused(void **state)
{
    (void)state;
    assert_refused(
        &pool_hybrid, 3, "hybrid: 4 workers cannot be split into processes of 3 threads");
    assert_refused(
        &pool_hybrid, 8, "hybrid: 4 workers cannot be split into processes of 8 threads");
    assert_refused(
        &pool_processes, 2, "processes: 4 workers cannot be split into processes of 2 threads");
}

int main(void)
{
    const struct pool_ops *ops = &pool_hybrid;
    POOLS_ADD(each_split_has_its_processes_and_threads, ops);
    POOLS_ADD(a_process_is_replaced_with_all_its_threads, ops);
    POOLS_ADD(a_thread_that_cannot_enter_later_fails_the_pool_with_its_message, ops);
    POOLS_ADD(no_split_told_means_as_many_processes_as_cpus_where_that_divides, ops);
    POOLS_ADD(a_split_that_does_not_divide_is_refused, ops);
    return group_run("splits", NULL, NULL);
}
