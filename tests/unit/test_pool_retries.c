/* Tasks that are run again after they have failed, however that was, and what is told of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "group.h"
#include "leftovers.h"
#include "pools.h"

#include "harness/measure/clock.h"
#include "harness/util/hash.h"

#include <errno.h>
#include <sys/time.h>

#define TASKS 200
#define MANY 70000 /* more than an arena keeps failures of */
#define TIMEOUT_S 0.03

static const unsigned sizes[] = {1, 2, 5};
#define SIZES (sizeof sizes / sizeof *sizes)

/* What tasks do in their first `failing` runs: every `every`-th one. */
enum way { FAIL, DIE, HANG, MIXED };

struct scene {
    enum way way;
    unsigned every, failing;
    _Atomic unsigned char runs[MANY];
    _Atomic bool open; /* ends what hangs */
    /* of who_dies_in_the_delay: */
    _Atomic bool killed, retried;
    _Atomic unsigned entered, entered_before; /* workers; ... before the first retry */
    _Atomic pid_t victim;
};
static struct scene *scene;

static int end_badly(uint64_t index, unsigned run, enum way way)
{
    if (way == DIE)
        kill(getpid(), SIGKILL);
    while (way == HANG && !scene->open)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    return task_fail(EDOM, "task %d, run %u", (int)index, run);
}

static int task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)local;
    if (scene != ctx) /* a process that was not forked has the memory, not the pointer */
        scene = (struct scene *)ctx;
    unsigned run = ++scene->runs[index];
    result->value = index + run;
    if (index % scene->every != 1 % scene->every || run > scene->failing)
        return 0;
    return end_badly(
        index, run, scene->way == MIXED ? (enum way)(index / scene->every % 3) : scene->way);
}

static void set_scene(enum way way, unsigned every, unsigned failing)
{
    memset(scene, 0, sizeof *scene);
    scene->way = way;
    scene->every = every;
    scene->failing = failing;
}

static struct pool *start(const struct pool_ops *ops, const struct pool_config *config)
{
    char why[512];
    struct pool_config with_scene = *config;
    with_scene.ctx = scene;
    struct pool *pool = pools_try(ops, &with_scene, why, sizeof why);
    if (!pool)
        fail_msg("%s", why);
    return pool;
}

static void map(struct pool *pool, uint64_t tasks, uint64_t chunk)
{
    if (pool_map(pool, tasks, chunk))
        fail_msg("%s", task_message(0));
}

/* The failures are those that the statuses tell, each noted once as far as there is room. */
static void assert_failures_noted(const struct arena *arena, uint64_t tasks)
{
    static bool noted[MANY];
    uint64_t failed = 0, most = arena->failures_max;
    memset(noted, 0, sizeof noted);
    for (uint64_t i = 0; i < tasks; i++) {
        assert_int_not_equal(arena->status[i], TASK_PENDING);
        failed += arena->status[i] != TASK_OK;
    }
    assert_int_equal(*arena->failed, failed);
    for (uint64_t i = 0; i < failed && i < most; i++) {
        uint64_t index = arena->failures[i].index;
        assert_true(index < tasks && !noted[index]);
        noted[index] = true;
        assert_int_not_equal(arena->status[index], TASK_OK);
        assert_int_equal(arena->status[index] == TASK_TIMEOUT, arena->failures[i].code == ETIME);
    }
}

/* ---- each way to fail ---- */

static void a_task_that_fails_twice_is_run_three_times(void **state)
{
    struct arena arena;
    assert_int_equal(arena_make(&arena, TASKS, 0), 0);
    for (size_t i = 0; i < 3 * SIZES; i++) {
        set_scene(FAIL, 7, 2);
        const struct pool_config config = {.workers = sizes[i % SIZES],
            .task = task,
            .arena = &arena,
            .task_retries = 2,
            .task_timeout_s = i / SIZES == 2 ? 1000 : 0};
        struct pool *pool = start(*state, &config);
        map(pool, TASKS, i % 2);
        assert_failures_noted(&arena, TASKS);
        assert_int_equal(*arena.failed, 0);
        for (uint64_t k = 0; k < TASKS; k++) {
            assert_int_equal(scene->runs[k], k % 7 == 1 ? 3 : 1);
            assert_int_equal(arena_slot(&arena, k)->value, k + scene->runs[k]);
        }
        pool_stop(pool);
    }
    arena_free(&arena);
}

static void a_task_that_always_fails_is_noted_once_with_its_last_failure(void **state)
{
    struct arena arena;
    assert_int_equal(arena_make(&arena, TASKS, 0), 0);
    set_scene(FAIL, 7, 100);
    const struct pool_config config = {
        .workers = 3, .task = task, .arena = &arena, .task_retries = 2};
    struct pool *pool = start(*state, &config);
    map(pool, TASKS, 0);
    assert_failures_noted(&arena, TASKS);
    assert_int_equal(*arena.failed, (TASKS + 5) / 7);
    for (uint64_t i = 0; i < *arena.failed; i++) {
        char message[32];
        snprintf(message, sizeof message, "task %d, run 3", (int)arena.failures[i].index);
        assert_string_equal(arena.failures[i].message, message);
    }
    pool_stop(pool);
    arena_free(&arena);
}

static void tasks_that_kill_their_worker_or_hang_are_run_again(void **state)
{
    struct arena arena;
    assert_int_equal(arena_make(&arena, TASKS, 0), 0);
    for (size_t i = 0; i < 2 * SIZES; i++) {
        set_scene(i < SIZES ? DIE : HANG, 90, 2);
        const struct pool_config config = {.workers = sizes[i % SIZES],
            .task = task,
            .arena = &arena,
            .task_timeout_s = i < SIZES ? 0 : TIMEOUT_S,
            .task_retries = 20};
        struct pool *pool = start(*state, &config);
        map(pool, TASKS, 0);
        assert_failures_noted(&arena, TASKS);
        assert_int_equal(*arena.failed, 0);
        for (uint64_t k = 0; k < TASKS && pool->config.threads_each == 1; k++)
            assert_int_equal(scene->runs[k], k % 90 == 1 ? 3 : 1);
        pool_stop(pool);
    }
    arena_free(&arena);
}

static void a_threads_timeout_is_final_and_what_else_failed_is_run_again(void **state)
{
    struct arena arena;
    assert_int_equal(arena_make(&arena, TASKS, 0), 0);
    set_scene(MIXED, 90, 2); /* 1 fails, 91 would kill, 181 hangs */
    const struct pool_config config = {.workers = 2,
        .task = task,
        .arena = &arena,
        .task_timeout_s = TIMEOUT_S,
        .task_retries = 5};
    scene->runs[91] = 2;
    struct pool *pool = start(*state, &config);
    map(pool, TASKS, 0);
    assert_failures_noted(&arena, TASKS);
    assert_int_equal(*arena.failed, 1);
    assert_int_equal(arena.status[181], TASK_TIMEOUT);
    assert_int_equal(scene->runs[181], 1);
    assert_int_equal(arena.status[1], TASK_OK);
    assert_int_equal(scene->runs[1], 3);
    scene->open = true;
    pool_stop(pool);
    arena_free(&arena);
}

/* ---- how many, when, and what is told ---- */

static void more_failures_than_are_kept_are_run_again(void **state)
{
    struct arena arena;
    assert_int_equal(arena_make(&arena, MANY, 0), 0);
    for (unsigned failing = 1; failing < 3; failing++) {
        set_scene(FAIL, 1, failing);
        const struct pool_config config = {
            .workers = 2, .task = task, .arena = &arena, .task_retries = 1};
        struct pool *pool = start(*state, &config);
        map(pool, MANY, 0);
        assert_failures_noted(&arena, MANY);
        assert_int_equal(*arena.failed, failing == 1 ? 0 : MANY);
        pool_stop(pool);
    }
    arena_free(&arena);
}

#define VERY_MANY 1000000

/* As a pool would that had so many threads, of which each is stuck, but for those that have failed
 * otherwise. To look each of them up among those noted would take minutes. */
static void failures_are_dropped_in_a_time_that_goes_with_their_number(void **state)
{
    struct arena arena;
    (void)state;
    assert_int_equal(arena_make(&arena, VERY_MANY, 0), 0);
    uint64_t errors = 0, failed = 0;
    for (uint64_t i = 0; i < VERY_MANY; i++) {
        bool error = i % 16 == 3;
        errors += error;
        arena_fail(&arena, i, error ? TASK_ERROR : TASK_TIMEOUT, error ? EDOM : ETIME, 0, "ended");
    }
    assert_int_equal(arena_retry(&arena, 0, VERY_MANY, false), errors);
    for (uint64_t i = 0; i < VERY_MANY; i++) {
        assert_int_equal(arena.status[i], i % 16 == 3 ? TASK_PENDING : TASK_TIMEOUT);
        failed += arena.status[i] == TASK_TIMEOUT;
    }
    assert_int_equal(*arena.failed, failed);
    for (uint64_t i = 0; i < arena.failures_max; i++) { /* of those left, each once */
        uint64_t index = arena.failures[i].index;
        assert_int_equal(arena.status[index], TASK_TIMEOUT);
        arena.status[index] = TASK_OK;
    }
    arena_free(&arena);
}

static void retries_wait_for_their_delay(void **state)
{
    struct arena arena;
    assert_int_equal(arena_make(&arena, TASKS, 0), 0);
    set_scene(FAIL, 7, 3);
    const struct pool_config config = {
        .workers = 2, .task = task, .arena = &arena, .task_retries = 5, .task_retry_delay_s = 0.05};
    struct pool *pool = start(*state, &config);
    uint64_t begin = clock_now();
    map(pool, TASKS, 0);
    assert_true(clock_since(begin) >= 3 * 0.05 && clock_since(begin) < 10 * 5 * 0.05);
    assert_int_equal(*arena.failed, 0);
    begin = clock_now();
    map(pool, TASKS, 0); /* none fails, none waits */
    assert_true(clock_since(begin) < 0.05);
    pool_stop(pool);
    arena_free(&arena);
}

/* Kills a worker as soon as it is told that half of all is left, which is in the delay. */
static void kill_in_the_delay(void *argument, uint64_t ended, uint64_t tasks)
{
    (void)argument;
    if (ended == tasks / 2 && !scene->killed) {
        scene->killed = true;
        kill(scene->victim, SIGKILL);
    }
}

static int note_entry(const void *ctx, void **local)
{
    (void)local;
    scene = (struct scene *)ctx;
    scene->entered++;
    scene->victim = getpid();
    return 0;
}

static int note_retry(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    int code = task(ctx, local, index, result);
    if (scene->runs[index] == 2 && !scene->retried) {
        scene->entered_before = scene->entered;
        scene->retried = true;
    }
    return code;
}

static void who_dies_in_the_delay_is_replaced_before_it_ends(void **state)
{
    struct arena arena;
    assert_int_equal(arena_make(&arena, TASKS, 0), 0);
    set_scene(FAIL, 2, 1);
    const struct pool_config config = {.workers = 2,
        .threads_each = 1,
        .task = note_retry,
        .worker_enter = note_entry,
        .arena = &arena,
        .task_retries = 1,
        .task_retry_delay_s = 1,
        .progress = kill_in_the_delay};
    struct pool *pool = start(*state, &config);
    map(pool, TASKS, 0);
    assert_true(scene->killed);
    assert_int_equal(*arena.failed, 0);
    assert_int_equal(scene->entered_before, 3);
    pool_stop(pool);
    arena_free(&arena);
}

struct told {
    uint64_t halves, last; /* halves: how often half of all was told */
};

static void note_told(void *argument, uint64_t ended, uint64_t tasks)
{
    struct told *told = argument;
    assert_true(ended <= tasks);
    told->halves += ended == tasks / 2;
    told->last = ended;
}

static void progress_leaves_out_what_is_run_again(void **state)
{
    struct arena arena;
    struct told told = {0};
    assert_int_equal(arena_make(&arena, TASKS, 0), 0);
    set_scene(FAIL, 2, 2);
    const struct pool_config config = {.workers = 2,
        .task = task,
        .arena = &arena,
        .task_retries = 2,
        .task_retry_delay_s = 0.1,
        .progress = note_told,
        .progress_argument = &told};
    struct pool *pool = start(*state, &config);
    map(pool, TASKS, 0);
    assert_true(told.halves >= 4); /* every 20 ms of both delays */
    assert_int_equal(told.last, TASKS);
    pool_stop(pool);
    arena_free(&arena);
}

/* ---- all at once ---- */

/* Each worker process ends at a time of its own, wherever it is then. */
static int mortal_enter(const void *ctx, void **local)
{
    (void)ctx;
    (void)local;
    uint64_t random = hash_mix(5, clock_now());
    setitimer(ITIMER_REAL,
        &(struct itimerval){.it_value.tv_usec = 2000 + (suseconds_t)(random % 30000)}, NULL);
    signal(SIGALRM, SIG_DFL);
    return 0;
}

static void deaths_timeouts_and_errors_together_leave_each_task_decided(void **state)
{
    struct arena arena;
    unsigned statuses[TASK_TIMEOUT + 1] = {0};
    assert_int_equal(arena_make(&arena, MANY, 0), 0);
    for (size_t i = 0; i < 4 * SIZES; i++) {
        set_scene(MIXED, 9000, (unsigned)(i / SIZES));
        const struct pool_config config = {.workers = sizes[i % SIZES],
            .task = task,
            .worker_enter = mortal_enter,
            .arena = &arena,
            .task_timeout_s = TIMEOUT_S / 2,
            .task_retries = 1 + (unsigned)i % 2,
            .task_retry_delay_s = 1e-3};
        struct pool *pool = start(*state, &config);
        map(pool, MANY, 0);
        assert_failures_noted(&arena, MANY);
        for (uint64_t k = 0; k < MANY; k++) {
            statuses[arena.status[k]]++;
            assert_in_range(scene->runs[k], 0, 2 + i % 2);
            if (arena.status[k] == TASK_OK)
                assert_int_equal(arena_slot(&arena, k)->value, k + scene->runs[k]);
        }
        pool_stop(pool);
    }
    print_message("%u ok, %u errors, %u lost, %u timeout\n", statuses[TASK_OK],
        statuses[TASK_ERROR], statuses[TASK_LOST], statuses[TASK_TIMEOUT]);
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

#define ADD(test)                                                                                  \
    group_add(pools_followed(ops) ? test : pools_not_followed, set_up, tear_down, (void *)ops,     \
        "%s: " #test, ops->name)

int main(void)
{
    for (const struct pool_ops *const *at = registry_backends; *at; at++) {
        const struct pool_ops *ops = *at;
        if (ops != &pool_threads && !ops->kill)
            continue;
        ADD(a_task_that_fails_twice_is_run_three_times);
        ADD(a_task_that_always_fails_is_noted_once_with_its_last_failure);
        if (ops->kill) {
            ADD(tasks_that_kill_their_worker_or_hang_are_run_again);
            ADD(deaths_timeouts_and_errors_together_leave_each_task_decided);
            ADD(who_dies_in_the_delay_is_replaced_before_it_ends);
        } else {
            ADD(a_threads_timeout_is_final_and_what_else_failed_is_run_again);
        }
        ADD(more_failures_than_are_kept_are_run_again);
        ADD(retries_wait_for_their_delay);
        ADD(progress_leaves_out_what_is_run_again);
    }
    group_add(failures_are_dropped_in_a_time_that_goes_with_their_number, leftovers_mark,
        leftovers_check, NULL, "failures_are_dropped_in_a_time_that_goes_with_their_number");
    return group_run("retries", NULL, NULL);
}
