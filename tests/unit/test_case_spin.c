/* The spin case: its values, its costs and their shapes. Costs are CPU time, compared with what was
 * asked for with wide margins, and the best of several tries, so that a busy machine cannot fail
 * them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "drive.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

#define TRIES 40 /* while a busy neighbour hides it */

static void run_serially(struct workload *workload)
{
    assert_int_equal(workload->run.tasks, drive_run(workload, "serial", 1).ok);
}

static void spin_value_depends_on_seed_and_index_alone(void **state)
{
    (void)state;
    static const char *const works[] = {"iterations=0", "iterations=1", "iterations=77",
        "iterations=100k", "grain=1ns", "grain=20us"};
    for (size_t i = 0; i < sizeof works / sizeof works[0]; i++) {
        struct workload workload;
        drive_open(&workload, "spin", 50, DRIVE_PARAMS(works[i], "shape=uniform"));
        run_serially(&workload);
        for (uint64_t task = 0; task < 50; task++)
            assert_int_equal(
                hash_mix(WORKLOAD_SEED, task), arena_slot(&workload.arena, task)->value);
        assert_int_equal(0, workload_verify(&workload, drive_why, sizeof drive_why));
        workload_close(&workload);
    }
}

static void spin_works_without_a_worker_state(void **state)
{
    (void)state;
    struct workload workload;
    struct task_result result;
    drive_open(&workload, "spin", 0, DRIVE_PARAMS("iterations=100"));
    assert_int_equal(0, workload.bench->task(workload.run.ctx, NULL, 3, &result));
    assert_int_equal(hash_mix(WORKLOAD_SEED, 3), result.value);
    workload_close(&workload);
}

static void spin_notices_an_interrupted_chain(void **state)
{
    (void)state;
    struct workload workload;
    drive_open(&workload, "spin", 10, DRIVE_PARAMS("iterations=100"));
    run_serially(&workload);
    arena_slot(&workload.arena, 4)->value += 1;
    assert_int_not_equal(0, workload_verify(&workload, drive_why, sizeof drive_why));
    assert_non_null(strstr(drive_why, "task 4"));
    workload_close(&workload);
}

static double cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* Mean CPU time of a task in ns, the best of several regions. */
static double task_ns(const char *grain, const char *shape, uint64_t tasks)
{
    struct workload workload;
    drive_open(&workload, "spin", tasks, DRIVE_PARAMS(grain, shape));
    double best = 1e18;
    for (int i = 0; i < 5; i++) {
        double start = cpu_ns();
        run_serially(&workload);
        double ns = (cpu_ns() - start) / (double)tasks;
        best = ns < best ? ns : best;
    }
    workload_close(&workload);
    return best;
}

static void spin_costs_its_grain(void **state)
{
    (void)state;
    assert_in_range(task_ns("grain=200ns", "shape=even", 50000), 140, 300);
    assert_in_range(task_ns("grain=10us", "shape=even", 500), 7000, 15000);
    assert_in_range(task_ns("grain=3ms", "shape=even", 2), 2100000, 4500000);
}

static void spin_of_uneven_shape_costs_its_grain_on_average(void **state)
{
    (void)state;
    assert_in_range(task_ns("grain=1us", "shape=uniform", 10000), 700, 1500);
    assert_in_range(task_ns("grain=1us", "shape=exponential", 10000), 700, 1500);
    assert_in_range(task_ns("grain=1us", "shape=straggler", 10000), 700, 1500);
}

/* CPU time of many short tasks called in a row, in ns. */
static double row_ns(const struct workload *workload, void *local)
{
    struct task_result result;
    double start = cpu_ns();
    for (uint64_t task = 0; task < 10000; task++)
        workload->bench->task(workload->run.ctx, local, task, &result);
    return cpu_ns() - start;
}

/* How many times as long a row of tasks takes with the chain through `local` as without; in turn,
 * so that both meet the machine at its fastest. */
static double chain_ratio(void)
{
    struct workload workload;
    void *local;
    double linked = 1e18, loose = 1e18;
    drive_open(&workload, "spin", 0, DRIVE_PARAMS("iterations=60"));
    assert_int_equal(0, workload.bench->worker_enter(workload.run.ctx, &local));
    for (int i = 0; i < 30; i++) {
        linked = fmin(linked, row_ns(&workload, local));
        loose = fmin(loose, row_ns(&workload, NULL));
    }
    workload.bench->worker_leave(workload.run.ctx, local);
    workload_close(&workload);
    return linked / loose;
}

/* Without the chain a core that works out of order overlaps such tasks and takes a fifth to a half
 * less; hardly less while another thread of the same core is busy, for which it waits. Elsewhere
 * there are cores that work in order, and code that is slow itself leaves nothing to overlap. */
static void spin_tasks_of_one_worker_do_not_overlap(void **state)
{
    (void)state;
#if !defined __x86_64__ || !defined __OPTIMIZE__
    print_message("for optimised code on x86-64\n");
    skip();
#endif
    if (getenv("POOLBENCH_TSAN") != NULL) {
        print_message("the thread sanitizer's own work does not overlap\n");
        skip();
    }
    double most = chain_ratio();
    for (int i = 0; i < TRIES && most < 1.05; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
        most = fmax(most, chain_ratio());
    }
    if (most < 1.05)
        fail_msg("%g times as long in a chain", most);
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Quantile q of the tasks' costs divided by their median. */
static double spread(const char *shape, double q)
{
    enum { TASKS = 2000 };
    double costs[TASKS];
    struct workload workload;
    struct task_result result;
    drive_open(&workload, "spin", TASKS, DRIVE_PARAMS("iterations=20k", shape));
    for (uint64_t i = 0; i < TASKS; i++) {
        double start = cpu_ns();
        workload.bench->task(workload.run.ctx, NULL, i, &result);
        costs[i] = cpu_ns() - start;
    }
    workload_close(&workload);
    qsort(costs, TASKS, sizeof costs[0], compare_doubles);
    return costs[(int)(q * TASKS)] / costs[TASKS / 2];
}

/* In percent, since cmocka compares whole numbers. */
#define assert_percent(ratio, lowest, highest)                                                     \
    assert_in_range((uintmax_t)((ratio)*100), lowest, highest)

static void spin_shapes_spread_as_their_names_say(void **state)
{
    (void)state;
    assert_percent(spread("shape=even", 0.9), 100, 135);
    assert_percent(spread("shape=uniform", 0.9), 150, 220);     /* 1.8 */
    assert_percent(spread("shape=exponential", 0.9), 250, 430); /* ln 10 / ln 2 = 3.32 */
    assert_percent(spread("shape=straggler", 0.9), 100, 135);
    assert_percent(spread("shape=straggler", 0.995), 6000, 14000); /* 50 * 0.99 / 0.5 = 99 */
}

static void only_even_spin_is_even(void **state)
{
    (void)state;
    static const char *const shapes[] = {"shape=uniform", "shape=exponential", "shape=straggler"};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        struct workload workload;
        drive_open(&workload, "spin", 0, DRIVE_PARAMS("iterations=10", shapes[i]));
        assert_false(workload.run.even);
        workload_close(&workload);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spin_value_depends_on_seed_and_index_alone),
        cmocka_unit_test(spin_works_without_a_worker_state),
        cmocka_unit_test(spin_notices_an_interrupted_chain),
        cmocka_unit_test(spin_costs_its_grain),
        cmocka_unit_test(spin_of_uneven_shape_costs_its_grain_on_average),
        cmocka_unit_test(spin_tasks_of_one_worker_do_not_overlap),
        cmocka_unit_test(spin_shapes_spread_as_their_names_say),
        cmocka_unit_test(only_even_spin_is_even),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
