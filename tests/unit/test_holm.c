/* Holm's adjustment against values by hand, its definition and a simulated family. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdbool.h>

#include "harness/analyze/holm.h"
#include "harness/util/hash.h"
#include "near.h"

#define NEAR 1e-12
#define COUNT(array) (sizeof(array) / sizeof *(array))

static void adjusted_values_are_those_by_hand(void **state)
{
    (void)state;
    const double p[] = {0.04, 0.01, 0.03, 0.005};
    const double expected[] = {0.06, 0.03, 0.06, 0.02};
    double adjusted[COUNT(p)];
    assert_int_equal(holm_adjust(p, COUNT(p), adjusted), 0);
    for (size_t i = 0; i < COUNT(p); i++)
        assert_near(adjusted[i], expected[i], NEAR);
}

static void equal_values_stay_equal_and_none_exceeds_one(void **state)
{
    (void)state;
    double p[] = {0.5, 0.02, 0.5, 0.02, 0.9};
    const double expected[] = {1, 0.1, 1, 0.1, 1};
    holm_adjust(p, COUNT(p), p);
    for (size_t i = 0; i < COUNT(p); i++)
        assert_near(p[i], expected[i], NEAR);
}

static void a_single_comparison_is_left_alone(void **state)
{
    (void)state;
    const double p[] = {0.03125};
    double adjusted[1];
    holm_adjust(p, 1, adjusted);
    assert_near(adjusted[0], 0.03125, 0);
    assert_int_equal(holm_adjust(p, 0, adjusted), 0);
}

static void what_was_not_compared_does_not_count(void **state)
{
    (void)state;
    const double p[] = {NAN, 0.02, 0.03, NAN};
    double adjusted[COUNT(p)];
    holm_adjust(p, COUNT(p), adjusted);
    assert_true(isnan(adjusted[0]) && isnan(adjusted[3]));
    assert_near(adjusted[1], 0.04, NEAR);
    assert_near(adjusted[2], 0.04, NEAR);
}

/* 20 true hypotheses: the chance of any false rejection is 1 - (1 - 0.05/20)^20 = 4.9 %. */
static void a_family_without_differences_shows_one_in_at_most_5_percent(void **state)
{
    (void)state;
    enum { FAMILIES = 4000, SIZE = 20 };
    size_t wrong = 0;
    for (uint64_t family = 0; family < FAMILIES; family++) {
        double p[SIZE];
        bool any = false;
        for (uint64_t i = 0; i < SIZE; i++)
            p[i] = hash_unit(hash_mix(family, i));
        holm_adjust(p, SIZE, p);
        for (size_t i = 0; i < SIZE; i++)
            any |= p[i] <= 0.05;
        wrong += any;
    }
    assert_in_range(wrong, FAMILIES * 40 / 1000, FAMILIES * 58 / 1000);
}

static void the_fewest_blocks_are_one_and_the_logarithm(void **state)
{
    (void)state;
    static const struct {
        size_t m;
        double alpha;
        size_t blocks;
    } table[] = {{1, 0.05, 6}, {2, 0.05, 7}, {3, 0.05, 7}, {4, 0.05, 8}, {12, 0.05, 9},
        {13, 0.05, 10}, {100, 0.05, 12}, {1, 0.01, 8}, {1, 0.5, 2}, {2, 0.5, 3}, {8, 0.125, 7},
        {0, 0.05, 0}, {1, 0, 0}, {1, 1, 0}, {1, NAN, 0}};
    for (size_t i = 0; i < COUNT(table); i++)
        assert_int_equal(holm_blocks_min(table[i].m, table[i].alpha), table[i].blocks);
}

static void with_the_fewest_blocks_the_best_can_be_significant_and_with_one_less_not(void **state)
{
    (void)state;
    for (size_t m = 1; m <= 1000; m++) {
        int blocks = (int)holm_blocks_min(m, 0.05);
        assert_true((double)m * ldexp(1, 1 - blocks) <= 0.05);
        assert_true((double)m * ldexp(1, 2 - blocks) > 0.05);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adjusted_values_are_those_by_hand),
        cmocka_unit_test(equal_values_stay_equal_and_none_exceeds_one),
        cmocka_unit_test(a_single_comparison_is_left_alone),
        cmocka_unit_test(what_was_not_compared_does_not_count),
        cmocka_unit_test(a_family_without_differences_shows_one_in_at_most_5_percent),
        cmocka_unit_test(the_fewest_blocks_are_one_and_the_logarithm),
        cmocka_unit_test(with_the_fewest_blocks_the_best_can_be_significant_and_with_one_less_not),
    };
    return cmocka_run_group_tests_name("holm", tests, NULL, NULL);
}
