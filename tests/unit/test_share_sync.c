/* Locks, events, semaphores, values and arrays between threads and between processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "shares.h"

#include "harness/share/array.h"
#include "harness/share/event.h"
#include "harness/share/lock.h"
#include "harness/share/semaphore.h"
#include "harness/share/value.h"

#define USERS 4
#define EACH 3000

/* Runs `body` in that many processes or threads at once, and asserts that each returns 0. */
static void run_processes(int (*body)(void *context), void *context)
{
    pid_t pids[USERS];
    for (int i = 0; i < USERS; i++)
        pids[i] = shares_fork(body, context);
    for (int i = 0; i < USERS; i++)
        assert_int_equal(shares_reap(pids[i]), 0);
}

struct thread {
    int (*body)(void *context);
    void *context;
};

static void *run_body(void *thread)
{
    const struct thread *this = thread;
    return (void *)(intptr_t)this->body(this->context);
}

static int run_in_thread(int (*body)(void *context), void *context)
{
    void *status = NULL;
    pthread_join(shares_thread(run_body, &(struct thread){body, context}), &status);
    return (int)(intptr_t)status;
}

static void run_threads(int (*body)(void *context), void *context)
{
    pthread_t threads[USERS];
    struct thread thread = {body, context};
    void *status;
    for (int i = 0; i < USERS; i++)
        threads[i] = shares_thread(run_body, &thread);
    for (int i = 0; i < USERS; i++) {
        pthread_join(threads[i], &status);
        assert_null(status);
    }
}

static void run_both(int (*body)(void *context), void *context)
{
    run_threads(body, context);
    if (!shares_skip_processes())
        run_processes(body, context);
}

static unsigned runs(void)
{
    return shares_skip_processes() ? 1 : 2;
}

/* ---- locks ---- */

struct counted {
    struct lock *lock;
    double seconds;
    uint64_t count; /* under the lock */
};

static int count_under_lock(void *context)
{
    struct counted *counted = context;
    for (int i = 0; i < EACH; i++) {
        if (lock_acquire(counted->lock, counted->seconds))
            return 1;
        counted->count++;
        if (lock_release(counted->lock))
            return 1;
    }
    return 0;
}

static void a_lock_lets_one_in_at_a_time(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct counted *counted = memory_make(sizeof *counted, false);
        counted->lock = lock_make(i % 2 ? LOCK_RECURSIVE : LOCK_PLAIN);
        counted->seconds = i < 2 ? -1 : SHARES_PATIENCE;
        run_both(count_under_lock, counted);
        assert_int_equal(counted->count, runs() * USERS * EACH);
        lock_free(counted->lock);
        memory_free(counted, sizeof *counted);
    }
}

static int try_lock(void *context)
{
    return lock_acquire(context, 0);
}

static int wait_for_lock(void *context)
{
    return lock_acquire(context, 0.05);
}

static int release_lock(void *context)
{
    return lock_release(context);
}

static void a_held_lock_is_busy(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct lock *lock = lock_make(i ? LOCK_RECURSIVE : LOCK_PLAIN);
        assert_int_equal(lock_acquire(lock, 0), 0);
        assert_int_equal(run_in_thread(try_lock, lock), LOCK_BUSY);
        uint64_t start = clock_now();
        assert_int_equal(run_in_thread(wait_for_lock, lock), LOCK_TIMED_OUT);
        assert_true(clock_since(start) >= 0.05);
        if (!shares_skip_processes())
            assert_int_equal(shares_reap(shares_fork(try_lock, lock)), LOCK_BUSY);
        assert_int_equal(lock_release(lock), 0);
        lock_free(lock);
    }
}

/* The thread sanitizer takes what is tried here for mistakes, as it should. */
static void only_its_holder_releases_a_lock(void **state)
{
    (void)state;
    SHARES_NEEDS_PROCESSES();
    for (int i = 0; i < 2; i++) {
        struct lock *lock = lock_make(i ? LOCK_RECURSIVE : LOCK_PLAIN);
        assert_int_equal(lock_release(lock), LOCK_NOT_YOURS);
        assert_int_equal(lock_acquire(lock, 0), 0);
        assert_int_equal(run_in_thread(release_lock, lock), LOCK_NOT_YOURS);
        assert_int_equal(shares_reap(shares_fork(release_lock, lock)), LOCK_NOT_YOURS);
        assert_int_equal(run_in_thread(try_lock, lock), LOCK_BUSY);
        assert_int_equal(lock_release(lock), 0);
        assert_int_equal(lock_release(lock), LOCK_NOT_YOURS);
        lock_free(lock);
    }
}

static void a_plain_lock_refuses_its_holder(void **state)
{
    (void)state;
    SHARES_NEEDS_PROCESSES(); /* as above */
    struct lock *lock = lock_make(LOCK_PLAIN);
    assert_int_equal(lock_acquire(lock, -1), 0);
    assert_int_equal(lock_acquire(lock, -1), LOCK_YOURS);
    assert_int_equal(lock_acquire(lock, 0), LOCK_YOURS);
    assert_int_equal(lock_acquire(lock, 0.01), LOCK_YOURS);
    assert_int_equal(lock_release(lock), 0);
    lock_free(lock);
}

static void a_recursive_lock_is_released_as_often_as_it_was_taken(void **state)
{
    struct lock *lock = lock_make(LOCK_RECURSIVE);
    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(lock_acquire(lock, i - 1), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(run_in_thread(try_lock, lock), LOCK_BUSY);
        assert_int_equal(lock_release(lock), 0);
    }
    assert_int_equal(run_in_thread(try_lock, lock), 0); /* and ends holding it */
    assert_int_equal(lock_acquire(lock, 0), LOCK_OWNER_DEAD);
    assert_int_equal(lock_release(lock), 0);
    lock_free(lock);
}

static int hold_for_ever(void *context)
{
    struct counted *counted = context;
    lock_acquire(counted->lock, -1);
    counted->count = 1;
    return pause();
}

static int wait_long_for_lock(void *context)
{
    struct counted *counted = context;
    return lock_acquire(counted->lock, counted->seconds);
}

static void a_killed_holder_hands_over_and_the_next_one_is_told(void **state)
{
    (void)state;
    SHARES_NEEDS_PROCESSES();
    for (int i = 0; i < 4; i++) {
        struct counted *counted = memory_make(sizeof *counted, false);
        counted->lock = lock_make(i % 2 ? LOCK_RECURSIVE : LOCK_PLAIN);
        counted->seconds = i < 2 ? -1 : SHARES_PATIENCE;
        pid_t holder = shares_fork(hold_for_ever, counted);
        while (*(volatile uint64_t *)&counted->count == 0)
            sched_yield();
        pid_t waiter = shares_fork(wait_long_for_lock, counted);
        shares_await_sleep(waiter);
        shares_kill(holder);
        assert_int_equal(shares_reap(waiter), LOCK_OWNER_DEAD);
        assert_int_equal(lock_acquire(counted->lock, 0), LOCK_OWNER_DEAD); /* it died in turn */
        assert_int_equal(lock_release(counted->lock), 0);
        assert_int_equal(lock_acquire(counted->lock, 0), 0); /* told once */
        lock_release(counted->lock);
        lock_free(counted->lock);
        memory_free(counted, sizeof *counted);
    }
}

/* ---- events ---- */

struct signal {
    struct event *event;
    struct semaphore *ready;
    double seconds;
};

static int wait_for_event(void *context)
{
    const struct signal *signal = context;
    semaphore_release(signal->ready, 1);
    return event_wait(signal->event, signal->seconds);
}

static struct signal make_signal(void)
{
    return (struct signal){event_make(), semaphore_make(0, false), -1};
}

static void free_signal(struct signal *signal)
{
    event_free(signal->event);
    semaphore_free(signal->ready);
}

static void an_event_is_set_until_it_is_cleared(void **state)
{
    struct event *event = event_make();
    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_false(event_is_set(event));
        assert_int_equal(event_wait(event, 0), EAGAIN);
        uint64_t start = clock_now();
        assert_int_equal(event_wait(event, 0.06), ETIMEDOUT);
        assert_true(clock_since(start) >= 0.06);
        event_set(event);
        event_set(event);
        assert_true(event_is_set(event));
        for (int j = -1; j < 2; j++)
            assert_int_equal(event_wait(event, j), 0);
        event_clear(event);
        event_clear(event);
    }
    event_free(event);
}

static void a_set_lets_all_processes_through_even_where_one_is_killed(void **state)
{
    (void)state;
    SHARES_NEEDS_PROCESSES();
    struct signal signal = make_signal();
    pid_t pids[USERS];
    for (int i = 0; i < USERS; i++) {
        pids[i] = shares_fork(wait_for_event, &signal);
        assert_int_equal(semaphore_acquire(signal.ready, -1), 0);
        shares_await_sleep(pids[i]);
    }
    shares_kill(pids[0]);
    for (int i = 1; i < USERS; i++) {
        assert_int_equal(kill(pids[i], SIGSTOP), 0);
        assert_int_equal(waitpid(pids[i], NULL, WUNTRACED), pids[i]);
    }
    event_set(signal.event);
    event_clear(signal.event); /* before any of them could look */
    for (int i = 1; i < USERS; i++) {
        assert_int_equal(kill(pids[i], SIGCONT), 0);
        assert_int_equal(shares_reap(pids[i]), 0);
    }
    free_signal(&signal);
}

struct handover {
    struct event *filled, *taken;
    unsigned number; /* not atomic: the events order it */
    unsigned sum;
};

static int take_numbers(void *context)
{
    struct handover *handover = context;
    for (unsigned i = 0; i < EACH; i++) {
        event_wait(handover->filled, -1);
        event_clear(handover->filled);
        handover->sum += handover->number;
        event_set(handover->taken);
    }
    return 0;
}

static void what_was_written_before_a_set_is_seen_after_the_wait(void **state)
{
    struct handover handover = {event_make(), event_make(), 0, 0};
    struct thread thread = {take_numbers, &handover};
    (void)state;
    pthread_t taker = shares_thread(run_body, &thread);
    for (unsigned i = 0; i < EACH; i++) {
        handover.number = i;
        event_set(handover.filled);
        event_wait(handover.taken, -1);
        event_clear(handover.taken);
    }
    pthread_join(taker, NULL);
    assert_int_equal(handover.sum, EACH * (EACH - 1) / 2);
    event_free(handover.filled);
    event_free(handover.taken);
}

/* ---- semaphores ---- */

struct gate {
    struct semaphore *semaphore;
    _Atomic int inside, most;
};

static int pass_gate(void *context)
{
    struct gate *gate = context;
    for (int i = 0; i < EACH; i++) {
        if (semaphore_acquire(gate->semaphore, i % 2 ? -1 : SHARES_PATIENCE))
            return 1;
        int inside = ++gate->inside, most = gate->most;
        while (inside > most && !atomic_compare_exchange_weak(&gate->most, &most, inside))
            ;
        if (i % 8 == 0)
            sched_yield();
        gate->inside--;
        if (semaphore_release(gate->semaphore, 1))
            return 1;
    }
    return 0;
}

static void no_more_than_its_permits_are_inside_a_semaphore(void **state)
{
    (void)state;
    for (uint32_t permits = 1; permits < 4; permits += 2) {
        struct gate *gate = memory_make(sizeof *gate, false);
        gate->semaphore = semaphore_make(permits, true);
        run_both(pass_gate, gate);
        assert_in_range(gate->most, 1, permits);
        assert_int_equal(semaphore_value(gate->semaphore), permits);
        semaphore_free(gate->semaphore);
        memory_free(gate, sizeof *gate);
    }
}

static void a_semaphore_counts_and_a_bounded_one_has_a_limit(void **state)
{
    struct semaphore *bounded = semaphore_make(2, true), *unbounded = semaphore_make(2, false);
    (void)state;
    assert_int_equal(semaphore_release(bounded, 1), SEMAPHORE_TOO_MANY);
    assert_int_equal(semaphore_acquire(bounded, 0), 0);
    assert_int_equal(semaphore_release(bounded, 2), SEMAPHORE_TOO_MANY);
    assert_int_equal(semaphore_value(bounded), 1);
    assert_int_equal(semaphore_acquire(bounded, -1), 0);
    assert_int_equal(semaphore_acquire(bounded, 0), SEMAPHORE_BUSY);
    uint64_t start = clock_now();
    assert_int_equal(semaphore_acquire(bounded, 0.06), SEMAPHORE_TIMED_OUT);
    assert_true(clock_since(start) >= 0.06);
    assert_int_equal(semaphore_release(bounded, 2), 0);
    assert_int_equal(semaphore_release(unbounded, 5), 0);
    assert_int_equal(semaphore_value(unbounded), 7);
    assert_int_equal(semaphore_release(unbounded, UINT32_MAX), SEMAPHORE_TOO_MANY);
    semaphore_free(bounded);
    semaphore_free(unbounded);
}

static int acquire_one(void *context)
{
    return semaphore_acquire(context, SHARES_PATIENCE);
}

static void a_process_killed_waiting_takes_no_permit(void **state)
{
    (void)state;
    SHARES_NEEDS_PROCESSES();
    struct semaphore *semaphore = semaphore_make(0, false);
    pid_t pids[USERS];
    for (int i = 0; i < USERS; i++) {
        pids[i] = shares_fork(acquire_one, semaphore);
        shares_await_sleep(pids[i]);
    }
    shares_kill(pids[0]);
    for (int i = 1; i < USERS; i++)
        assert_int_equal(semaphore_release(semaphore, 1), 0);
    for (int i = 1; i < USERS; i++)
        assert_int_equal(shares_reap(pids[i]), 0);
    assert_int_equal(semaphore_value(semaphore), 0);
    semaphore_free(semaphore);
}

/* ---- values ---- */

static int add_to_values(void *context)
{
    struct value **values = context;
    for (int i = 0; i < EACH; i++) {
        if (value_add_integer(values[0], -3) || value_add_real(values[1], 0.5))
            return 1;
        lock_acquire(value_lock(values[2]), -1);
        value_set_integer(values[2], value_get_integer(values[2]) + 1);
        value_add_integer(values[2], 1); /* the lock is recursive */
        lock_release(value_lock(values[2]));
    }
    return 0;
}

static void adding_under_the_lock_loses_nothing(void **state)
{
    struct value *values[] = {value_make(), value_make(), value_make()};
    int64_t adds = (int64_t)runs() * USERS * EACH;
    (void)state;
    run_both(add_to_values, values);
    assert_int_equal(value_get_integer(values[0]), -3 * adds);
    assert_true(value_get_real(values[1]) == 0.5 * (double)adds);
    assert_int_equal(value_get_integer(values[2]), 2 * adds);
    for (int i = 0; i < 3; i++)
        value_free(values[i]);
}

struct race {
    struct value *value;
    struct semaphore *has_read;
    struct event *go_on;
};

static int add_in_three_steps(void *context)
{
    struct race *race = context;
    int64_t number = value_get_integer(race->value);
    semaphore_release(race->has_read, 1);
    event_wait(race->go_on, -1);
    value_set_integer(race->value, number + 1);
    return 0;
}

static void adding_without_the_lock_loses_updates(void **state)
{
    (void)state;
    SHARES_NEEDS_PROCESSES();
    struct race race = {value_make(), semaphore_make(0, false), event_make()};
    pid_t pids[USERS];
    for (int i = 0; i < USERS; i++)
        pids[i] = shares_fork(add_in_three_steps, &race);
    for (int i = 0; i < USERS; i++)
        assert_int_equal(semaphore_acquire(race.has_read, -1), 0);
    event_set(race.go_on);
    for (int i = 0; i < USERS; i++)
        assert_int_equal(shares_reap(pids[i]), 0);
    assert_int_equal(value_get_integer(race.value), 1);
    value_free(race.value);
    semaphore_free(race.has_read);
    event_free(race.go_on);
}

static void a_value_keeps_extreme_numbers(void **state)
{
    struct value *value = value_make();
    (void)state;
    assert_int_equal(value_get_integer(value), 0);
    value_set_integer(value, INT64_MAX);
    assert_int_equal(value_add_integer(value, 1), 0);
    assert_true(value_get_integer(value) == INT64_MIN);
    value_set_real(value, -1e308);
    assert_true(value_get_real(value) == -1e308);
    value_free(value);
}

static int die_holding(void *context)
{
    lock_acquire(value_lock(context), -1);
    return 0;
}

static void an_add_after_a_holders_death_says_so(void **state)
{
    (void)state;
    SHARES_NEEDS_PROCESSES();
    struct value *value = value_make();
    assert_int_equal(shares_reap(shares_fork(die_holding, value)), 0);
    assert_int_equal(value_add_integer(value, 2), LOCK_OWNER_DEAD);
    assert_int_equal(value_add_integer(value, 2), 0);
    assert_int_equal(value_get_integer(value), 4);
    value_free(value);
}

/* ---- arrays ---- */

#define NUMBERS 512

static int set_elements(void *context)
{
    uint64_t element[NUMBERS];
    for (uint64_t round = 0; round < EACH; round++) {
        array_get(context, round % 5, element);
        for (int i = 1; i < NUMBERS; i++)
            if (element[i] != element[0])
                return 1;
        for (int i = 0; i < NUMBERS; i++)
            element[i] = round;
        array_set(context, round % 5, element);
    }
    return 0;
}

static void an_element_is_copied_whole(void **state)
{
    struct array *array = array_make(5, NUMBERS * sizeof(uint64_t));
    (void)state;
    run_both(set_elements, array);
    array_free(array);
}

static void an_array_has_its_elements_and_no_other(void **state)
{
    struct array *array = array_make(3, sizeof(uint64_t));
    uint64_t number = 7;
    (void)state;
    assert_int_equal(array_count(array), 3);
    assert_int_equal(array_set(array, 2, &number), 0);
    assert_int_equal(*(uint64_t *)array_at(array, 2), 7);
    assert_int_equal(array_set(array, 3, &number), ERANGE);
    assert_int_equal(array_get(array, 3, &number), ERANGE);
    assert_null(array_at(array, 3));
    assert_int_equal(lock_acquire(array_lock(array), 0), 0);
    assert_int_equal(array_get(array, 1, &number), 0); /* the lock is recursive */
    assert_int_equal(number, 0);
    lock_release(array_lock(array));
    array_free(array);
    assert_null(array_make(SIZE_MAX, 2));
    assert_int_equal(errno, EOVERFLOW);
    array = array_make(0, 8);
    assert_null(array_at(array, 0));
    array_free(array);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHARES_TEST(a_lock_lets_one_in_at_a_time),
        SHARES_TEST(a_held_lock_is_busy),
        SHARES_TEST(only_its_holder_releases_a_lock),
        SHARES_TEST(a_plain_lock_refuses_its_holder),
        SHARES_TEST(a_recursive_lock_is_released_as_often_as_it_was_taken),
        SHARES_TEST(a_killed_holder_hands_over_and_the_next_one_is_told),
        SHARES_TEST(an_event_is_set_until_it_is_cleared),
        SHARES_TEST(a_set_lets_all_processes_through_even_where_one_is_killed),
        SHARES_TEST(what_was_written_before_a_set_is_seen_after_the_wait),
        SHARES_TEST(no_more_than_its_permits_are_inside_a_semaphore),
        SHARES_TEST(a_semaphore_counts_and_a_bounded_one_has_a_limit),
        SHARES_TEST(a_process_killed_waiting_takes_no_permit),
        SHARES_TEST(adding_under_the_lock_loses_nothing),
        SHARES_TEST(adding_without_the_lock_loses_updates),
        SHARES_TEST(a_value_keeps_extreme_numbers),
        SHARES_TEST(an_add_after_a_holders_death_says_so),
        SHARES_TEST(an_element_is_copied_whole),
        SHARES_TEST(an_array_has_its_elements_and_no_other),
    };
    return cmocka_run_group_tests_name("share sync", tests, NULL, NULL);
}
