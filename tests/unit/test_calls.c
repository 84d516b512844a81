/* Calls and futures on threads and processes alike: results, failures, waiting, cancelling,
 * callbacks, retries, timeouts, and what misuse gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "calls.h"

/* ---- submit, get, apply ---- */

static void each_future_has_its_calls_result(void **state)
{
    struct pool *pool = start(*state, WORKERS);
    struct future *futures[CALLS_MAX];
    for (int round = 0; round < 200; round++) {
        for (uint64_t i = 0; i < CALLS_MAX; i++)
            futures[i] = submit(pool, square, i);
        for (uint64_t i = 0; i < CALLS_MAX; i++) {
            assert_int_equal(number_of(futures[i]), i * i);
            assert_int_equal(number_of(futures[i]), i * i); /* get twice */
            future_free(futures[i]);
        }
    }
    assert_int_equal(pool_calls_ended(pool), 200 * CALLS_MAX);
    pool_stop(pool);
}

static void payloads_and_results_may_be_of_any_size_up_to_the_limit(void **state)
{
    static const size_t sizes[] = {0, 1, 63, 64, 65, CALL_SIZE};
    unsigned char payload[CALL_SIZE], result[CALL_SIZE];
    struct pool *pool = start(*state, WORKERS);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t size = sizeof result;
        memset(payload, (int)i + 1, sizeof payload);
        assert_int_equal(pool_apply(pool, echo, payload, sizes[i], result, &size), 0);
        assert_int_equal(size, sizes[i]);
        assert_memory_equal(result, payload, size);
    }
    pool_stop(pool);
}

static void what_is_too_large_fails_alone(void **state)
{
    unsigned char payload[CALL_SIZE + 1] = {0};
    struct pool *pool = start(*state, WORKERS);
    assert_null(pool_submit(pool, echo, payload, sizeof payload, NULL));
    assert_int_equal(errno, E2BIG);
    assert_int_equal(pool_apply(pool, claim_too_much, NULL, 0, NULL, NULL), E2BIG);
    struct future *future = submit(pool, square, 7);
    assert_int_equal(number_of(future), 49);
    pool_stop(pool);
}

static void a_failing_call_has_its_code_and_message(void **state)
{
    struct pool *pool = start(*state, WORKERS);
    for (uint64_t i = 0; i < 50; i++) {
        struct future *future = submit(pool, fail_with_number, i);
        assert_int_equal(future_get(future, NULL, NULL, -1), i % 2 ? EDOM : 0);
        assert_int_equal(future_status(future), i % 2 ? FUTURE_ERROR : FUTURE_OK);
        char expected[64] = "";
        if (i % 2)
            snprintf(expected, sizeof expected, "odd number %d", (int)i);
        assert_string_equal(future_message(future), expected);
        future_free(future);
    }
    pool_stop(pool);
}

static void no_more_futures_than_calls_max_can_exist(void **state)
{
    struct pool *pool = start(*state, WORKERS);
    struct future *futures[CALLS_MAX];
    for (uint64_t i = 0; i < CALLS_MAX; i++)
        futures[i] = submit(pool, square, i);
    assert_null(pool_submit(pool, echo, NULL, 0, NULL));
    assert_int_equal(errno, EAGAIN);
    future_wait(futures[3], -1);
    future_free(futures[3]);
    assert_int_equal(number_of(submit(pool, square, 3)), 9);
    pool_stop(pool);
}

/* ---- waiting ---- */

static void a_wait_ends_at_its_deadline(void **state)
{
    struct pool *pool = start(*state, WORKERS);
    struct future *futures[] = {submit(pool, gate, 1), submit(pool, gate, 2)};
    uint64_t begin = clock_now();
    assert_int_equal(future_wait(futures[0], 0), ETIMEDOUT);
    assert_int_equal(future_get(futures[0], NULL, NULL, 0.02), ETIMEDOUT);
    assert_non_null(strstr(task_message(ETIMEDOUT), " in the 0.02 s that were waited: "));
    while (future_wait(futures[0], 0.02) == ETIMEDOUT &&
           !strstr(task_message(ETIMEDOUT), " is still running it"))
        ;
    assert_int_equal(pool_wait(pool, futures, 2, POOL_WAIT_ALL, 0.02), ETIMEDOUT);
    assert_non_null(strstr(task_message(ETIMEDOUT), "2 of 2 calls have not ended in the 0.02 s"));
    assert_int_equal(pool_wait(pool, futures, 2, POOL_WAIT_FIRST, 0.02), ETIMEDOUT);
    assert_true(clock_since(begin) >= 0.06);
    atomic_store(&scene->open, 1);
    assert_int_equal(pool_wait(pool, futures, 2, POOL_WAIT_ALL, -1), 0);
    assert_int_equal(future_status(futures[1]), FUTURE_OK);
    pool_stop(pool);
}

static void waiting_for_the_first_and_the_first_error_ends_then(void **state)
{
    struct pool *pool = start(*state, WORKERS);
    struct future *futures[] = {
        submit(pool, gate, 1), submit(pool, square, 2), submit(pool, fail_with_number, 3)};
    assert_int_equal(pool_wait(pool, futures, 3, POOL_WAIT_FIRST, -1), 0);
    assert_int_equal(pool_wait(pool, futures, 3, POOL_WAIT_FIRST_ERROR, -1), 0);
    assert_int_equal(future_status(futures[2]), FUTURE_ERROR);
    assert_int_equal(future_status(futures[0]), FUTURE_PENDING);
    atomic_store(&scene->open, 1);
    assert_int_equal(pool_wait(pool, futures, 2, POOL_WAIT_FIRST_ERROR, -1), 0);
    assert_int_equal(future_status(futures[0]), FUTURE_OK);
    pool_stop(pool);
}

static void as_completed_gives_each_future_once_in_the_order_of_their_ends(void **state)
{
    struct pool *pool = start(*state, WORKERS);
    struct future *futures[20];
    futures[0] = submit(pool, gate, 0);
    for (uint64_t i = 1; i < 20; i++)
        futures[i] = submit(pool, square, i);
    struct pool_completed *set = pool_as_completed(pool, futures, 20);
    uint64_t sum = 0;
    for (int i = 1; i < 20; i++) {
        struct future *future = pool_completed_next(set, -1);
        assert_ptr_not_equal(future, futures[0]);
        sum += number_of(future);
    }
    assert_int_equal(sum, 19 * 20 * 39 / 6);
    assert_null(pool_completed_next(set, 0.01));
    assert_int_equal(errno, ETIMEDOUT);
    atomic_store(&scene->open, 1);
    assert_ptr_equal(pool_completed_next(set, -1), futures[0]);
    assert_null(pool_completed_next(set, -1));
    assert_int_equal(errno, 0);
    pool_completed_end(set);
    pool_stop(pool);
}

/* ---- imap ---- */

struct numbers {
    uint64_t end;
};

static bool next_number(void *state, uint64_t number, void *payload, size_t *size)
{
    const struct numbers *numbers = state;
    memcpy(payload, &number, sizeof number);
    *size = sizeof number;
    return number < numbers->end;
}

static void imap_keeps_the_order_and_imap_unordered_loses_nothing(void **state)
{
    for (int ordered = 0; ordered < 2; ordered++) {
        for (uint32_t window = 0; window < 40; window += 13) {
            struct numbers numbers = {5000};
            struct pool *pool = start(*state, WORKERS);
            struct imap *imap = pool_imap(pool, square, next_number, &numbers, window, ordered);
            assert_non_null(imap);
            const struct future *future;
            uint64_t number, count = 0, sum = 0;
            while ((future = pool_imap_next(imap, &number, -1))) {
                if (ordered)
                    assert_int_equal(number, count);
                assert_int_equal(number_of((struct future *)future), number * number);
                sum += number;
                count++;
            }
            assert_int_equal(errno, 0);
            assert_int_equal(count, 5000);
            assert_int_equal(sum, 4999 * 5000 / 2);
            pool_imap_end(imap);
            pool_stop(pool);
        }
    }
}

static void an_imap_may_end_early_and_the_pool_goes_on(void **state)
{
    struct numbers numbers = {UINT64_MAX};
    struct pool *pool = start(*state, WORKERS);
    for (int ordered = 0; ordered < 2; ordered++) {
        struct imap *imap = pool_imap(pool, square, next_number, &numbers, 10, ordered);
        for (int i = 0; i < 100; i++)
            assert_non_null(pool_imap_next(imap, NULL, -1));
        pool_imap_end(imap);
    }
    assert_int_equal(number_of(submit(pool, square, 5)), 25);
    pool_stop(pool);
}

/* ---- cancelling ---- */

static void a_call_that_has_not_begun_can_be_cancelled_and_one_that_has_cannot(void **state)
{
    struct pool *pool = start(*state, 1);
    struct future *running = submit(pool, gate, 1), *queued = submit(pool, square, 2);
    wait_for(&scene->waiting, 1);
    assert_false(future_cancel(running));
    assert_true(future_cancel(queued));
    assert_false(future_cancel(queued));
    assert_int_equal(future_status(queued), FUTURE_CANCELLED);
    assert_int_equal(future_get(queued, NULL, NULL, -1), ECANCELED);
    future_free(queued);
    atomic_store(&scene->open, 1);
    assert_int_equal(number_of(running), 1);
    assert_false(future_cancel(running));
    assert_int_equal(number_of(submit(pool, square, 3)), 9);
    pool_stop(pool);
}

static void a_future_may_be_freed_at_any_time(void **state)
{
    struct pool *pool = start(*state, WORKERS);
    for (uint64_t i = 0; i < 20000; i++)
        future_free(submit(pool, square, i));
    assert_int_equal(number_of(submit(pool, square, 3)), 9);
    pool_stop(pool);
}

/* ---- callbacks ---- */

struct notes {
    struct pool *pool;
    uint64_t done, errors, sum;
    struct future *follow_up;
};

static int note_done(struct future *future, void *argument)
{
    struct notes *notes = argument;
    notes->done++;
    notes->sum += future_status(future) == FUTURE_OK;
    return 0;
}

static int note_error(struct future *future, void *argument)
{
    (void)future;
    ((struct notes *)argument)->errors++;
    return 0;
}

static void callbacks_run_once_in_the_owner(void **state)
{
    struct pool *pool = start(*state, WORKERS);
    struct notes notes = {.pool = pool};
    const struct pool_options options = {
        .on_done = note_done, .on_error = note_error, .argument = &notes};
    struct future *futures[100];
    for (uint64_t i = 0; i < 100; i++)
        futures[i] = pool_submit(pool, fail_with_number, &i, sizeof i, &options);
    assert_int_equal(pool_wait(pool, futures, 100, POOL_WAIT_ALL, -1), 0);
    assert_int_equal(notes.done, 100);
    assert_int_equal(notes.errors, 50);
    assert_int_equal(notes.sum, 50);
    pool_stop(pool);
}

static int submit_another(struct future *future, void *argument)
{
    struct notes *notes = argument;
    (void)future;
    notes->follow_up = submit(notes->pool, square, 11);
    assert_int_equal(number_of(notes->follow_up), 121); /* waits within a callback */
    return 1;
}

static int free_itself(struct future *future, void *argument)
{
    ((struct notes *)argument)->done++;
    future_free(future);
    return 0;
}

static int terminate(struct future *future, void *argument)
{
    (void)future;
    pool_terminate(((struct notes *)argument)->pool);
    return 0;
}

static void a_callback_may_fail_submit_wait_and_free(void **state)
{
    struct pool *pool = start(*state, WORKERS);
    struct notes notes = {.pool = pool};
    struct pool_options options = {.on_done = submit_another, .argument = &notes};
    struct future *future = pool_submit(pool, echo, NULL, 0, &options);
    assert_int_equal(future_wait(future, -1), 0);
    assert_int_equal(pool_callback_failures(pool), 1);
    options.on_done = free_itself;
    for (int i = 0; i < CALLS_MAX / 2; i++)
        assert_non_null(pool_submit(pool, echo, NULL, 0, &options));
    while (notes.done < CALLS_MAX / 2)
        assert_int_equal(pool_apply(pool, echo, NULL, 0, NULL, NULL), 0);
    pool_stop(pool);
}

static void a_callback_may_terminate_the_pool(void **state)
{
    struct pool *pool = start(*state, 1);
    struct notes notes = {.pool = pool};
    const struct pool_options options = {.on_done = terminate, .argument = &notes};
    struct future *first = pool_submit(pool, echo, NULL, 0, &options);
    struct future *second = submit(pool, gate, 1), *third = submit(pool, square, 1);
    assert_int_equal(future_wait(first, -1), 0);
    assert_int_equal(future_status(second), FUTURE_CANCELLED);
    assert_int_equal(future_get(third, NULL, NULL, -1), ECANCELED);
    atomic_store(&scene->open, 1);
    pool_stop(pool);
}

/* ---- retries, timeouts, deaths ---- */

static void a_call_is_retried_until_it_succeeds_or_its_retries_are_spent(void **state)
{
    struct pool *pool = start(*state, WORKERS);
    const struct pool_options options = {.retries = 3, .retry_delay_s = 0.01};
    for (uint32_t failures = 0; failures < 6; failures++) {
        atomic_store(&scene->runs, 0);
        scene->fail_first = failures;
        uint64_t begin = clock_now();
        struct future *future = pool_submit(pool, flaky, NULL, 0, &options);
        assert_int_equal(future_get(future, NULL, NULL, -1), failures <= 3 ? 0 : EAGAIN);
        assert_int_equal(scene->runs, failures <= 3 ? failures + 1 : 4);
        assert_true(clock_since(begin) >= 0.01 * (failures < 3 ? failures : 3));
        future_free(future);
    }
    pool_stop(pool);
}

static void a_dead_workers_call_is_lost_or_retried(void **state)
{
    struct pool *pool = start(*state, WORKERS);
    struct future *others[50];
    scene->fail_first = 1;
    struct future *future = submit(pool, deadly, 4);
    for (uint64_t i = 0; i < 50; i++)
        others[i] = submit(pool, square, i);
    assert_int_equal(future_get(future, NULL, NULL, -1), ECHILD);
    assert_int_equal(future_status(future), FUTURE_LOST);
    assert_non_null(strstr(future_message(future), "signal 9"));
    unsigned lost = 0; /* with it: what the process's other threads were running */
    for (uint64_t i = 0; i < 50; i++) {
        assert_int_equal(future_wait(others[i], -1), 0);
        if (future_status(others[i]) == FUTURE_LOST)
            lost++;
        else
            assert_int_equal(number_of(others[i]), i * i);
    }
    assert_true(lost < pool->config.threads_each);
    const struct pool_options options = {.retries = 5};
    atomic_store(&scene->runs, 0);
    scene->fail_first = 5;
    future = pool_submit(pool, deadly, NULL, 0, &options);
    assert_int_equal(future_get(future, NULL, NULL, -1), 0);
    pool_stop(pool);
}

static void a_call_that_runs_too_long_times_out(void **state)
{
    const struct pool_ops *ops = *state;
    struct pool *pool = start(ops, WORKERS);
    const struct pool_options options = {.timeout_s = 0.1};
    uint64_t number = 3, begin = clock_now();
    struct future *slow = pool_submit(pool, gate, &number, sizeof number, &options);
    struct future *quick = pool_submit(pool, square, &number, sizeof number, &options);
    assert_int_equal(number_of(quick), 9);
    assert_int_equal(future_get(slow, NULL, NULL, -1), ETIME);
    assert_true(clock_since(begin) >= 0.1);
    assert_true(clock_since(begin) < 5);
    assert_int_equal(future_status(slow), FUTURE_TIMEOUT);
    assert_non_null(strstr(future_message(slow), ops->processes ? "more than 0.1 s" : "stuck"));
    assert_int_equal(number_of(submit(pool, square, 3)), 9);
    atomic_store(&scene->open, 1);
    pool_stop(pool);
}

/* ---- ends ---- */

static void close_join_and_terminate_are_what_they_say(void **state)
{
    struct pool *pool = start(*state, 1);
    assert_int_equal(pool_join(pool, -1), EINVAL);
    struct future *future = submit(pool, gate, 1);
    pool_close(pool);
    assert_null(pool_submit(pool, echo, NULL, 0, NULL));
    assert_int_equal(errno, EPIPE);
    assert_int_equal(pool_join(pool, 0.05), ETIMEDOUT);
    assert_non_null(strstr(task_message(0), "worker 0"));
    atomic_store(&scene->open, 1);
    assert_int_equal(pool_join(pool, -1), 0);
    assert_int_equal(number_of(future), 1);
    pool_terminate(pool);
    pool_terminate(pool);
    pool_stop(pool);
}

static void terminate_cancels_what_runs_and_what_waits(void **state)
{
    struct pool *pool = start(*state, 2);
    struct future *futures[10];
    for (uint64_t i = 0; i < 10; i++)
        futures[i] = submit(pool, gate, i);
    wait_for(&scene->waiting, 2);
    pool_terminate(pool);
    for (int i = 0; i < 10; i++)
        assert_int_equal(future_status(futures[i]), FUTURE_CANCELLED);
    atomic_store(&scene->open, 1);
    assert_int_equal(pool_join(pool, -1), 0);
    pool_stop(pool);
}

/* ---- regions and calls on one pool ---- */

static void regions_and_calls_take_turns(void **state)
{
    const uint64_t tasks = 2000;
    struct arena arena;
    char why[512];
    assert_int_equal(arena_make(&arena, tasks, 0), 0);
    const struct pool_config config = {.workers = WORKERS,
        .task = triple,
        .arena = &arena,
        .calls_max = CALLS_MAX,
        .call_size = CALL_SIZE};
    struct pool *pool = pools_try(*state, &config, why, sizeof why);
    for (uint64_t round = 0; round < 50; round++) {
        struct future *futures[20];
        for (uint64_t i = 0; i < 20; i++)
            futures[i] = submit(pool, square, i);
        assert_int_equal(pool_map(pool, tasks, round % 3), 0);
        assert_tripled(&arena, tasks);
        struct future *region = pool_map_async(pool, tasks, round % 2 ? 0 : 7);
        assert_int_equal(number_of(futures[19]), 361);
        assert_int_equal(future_wait(region, -1), 0);
        assert_tripled(&arena, tasks);
        future_free(region);
        for (uint64_t i = 0; i < 20; i++)
            future_free(futures[i]);
    }
    pool_stop(pool);
    arena_free(&arena);
}

/* ---- misuse ---- */

static struct pool *own; /* in a forked worker it is NULL: it cannot even name its pool */

static int use_own_pool(struct pool_call *call)
{
    (void)call;
    if (!own)
        return EPERM;
    struct future *future = pool_submit(own, echo, NULL, 0, NULL);
    return future || errno != EPERM ? EIO : pool_map(own, 1, 0) == 0 ? EIO : EPERM;
}

static void a_task_that_uses_its_own_pool_is_refused(void **state)
{
    own = NULL;
    own = start(*state, 1);
    assert_int_equal(pool_apply(own, use_own_pool, NULL, 0, NULL, NULL), EPERM);
    pool_stop(own);
}

int main(void)
{
    for (const struct pool_ops *const *at = registry_backends; *at; at++) {
        const struct pool_ops *ops = *at;
        if (!runs_calls(ops))
            continue;
        CALLS_ADD(each_future_has_its_calls_result);
        CALLS_ADD(payloads_and_results_may_be_of_any_size_up_to_the_limit);
        CALLS_ADD(what_is_too_large_fails_alone);
        CALLS_ADD(a_failing_call_has_its_code_and_message);
        CALLS_ADD(no_more_futures_than_calls_max_can_exist);
        CALLS_ADD(a_wait_ends_at_its_deadline);
        CALLS_ADD(waiting_for_the_first_and_the_first_error_ends_then);
        CALLS_ADD(as_completed_gives_each_future_once_in_the_order_of_their_ends);
        CALLS_ADD(imap_keeps_the_order_and_imap_unordered_loses_nothing);
        CALLS_ADD(an_imap_may_end_early_and_the_pool_goes_on);
        CALLS_ADD(a_call_that_has_not_begun_can_be_cancelled_and_one_that_has_cannot);
        CALLS_ADD(a_future_may_be_freed_at_any_time);
        CALLS_ADD(callbacks_run_once_in_the_owner);
        CALLS_ADD(a_callback_may_fail_submit_wait_and_free);
        CALLS_ADD(a_callback_may_terminate_the_pool);
        CALLS_ADD(a_call_is_retried_until_it_succeeds_or_its_retries_are_spent);
        if (ops->processes)
            CALLS_ADD(a_dead_workers_call_is_lost_or_retried);
        CALLS_ADD(a_call_that_runs_too_long_times_out);
        CALLS_ADD(close_join_and_terminate_are_what_they_say);
        CALLS_ADD(terminate_cancels_what_runs_and_what_waits);
        CALLS_ADD(regions_and_calls_take_turns);
        CALLS_ADD(a_task_that_uses_its_own_pool_is_refused);
    }
    return group_run("calls", NULL, NULL);
}
