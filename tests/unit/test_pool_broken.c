/* Pools of processes whose dead cannot be replaced: all that they had ends with the same reason,
 * nobody hangs and nothing is left. For every backend that replaces its workers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "calls.h"
#include "group.h"
#include "leftovers.h"
#include "pools.h"

#define TASKS 40
#define PROCESSES 2
#define CALLS 20

/* What each worker does when it enters, from now on; in shared memory. */
static _Atomic enum { LIVE, DIE, REFUSE } * fate;

static int enter(const void *ctx, void **local)
{
    (void)ctx;
    (void)local;
    if (*fate == DIE)
        raise(SIGKILL);
    return *fate == REFUSE ? task_fail(EPERM, "no more visitors") : 0;
}

/* All wait for something that never comes, but for the last worker to begin one. */
static int wait_or_die(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)ctx;
    (void)local;
    (void)index;
    (void)result;
    if (atomic_fetch_add(&scene->waiting, 1) == PROCESSES - 1) {
        *fate = DIE;
        raise(SIGKILL);
    }
    for (;;)
        pause();
    return 0;
}

static int die(struct pool_call *call)
{
    (void)call;
    *fate = DIE;
    return raise(SIGKILL);
}

static struct pool *start_mortal(const struct pool_ops *ops, struct arena *arena)
{
    char why[512];
    const struct pool_config config = {.workers = PROCESSES,
        .threads_each = ops->threads_each ? 1 : 0,
        .task = wait_or_die,
        .worker_enter = enter,
        .arena = arena,
        .calls_max = CALLS_MAX,
        .call_size = CALL_SIZE};
    *fate = LIVE;
    struct pool *pool = pool_start(ops, &config, why, sizeof why);
    if (!pool)
        fail_msg("%s", why);
    return pool;
}

/* All refuse at once, with the reason. */
static void assert_broken(struct pool *pool, const char *reason)
{
    siginfo_t child;
    uint64_t number = 7;
    assert_false(leftovers_child(&child));
    for (unsigned i = 0; i < pool_workers(pool); i++)
        assert_int_equal(pool_worker_pid(pool, i), 0);
    assert_null(pool_submit(pool, square, &number, sizeof number, NULL));
    assert_int_equal(errno, ECHILD);
    assert_string_equal(task_message(ECHILD), reason);
    assert_int_equal(pool_apply(pool, square, &number, sizeof number, NULL, NULL), ECHILD);
    assert_string_equal(task_message(ECHILD), reason);
    assert_int_equal(pool_map(pool, 1, 1), -1);
    assert_int_equal(errno, ECHILD);
    assert_string_equal(task_message(ECHILD), reason);
    assert_null(pool_map_async(pool, 1, 1));
    assert_int_equal(errno, ECHILD);
    pool_close(pool);
    assert_int_equal(pool_join(pool, -1), ECHILD);
    assert_string_equal(task_message(ECHILD), reason);
}

static void a_region_that_breaks_its_pool_fails_with_the_reason(void **state)
{
    struct arena arena;
    assert_int_equal(arena_make(&arena, TASKS, 0), 0);
    struct pool *pool = start_mortal(*state, &arena);
    assert_int_equal(pool_map(pool, TASKS, 1), -1);
    char *reason = strdup(task_message(ECHILD));
    assert_non_null(strstr(reason, "was killed by signal 9"));
    assert_non_null(strstr(reason, "before it could begin"));
    assert_int_equal(*arena.failed, PROCESSES); /* one a worker */
    assert_broken(pool, reason);
    pool_stop(pool);
    free(reason);
    arena_free(&arena);
}

static int count(struct future *future, void *argument)
{
    (void)future;
    ++*(int *)argument;
    return 0;
}

/* A call for each: one that waits for ever, one that fails and waits to be retried, one that breaks
 * the pool, and some that nobody begins. */
static void submit_all(struct pool *pool, struct future **futures, int *done)
{
    const struct pool_options once = {.on_done = count, .argument = done};
    const struct pool_options later = {
        .on_done = count, .argument = done, .retries = 1, .retry_delay_s = 1000};
    uint64_t number = 1;
    for (int i = 0; i < CALLS; i++) {
        pool_function *function = i == 0 ? fail_with_number : i == 1 ? gate : i == 2 ? die : echo;
        futures[i] = pool_submit(pool, function, &number, sizeof number, i == 0 ? &later : &once);
        assert_non_null(futures[i]);
        if (i == 1)
            wait_for(&scene->waiting, 1);
    }
}

static void calls_of_a_broken_pool_end_with_the_reason(void **state)
{
    struct future *futures[CALLS];
    struct arena arena;
    int done = 0;
    assert_int_equal(arena_make(&arena, TASKS, 0), 0);
    struct pool *pool = start_mortal(*state, &arena);
    submit_all(pool, futures, &done);
    assert_int_equal(pool_wait(pool, futures, CALLS, POOL_WAIT_ALL, -1), 0);
    assert_int_equal(done, CALLS);
    char *reason = strdup(future_message(futures[CALLS - 1]));
    assert_non_null(strstr(reason, "before it could begin"));
    for (int i = 0; i < CALLS; i++) {
        bool begun = i == 1 || i == 2;
        assert_int_equal(future_status(futures[i]), begun ? FUTURE_LOST : FUTURE_CANCELLED);
        assert_int_equal(future_get(futures[i], NULL, NULL, -1), begun ? ECHILD : ECANCELED);
        if (i != 2)
            assert_string_equal(future_message(futures[i]), reason);
    }
    assert_non_null(strstr(future_message(futures[2]), "was killed by signal 9"));
    assert_broken(pool, reason);
    for (int i = 0; i < CALLS; i++)
        future_free(futures[i]);
    pool_stop(pool);
    free(reason);
    arena_free(&arena);
}

static bool endless(void *state, uint64_t number, void *payload, size_t *size)
{
    (void)state;
    memcpy(payload, &number, *size = sizeof number);
    return true;
}

static int die_at_30(struct pool_call *call)
{
    uint64_t number;
    memcpy(&number, call->payload, sizeof number);
    return number == 30 ? die(call) : echo(call);
}

static void an_iteration_over_a_broken_pool_ends(void **state)
{
    struct pool *pool = start_mortal(*state, NULL);
    struct imap *imap = pool_imap(pool, die_at_30, endless, NULL, 8, false);
    assert_non_null(imap);
    while (pool_imap_next(imap, NULL, -1))
        ;
    assert_int_equal(errno, ECHILD);
    assert_non_null(strstr(task_message(ECHILD), "before it could begin"));
    pool_imap_end(imap);
    pool_stop(pool);
}

static void a_region_without_waiting_is_cancelled_with_the_reason(void **state)
{
    struct arena arena;
    assert_int_equal(arena_make(&arena, TASKS, 0), 0);
    struct pool *pool = start_mortal(*state, &arena);
    struct future *region = pool_map_async(pool, TASKS, 1);
    assert_int_equal(future_get(region, NULL, NULL, -1), ECANCELED);
    char *reason = strdup(future_message(region));
    assert_non_null(strstr(reason, "before it could begin"));
    assert_int_equal(*arena.failed, PROCESSES);
    assert_broken(pool, reason);
    pool_stop(pool);
    free(reason);
    arena_free(&arena);
}

static void a_pool_whose_workers_refuse_to_enter_says_why(void **state)
{
    struct arena arena;
    assert_int_equal(arena_make(&arena, TASKS, 0), 0);
    struct pool *pool = start_mortal(*state, &arena);
    *fate = REFUSE;
    struct future *waits = submit(pool, gate, 1);
    wait_for(&scene->waiting, 1);
    for (unsigned i = 0; i < PROCESSES; i++)
        kill(pool_worker_pid(pool, i), SIGKILL);
    struct future *pending = submit(pool, square, 2);
    assert_int_equal(future_get(pending, NULL, NULL, -1), ECANCELED);
    assert_string_equal(future_message(pending), "no more visitors");
    assert_int_equal(future_status(waits), FUTURE_LOST);
    assert_broken(pool, "no more visitors");
    pool_stop(pool);
    arena_free(&arena);
}

static int set_up_fate(void **state)
{
    fate = mmap(NULL, sizeof *fate, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return fate == MAP_FAILED ? -1 : set_up(state);
}

static int tear_down_fate(void **state)
{
    int failed = tear_down(state);
    munmap((void *)fate, sizeof *fate);
    return failed;
}

static void add_backend(const struct pool_ops *ops)
{
#define ADD(test)                                                                                  \
    group_add(pools_followed(ops) ? test : pools_not_followed, set_up_fate, tear_down_fate,        \
        (void *)ops, "%s: " #test, ops->name)
    ADD(a_region_that_breaks_its_pool_fails_with_the_reason);
    ADD(calls_of_a_broken_pool_end_with_the_reason);
    ADD(an_iteration_over_a_broken_pool_ends);
    ADD(a_region_without_waiting_is_cancelled_with_the_reason);
    ADD(a_pool_whose_workers_refuse_to_enter_says_why);
#undef ADD
}

int main(void)
{
    for (const struct pool_ops *const *ops = registry_backends; *ops; ops++)
        if ((*ops)->tend && *ops != &pool_spawn) /* whose workers know nothing of this scene */
            add_backend(*ops);
    return group_run("broken", NULL, NULL);
}
