/* The laws of scalability against their textbook values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness/analyze/curve.h"
#include "near.h"

static const struct curve amdahl = {CURVE_AMDAHL, {10, 0.05, 0}};
static const struct curve gustafson = {CURVE_GUSTAFSON, {10, 0.05, 0}};
static const struct curve usl = {CURVE_USL, {10, 0.05, 0.001}};

static void one_worker_has_throughput_lambda(void **state)
{
    (void)state;
    assert_near(curve_throughput(&amdahl, 1), 10, 0);
    assert_near(curve_throughput(&gustafson, 1), 10, 0);
    assert_near(curve_throughput(&usl, 1), 10, 0);
}

static void throughput_is_the_laws(void **state)
{
    (void)state;
    /* Amdahl's example: 20 workers on 5 % serial work give 10.26 times as much */
    assert_near(curve_throughput(&amdahl, 20), 10 * 20 / 1.95, 1e-9);
    assert_near(curve_throughput(&gustafson, 20), 10 * 19.05, 1e-9);
    assert_near(curve_throughput(&usl, 20), 10 * 20 / (1 + 0.05 * 19 + 0.001 * 20 * 19), 1e-9);
}

static void slopes_are_the_derivatives_by_each_coefficient(void **state)
{
    (void)state;
    const struct curve *const curves[] = {&amdahl, &gustafson, &usl};
    for (size_t i = 0; i < 3; i++)
        for (int k = 0; k < 7; k++) {
            double n = (double)(1 << k);
            double slopes[CURVE_COEFFICIENTS];
            curve_slopes(curves[i], n, slopes);
            for (size_t j = 0; j < curve_coefficients(curves[i]->law); j++) {
                struct curve less = *curves[i], more = *curves[i];
                less.at[j] -= 1e-7;
                more.at[j] += 1e-7;
                double rise = (curve_throughput(&more, n) - curve_throughput(&less, n)) / 2e-7;
                assert_near(slopes[j], rise, 1e-4 * fmax(1, fabs(rise)));
            }
        }
}

static void the_peak_is_where_throughput_is_largest(void **state)
{
    (void)state;
    double peak = curve_peak(&usl);
    assert_near(peak, sqrt(950), 1e-9);
    assert_true(curve_throughput(&usl, peak) > curve_throughput(&usl, peak * 1.01));
    assert_true(curve_throughput(&usl, peak) > curve_throughput(&usl, peak * 0.99));
    assert_true(isinf(curve_peak(&amdahl)));
    assert_true(isinf(curve_peak(&gustafson)));
    const struct curve falling = {CURVE_USL, {10, 0.5, 3}};
    assert_near(curve_peak(&falling), 1, 0);
}

static void the_limit_is_what_throughput_tends_to(void **state)
{
    (void)state;
    const struct curve serial = {CURVE_GUSTAFSON, {10, 1, 0}}, linear = {CURVE_AMDAHL, {10, 0, 0}};
    assert_near(curve_limit(&amdahl), 200, 1e-9);
    assert_near(curve_limit(&amdahl), curve_throughput(&amdahl, 1e9), 1e-4);
    assert_near(curve_limit(&usl), 0, 0);
    assert_near(curve_limit(&serial), 10, 0);
    assert_true(isinf(curve_limit(&gustafson)));
    assert_true(isinf(curve_limit(&linear)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_worker_has_throughput_lambda),
        cmocka_unit_test(throughput_is_the_laws),
        cmocka_unit_test(slopes_are_the_derivatives_by_each_coefficient),
        cmocka_unit_test(the_peak_is_where_throughput_is_largest),
        cmocka_unit_test(the_limit_is_what_throughput_tends_to),
    };
    return cmocka_run_group_tests_name("curve", tests, NULL, NULL);
}
