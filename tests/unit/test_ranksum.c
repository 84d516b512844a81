/* The rank sum against tables, brute force and a simulated truth. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "harness/analyze/ranksum.h"
#include "near.h"
#include "noise.h"

#define NEAR 1e-12
#define COUNT(array) (sizeof(array) / sizeof *(array))

static void ranks_are_those_of_the_tables(void **state)
{
    (void)state;
    static const struct {
        size_t m, n, k, k_strict; /* for 5 % and 1 %: one more than the tables' critical U */
    } table[] = {{3, 3, 0, 0}, {3, 5, 1, 0}, {4, 4, 1, 0}, {5, 5, 3, 1}, {6, 6, 6, 3}, {6, 4, 3, 1},
        {8, 8, 14, 8}, {10, 10, 24, 17}, {12, 12, 38, 28}, {20, 20, 128, 106}, {1, 38, 0, 0},
        {1, 39, 1, 0}};
    for (size_t i = 0; i < COUNT(table); i++) {
        assert_int_equal(ranksum_rank(table[i].m, table[i].n, 0.05), table[i].k);
        assert_int_equal(ranksum_rank(table[i].n, table[i].m, 0.05), table[i].k);
        assert_int_equal(ranksum_rank(table[i].m, table[i].n, 0.01), table[i].k_strict);
    }
    assert_int_equal(ranksum_rank(0, 5, 0.05), 0);
    assert_int_equal(ranksum_rank(5, 5, 0), 0);
    assert_int_equal(ranksum_rank(5, 5, NAN), 0);
}

static void the_test_gives_known_p_values(void **state)
{
    (void)state;
    const double low[] = {1, 2, 3, 4}, high[] = {11, 12, 13, 14};
    const double mixed[] = {0.5, 2.5, 5, 6, 7};
    assert_near(ranksum_test(low, 4, high, 4), 2.0 / 70, NEAR);
    assert_near(ranksum_test(high, 4, low, 4), 2.0 / 70, NEAR);
    assert_near(ranksum_test(low, 3, high, 3), 2.0 / 20, NEAR);
    /* 6 of the 20 pairs disagree with the rest: 26 of the 126 orders have at most that many */
    assert_near(ranksum_test(low, 4, mixed, 5), 2 * 26.0 / 126, NEAR);
    assert_near(ranksum_test(low, 0, high, 4), 1, 0);
    const double none[] = {1, NAN};
    assert_true(isnan(ranksum_test(low, 4, none, 2)));
}

/* How many of all 2^(m+n) choices of m places have U <= u. */
static double by_enumeration(unsigned m, unsigned n, unsigned u)
{
    unsigned orders = 0, within = 0;
    for (unsigned places = 0; places < 1u << (m + n); places++) {
        unsigned pairs = 0, others = 0;
        if (__builtin_popcount(places) != (int)m)
            continue;
        for (unsigned i = 0; i < m + n; i++) {
            if (places & 1u << i)
                pairs += others;
            else
                others++;
        }
        orders++;
        within += pairs <= u;
    }
    return (double)within / orders;
}

static void exact_p_values_are_those_of_all_orders_counted(void **state)
{
    (void)state;
    for (unsigned m = 1; m <= 6; m++)
        for (unsigned n = 1; n <= 6; n++)
            for (unsigned u = 0; 2 * u < m * n; u++) {
                /* x above the y below it in exactly u pairs: all at the bottom, one raised */
                double x[6], y[6];
                for (unsigned i = 0; i < n; i++)
                    y[i] = i + 1;
                for (unsigned i = 0; i < m; i++) {
                    unsigned left = u > i * n ? u - i * n : 0;
                    x[i] = (left < n ? left : n) + 0.5;
                }
                assert_near(ranksum_test(x, m, y, n), fmin(1, 2 * by_enumeration(m, n, u)), NEAR);
            }
}

static void ties_never_make_a_difference_surer(void **state)
{
    (void)state;
    const double same[] = {3, 3, 3, 3, 3, 3}, above[] = {3, 4, 5, 6, 7, 8};
    const double clear[] = {3.5, 4, 5, 6, 7, 8};
    assert_near(ranksum_test(same, 6, same, 6), 1, 0);
    assert_true(ranksum_test(above, 6, same, 6) > ranksum_test(clear, 6, same, 6));
    struct interval interval = ranksum_interval(same, 6, same, 6, STAT_ALPHA);
    assert_true(interval.value == 0 && interval.lo == 0 && interval.hi == 0);
}

static int ascending(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static void the_interval_is_made_of_order_statistics_of_all_differences(void **state)
{
    (void)state;
    struct noise noise = {.seed = 7};
    double x[15], y[15], differences[15 * 15];
    for (size_t m = 4; m <= 15; m++)
        for (size_t n = 4; n <= 15; n++) {
            for (size_t i = 0; i < 15; i++) {
                x[i] = noise_normal(&noise) + 0.3;
                y[i] = floor(4 * noise_normal(&noise)) / 4;
            }
            for (size_t i = 0; i < m * n; i++)
                differences[i] = x[i / n] - y[i % n];
            qsort(differences, m * n, sizeof *differences, ascending);
            size_t k = ranksum_rank(m, n, STAT_ALPHA);
            struct interval interval = ranksum_interval(x, m, y, n, STAT_ALPHA);
            assert_near(interval.value, stat_median(differences, m * n), NEAR);
            assert_true(interval.lo == differences[k - 1]);
            assert_true(interval.hi == differences[m * n - k]);
        }
}

static void an_interval_leaves_zero_out_exactly_where_the_test_is_significant(void **state)
{
    (void)state;
    struct noise noise = {.seed = 8};
    unsigned significant = 0;
    for (int i = 0; i < 500; i++) {
        double x[9], y[7];
        for (size_t j = 0; j < 9; j++)
            x[j] = noise_normal(&noise) + i % 3;
        for (size_t j = 0; j < 7; j++)
            y[j] = noise_normal(&noise);
        struct interval interval = ranksum_interval(x, 9, y, 7, STAT_ALPHA);
        bool sure = ranksum_test(x, 9, y, 7) <= STAT_ALPHA;
        assert_true(sure == (interval.lo > 0 || interval.hi < 0));
        significant += sure;
    }
    assert_in_range(significant, 50, 450);
}

static void too_few_samples_have_a_shift_but_no_interval(void **state)
{
    (void)state;
    const double x[] = {5, 6, 7}, y[] = {1, 2, 4}, none[] = {1, NAN, 3};
    struct interval interval = ranksum_interval(x, 3, y, 3, STAT_ALPHA);
    assert_near(interval.value, 4, 0);
    assert_true(isnan(interval.lo) && isnan(interval.hi));
    assert_true(isnan(ranksum_interval(x, 3, none, 3, STAT_ALPHA).value));
    assert_true(isnan(ranksum_interval(x, 0, y, 3, STAT_ALPHA).value));
}

/* The exact ranks are known: 987, 898 and 796 for 50 and 51 samples, 4198 and 3949 for 100 and 100,
 * computed with whole numbers. */
static void the_normal_approximation_is_close_and_never_too_sure(void **state)
{
    (void)state;
    assert_in_range(ranksum_rank(50, 51, 0.05), 985, 987);
    assert_in_range(ranksum_rank(50, 51, 0.01), 894, 898);
    assert_in_range(ranksum_rank(50, 51, 0.001), 780, 796);
    assert_in_range(ranksum_rank(100, 100, 0.05), 4195, 4198);
    assert_in_range(ranksum_rank(100, 100, 0.01), 3938, 3949);
}

static void thousands_of_samples_take_no_memory_for_their_differences(void **state)
{
    (void)state;
    enum { N = 40000 };
    struct noise noise = {.seed = 9};
    double *x = malloc(N * sizeof *x), *y = malloc(N * sizeof *y);
    assert_true(x && y);
    for (size_t i = 0; i < N; i++) {
        x[i] = noise_normal(&noise) + 0.05;
        y[i] = noise_normal(&noise);
    }
    struct interval interval = ranksum_interval(x, N, y, N, STAT_ALPHA);
    assert_near(interval.value, 0.05, 0.02);
    assert_true(interval.lo < interval.value && interval.value < interval.hi);
    assert_near(interval.hi - interval.lo, 2 * 1.96 * sqrt(2.0 / N * M_PI / 3), 0.002);
    free(x);
    free(y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_are_those_of_the_tables),
        cmocka_unit_test(the_test_gives_known_p_values),
        cmocka_unit_test(exact_p_values_are_those_of_all_orders_counted),
        cmocka_unit_test(ties_never_make_a_difference_surer),
        cmocka_unit_test(the_interval_is_made_of_order_statistics_of_all_differences),
        cmocka_unit_test(an_interval_leaves_zero_out_exactly_where_the_test_is_significant),
        cmocka_unit_test(too_few_samples_have_a_shift_but_no_interval),
        cmocka_unit_test(the_normal_approximation_is_close_and_never_too_sure),
        cmocka_unit_test(thousands_of_samples_take_no_memory_for_their_differences),
    };
    return cmocka_run_group_tests_name("ranksum", tests, NULL, NULL);
}
