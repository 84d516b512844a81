/* The plan's random choices: repeatable, complete, and without a preference. The seeds are fixed,
 * so that the statistics below are the same in every run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "harness/measure/plan.h"

#include <stdbool.h>
#include <string.h>

#define N 5
#define PERMUTATIONS 120
#define ROUNDS (100 * PERMUTATIONS)
#define TASKS 20
#define SUBSET 5

static void an_order_has_each_configuration_once(void **state)
{
    (void)state;
    for (unsigned n = 0; n <= 64; n++) {
        for (uint64_t block = 0; block < 50; block++) {
            unsigned order[64];
            bool seen[64] = {false};
            plan_order(1, block, order, n);
            for (unsigned i = 0; i < n; i++) {
                assert_true(order[i] < n);
                assert_false(seen[order[i]]);
                seen[order[i]] = true;
            }
        }
    }
}

static void an_order_depends_on_seed_and_block_alone(void **state)
{
    (void)state;
    unsigned first[64], again[64], other[64];
    plan_order(7, 3, first, 64);
    plan_order(8, 1, other, 64);
    plan_order(7, 3, again, 64);
    assert_memory_equal(first, again, sizeof first);
    plan_order(7, 4, other, 64);
    assert_memory_not_equal(first, other, sizeof first);
    plan_order(8, 3, other, 64);
    assert_memory_not_equal(first, other, sizeof first);
}

/* The number of a permutation of N, 0 to N! - 1. */
static unsigned rank_of(const unsigned *order)
{
    unsigned rank = 0;
    for (unsigned i = 0; i < N; i++) {
        unsigned smaller = 0;
        for (unsigned j = i + 1; j < N; j++)
            smaller += order[j] < order[i];
        rank = rank * (N - i) + smaller;
    }
    return rank;
}

static void all_orders_are_equally_likely(void **state)
{
    (void)state;
    unsigned counts[PERMUTATIONS] = {0}, order[N];
    for (uint64_t block = 0; block < ROUNDS; block++) {
        plan_order(20170403, block, order, N);
        counts[rank_of(order)]++;
    }
    double expected = (double)ROUNDS / PERMUTATIONS, chi_square = 0;
    for (unsigned i = 0; i < PERMUTATIONS; i++)
        chi_square += (counts[i] - expected) * (counts[i] - expected) / expected;
    /* 119 degrees of freedom: between these with a probability of 0.9998 */
    assert_true(chi_square > 70 && chi_square < 184);
}

static void a_subset_is_sorted_and_has_no_task_twice(void **state)
{
    (void)state;
    for (uint64_t block = 0; block < 500; block++) {
        uint64_t indices[TASKS + 1], count = block % (TASKS + 1);
        indices[count] = 4711;
        plan_subset(1, block, indices, count, TASKS);
        for (uint64_t i = 0; i < count; i++) {
            assert_true(indices[i] < TASKS);
            assert_true(i == 0 || indices[i - 1] < indices[i]);
        }
        assert_int_equal(indices[count], 4711);
    }
}

static void a_subset_depends_on_seed_and_block_alone(void **state)
{
    (void)state;
    uint64_t first[50], again[50], other[50];
    plan_subset(7, 3, first, 50, 1000);
    plan_subset(9, 9, other, 50, 1000);
    plan_subset(7, 3, again, 50, 1000);
    assert_memory_equal(first, again, sizeof first);
    plan_subset(7, 4, other, 50, 1000);
    assert_memory_not_equal(first, other, sizeof first);
    plan_subset(8, 3, other, 50, 1000);
    assert_memory_not_equal(first, other, sizeof first);
}

static void all_tasks_and_all_pairs_are_equally_likely_in_a_subset(void **state)
{
    (void)state;
    const unsigned rounds = 20000;
    unsigned counts[TASKS] = {0}, pairs[TASKS][TASKS] = {{0}};
    for (uint64_t block = 0; block < rounds; block++) {
        uint64_t indices[SUBSET];
        plan_subset(20170403, block, indices, SUBSET, TASKS);
        for (unsigned i = 0; i < SUBSET; i++) {
            counts[indices[i]]++;
            for (unsigned j = 0; j < i; j++)
                pairs[indices[j]][indices[i]]++;
        }
    }
    for (unsigned i = 0; i < TASKS; i++) {
        /* 5000 expected, with a standard deviation of 61 */
        assert_in_range(counts[i], 5000 - 5 * 61, 5000 + 5 * 61);
        for (unsigned j = i + 1; j < TASKS; j++) /* 1053 expected, 32 */
            assert_in_range(pairs[i][j], 1053 - 5 * 32, 1053 + 5 * 32);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_order_has_each_configuration_once),
        cmocka_unit_test(an_order_depends_on_seed_and_block_alone),
        cmocka_unit_test(all_orders_are_equally_likely),
        cmocka_unit_test(a_subset_is_sorted_and_has_no_task_twice),
        cmocka_unit_test(a_subset_depends_on_seed_and_block_alone),
        cmocka_unit_test(all_tasks_and_all_pairs_are_equally_likely_in_a_subset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
