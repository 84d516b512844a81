/* Least squares against published coefficients, exact data and the best of a fine grid. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "harness/analyze/squares.h"
#include "near.h"
#include "noise.h"
#include "usl_data.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* The law's best curve and, where left is not NULL, what it leaves. */
static struct curve fitted(
    enum curve_law law, const struct squares_row *rows, size_t count, double *left)
{
    struct squares_size *sizes;
    struct curve best;
    size_t n = squares_sizes(rows, count, &sizes);
    if (squares_fit(law, sizes, n, NULL, &best))
        fail_msg("no optimum was found");
    if (left)
        *left = squares_left(&best, sizes, n);
    free(sizes);
    return best;
}

/* ---- published coefficients, to their printed digits ---- */

static void the_ray_tracer_is_fitted_as_published(void **state)
{
    (void)state;
    double left;
    struct curve best = fitted(CURVE_USL, raytracer, RAYTRACER, &left);
    assert_near(best.at[CURVE_SIGMA], 0.057771, 0.0000005);
    assert_near(best.at[CURVE_LAMBDA], 21.848843, 0.0000005);
    assert_near(best.at[CURVE_KAPPA], 0, 0);
    assert_near(left, 697.2378, 0.00005);
    assert_near(sqrt(left / 8), 9.34, 0.005);
    assert_near(curve_limit(&best), 378, 0.5);
    assert_near(curve_throughput(&best, 96), 323.3, 0.05);
    assert_near(curve_throughput(&best, 128), 335.5, 0.05);
}

static void the_ray_tracers_first_six_points_are_fitted_as_published(void **state)
{
    (void)state;
    struct curve best = fitted(CURVE_USL, raytracer, 6, NULL);
    assert_near(best.at[CURVE_SIGMA], 0.02444, 0.000005);
    assert_near(best.at[CURVE_KAPPA], 0.00163, 0.000005);
    assert_near(best.at[CURVE_LAMBDA], 20.85605, 0.000005);
}

static void a_table_without_a_size_of_one_is_fitted_as_published(void **state)
{
    (void)state;
    struct curve best = fitted(CURVE_USL, no_single, NO_SINGLE, NULL);
    /* printed as 0.0418302; in 40-digit arithmetic the optimum is 0.04183014556 */
    assert_near(best.at[CURVE_SIGMA], 0.0418302, 0.0000001);
    assert_near(best.at[CURVE_SIGMA], 0.04183014556, 0.000000001);
    assert_near(best.at[CURVE_KAPPA], 0.0004091, 0.00000005);
    assert_near(best.at[CURVE_LAMBDA], 12.67, 0.005);
}

static void the_synthetic_table_is_fitted_as_it_was_made(void **state)
{
    (void)state;
    struct curve best = fitted(CURVE_USL, synthetic, SYNTHETIC, NULL);
    assert_near(best.at[CURVE_SIGMA], 0.02, 0.00005);
    assert_near(best.at[CURVE_KAPPA], 0.02, 0.00005);
    assert_near(best.at[CURVE_LAMBDA], 1, 0.00005);
}

/* ---- bounds ---- */

/* Gauss and Newton's step for all three coefficients, halved until it gains, and then cut at 0. */
static bool step_and_cut(struct curve *curve, const struct squares_size *sizes, size_t count)
{
    double inverse[CURVE_COEFFICIENTS][CURVE_COEFFICIENTS], along[CURVE_COEFFICIENTS] = {0};
    double before = squares_left(curve, sizes, count);
    squares_inverse(curve, sizes, count, inverse);
    for (size_t i = 0; i < count; i++) {
        double by[CURVE_COEFFICIENTS];
        curve_slopes(curve, sizes[i].n, by);
        for (size_t j = 0; j < CURVE_COEFFICIENTS; j++)
            along[j] += by[j] * (sizes[i].mean - curve_throughput(curve, sizes[i].n));
    }
    for (int halvings = 0; halvings < 40; halvings++) {
        double part = ldexp(1, -halvings);
        struct curve next = *curve;
        for (size_t j = 0; j < CURVE_COEFFICIENTS; j++) {
            for (size_t k = 0; k < CURVE_COEFFICIENTS; k++)
                next.at[j] += part * inverse[j][k] * along[k];
            next.at[j] = fmax(0, next.at[j]);
        }
        if (squares_left(&next, sizes, count) < before) {
            *curve = next;
            return true;
        }
    }
    return false;
}

static void cutting_steps_at_a_bound_stalls_beside_the_optimum_and_this_does_not(void **state)
{
    (void)state;
    double left;
    struct squares_size *sizes;
    size_t n = squares_sizes(raytracer, RAYTRACER, &sizes);
    struct curve best = fitted(CURVE_USL, raytracer, RAYTRACER, &left);
    struct curve cut = {CURVE_USL, {20, 0.05, 0.001}};
    for (int i = 0; i < 10000 && step_and_cut(&cut, sizes, n); i++)
        ;
    assert_near(cut.at[CURVE_KAPPA], 0, 0);
    assert_true(fabs(cut.at[CURVE_SIGMA] - best.at[CURVE_SIGMA]) > 1e-5);
    assert_true(squares_left(&cut, sizes, n) > left + 0.001);
    free(sizes);
}

static void a_coefficient_at_a_bound_leaves_the_fit_without_it(void **state)
{
    (void)state;
    struct curve usl = fitted(CURVE_USL, raytracer, RAYTRACER, NULL);
    struct curve amdahl = fitted(CURVE_AMDAHL, raytracer, RAYTRACER, NULL);
    assert_near(usl.at[CURVE_LAMBDA], amdahl.at[CURVE_LAMBDA], 1e-12);
    assert_near(usl.at[CURVE_SIGMA], amdahl.at[CURVE_SIGMA], 1e-12);
}

/* ---- exact data ---- */

static size_t exact_rows(const struct curve *curve, struct squares_row *rows)
{
    static const double sizes[] = {2, 3, 5, 8, 16, 33, 64, 128};
    for (size_t i = 0; i < COUNT(sizes); i++)
        rows[i] = (struct squares_row){sizes[i], curve_throughput(curve, sizes[i])};
    return COUNT(sizes);
}

static void assert_recovered(const struct curve *curve)
{
    struct squares_row rows[8];
    size_t n = exact_rows(curve, rows);
    struct curve best = fitted(curve->law, rows, n, NULL);
    assert_near(best.at[CURVE_LAMBDA] / curve->at[CURVE_LAMBDA], 1, 1e-6);
    for (size_t j = CURVE_SIGMA; j < CURVE_COEFFICIENTS; j++) {
        assert_near(best.at[j], curve->at[j], 1e-6 * fmax(curve->at[j], 1e-3));
        if (curve->at[j] <= 0) /* not nearly 0 */
            assert_near(best.at[j], 0, 0);
    }
}

static void exact_curves_are_recovered_at_every_bound_and_of_any_magnitude(void **state)
{
    (void)state;
    static const double sigmas[] = {0, 1e-5, 0.001, 0.05, 0.5, 0.99, 1};
    static const double kappas[] = {0, 1e-7, 1e-5, 0.001, 0.1, 1};
    static const double lambdas[] = {1e-9, 1, 3.7e4, 1e12};
    for (size_t i = 0; i < COUNT(sigmas); i++)
        for (size_t j = 0; j < COUNT(kappas); j++)
            for (size_t k = 0; k < COUNT(lambdas); k++) {
                assert_recovered(&(struct curve){CURVE_USL, {lambdas[k], sigmas[i], kappas[j]}});
                if (kappas[j] > 0)
                    continue;
                assert_recovered(&(struct curve){CURVE_AMDAHL, {lambdas[k], sigmas[i], 0}});
                assert_recovered(&(struct curve){CURVE_GUSTAFSON, {lambdas[k], sigmas[i], 0}});
            }
}

static void sizes_may_be_as_large_as_a_billion(void **state)
{
    (void)state;
    const struct curve curve = {CURVE_USL, {3, 1e-8, 1e-17}};
    struct squares_row rows[10];
    for (size_t i = 0; i < 10; i++) {
        double n = pow(10, (double)i);
        rows[i] = (struct squares_row){n, curve_throughput(&curve, n)};
    }
    struct curve best = fitted(CURVE_USL, rows, 10, NULL);
    assert_near(best.at[CURVE_SIGMA] / 1e-8, 1, 1e-6);
    assert_near(best.at[CURVE_KAPPA] / 1e-17, 1, 1e-6);
}

/* ---- repeated sizes ---- */

static void rows_of_one_size_enter_by_their_number(void **state)
{
    (void)state;
    struct squares_size *sizes;
    const struct squares_row rows[] = {{4, 3}, {1, 1}, {4, 5}, {2, 2}, {4, 4}, {1, 1.5}};
    assert_int_equal(squares_sizes(rows, COUNT(rows), &sizes), 3);
    assert_near(sizes[0].n, 1, 0);
    assert_int_equal(sizes[0].rows, 2);
    assert_near(sizes[0].mean, 1.25, 1e-15);
    assert_near(sizes[2].n, 4, 0);
    assert_int_equal(sizes[2].rows, 3);
    assert_near(sizes[2].mean, 4, 1e-15);
    assert_near(sizes[2].within, 2, 1e-15);
    const struct curve curve = {CURVE_AMDAHL, {1, 0.1, 0}};
    double left = 0;
    for (size_t i = 0; i < COUNT(rows); i++)
        left += pow(rows[i].x - curve_throughput(&curve, rows[i].n), 2);
    assert_near(squares_left(&curve, sizes, 3), left, 1e-12);
    free(sizes);
}

static void a_size_measured_often_pulls_the_curve_to_it(void **state)
{
    (void)state;
    struct squares_row rows[RAYTRACER + 20];
    memcpy(rows, raytracer, sizeof raytracer);
    for (size_t i = RAYTRACER; i < COUNT(rows); i++)
        rows[i] = raytracer[4];
    struct curve once = fitted(CURVE_USL, rows, RAYTRACER, NULL);
    struct curve often = fitted(CURVE_USL, rows, COUNT(rows), NULL);
    double off = fabs(curve_throughput(&once, 16) - 190);
    assert_true(fabs(curve_throughput(&often, 16) - 190) < off / 2);
}

static void too_many_sizes_are_refused(void **state)
{
    (void)state;
    static struct squares_row rows[SQUARES_SIZES_MAX + 1];
    struct squares_size *sizes;
    for (size_t i = 0; i <= SQUARES_SIZES_MAX; i++)
        rows[i] = (struct squares_row){(double)(i + 1), 1};
    assert_int_equal(squares_sizes(rows, SQUARES_SIZES_MAX + 1, &sizes), 0);
    assert_null(sizes);
    assert_int_equal(squares_sizes(rows, SQUARES_SIZES_MAX, &sizes), SQUARES_SIZES_MAX);
    free(sizes);
}

/* ---- no local optimum ---- */

/* What the best curve of these sigma and kappa leaves: lambda is a linear coefficient. */
static double left_at(const struct squares_size *sizes, size_t count, double sigma, double kappa)
{
    struct curve curve = {CURVE_USL, {1, sigma, kappa}};
    double along = 0, square = 0;
    for (size_t i = 0; i < count; i++) {
        double shape = curve_throughput(&curve, sizes[i].n);
        along += (double)sizes[i].rows * shape * sizes[i].mean;
        square += (double)sizes[i].rows * shape * shape;
    }
    curve.at[CURVE_LAMBDA] = along / square;
    return squares_left(&curve, sizes, count);
}

#define GRID 50

/* The least of a grid over all of both coefficients' ranges, bounds included. */
static double least_of_grid(const struct squares_size *sizes, size_t count)
{
    double least = INFINITY;
    for (int i = -1; i <= GRID; i++)
        for (int j = -1; j <= GRID; j++)
            least = fmin(least, left_at(sizes, count, i < 0 ? 0 : pow(10, -5 + 5.0 * i / GRID),
                                    j < 0 ? 0 : pow(10, -9 + 10.0 * j / GRID)));
    return least;
}

/* Any of 0, small and large. */
static double random_coefficient(struct noise *noise, double decades)
{
    return noise_unit(noise) < 0.2 ? 0 : pow(10, -decades * noise_unit(noise));
}

static size_t random_rows(struct noise *noise, struct squares_row *rows)
{
    const struct curve curve = {
        CURVE_USL, {pow(10, 20 * noise_unit(noise) - 9), random_coefficient(noise, 4),
                       random_coefficient(noise, 7)}};
    double error = noise_unit(noise) < 0.2 ? 0 : 0.5 * noise_unit(noise) * noise_unit(noise);
    size_t count = 5 + (size_t)(8 * noise_unit(noise));
    for (size_t i = 0; i < count; i++) {
        double n = floor(pow(10, 3 * noise_unit(noise)));
        double x = curve_throughput(&curve, n) * exp(error * noise_normal(noise));
        rows[i] = (struct squares_row){n, x};
    }
    return count;
}

static void no_grid_has_a_better_point_for_thousands_of_random_tables(void **state)
{
    (void)state;
    struct noise noise = {.seed = 1};
    struct squares_row rows[16];
    for (int i = 0; i < 3000; i++) {
        struct squares_size *sizes;
        struct curve best;
        size_t n = squares_sizes(rows, random_rows(&noise, rows), &sizes);
        if (n >= 4) {
            double scale = 0;
            for (size_t j = 0; j < n; j++)
                scale += (double)sizes[j].rows * sizes[j].mean * sizes[j].mean;
            if (squares_fit(CURVE_USL, sizes, n, NULL, &best))
                fail_msg("no optimum for table %d", i);
            assert_true(best.at[CURVE_SIGMA] >= 0 && best.at[CURVE_SIGMA] <= 1);
            assert_true(best.at[CURVE_KAPPA] >= 0);
            double left = squares_left(&best, sizes, n), grid = least_of_grid(sizes, n);
            if (left > grid * (1 + 1e-9) + 1e-20 * scale)
                fail_msg("table %d: %g is left, a grid's point leaves %g", i, left, grid);
        }
        free(sizes);
    }
}

static void a_start_nearby_leads_to_the_same_optimum(void **state)
{
    (void)state;
    struct squares_size *sizes;
    const struct curve near = {CURVE_USL, {20, 0.1, 0.01}};
    struct curve grid, from;
    size_t n = squares_sizes(no_single, NO_SINGLE, &sizes);
    assert_int_equal(squares_fit(CURVE_USL, sizes, n, NULL, &grid), 0);
    assert_int_equal(squares_fit(CURVE_USL, sizes, n, &near, &from), 0);
    for (size_t j = 0; j < CURVE_COEFFICIENTS; j++)
        assert_near(from.at[j], grid.at[j], 1e-7 * grid.at[j]);
    free(sizes);
}

/* ---- covariance ---- */

static void the_inverse_times_the_products_of_slopes_is_one(void **state)
{
    (void)state;
    struct squares_size *sizes;
    double inverse[CURVE_COEFFICIENTS][CURVE_COEFFICIENTS], products[3][3] = {{0}};
    const struct curve curve = {CURVE_USL, {20, 0.05, 0.001}};
    size_t n = squares_sizes(raytracer, RAYTRACER, &sizes);
    assert_int_equal(squares_inverse(&curve, sizes, n, inverse), 0);
    for (size_t i = 0; i < RAYTRACER; i++) {
        double by[CURVE_COEFFICIENTS];
        curve_slopes(&curve, raytracer[i].n, by);
        for (size_t j = 0; j < 3; j++)
            for (size_t k = 0; k < 3; k++)
                products[j][k] += by[j] * by[k];
    }
    for (size_t j = 0; j < 3; j++)
        for (size_t k = 0; k < 3; k++) {
            double sum = 0, size = 0;
            for (size_t m = 0; m < 3; m++) {
                sum += inverse[j][m] * products[m][k];
                size += fabs(inverse[j][m] * products[m][k]);
            }
            assert_near(sum, j == k ? 1 : 0, 1e-10 * size);
        }
    free(sizes);
}

static void sizes_that_do_not_determine_the_coefficients_have_no_inverse(void **state)
{
    (void)state;
    const struct squares_size two[] = {{2, 5, 10, 0}, {4, 5, 15, 0}};
    const struct squares_size close[] = {{1e9, 1, 10, 0}, {1e9 + 1, 1, 10, 0}, {1e9 + 2, 1, 10, 0}};
    double inverse[CURVE_COEFFICIENTS][CURVE_COEFFICIENTS];
    const struct curve curve = {CURVE_USL, {20, 0.05, 0.001}};
    assert_int_equal(squares_inverse(&curve, two, 2, inverse), -1);
    assert_int_equal(squares_inverse(&curve, close, 3, inverse), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ray_tracer_is_fitted_as_published),
        cmocka_unit_test(the_ray_tracers_first_six_points_are_fitted_as_published),
        cmocka_unit_test(a_table_without_a_size_of_one_is_fitted_as_published),
        cmocka_unit_test(the_synthetic_table_is_fitted_as_it_was_made),
        cmocka_unit_test(cutting_steps_at_a_bound_stalls_beside_the_optimum_and_this_does_not),
        cmocka_unit_test(a_coefficient_at_a_bound_leaves_the_fit_without_it),
        cmocka_unit_test(exact_curves_are_recovered_at_every_bound_and_of_any_magnitude),
        cmocka_unit_test(sizes_may_be_as_large_as_a_billion),
        cmocka_unit_test(rows_of_one_size_enter_by_their_number),
        cmocka_unit_test(a_size_measured_often_pulls_the_curve_to_it),
        cmocka_unit_test(too_many_sizes_are_refused),
        cmocka_unit_test(no_grid_has_a_better_point_for_thousands_of_random_tables),
        cmocka_unit_test(a_start_nearby_leads_to_the_same_optimum),
        cmocka_unit_test(the_inverse_times_the_products_of_slopes_is_one),
        cmocka_unit_test(sizes_that_do_not_determine_the_coefficients_have_no_inverse),
    };
    return cmocka_run_group_tests_name("squares", tests, NULL, NULL);
}
