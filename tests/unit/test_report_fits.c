/* The report's section on what limits the curve, and its picture. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness/analyze/curve.h"
#include "reported.h"

/* A sweep of threads at six sizes whose throughput follows a USL: a peak of 8 workers. */
static void save_peak(double apart, unsigned blocks)
{
    static const unsigned workers[] = {1, 2, 4, 8, 16, 32};
    const struct curve curve = {CURVE_USL, {100, 0.04, 0.015}};
    struct result *result = new_result("lock", "cpu");
    for (size_t i = 0; i < 6; i++)
        made_config(result, "threads", workers[i]);
    for (unsigned block = 0; block < blocks; block++)
        for (unsigned i = 0; i < 6; i++) {
            double x = curve_throughput(&curve, workers[i]) + (i == 2 ? apart : 0);
            made_sample(result, block, i, 100 / (x + 0.5 * (block % 3) - 0.5));
        }
    save(result, "lock");
}

static void the_chosen_law_stands_with_its_peak(void **state)
{
    (void)state;
    save_peak(0, BLOCKS);
    char *text = written();
    assert_says(text, "## What limits the curve");
    assert_says(text, "| lock | threads | 6, to 32 \u2020 | USL | 100 [");
    assert_says(text, "tasks/s at 8.0 [8, 8] workers");
    assert_silent_on(text, "USL \u2021");
    assert_silent_on(text, "Not fitted");
    free(text);
}

static void a_law_that_does_not_describe_the_samples_is_marked(void **state)
{
    (void)state;
    save_peak(60, BLOCKS);
    char *text = written();
    assert_says(text, "USL \u2021 |");
    free(text);
}

static void too_few_sizes_are_refused_plainly(void **state)
{
    (void)state;
    save_sweep("primes", "cpu"); /* 1, 2, 4 */
    char *text = written();
    assert_says(text, "## What limits the curve\n\nNot fitted:\n\n- primes, threads: its 2 "
                      "coefficients need at least 4 distinct sizes, and there are 3\n");
    free(text);
    assert_int_equal(access(below("results/host/primes.fit.dat"), F_OK), -1);
}

static void a_report_without_a_sweep_has_no_such_section(void **state)
{
    (void)state;
    save_search(0.5);
    char *text = written();
    assert_silent_on(text, "What limits");
    free(text);
}

static void the_fit_is_drawn_in_its_own_section(void **state)
{
    (void)state;
    need_gnuplot();
    save_peak(0, BLOCKS);
    if (write_report(true, NULL))
        fail_msg("%s", why);
    char *text = read_text(below("REPORT.md"));
    assert_says(text, "](results/host/lock.fit.svg)");
    assert_true(strstr(text, "## What limits") < strstr(text, "lock.fit.svg"));
    free(text);
    assert_begins("results/host/lock.fit.png", "\x89PNG");
}

static void sizes_of_one_sample_each_are_drawn_without_intervals(void **state)
{
    (void)state;
    need_gnuplot();
    save_peak(0, 1);
    if (write_report(true, NULL))
        fail_msg("%s", why);
    assert_int_equal(access(below("results/host/lock.fit.svg"), R_OK), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_folders, remove_folders)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_chosen_law_stands_with_its_peak),
        TEST(a_law_that_does_not_describe_the_samples_is_marked),
        TEST(too_few_sizes_are_refused_plainly),
        TEST(a_report_without_a_sweep_has_no_such_section),
        TEST(the_fit_is_drawn_in_its_own_section),
        TEST(sizes_of_one_sample_each_are_drawn_without_intervals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
