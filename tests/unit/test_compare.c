/* Comparisons of results made by hand, and of simulated ones whose truth is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/analyze/compare.h"
#include "made.h"
#include "near.h"
#include "noise.h"

#define NEAR 1e-12
#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- what is compared ---- */

/* serial and threads on 2 workers, times a region by block: those given times 1 + a little, so that
 * medians are the given and nothing is tied. */
static struct result *made_run(double serial_s, double threads_s, unsigned blocks)
{
    struct result *result = made_result();
    unsigned serial = made_config(result, "serial", 1), threads = made_config(result, "threads", 2);
    for (unsigned i = 0; i < blocks; i++) {
        double wave = 1 + 1e-4 * ((double)(i * 7 % blocks) - (blocks - 1) / 2.0);
        made_sample(result, i, serial, serial_s * wave);
        made_sample(result, i, threads, threads_s * (2 - wave));
    }
    return result;
}

static struct compare_row concluded(struct compare_row row)
{
    assert_int_equal(compare_conclude(&row, 1), 0);
    return row;
}

/* Configuration 1, threads, of one run a side. */
static struct compare_row two_runs(
    const struct result *a, const struct result *b, enum compare_of of)
{
    return concluded(compare_runs(&a, 1, &b, 1, &a->configs[1], of));
}

static void a_ratio_above_one_says_that_b_is_faster(void **state)
{
    (void)state;
    struct result *slow = made_run(4, 2, 11), *fast = made_run(4, 1.6, 11);
    struct compare_row row = two_runs(slow, fast, COMPARE_TIME);
    assert_near(row.ratio.value, 1.25, 1e-3);
    assert_true(row.ratio.lo > 1.24 && row.ratio.hi < 1.26);
    assert_int_equal(row.verdict, COMPARE_FASTER);
    compare_free(&row);
    row = two_runs(fast, slow, COMPARE_TIME);
    assert_near(row.ratio.value, 0.8, 1e-3);
    assert_int_equal(row.verdict, COMPARE_SLOWER);
    compare_free(&row);
    row = concluded(compare_within(slow, 0, 1));
    assert_near(row.ratio.value, 2, 1e-3);
    assert_int_equal(row.verdict, COMPARE_FASTER);
    assert_string_equal(row.a.backend, "serial");
    assert_string_equal(row.b.backend, "threads");
    compare_free(&row);
    result_free(slow);
    result_free(fast);
}

static void times_and_speedups_are_two_questions(void **state)
{
    (void)state;
    /* B's machine runs everything twice as fast: its pool gains no more than A's did */
    struct result *a = made_run(4, 2, 11), *b = made_run(2, 1, 11);
    struct compare_row times = two_runs(a, b, COMPARE_TIME);
    struct compare_row speedups = two_runs(a, b, COMPARE_SPEEDUP);
    assert_near(times.ratio.value, 2, 1e-3);
    assert_near(speedups.ratio.value, 1, 1e-3);
    assert_int_equal(speedups.verdict, COMPARE_NO_DIFFERENCE);
    compare_free(&times);
    compare_free(&speedups);
    result_free(a);
    result_free(b);
}

static void drift_that_hits_both_alike_cancels_within_a_run(void **state)
{
    (void)state;
    struct result *run = made_result();
    unsigned a = made_config(run, "threads", 2), b = made_config(run, "processes", 2);
    for (unsigned i = 0; i < 10; i++) {
        made_sample(run, i, a, pow(1.1, i));
        made_sample(run, i, b, pow(1.1, i) * (1.02 + 1e-4 * i));
    }
    struct compare_row row = concluded(compare_within(run, a, b));
    assert_int_equal(row.verdict, COMPARE_SLOWER);
    assert_near(row.ratio.value, 1 / 1.02045, 1e-5);
    assert_near(row.p, 2 / 1024.0, NEAR);
    compare_free(&row);
    result_free(run);
}

static void only_samples_that_count_enter(void **state)
{
    (void)state;
    struct result *run = made_run(4, 2, 10);
    run->samples[1].checksum_wrong = true;
    run->samples[4].lost = 1;
    snprintf(run->samples[7].failure, sizeof run->samples[7].failure, "gone");
    run->blocks[9].pilot = true;
    struct compare_row row = concluded(compare_within(run, 0, 1));
    assert_int_equal(row.a_count, 6);
    compare_free(&row);
    result_free(run);
}

static void a_subset_of_the_tasks_is_compared_by_the_task(void **state)
{
    (void)state;
    struct result *run = made_run(4, 2, 8);
    for (size_t i = 0; i < run->samples_count; i += 2) {
        run->samples[i].tasks = 10; /* of 100 */
        run->samples[i].wall_s /= 10;
    }
    struct compare_row row = concluded(compare_within(run, 0, 1));
    assert_near(row.ratio.value, 2, 1e-3);
    compare_free(&row);
    result_free(run);
}

/* ---- what cannot be compared ---- */

static void too_few_blocks_are_not_comparable_and_said_so(void **state)
{
    (void)state;
    struct result *five = made_run(4, 2, 5), *three = made_run(4, 2, 3);
    struct compare_row row = concluded(compare_within(five, 0, 1));
    assert_int_equal(row.verdict, COMPARE_NOT_COMPARABLE);
    assert_string_equal(
        row.reason, "5 blocks in which both count are too few; at least 6 are needed");
    assert_true(isnan(row.p) && isnan(row.p_adjusted) && isnan(row.ratio.value));
    compare_free(&row);
    row = two_runs(three, three, COMPARE_TIME);
    assert_string_equal(row.reason, "3 blocks against 3 are too few; at least 4 on each side");
    compare_free(&row);
    result_free(five);
    result_free(three);
}

static void a_side_without_the_configuration_is_not_comparable(void **state)
{
    (void)state;
    struct result *a = made_run(4, 2, 8), *b = made_run(4, 2, 8);
    b->configs[1].chunk = 7;
    struct compare_row row = two_runs(a, b, COMPARE_TIME);
    assert_int_equal(row.verdict, COMPARE_NOT_COMPARABLE);
    assert_string_equal(row.reason, "B has no sample that counts");
    compare_free(&row);
    result_free(a);
    result_free(b);
}

static void too_many_comparisons_for_the_blocks_are_no_evidence_of_no_difference(void **state)
{
    (void)state;
    struct result *run = made_run(4, 2, 6);
    struct compare_row rows[12];
    for (size_t i = 0; i < COUNT(rows); i++)
        rows[i] = compare_within(run, 0, 1);
    assert_int_equal(compare_conclude(rows, COUNT(rows)), 0);
    assert_int_equal(rows[0].verdict, COMPARE_NOT_COMPARABLE);
    assert_near(rows[0].ratio.value, 2, 1e-3);
    assert_near(rows[0].p, 2 / 64.0, NEAR);
    assert_near(rows[0].p_adjusted, 12 * 2 / 64.0, NEAR);
    assert_true(isinf(rows[0].detectable));
    assert_string_equal(
        rows[0].reason, "too few blocks for 12 comparisons at once; at least 9 on each side");
    for (size_t i = 0; i < COUNT(rows); i++)
        compare_free(&rows[i]);
    result_free(run);
}

static void several_looks_make_a_difference_less_sure(void **state)
{
    (void)state;
    struct result *run = made_run(4, 2, 8);
    run->alpha = 0.01;
    struct compare_row row = concluded(compare_within(run, 0, 1));
    assert_near(row.p_adjusted, 5 * 2 / 256.0, NEAR);
    assert_int_equal(row.verdict, COMPARE_FASTER);
    compare_free(&row);
    run->alpha = 0.005;
    row = concluded(compare_within(run, 0, 1));
    assert_int_equal(row.verdict, COMPARE_NOT_COMPARABLE);
    compare_free(&row);
    result_free(run);
}

static void a_regression_is_slower_by_more_than_the_threshold(void **state)
{
    (void)state;
    struct result *a = made_run(4, 2, 11), *b = made_run(4, 2.1, 11);
    struct compare_row row = two_runs(a, b, COMPARE_TIME);
    assert_int_equal(row.verdict, COMPARE_SLOWER);
    assert_true(compare_regressed(&row, 0) && compare_regressed(&row, 0.04));
    assert_false(compare_regressed(&row, 0.06));
    row.verdict = COMPARE_NO_DIFFERENCE;
    assert_false(compare_regressed(&row, 0));
    compare_free(&row);
    result_free(a);
    result_free(b);
}

/* ---- several runs ---- */

static void several_runs_count_once_each(void **state)
{
    (void)state;
    static const double a_s[] = {2, 2.02, 2.04, 2.06, 2.08}, b_s[] = {1, 1.01, 1.02, 1.03, 1.04};
    const struct result *a[5], *b[5];
    for (size_t i = 0; i < 5; i++) {
        a[i] = made_run(4, a_s[i], 30);
        b[i] = made_run(4, b_s[i], 30);
    }
    struct compare_row row = concluded(compare_runs(a, 5, b, 5, &a[0]->configs[1], COMPARE_TIME));
    assert_int_equal(row.design, COMPARE_RUNS);
    assert_int_equal(row.a_count, 5);
    assert_near(row.p, 2 / 252.0, NEAR);
    compare_free(&row);
    /* three a side reach no 5 % by ranks: Student's t, here by hand */
    row = concluded(compare_runs(a, 3, b, 3, &a[0]->configs[1], COMPARE_TIME));
    assert_int_equal(row.design, COMPARE_FEW_RUNS);
    assert_near(row.ratio.value, 2, 1e-3);
    double half = 2.7764451 * sqrt(2.0 / 3) * 0.00990123; /* deviation of ln 1, ln 1.01, ln 1.02 */
    assert_near(log(row.ratio.hi), log(2) + half, 2e-4);
    /* against one run: the other side's variance serves for both */
    compare_free(&row);
    row = concluded(compare_runs(a, 3, b, 1, &a[0]->configs[1], COMPARE_TIME));
    assert_int_equal(row.design, COMPARE_FEW_RUNS);
    assert_int_equal(row.verdict, COMPARE_FASTER);
    compare_free(&row);
    for (size_t i = 0; i < 5; i++) {
        result_free((struct result *)(uintptr_t)a[i]);
        result_free((struct result *)(uintptr_t)b[i]);
    }
}

/* ---- simulations: results in which the truth is known ---- */

#define TRUTH 1.25

enum error { NORMAL, LOG_NORMAL, HEAVY_TAIL, ERRORS };

/* Of ln time, about `size`. Log-normal is of the time itself, skewed by its size; the heavy tail is
 * Student's t with 3 degrees of freedom, a normal over the root of a mean of 3 squares. */
static double error_of(struct noise *noise, enum error error, double size)
{
    double normal = noise_normal(noise), squares = 0;
    if (error == NORMAL)
        return size * normal;
    if (error == LOG_NORMAL)
        return log1p(size * exp(normal)); /* a positive delay with a log-normal length */
    for (int i = 0; i < 3; i++) {
        double other = noise_normal(noise);
        squares += other * other;
    }
    return size * normal / sqrt(squares / 3);
}

/* A row as compare_within or compare_runs would have made it, from simulated ln costs. */
static struct compare_row simulated(enum compare_design design, struct noise *noise,
    enum error error, double size, size_t n, double truth)
{
    struct compare_row row = {.design = design, .a_count = n, .b_count = n, .looks = 1};
    row.values = calloc(2 * n, sizeof *row.values);
    assert_non_null(row.values);
    for (size_t i = 0; i < n; i++) {
        double a = error_of(noise, error, size) + log(truth), b = error_of(noise, error, size);
        if (design == COMPARE_WITHIN_RUN) {
            row.values[i] = a - b;
        } else {
            row.values[i] = a;
            row.values[n + i] = b;
        }
    }
    return row;
}

#define EXPERIMENTS 2000

static double coverage(enum compare_design design, enum error error, size_t n)
{
    struct noise noise = {.seed = 100 * n + 10 * (uint64_t)design + error};
    unsigned covered = 0;
    for (int i = 0; i < EXPERIMENTS; i++) {
        struct compare_row row = concluded(simulated(design, &noise, error, 0.04, n, TRUTH));
        covered += row.ratio.lo <= TRUTH && TRUTH <= row.ratio.hi;
        compare_free(&row);
    }
    return (double)covered / EXPERIMENTS;
}

static void the_interval_holds_the_truth_in_94_of_100_paired_and_unpaired(void **state)
{
    (void)state;
    static const enum compare_design designs[] = {COMPARE_WITHIN_RUN, COMPARE_TWO_RUNS};
    static const size_t sizes[] = {6, 12, 20};
    for (size_t d = 0; d < COUNT(designs); d++)
        for (enum error error = 0; error < ERRORS; error++)
            for (size_t i = 0; i < COUNT(sizes); i++) {
                double held = coverage(designs[d], error, sizes[i]);
                print_message("# %s, error model %d, %zu a side: %.1f %%\n",
                    compare_method(designs[d]), error, sizes[i], 100 * held);
                assert_true(held >= 0.94 && held < 1);
            }
}

static void the_interval_of_three_runs_a_side_holds_the_truth_in_94_of_100(void **state)
{
    (void)state;
    for (enum error error = 0; error < ERRORS; error++) {
        double held = coverage(COMPARE_FEW_RUNS, error, 3);
        print_message("# t of runs, error model %d: %.1f %%\n", error, 100 * held);
        assert_true(held >= 0.94 && held < 1);
    }
}

#define FAMILY 8

/* A family of rows without any difference: a false one among them is a false alarm. */
static bool family_alarms(enum compare_design design, struct noise *noise, enum error error)
{
    struct compare_row rows[FAMILY];
    bool alarm = false;
    for (size_t i = 0; i < FAMILY; i++)
        rows[i] = simulated(design, noise, error, 0.04, 12, 1);
    assert_int_equal(compare_conclude(rows, FAMILY), 0);
    for (size_t i = 0; i < FAMILY; i++) {
        alarm |= rows[i].verdict == COMPARE_FASTER || rows[i].verdict == COMPARE_SLOWER;
        compare_free(&rows[i]);
    }
    return alarm;
}

static void a_family_of_rows_gives_no_more_than_five_false_alarms_in_100(void **state)
{
    (void)state;
    for (enum compare_design design = COMPARE_WITHIN_RUN; design <= COMPARE_TWO_RUNS; design++)
        for (enum error error = 0; error < ERRORS; error++) {
            struct noise noise = {.seed = 31 + 10 * (uint64_t)design + error};
            unsigned alarms = 0;
            for (int i = 0; i < EXPERIMENTS / 2; i++)
                alarms += family_alarms(design, &noise, error);
            print_message("# %s, error model %d: %.1f %% false alarms\n", compare_method(design),
                error, 200.0 * alarms / EXPERIMENTS);
            assert_true(alarms <= 0.05 * EXPERIMENTS / 2 + 2 * 7); /* two deviations of chance */
        }
}

static double found(enum compare_design design, double size, size_t n, double truth)
{
    struct noise noise = {.seed = 77 + n};
    unsigned count = 0;
    for (int i = 0; i < EXPERIMENTS; i++) {
        struct compare_row row = concluded(simulated(design, &noise, NORMAL, size, n, truth));
        count += row.verdict == COMPARE_FASTER;
        compare_free(&row);
    }
    return (double)count / EXPERIMENTS;
}

static void five_percent_are_found_in_two_percent_of_noise_in_90_of_100(void **state)
{
    (void)state;
    assert_true(found(COMPARE_WITHIN_RUN, 0.02, 12, 1.05) >= 0.9);
    assert_true(found(COMPARE_TWO_RUNS, 0.02, 12, 1.05) >= 0.9);
    assert_true(found(COMPARE_TWO_RUNS, 0.02, 12, 1) <= 0.05);
}

/* The detectable difference that one experiment names is looked for in the next. */
static double power_at_detectable(enum compare_design design, size_t n)
{
    struct noise noise = {.seed = 13 + n};
    unsigned count = 0;
    for (int i = 0; i < EXPERIMENTS; i++) {
        struct compare_row row = concluded(simulated(design, &noise, NORMAL, 0.03, n, 1));
        double truth = row.detectable;
        compare_free(&row);
        row = concluded(simulated(design, &noise, NORMAL, 0.03, n, truth));
        count += row.verdict == COMPARE_FASTER;
        compare_free(&row);
    }
    return (double)count / EXPERIMENTS;
}

static void the_detectable_difference_is_found_about_three_times_in_four(void **state)
{
    (void)state;
    static const enum compare_design designs[] = {
        COMPARE_WITHIN_RUN, COMPARE_TWO_RUNS, COMPARE_FEW_RUNS};
    static const size_t sizes[][2] = {{8, 20}, {8, 20}, {3, 5}};
    for (size_t d = 0; d < COUNT(designs); d++)
        for (size_t i = 0; i < 2; i++) {
            double power = power_at_detectable(designs[d], sizes[d][i]);
            print_message("# %s, %zu a side: the detectable difference is found in %.0f %%\n",
                compare_method(designs[d]), sizes[d][i], 100 * power);
            assert_true(power >= 0.65 && power <= 0.85);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ratio_above_one_says_that_b_is_faster),
        cmocka_unit_test(times_and_speedups_are_two_questions),
        cmocka_unit_test(drift_that_hits_both_alike_cancels_within_a_run),
        cmocka_unit_test(only_samples_that_count_enter),
        cmocka_unit_test(a_subset_of_the_tasks_is_compared_by_the_task),
        cmocka_unit_test(too_few_blocks_are_not_comparable_and_said_so),
        cmocka_unit_test(a_side_without_the_configuration_is_not_comparable),
        cmocka_unit_test(too_many_comparisons_for_the_blocks_are_no_evidence_of_no_difference),
        cmocka_unit_test(several_looks_make_a_difference_less_sure),
        cmocka_unit_test(a_regression_is_slower_by_more_than_the_threshold),
        cmocka_unit_test(several_runs_count_once_each),
        cmocka_unit_test(the_interval_holds_the_truth_in_94_of_100_paired_and_unpaired),
        cmocka_unit_test(the_interval_of_three_runs_a_side_holds_the_truth_in_94_of_100),
        cmocka_unit_test(a_family_of_rows_gives_no_more_than_five_false_alarms_in_100),
        cmocka_unit_test(five_percent_are_found_in_two_percent_of_noise_in_90_of_100),
        cmocka_unit_test(the_detectable_difference_is_found_about_three_times_in_four),
    };
    return cmocka_run_group_tests_name("compare", tests, NULL, NULL);
}
