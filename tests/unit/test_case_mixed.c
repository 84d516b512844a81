/* The mixed case: what a task computes, how its time is parted, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "drive.h"

#include "answers.h"

#include <time.h>

static void value_depends_on_seed_and_index_alone(void **state)
{
    (void)state;
    static const char *const works[] = {"compute=1us", "compute=123us", "total=50us"};
    for (size_t i = 0; i < sizeof works / sizeof *works; i++) {
        struct workload workload;
        drive_open(&workload, "mixed", 20, DRIVE_PARAMS(works[i], "ratio=0.5"));
        answers_run(&workload, "threads", 3);
        for (uint64_t task = 0; task < 20; task++)
            assert_true(arena_slot(&workload.arena, task)->value == hash_mix(WORKLOAD_SEED, task));
        workload_close(&workload);
    }
}

static void interrupted_chain_is_noticed(void **state)
{
    (void)state;
    struct workload workload;
    answers_open(&workload, "mixed", 5, DRIVE_PARAMS("compute=10us", "ratio=0"));
    arena_slot(&workload.arena, 3)->value += 1;
    answers_wrong(&workload, "task 3");
    workload_close(&workload);
}

static void assert_parts(
    const char *time, const char *ratio, double compute, double wait, const char *advice)
{
    struct workload workload;
    double cpu, blocking;
    char answer[160];
    drive_open(&workload, "mixed", 1, DRIVE_PARAMS(time, ratio));
    workload.bench->model(workload.run.ctx, 0, &cpu, &blocking);
    assert_true(cpu == compute && blocking == wait);
    workload_answer(&workload, answer, sizeof answer);
    if (!strstr(answer, advice))
        fail_msg("\"%s\" does not say \"%s\"", answer, advice);
    workload_close(&workload);
}

static void ratio_parts_the_total_or_is_put_on_top_of_compute(void **state)
{
    (void)state;
    assert_parts("compute=1ms", "ratio=4", 1e6, 4e6, "formula: 5");
    assert_parts("total=1ms", "ratio=4", 0.2e6, 0.8e6, "formula: 5");
    assert_parts("total=1ms", "ratio=0", 1e6, 0, "formula: 1");
    assert_parts("compute=10us", "ratio=0.5", 1e4, 5e3, "formula: 1.5");
}

static double seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Wide margins, and the best of several tries: a busy machine cannot fail it. */
static void task_computes_for_its_part_and_waits_for_the_other(void **state)
{
    (void)state;
    struct workload workload;
    double least = 1;
    drive_open(&workload, "mixed", 5, DRIVE_PARAMS("compute=1ms", "ratio=3"));
    for (int i = 0; i < 20; i++) {
        double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID), wall = seconds(CLOCK_MONOTONIC);
        drive_run(&workload, "serial", 1);
        cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
        assert_true(seconds(CLOCK_MONOTONIC) - wall - cpu > 5 * 2.5e-3);
        least = cpu < least ? cpu : least;
    }
    assert_true(least > 5 * 0.4e-3 && least < 5 * 4e-3);
    workload_close(&workload);
}

static void times_that_do_not_fit_together_are_refused(void **state)
{
    (void)state;
    answers_refused("mixed", 1, "give one", DRIVE_PARAMS("total=1ms", "compute=1ms"));
    answers_refused("mixed", 1, "ratio=100", DRIVE_PARAMS("compute=1s", "ratio=100"));
    answers_refused("mixed", 1, "ratio", DRIVE_PARAMS("ratio=-1"));
    answers_refused("mixed", 1, "ratio", DRIVE_PARAMS("ratio=nan"));
    answers_refused("mixed", 1, "compute", DRIVE_PARAMS("compute=0"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(value_depends_on_seed_and_index_alone),
        cmocka_unit_test(interrupted_chain_is_noticed),
        cmocka_unit_test(ratio_parts_the_total_or_is_put_on_top_of_compute),
        cmocka_unit_test(task_computes_for_its_part_and_waits_for_the_other),
        cmocka_unit_test(times_that_do_not_fit_together_are_refused),
    };
    return cmocka_run_group_tests_name("mixed", tests, NULL, NULL);
}
