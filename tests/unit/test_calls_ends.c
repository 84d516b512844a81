/* How calls end where things meet: callbacks that free and wait, deaths beside them, regions
 * without waiting, retries and timeouts beside the end of the pool, and the limits of a pool. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "calls.h"

/* ---- functions ---- */

/* Sleeps for as many ms as the payload says. */
static int nap(struct pool_call *call)
{
    uint64_t ms;
    memcpy(&ms, call->payload, sizeof ms);
    blocking_begin();
    nanosleep(
        &(struct timespec){.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000},
        NULL);
    blocking_end();
    return echo(call);
}

static int gate_then_fail(struct pool_call *call)
{
    (void)call;
    wait_at_gate();
    return task_fail(EDOM, "after the gate");
}

static int die(struct pool_call *call)
{
    (void)call;
    raise(SIGKILL);
    return 0;
}

static int count_done(struct future *future, void *argument)
{
    (void)future;
    ++*(unsigned *)argument;
    return 0;
}

static struct future *submit_with(
    struct pool *pool, pool_function *function, uint64_t number, const struct pool_options *options)
{
    struct future *future = pool_submit(pool, function, &number, sizeof number, options);
    assert_non_null(future);
    return future;
}

static struct pool *start_sized(const struct pool_ops *ops, unsigned workers, uint32_t calls_max,
    size_t call_size, task_fn *task, struct arena *arena)
{
    char why[512];
    const struct pool_config config = {.workers = workers,
        .calls_max = calls_max,
        .call_size = call_size,
        .task = task,
        .ctx = scene,
        .arena = arena,
        .remake = remake_scene};
    struct pool *pool = pools_try(ops, &config, why, sizeof why);
    if (!pool)
        fail_msg("%s", why);
    return pool;
}

/* ---- waiting ---- */

static void as_completed_waits_longer_than_the_owner_sleeps_at_a_time(void **state)
{
    struct pool *pool = start(*state, WORKERS);
    struct future *futures[] = {submit(pool, nap, 150), submit(pool, square, 2)};
    struct pool_completed *set = pool_as_completed(pool, futures, 2);
    assert_ptr_equal(pool_completed_next(set, -1), futures[1]);
    assert_ptr_equal(pool_completed_next(set, -1), futures[0]);
    assert_null(pool_completed_next(set, -1));
    assert_int_equal(errno, 0);
    pool_completed_end(set);
    pool_stop(pool);
}

static void a_future_is_in_one_set_and_in_it_once(void **state)
{
    struct pool *pool = start(*state, WORKERS);
    struct future *one = submit(pool, square, 1), *two = submit(pool, square, 2);
    struct future *twice[] = {one, one, two, one}, *both[] = {two, one};
    struct pool_completed *set = pool_as_completed(pool, twice, 4);
    assert_null(pool_as_completed(pool, both, 2));
    assert_int_equal(errno, EBUSY);
    assert_non_null(pool_completed_next(set, -1));
    assert_non_null(pool_completed_next(set, -1));
    assert_null(pool_completed_next(set, -1));
    pool_completed_end(set);
    set = pool_as_completed(pool, both, 2);
    assert_ptr_equal(pool_completed_next(set, -1), two);
    pool_completed_end(set);
    pool_stop(pool);
}

/* While another call runs: the median of waits is far below the owner's own looks (20 ms). */
static void the_end_of_an_awaited_call_wakes_the_owner(void **state)
{
    struct pool *pool = start(*state, 2);
    submit(pool, gate, 0);
    wait_for(&scene->waiting, 1);
    uint64_t begin = clock_now();
    for (uint64_t i = 0; i < 100; i++) {
        struct future *future = submit(pool, nap, 1);
        assert_int_equal(number_of(future), 1);
        future_free(future);
    }
    assert_true(clock_since(begin) < 1.2); /* 100 looks of 20 ms would be 2 s */
    atomic_store(&scene->open, 1);
    pool_stop(pool);
}

static bool first_hundred(void *state, uint64_t number, void *payload, size_t *size)
{
    (void)state;
    memcpy(payload, &number, sizeof number);
    *size = sizeof number;
    return number < 100;
}

static void an_imap_goes_on_where_others_hold_the_futures(void **state)
{
    struct pool *pool = start_sized(*state, 2, 4, 8, NULL, NULL);
    struct future *held[] = {submit(pool, square, 1), submit(pool, square, 2)};
    for (int ordered = 0; ordered < 2; ordered++) {
        struct imap *imap = pool_imap(pool, square, first_hundred, NULL, 4, ordered);
        uint64_t count = 0;
        while (pool_imap_next(imap, NULL, -1))
            count++;
        assert_int_equal(errno, 0);
        assert_int_equal(count, 100);
        pool_imap_end(imap);
    }
    assert_int_equal(number_of(held[0]) + number_of(held[1]), 5);
    pool_stop(pool);
}

/* ---- callbacks ---- */

struct chain {
    struct pool *pool;
    struct future *next;
    unsigned done, next_done;
};

static int count_chain(struct future *future, void *argument)
{
    (void)future;
    ((struct chain *)argument)->done++;
    return 0;
}

/* Gives its future back and submits another, which gets the same slot. */
static int free_and_submit(struct future *future, void *argument)
{
    struct chain *chain = argument;
    future_free(future);
    const struct pool_options options = {.on_done = count_done, .argument = &chain->next_done};
    chain->next = pool_submit(chain->pool, echo, NULL, 0, &options);
    return 0;
}

static void a_callback_may_free_its_future_and_submit_in_its_place(void **state)
{
    struct pool *pool = start_sized(*state, 1, 2, 8, NULL, NULL);
    struct chain chain = {.pool = pool};
    const struct pool_options options = {
        .on_error = free_and_submit, .on_done = count_chain, .argument = &chain};
    for (unsigned round = 1; round <= 50; round++) {
        chain.next = NULL;
        submit_with(pool, fail_with_number, 1, &options);
        while (!chain.next) /* a wait for another, since its own future is gone then */
            assert_int_equal(pool_apply(pool, echo, NULL, 0, NULL, NULL), 0);
        assert_int_equal(future_wait(chain.next, -1), 0);
        assert_int_equal(future_status(chain.next), FUTURE_OK);
        future_free(chain.next);
        assert_int_equal(chain.done, 0);
        assert_int_equal(chain.next_done, round);
    }
    pool_stop(pool);
}

static int apply_another(struct future *future, void *argument)
{
    struct chain *chain = argument;
    (void)future;
    chain->done += pool_apply(chain->pool, echo, NULL, 0, NULL, NULL) == 0;
    return 0;
}

static void a_callback_after_a_death_may_wait_in_a_pool_of_one(void **state)
{
    struct pool *pool = start(*state, 1);
    struct chain chain = {.pool = pool};
    const struct pool_options options = {.on_error = apply_another, .argument = &chain};
    for (unsigned i = 1; i <= 5; i++) {
        struct future *future = submit_with(pool, die, 1, &options);
        assert_int_equal(future_get(future, NULL, NULL, 10), ECHILD);
        assert_int_equal(chain.done, i);
        future_free(future);
    }
    pool_stop(pool);
}

static int terminate_pool(struct future *future, void *argument)
{
    (void)future;
    pool_terminate(((struct chain *)argument)->pool);
    return 0;
}

static void a_callback_after_a_death_may_terminate(void **state)
{
    struct pool *pool = start(*state, 2);
    struct chain chain = {.pool = pool};
    const struct pool_options options = {.on_error = terminate_pool, .argument = &chain};
    struct future *other = submit(pool, gate, 1);
    submit_with(pool, die, 1, &options);
    assert_int_equal(future_get(other, NULL, NULL, 10), ECANCELED);
    assert_int_equal(pool_join(pool, 10), 0);
    pool_stop(pool);
}

/* ---- retries and timeouts beside ends ---- */

static void a_timed_call_does_not_time_out_early(void **state)
{
    struct pool *pool = start(*state, WORKERS);
    const struct pool_options options = {.timeout_s = 1000};
    struct future *futures[CALLS_MAX];
    for (int round = 0; round < 100; round++) {
        for (uint64_t i = 0; i < CALLS_MAX; i++)
            futures[i] = submit_with(pool, square, i, &options);
        for (uint64_t i = 0; i < CALLS_MAX; i++) {
            while (future_wait(futures[i], 0) == ETIMEDOUT) /* looks each time */
                ;
            assert_int_equal(number_of(futures[i]), i * i);
            future_free(futures[i]);
        }
    }
    pool_stop(pool);
}

static void a_timeout_is_noticed_while_others_end_all_the_time(void **state)
{
    struct pool *pool = start(*state, 2);
    const struct pool_options options = {.timeout_s = 0.1};
    struct future *slow = submit_with(pool, gate, 1, &options), *quick[16];
    wait_for(&scene->waiting, 1);
    uint64_t begin = clock_now();
    for (int i = 0; i < 16; i++)
        quick[i] = submit(pool, square, 1);
    for (unsigned i = 0; future_status(slow) == FUTURE_PENDING && clock_since(begin) < 5; i++) {
        future_free(quick[i % 16]);
        quick[i % 16] = submit(pool, square, 1);
        future_wait(quick[(i + 1) % 16], -1);
    }
    assert_int_equal(future_status(slow), FUTURE_TIMEOUT);
    assert_true(clock_since(begin) < 1);
    atomic_store(&scene->open, 1);
    pool_stop(pool);
}

static void a_timed_out_call_costs_no_other(void **state)
{
    struct pool *pool = start(*state, 1);
    const struct pool_options options = {.timeout_s = 0.005};
    for (int round = 0; round < 40; round++) { /* naps that end just when they are given up */
        struct future *late = submit_with(pool, nap, 5, &options), *next = submit(pool, square, 6);
        int code = future_get(late, NULL, NULL, 10);
        assert_true(code == 0 || code == ETIME);
        assert_int_equal(number_of(next), 36);
        future_free(late);
        future_free(next);
    }
    pool_stop(pool);
}

static void a_timeouts_message_stays_when_the_function_fails_later(void **state)
{
    struct pool *pool = start(*state, 2);
    const struct pool_options options = {.timeout_s = 0.02};
    struct future *future = submit_with(pool, gate_then_fail, 1, &options);
    assert_int_equal(future_get(future, NULL, NULL, 10), ETIME);
    atomic_store(&scene->open, 1);
    pool_close(pool);
    assert_int_equal(pool_join(pool, 10), 0);
    assert_non_null(strstr(future_message(future), "ran for more than"));
    pool_stop(pool);
}

static void a_stuck_thread_neither_hangs_a_submission_nor_a_region(void **state)
{
    struct arena arena;
    assert_int_equal(arena_make(&arena, 10, 0), 0);
    struct pool *pool = start_sized(*state, 2, 1, 8, triple, &arena);
    const struct pool_options options = {.timeout_s = 0.02};
    struct future *stuck = submit_with(pool, gate, 1, &options);
    assert_int_equal(future_get(stuck, NULL, NULL, 10), ETIME);
    future_free(stuck);
    assert_null(pool_submit(pool, echo, NULL, 0, NULL));
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(pool_map(pool, 10, 1), -1);
    assert_non_null(strstr(task_message(0), " is stuck in call number 1 of "));
    atomic_store(&scene->open, 1);
    pool_close(pool);
    assert_int_equal(pool_join(pool, 10), 0);
    pool_stop(pool);
    arena_free(&arena);
}

static void a_pool_stops_while_calls_wait_to_be_retried(void **state)
{
    unsigned done = 0;
    struct pool *pool = start(*state, WORKERS);
    const struct pool_options later = {
        .retries = 9, .retry_delay_s = 1000, .on_done = count_done, .argument = &done};
    struct future *waits = submit_with(pool, fail_with_number, 1, &later);
    assert_int_equal(future_wait(waits, 0.1), ETIMEDOUT);
    submit_with(pool, gate_then_fail, 1, &later);
    wait_for(&scene->waiting, 1);
    atomic_store(&scene->open, 1);
    pool_stop(pool);
    assert_int_equal(done, 2);
}

static void terminate_ends_calls_that_wait_to_be_retried(void **state)
{
    unsigned done = 0;
    struct pool *pool = start(*state, WORKERS);
    const struct pool_options later = {
        .retries = 9, .retry_delay_s = 1000, .on_done = count_done, .argument = &done};
    struct future *futures[20];
    for (uint64_t i = 0; i < 20; i++)
        futures[i] = submit_with(pool, i < 10 ? fail_with_number : gate, 1, &later);
    assert_int_equal(pool_wait(pool, futures, 20, POOL_WAIT_FIRST, 0.1), ETIMEDOUT);
    pool_terminate(pool);
    assert_int_equal(done, 20);
    for (int i = 0; i < 20; i++)
        assert_int_equal(future_status(futures[i]), FUTURE_CANCELLED);
    atomic_store(&scene->open, 1);
    assert_int_equal(pool_join(pool, 10), 0);
    pool_stop(pool);
}

/* ---- regions without waiting ---- */

static int at_gate(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    wait_at_gate();
    return triple(ctx, local, index, result);
}

static void a_second_region_on_an_arena_is_refused(void **state)
{
    struct arena arena;
    assert_int_equal(arena_make(&arena, 60, 0), 0);
    struct pool *pool = start_sized(*state, 2, 8, 8, at_gate, &arena);
    struct future *region = pool_map_async(pool, 60, 1);
    assert_non_null(region);
    assert_null(pool_map_async(pool, 60, 1));
    assert_int_equal(errno, EBUSY);
    assert_int_equal(pool_map(pool, 60, 1), -1);
    assert_int_equal(errno, EBUSY);
    atomic_store(&scene->open, 1);
    assert_int_equal(future_get(region, NULL, NULL, -1), 0);
    assert_tripled(&arena, 60);
    region = pool_map_async(pool, 60, 7);
    future_free(region); /* it goes on */
    while (!(region = pool_map_async(pool, 0, 0)))
        assert_int_equal(pool_apply(pool, echo, NULL, 0, NULL, NULL), 0);
    assert_int_equal(future_get(region, NULL, NULL, -1), 0);
    assert_int_equal(pool_map(pool, 60, 0), 0);
    assert_tripled(&arena, 60);
    pool_stop(pool);
    arena_free(&arena);
}

static void assert_arena_taken(struct pool *pool)
{
    assert_null(pool_map_async(pool, 60, 1));
    assert_int_equal(errno, EBUSY);
    assert_int_equal(pool_map(pool, 60, 1), -1);
    assert_int_equal(errno, EBUSY);
    assert_non_null(strstr(task_message(EIO), "another pool"));
}

/* A process that was forked meanwhile has a copy of the arena that nobody is going to give back. */
static void assert_free_to_others(struct arena *arena)
{
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        struct pool *pool = pools_start(registry_backend("serial"), 1, triple, NULL, arena);
        int failed = pool_map(pool, 0, 0);
        pool_stop(pool);
        _exit(failed ? 1 : 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void a_region_of_another_pool_on_its_arena_is_refused(void **state)
{
    struct arena arena;
    if (!pools_followed(&pool_processes))
        pools_not_followed(state);
    assert_int_equal(arena_make(&arena, 60, 0), 0);
    struct pool *other = start_sized(&pool_processes, 2, 8, 8, triple, &arena);
    struct pool *pool = start_sized(*state, 2, 8, 8, at_gate, &arena);
    struct future *region = pool_map_async(pool, 60, 1);
    assert_non_null(region);
    assert_arena_taken(other);
    assert_free_to_others(&arena);
    assert_arena_taken(other);
    atomic_store(&scene->open, 1);
    assert_int_equal(future_get(region, NULL, NULL, -1), 0);
    assert_int_equal(pool_map(other, 60, 1), 0);
    assert_tripled(&arena, 60);
    assert_int_equal(pool_map(pool, 60, 1), 0);
    atomic_store(&scene->open, 0);
    assert_non_null(pool_map_async(pool, 60, 1));
    assert_arena_taken(other);
    atomic_store(&scene->open, 1);
    pool_stop(pool);
    assert_int_equal(pool_map(other, 60, 1), 0);
    pool_stop(other);
    arena_free(&arena);
}

static void a_region_needs_an_arena_with_room(void **state)
{
    struct arena arena;
    struct pool *pool = start(*state, 1);
    assert_int_equal(pool_map(pool, 0, 0), -1);
    assert_int_equal(errno, EINVAL);
    assert_non_null(strstr(task_message(0), "arena"));
    assert_null(pool_map_async(pool, 1, 0));
    assert_int_equal(errno, EINVAL);
    pool_stop(pool);
    assert_int_equal(arena_make(&arena, 10, 0), 0);
    pool = start_sized(*state, 1, 4, 0, triple, &arena);
    assert_int_equal(pool_map(pool, 11, 0), -1);
    assert_int_equal(errno, EINVAL);
    assert_null(pool_map_async(pool, 11, 0));
    assert_int_equal(errno, EINVAL);
    assert_int_equal(pool_map(pool, 10, 0), 0);
    struct future *region = pool_map_async(pool, 10, 0); /* call_size is 0 */
    assert_int_equal(future_get(region, NULL, NULL, -1), 0);
    assert_tripled(&arena, 10);
    pool_stop(pool);
    arena_free(&arena);
}

static void a_region_goes_on_with_the_futures_that_are_left(void **state)
{
    struct arena arena;
    assert_int_equal(arena_make(&arena, 500, 0), 0);
    struct pool *pool = start_sized(*state, 2, 3, 8, triple, &arena);
    struct future *held = submit(pool, square, 4);
    struct future *region = pool_map_async(pool, 500, 1);
    assert_int_equal(future_get(region, NULL, NULL, -1), 0);
    assert_tripled(&arena, 500);
    struct future *more = submit(pool, square, 5);
    assert_null(pool_map_async(pool, 500, 1)); /* for no piece is there a future */
    assert_int_equal(errno, EAGAIN);
    future_free(more);
    future_free(region);
    assert_int_equal(number_of(held), 16);
    region = pool_map_async(pool, 500, 9);
    assert_int_equal(future_get(region, NULL, NULL, -1), 0);
    pool_stop(pool);
    arena_free(&arena);
}

static void terminate_and_stop_cancel_a_region(void **state)
{
    for (int stop = 0; stop < 2; stop++) {
        struct arena arena;
        assert_int_equal(arena_make(&arena, 1000, 0), 0);
        atomic_store(&scene->open, 0);
        struct pool *pool = start_sized(*state, 2, 16, 8, at_gate, &arena);
        struct future *region = pool_map_async(pool, 1000, 1);
        wait_for(&scene->waiting, 2);
        if (!stop) {
            pool_terminate(pool);
            assert_int_equal(future_get(region, NULL, NULL, -1), ECANCELED);
            if (stop == 0)
                future_free(region);
            assert_null(pool_map_async(pool, 1, 1));
            assert_int_equal(errno, EPIPE);
        }
        atomic_store(&scene->open, 1);
        pool_stop(pool);
        arena_free(&arena);
    }
}

/* Task 7 and 300 kill their workers, once and always. */
static int deadly_triple(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    if (index == 7 || (index == 300 && atomic_fetch_add(&scene->runs, 1) == 0))
        raise(SIGKILL);
    return triple(ctx, local, index, result);
}

static void a_death_costs_a_region_without_waiting_one_task(void **state)
{
    struct arena arena;
    assert_int_equal(arena_make(&arena, 1000, 0), 0);
    for (uint64_t chunk = 0; chunk < 400; chunk += 133) {
        atomic_store(&scene->runs, 0);
        struct pool *pool = start_sized(*state, 2, 3 + (uint32_t)chunk, 8, deadly_triple, &arena);
        struct future *region = pool_map_async(pool, 1000, chunk);
        assert_int_equal(future_get(region, NULL, NULL, -1), 0);
        for (uint64_t i = 0; i < 1000; i++)
            assert_int_equal(arena.status[i], i == 7 || i == 300 ? TASK_LOST
                                              : i % 100 == 50    ? TASK_ERROR
                                                                 : TASK_OK);
        assert_int_equal(*arena.failed, 12);
        for (int i = 0; i < 12; i++)
            assert_int_equal(
                arena.failures[i].code, arena.failures[i].index % 100 == 50 ? ERANGE : SIGKILL);
        pool_stop(pool);
    }
    arena_free(&arena);
}

/* ---- limits ---- */

static void a_pool_of_one_future_and_of_a_million_work(void **state)
{
    static const uint32_t sizes[] = {1, POOL_CALLS_MAX};
    for (size_t i = 0; i < 2; i++) {
        struct pool *pool = start_sized(*state, WORKERS, sizes[i], 8, NULL, NULL);
        for (uint64_t number = 0; number < 5000; number++) {
            struct future *future = submit(pool, square, number);
            assert_int_equal(number_of(future), number * number);
            future_free(future);
        }
        size_t size = 1;
        assert_int_equal(pool_apply(pool, echo, NULL, 0, NULL, &size), 0);
        assert_int_equal(size, 0);
        pool_stop(pool);
    }
}

static void too_many_calls_or_too_large_ones_are_refused_at_the_start(void **state)
{
    char why[512];
    const struct pool_config many = {.workers = 1, .calls_max = POOL_CALLS_MAX + 1};
    assert_null(pool_start(*state, &many, why, sizeof why));
    assert_int_equal(errno, EINVAL);
    assert_non_null(strstr(why, "calls_max"));
    const struct pool_config large = {.workers = 1, .calls_max = 1, .call_size = SIZE_MAX};
    assert_null(pool_start(*state, &large, why, sizeof why));
    assert_int_equal(errno, EINVAL);
    assert_non_null(strstr(why, "call_size"));
    const struct pool_config beyond = {
        .workers = 1, .calls_max = POOL_CALLS_MAX, .call_size = SIZE_MAX / 8};
    assert_null(pool_start(*state, &beyond, why, sizeof why));
    assert_int_equal(errno, EOVERFLOW);
}

int main(void)
{
    for (const struct pool_ops *const *at = registry_backends; *at; at++) {
        const struct pool_ops *ops = *at;
        if (!runs_calls(ops))
            continue;
        CALLS_ADD(as_completed_waits_longer_than_the_owner_sleeps_at_a_time);
        CALLS_ADD(a_future_is_in_one_set_and_in_it_once);
        CALLS_ADD(the_end_of_an_awaited_call_wakes_the_owner);
        CALLS_ADD(an_imap_goes_on_where_others_hold_the_futures);
        CALLS_ADD(a_callback_may_free_its_future_and_submit_in_its_place);
        if (ops->processes) {
            CALLS_ADD(a_callback_after_a_death_may_wait_in_a_pool_of_one);
            CALLS_ADD(a_callback_after_a_death_may_terminate);
            CALLS_ADD(a_death_costs_a_region_without_waiting_one_task);
        } else {
            CALLS_ADD(a_timeouts_message_stays_when_the_function_fails_later);
            CALLS_ADD(a_stuck_thread_neither_hangs_a_submission_nor_a_region);
        }
        CALLS_ADD(a_timed_call_does_not_time_out_early);
        CALLS_ADD(a_timeout_is_noticed_while_others_end_all_the_time);
        CALLS_ADD(a_timed_out_call_costs_no_other);
        CALLS_ADD(a_pool_stops_while_calls_wait_to_be_retried);
        CALLS_ADD(terminate_ends_calls_that_wait_to_be_retried);
        CALLS_ADD(a_second_region_on_an_arena_is_refused);
        CALLS_ADD(a_region_of_another_pool_on_its_arena_is_refused);
        CALLS_ADD(a_region_needs_an_arena_with_room);
        CALLS_ADD(a_region_goes_on_with_the_futures_that_are_left);
        CALLS_ADD(terminate_and_stop_cancel_a_region);
        CALLS_ADD(a_pool_of_one_future_and_of_a_million_work);
        CALLS_ADD(too_many_calls_or_too_large_ones_are_refused_at_the_start);
    }
    return group_run("calls' ends", NULL, NULL);
}
