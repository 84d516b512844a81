/* The cases that need nothing but a CPU or a clock: null, primes, powersum, sleep, held against
 * known answers; and what all of these and spin (test_case_spin.c) take and refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "drive.h"

#include "answers.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <time.h>

#define MILLISECOND 1000000u /* ns */

static uint64_t value_at(const struct workload *workload, uint64_t index)
{
    return arena_slot(&workload->arena, index)->value;
}

static void each_case_has_its_default_number_of_tasks(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint64_t tasks;
        bool even;
    } cases[] = {
        {"null", 1000000, true},
        {"spin", 1000, true},
        {"primes", 48, false},
        {"powersum", 100, true},
        {"sleep", 100, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct workload workload;
        drive_open(&workload, cases[i].name, 0, DRIVE_PARAMS());
        assert_int_equal(cases[i].tasks, workload.run.tasks);
        assert_int_equal(cases[i].even, workload.run.even);
        workload_close(&workload);
        drive_open(&workload, cases[i].name, 7, DRIVE_PARAMS());
        assert_int_equal(7, workload.run.tasks);
        workload_close(&workload);
    }
}

static void null_task_yields_its_index(void **state)
{
    (void)state;
    struct workload workload;
    drive_open(&workload, "null", 1000, DRIVE_PARAMS());
    answers_run(&workload, "serial", 1);
    for (uint64_t i = 0; i < 1000; i++)
        assert_int_equal(i, value_at(&workload, i));
    workload_close(&workload);
}

static void powersum_of_a_million_is_printed_in_full(void **state)
{
    (void)state;
    assert_string_equal(
        "249999833333583333000000", answers_of("powersum", 0, DRIVE_PARAMS("n=1000000")));
}

static void powersum_twice_is_twice_the_sum(void **state)
{
    (void)state;
    assert_string_equal(
        "499999666667166666000000", answers_of("powersum", 0, DRIVE_PARAMS("n=1M", "repeat=2")));
}

static void powersum_does_not_depend_on_how_it_is_split(void **state)
{
    (void)state;
    static const uint64_t splits[] = {1, 2, 3, 7, 999, 1000, 1001, 5000};
    for (size_t i = 0; i < sizeof splits / sizeof splits[0]; i++)
        assert_string_equal(
            "249833583000", answers_of("powersum", splits[i], DRIVE_PARAMS("n=1000")));
    assert_string_equal("0", answers_of("powersum", 3, DRIVE_PARAMS("n=0")));
    assert_string_equal("0", answers_of("powersum", 3, DRIVE_PARAMS("n=1")));
    assert_string_equal("3", answers_of("powersum", 3, DRIVE_PARAMS("n=2")));
}

static void powersum_notices_a_wrong_partial_sum(void **state)
{
    (void)state;
    struct workload workload;
    drive_open(&workload, "powersum", 10, DRIVE_PARAMS("n=1000"));
    answers_run(&workload, "serial", 1);
    arena_slot(&workload.arena, 6)->bytes[0] ^= 1;
    answers_wrong(&workload, "task 6");
    arena_slot(&workload.arena, 6)->bytes[0] ^= 1;
    arena_slot(&workload.arena, 6)->value ^= 1;
    answers_wrong(&workload, "task 6");
    workload_close(&workload);
}

static void powersum_with_ranges_of_unequal_cost_is_not_even(void **state)
{
    (void)state;
    struct workload workload;
    drive_open(&workload, "powersum", 3, DRIVE_PARAMS("n=10"));
    assert_false(workload.run.even);
    workload_close(&workload);
}

static void five_of_the_six_known_numbers_are_prime(void **state)
{
    (void)state;
    assert_string_equal("5", answers_of("primes", 6, DRIVE_PARAMS()));
}

static void known_numbers_repeat_beyond_six_tasks(void **state)
{
    (void)state;
    assert_string_equal("6", answers_of("primes", 7, DRIVE_PARAMS()));
}

static void primes_of_a_range_are_counted(void **state)
{
    (void)state;
    assert_string_equal("25", answers_of("primes", 0, DRIVE_PARAMS("from=0", "to=100")));
    assert_string_equal("75", answers_of("primes", 0, DRIVE_PARAMS("from=1M", "to=1001000")));
}

static void end_of_a_range_of_primes_is_excluded(void **state)
{
    (void)state;
    assert_string_equal("1", answers_of("primes", 0, DRIVE_PARAMS("from=7", "to=11")));
    assert_string_equal("2", answers_of("primes", 0, DRIVE_PARAMS("from=7", "to=12")));
}

static void squares_of_primes_are_not_prime(void **state)
{
    (void)state;
    assert_string_equal("0", answers_of("primes", 0, DRIVE_PARAMS("from=1018081", "to=1018082")));
}

static void primes_refuse_half_a_range_an_empty_one_and_a_number_of_tasks(void **state)
{
    (void)state;
    answers_refused("primes", 0, "from and to belong together", DRIVE_PARAMS("from=3"));
    answers_refused("primes", 0, "from and to belong together", DRIVE_PARAMS("to=3"));
    answers_refused("primes", 0, "from=3 to=3", DRIVE_PARAMS("from=3", "to=3"));
    answers_refused("primes", 0, "from=4 to=3", DRIVE_PARAMS("from=4", "to=3"));
    answers_refused("primes", 5, "-N 5", DRIVE_PARAMS("from=3", "to=30"));
}

static void primes_notice_a_wrong_factor(void **state)
{
    (void)state;
    struct workload workload;
    drive_open(&workload, "primes", 0, DRIVE_PARAMS("from=90", "to=100"));
    answers_run(&workload, "serial", 1);
    arena_slot(&workload.arena, 1)->value = 8; /* of 91 */
    answers_wrong(&workload, "task 1: 8 is not");
    workload_close(&workload);

    drive_open(&workload, "primes", 6, DRIVE_PARAMS());
    answers_run(&workload, "serial", 1);
    arena_slot(&workload.arena, 5)->value = 1099726899285419; /* called prime */
    answers_wrong(&workload, "task 5");
    workload_close(&workload);
}

static uint64_t wall_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 * MILLISECOND + (uint64_t)now.tv_nsec;
}

static volatile sig_atomic_t signals;

static void count_signal(int number)
{
    (void)number;
    signals++;
}

static void sleep_lasts_its_duration_through_signals(void **state)
{
    (void)state;
    struct sigaction interrupt = {.sa_handler = count_signal}, before;
    struct itimerval often = {{0, 2000}, {0, 2000}}, never = {{0, 0}, {0, 0}};
    struct workload workload;
    drive_open(&workload, "sleep", 2, DRIVE_PARAMS("duration=30ms"));
    sigaction(SIGALRM, &interrupt, &before);
    setitimer(ITIMER_REAL, &often, NULL);
    uint64_t start = wall_ns();
    answers_run(&workload, "serial", 1);
    uint64_t ns = wall_ns() - start;
    setitimer(ITIMER_REAL, &never, NULL);
    sigaction(SIGALRM, &before, NULL);
    assert_in_range(ns, 60 * MILLISECOND, 600 * MILLISECOND);
    assert_true(signals > 0);
    workload_close(&workload);
}

static void sleep_worker_gives_the_timer_slack_back(void **state)
{
    (void)state;
    struct workload workload;
    void *local;
    int before = prctl(PR_GET_TIMERSLACK);
    assert_int_equal(0, prctl(PR_SET_TIMERSLACK, 54321UL));
    drive_open(&workload, "sleep", 1, DRIVE_PARAMS("duration=0"));
    assert_int_equal(0, workload.bench->worker_enter(workload.run.ctx, &local));
    assert_int_equal(1, prctl(PR_GET_TIMERSLACK));
    workload.bench->worker_leave(workload.run.ctx, local);
    assert_int_equal(54321, prctl(PR_GET_TIMERSLACK));
    prctl(PR_SET_TIMERSLACK, (unsigned long)before);
    workload_close(&workload);
}

static void spin_refuses_grains_out_of_range_and_two_kinds_of_work(void **state)
{
    (void)state;
    answers_refused("spin", 0, "grain", DRIVE_PARAMS("grain=0ns"));
    answers_refused("spin", 0, "grain", DRIVE_PARAMS("grain=101ms"));
    answers_refused("spin", 0, "grain", DRIVE_PARAMS("grain=10"));
    answers_refused("spin", 0, "give one", DRIVE_PARAMS("grain=1us", "iterations=5"));
    answers_refused("spin", 0, "even|uniform|exponential|straggler", DRIVE_PARAMS("shape=round"));
}

static void parameters_out_of_range_are_refused(void **state)
{
    (void)state;
    answers_refused("sleep", 0, "duration", DRIVE_PARAMS("duration=61s"));
    answers_refused("powersum", 0, "n: \"2G\"", DRIVE_PARAMS("n=2G"));
    answers_refused("powersum", 0, "repeat", DRIVE_PARAMS("repeat=0"));
    answers_refused("null", 0, "grain", DRIVE_PARAMS("grain=1us"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_case_has_its_default_number_of_tasks),
        cmocka_unit_test(null_task_yields_its_index),
        cmocka_unit_test(powersum_of_a_million_is_printed_in_full),
        cmocka_unit_test(powersum_twice_is_twice_the_sum),
        cmocka_unit_test(powersum_does_not_depend_on_how_it_is_split),
        cmocka_unit_test(powersum_notices_a_wrong_partial_sum),
        cmocka_unit_test(powersum_with_ranges_of_unequal_cost_is_not_even),
        cmocka_unit_test(five_of_the_six_known_numbers_are_prime),
        cmocka_unit_test(known_numbers_repeat_beyond_six_tasks),
        cmocka_unit_test(primes_of_a_range_are_counted),
        cmocka_unit_test(end_of_a_range_of_primes_is_excluded),
        cmocka_unit_test(squares_of_primes_are_not_prime),
        cmocka_unit_test(primes_refuse_half_a_range_an_empty_one_and_a_number_of_tasks),
        cmocka_unit_test(primes_notice_a_wrong_factor),
        cmocka_unit_test(sleep_lasts_its_duration_through_signals),
        cmocka_unit_test(sleep_worker_gives_the_timer_slack_back),
        cmocka_unit_test(spin_refuses_grains_out_of_range_and_two_kinds_of_work),
        cmocka_unit_test(parameters_out_of_range_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
