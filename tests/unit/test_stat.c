/* Statistics against known answers. That the interval holds is simulated in test_stopping. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "harness/analyze/stat.h"
#include "near.h"

#define NEAR 1e-12
#define COUNT(array) (sizeof(array) / sizeof *(array))

static void median_is_the_middle_of_the_sorted_values(void **state)
{
    (void)state;
    const double values[] = {9, 1, 5, 3, 7, 2};
    assert_near(stat_median(values, 5), 5, 0);
    assert_near(stat_median(values, 6), 4, 0);
    assert_near(stat_median(values, 1), 9, 0);
    assert_near(values[0], 9, 0);
}

static void quantiles_interpolate_between_order_statistics(void **state)
{
    (void)state;
    const double values[] = {40, 10, 30, 20};
    assert_near(stat_quantile(values, 4, 0), 10, 0);
    assert_near(stat_quantile(values, 4, 0.25), 17.5, NEAR);
    assert_near(stat_quantile(values, 4, 0.5), 25, NEAR);
    assert_near(stat_quantile(values, 4, 0.99), 39.7, NEAR);
    assert_near(stat_quantile(values, 4, 1), 40, 0);
}

static void what_lies_beyond_the_fences_is_counted(void **state)
{
    (void)state;
    /* quartiles 4 and 7: fences at 1.5 are -0.5 and 11.5, at 3 -5 and 16 */
    const double values[] = {20, 3, 4, 5, -4, 6, 7, 5, 13};
    assert_int_equal(stat_beyond(values, 9, 1.5), 3);
    assert_int_equal(stat_beyond(values, 9, STAT_FAR_OUT), 1);
    assert_int_equal(stat_beyond(values, 0, STAT_FAR_OUT), 0);
    const double same[] = {1, 1, 1, 1, 2};
    assert_int_equal(stat_beyond(same, 5, STAT_FAR_OUT), 1);
}

static void no_values_and_no_numbers_give_no_number(void **state)
{
    (void)state;
    const double values[] = {1, NAN, 3, 4, 5, 6, 7};
    assert_true(isnan(stat_median(values, 0)));
    assert_true(isnan(stat_median(values, 7)));
    assert_true(isnan(stat_quantile(values, 0, 0.5)));
    assert_true(isnan(stat_quantile(values, 1, 1.5)));
    assert_true(isnan(stat_quantile(values, 1, NAN)));
    struct interval interval = stat_sign_interval(values, 7, STAT_ALPHA);
    assert_true(isnan(interval.value) && isnan(interval.lo) && isnan(interval.hi));
    interval = stat_sign_interval(values, 0, STAT_ALPHA);
    assert_true(isnan(interval.value) && isnan(interval.lo) && isnan(interval.hi));
}

static void sign_ranks_are_those_of_the_tables(void **state)
{
    (void)state;
    static const struct {
        size_t n, k, k_strict; /* for 5 % and 1 %; computed with exact fractions */
    } table[] = {{1, 0, 0}, {5, 0, 0}, {6, 1, 0}, {7, 1, 0}, {8, 1, 1}, {9, 2, 1}, {10, 2, 1},
        {11, 2, 1}, {12, 3, 2}, {15, 4, 3}, {16, 4, 3}, {17, 5, 3}, {20, 6, 4}, {25, 8, 6},
        {30, 10, 8}, {40, 14, 12}, {50, 18, 16}, {100, 40, 37}, {1000, 469, 459},
        {10000, 4902, 4871}};
    for (size_t i = 0; i < COUNT(table); i++) {
        assert_int_equal(stat_sign_rank(table[i].n, 0.05), table[i].k);
        assert_int_equal(stat_sign_rank(table[i].n, 0.01), table[i].k_strict);
    }
    assert_int_equal(stat_sign_rank(0, 0.05), 0);
}

/* 2 P(Bin(n, 1/2) <= k-1) in whole numbers. */
static double exact_tails(unsigned n, size_t k)
{
    uint64_t choose = 1, sum = 0;
    for (unsigned i = 0; i < k; i++) {
        sum += choose;
        choose = (uint64_t)((unsigned __int128)choose * (n - i) / (i + 1));
    }
    return ldexp((double)sum, 1 - (int)n);
}

static void a_sign_rank_is_the_largest_that_keeps_alpha(void **state)
{
    (void)state;
    for (unsigned n = STAT_PAIRS_MIN; n <= 60; n++) {
        size_t k = stat_sign_rank(n, STAT_ALPHA);
        assert_true(exact_tails(n, k) <= STAT_ALPHA);
        assert_true(exact_tails(n, k + 1) > STAT_ALPHA);
    }
    /* a tail that is alpha exactly still counts */
    for (unsigned n = 2; n <= 40; n++)
        assert_int_equal(stat_sign_rank(n, ldexp(1, 1 - (int)n)), 1);
}

static void the_sign_interval_is_a_pair_of_order_statistics(void **state)
{
    (void)state;
    double d[30];
    for (int i = 0; i < 30; i++)
        d[i] = (i * 7) % 30; /* 0 .. 29, shuffled */
    struct interval interval = stat_sign_interval(d, 30, STAT_ALPHA);
    assert_near(interval.value, 14.5, NEAR);
    assert_near(interval.lo, 9, 0);
    assert_near(interval.hi, 20, 0);
    const double six[] = {3, 1, 6, 5, 2, 4};
    interval = stat_sign_interval(six, 6, STAT_ALPHA);
    assert_near(interval.lo, 1, 0);
    assert_near(interval.hi, 6, 0);
}

static void five_pairs_have_a_median_but_no_interval(void **state)
{
    (void)state;
    const double d[] = {5, 1, 4, 2, 3};
    struct interval interval = stat_sign_interval(d, 5, STAT_ALPHA);
    assert_near(interval.value, 3, 0);
    assert_true(isnan(interval.lo) && isnan(interval.hi));
}

static void the_sign_test_gives_known_p_values(void **state)
{
    (void)state;
    const double agreeing[] = {1, 2, 3, 4, 5, 6};
    const double one_against[] = {1, 2, 3, -4, 5, 6, 7, 8, 9, 10};
    const double zeros[] = {0, 0, -1, -2, -3, -4, -5, -6, NAN};
    const double even[] = {1, -1, 2, -2};
    assert_near(stat_sign_test(agreeing, 6), 0.03125, NEAR);
    assert_near(stat_sign_test(one_against, 10), 0.021484375, NEAR);
    assert_near(stat_sign_test(zeros, 9), 0.03125, NEAR);
    assert_near(stat_sign_test(even, 4), 1, 0);
    assert_near(stat_sign_test(agreeing, 1), 1, 0);
    assert_near(stat_sign_test(NULL, 0), 1, 0);
}

static void tails_are_right_for_ten_thousand_pairs_and_more(void **state)
{
    (void)state;
    enum { N = 40000 };
    double *d = malloc(N * sizeof *d);
    assert_non_null(d);
    for (int i = 0; i < N; i++)
        d[i] = i < 4901 ? -1 : 1;
    assert_near(stat_sign_test(d, 10000), 0.04883294989638184, NEAR);
    for (int i = 0; i < N; i++)
        d[i] = i % 2 ? -1 : 1;
    d[1] = 1; /* 2^-40000 is no double and no long double */
    double p = stat_sign_test(d, N);
    assert_true(p > 0.98 && p < 1);
    free(d);
}

static void speedup_is_the_median_ratio_of_the_pairs(void **state)
{
    (void)state;
    const double serial[] = {2, 4, 6, 8, 10, 12, 14}, pool[] = {1, 2, 2, 4, 5, 6, 8};
    struct interval speedup = stat_speedup(serial, pool, 7);
    assert_near(speedup.value, 2, NEAR);
    assert_near(speedup.lo, 1.75, NEAR);
    assert_near(speedup.hi, 3, NEAR);
}

static void a_time_that_is_none_gives_no_speedup(void **state)
{
    (void)state;
    const double serial[] = {1, 1, 1, 1, 1, 1}, pool[] = {1, 1, 1, 0, 1, 1};
    assert_true(isnan(stat_speedup(serial, pool, 6).value));
    assert_true(isnan(stat_speedup(pool, serial, 6).value));
    assert_true(isnan(stat_speedup(serial, pool, 0).value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(median_is_the_middle_of_the_sorted_values),
        cmocka_unit_test(quantiles_interpolate_between_order_statistics),
        cmocka_unit_test(what_lies_beyond_the_fences_is_counted),
        cmocka_unit_test(no_values_and_no_numbers_give_no_number),
        cmocka_unit_test(sign_ranks_are_those_of_the_tables),
        cmocka_unit_test(a_sign_rank_is_the_largest_that_keeps_alpha),
        cmocka_unit_test(the_sign_interval_is_a_pair_of_order_statistics),
        cmocka_unit_test(five_pairs_have_a_median_but_no_interval),
        cmocka_unit_test(the_sign_test_gives_known_p_values),
        cmocka_unit_test(tails_are_right_for_ten_thousand_pairs_and_more),
        cmocka_unit_test(speedup_is_the_median_ratio_of_the_pairs),
        cmocka_unit_test(a_time_that_is_none_gives_no_speedup),
    };
    return cmocka_run_group_tests_name("stat", tests, NULL, NULL);
}
