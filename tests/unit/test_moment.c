/* Means, variances and correlation against values by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "harness/analyze/moment.h"
#include "near.h"
#include "noise.h"

#define NEAR 1e-12

static void means_are_those_by_hand(void **state)
{
    (void)state;
    const double values[] = {1, 2, 4};
    assert_near(moment_mean(values, 3), 7. / 3, NEAR);
    assert_near(moment_harmonic_mean(values, 3), 3 / 1.75, NEAR);
    assert_near(moment_mean(values, 1), 1, 0);
}

static void the_harmonic_mean_of_rates_is_all_work_over_all_time(void **state)
{
    (void)state;
    const double rates[] = {100 / 2., 100 / 5., 100 / 3.}; /* 100 tasks in 2, 5 and 3 s */
    assert_near(moment_harmonic_mean(rates, 3), 300 / 10., NEAR);
}

static void covariance_is_that_by_hand_and_of_a_series_with_itself_its_variance(void **state)
{
    (void)state;
    const double a[] = {1, 2, 3, 6}, b[] = {2, 1, 5, 4};
    assert_near(moment_covariance(a, a, 4), 14. / 3, NEAR);
    assert_near(moment_covariance(a, b, 4), 7. / 3, NEAR);
    const double far[] = {1e9 + 1, 1e9 + 2, 1e9 + 3}; /* sums of squares would cancel */
    assert_near(moment_covariance(far, far, 3), 1, NEAR);
}

static void autocorrelation_is_that_by_hand(void **state)
{
    (void)state;
    const double rising[] = {1, 2, 3, 4}, swinging[] = {1, -1, 1, -1}, constant[] = {2, 2, 2};
    assert_near(moment_autocorrelation(rising, 4), 1.25 / 5, NEAR);
    assert_near(moment_autocorrelation(swinging, 4), -0.75, NEAR);
    assert_near(moment_autocorrelation(constant, 3), 0, 0);
    double rounded[20]; /* their mean is another number */
    for (size_t i = 0; i < 20; i++)
        rounded[i] = 0.10000000000000002;
    assert_near(moment_autocorrelation(rounded, 20), 0, 0);
}

static void autocorrelation_finds_that_of_a_simulated_series(void **state)
{
    (void)state;
    enum { N = 20000 };
    static double series[N];
    struct noise noise = {.seed = 7};
    for (size_t i = 1; i < N; i++)
        series[i] = 0.5 * series[i - 1] + noise_normal(&noise);
    assert_near(moment_autocorrelation(series, N), 0.5, 0.02);
}

static void too_few_values_and_no_numbers_give_no_number(void **state)
{
    (void)state;
    const double values[] = {1, NAN, 3}, with_zero[] = {1, 0, 3};
    assert_true(isnan(moment_mean(values, 0)) && isnan(moment_mean(values, 3)));
    assert_true(isnan(moment_harmonic_mean(values, 0)));
    assert_true(isnan(moment_harmonic_mean(with_zero, 3)));
    assert_true(isnan(moment_covariance(values, values, 1)));
    assert_true(isnan(moment_autocorrelation(values, 1)));
    assert_true(isnan(moment_autocorrelation(values, 3)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(means_are_those_by_hand),
        cmocka_unit_test(the_harmonic_mean_of_rates_is_all_work_over_all_time),
        cmocka_unit_test(covariance_is_that_by_hand_and_of_a_series_with_itself_its_variance),
        cmocka_unit_test(autocorrelation_is_that_by_hand),
        cmocka_unit_test(autocorrelation_finds_that_of_a_simulated_series),
        cmocka_unit_test(too_few_values_and_no_numbers_give_no_number),
    };
    return cmocka_run_group_tests_name("moment", tests, NULL, NULL);
}
