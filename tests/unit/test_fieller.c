/* Fieller's interval against its definition and a simulated truth. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "harness/analyze/fieller.h"
#include "harness/analyze/moment.h"
#include "harness/analyze/student.h"
#include "near.h"
#include "noise.h"

static const double serial[] = {10.1, 9.8, 10.4, 10.0, 9.9, 10.6, 10.2, 9.7};
static const double pool[] = {5.2, 4.7, 5.1, 5.3, 4.9, 5.0, 5.4, 4.8};

/* t of the mean of serial - r pool */
static double t_of(double r, const double *x, const double *y, size_t n)
{
    double d[64];
    for (size_t i = 0; i < n; i++)
        d[i] = x[i] - r * y[i];
    return moment_mean(d, n) / sqrt(moment_covariance(d, d, n) / (double)n);
}

static void the_ends_are_where_a_t_test_just_tells_the_ratio_from_the_truth(void **state)
{
    (void)state;
    struct fieller fieller = fieller_ratio(serial, pool, 8, 0.05);
    double t = student_quantile(0.975, 7);
    assert_int_equal(fieller.outcome, FIELLER_BOUNDED);
    assert_near(fieller.ratio.value, 80.7 / 40.4, 1e-12);
    assert_near(t_of(fieller.ratio.lo, serial, pool, 8), t, 1e-9);
    assert_near(t_of(fieller.ratio.hi, serial, pool, 8), -t, 1e-9);
    struct fieller strict = fieller_ratio(serial, pool, 8, 0.01);
    assert_true(strict.ratio.lo < fieller.ratio.lo && fieller.ratio.hi < strict.ratio.hi);
}

static void a_mean_that_may_be_0_has_an_unbounded_ratio(void **state)
{
    (void)state;
    const double wild[] = {0.01, 0.02, 90, 0.01, 0.03};
    struct fieller fieller = fieller_ratio(serial, wild, 5, 0.05);
    assert_int_equal(fieller.outcome, FIELLER_UNBOUNDED);
    assert_true(isinf(fieller.ratio.lo) && fieller.ratio.lo < 0 && isinf(fieller.ratio.hi));
    assert_near(fieller.ratio.value, 50.2 / 90.07, 1e-12);
}

static void times_in_proportion_have_an_interval_of_no_width(void **state)
{
    (void)state;
    double twice[8];
    for (size_t i = 0; i < 8; i++)
        twice[i] = 2 * pool[i];
    struct fieller fieller = fieller_ratio(twice, pool, 8, 0.05);
    assert_near(fieller.ratio.lo, 2, 1e-6);
    assert_near(fieller.ratio.hi, 2, 1e-6);
}

static void what_is_no_time_has_no_ratio(void **state)
{
    (void)state;
    const double with_zero[] = {1, 0, 2}, with_nan[] = {1, NAN, 2},
                 with_infinity[] = {1, 2, INFINITY};
    assert_int_equal(fieller_ratio(serial, pool, 1, 0.05).outcome, FIELLER_NONE);
    assert_int_equal(fieller_ratio(serial, with_zero, 3, 0.05).outcome, FIELLER_NONE);
    assert_int_equal(fieller_ratio(with_nan, pool, 3, 0.05).outcome, FIELLER_NONE);
    assert_int_equal(fieller_ratio(serial, with_infinity, 3, 0.05).outcome, FIELLER_NONE);
    assert_true(isnan(fieller_ratio(serial, pool, 0, 0.05).ratio.value));
}

static void of_normal_times_the_interval_holds_the_truth_in_95_of_100_experiments(void **state)
{
    (void)state;
    enum { EXPERIMENTS = 4000, N = 10 };
    unsigned covered = 0;
    for (uint64_t i = 0; i < EXPERIMENTS; i++) {
        struct noise noise = {.seed = i};
        double x[N], y[N];
        for (size_t j = 0; j < N; j++) {
            double shared = noise_normal(&noise);
            x[j] = 17 + shared + noise_normal(&noise);
            y[j] = 10 + shared + noise_normal(&noise);
        }
        struct fieller fieller = fieller_ratio(x, y, N, 0.05);
        covered += fieller.ratio.lo <= 1.7 && 1.7 <= fieller.ratio.hi;
    }
    assert_in_range(covered, EXPERIMENTS * 94 / 100, EXPERIMENTS * 96 / 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ends_are_where_a_t_test_just_tells_the_ratio_from_the_truth),
        cmocka_unit_test(a_mean_that_may_be_0_has_an_unbounded_ratio),
        cmocka_unit_test(times_in_proportion_have_an_interval_of_no_width),
        cmocka_unit_test(what_is_no_time_has_no_ratio),
        cmocka_unit_test(of_normal_times_the_interval_holds_the_truth_in_95_of_100_experiments),
    };
    return cmocka_run_group_tests_name("fieller", tests, NULL, NULL);
}
