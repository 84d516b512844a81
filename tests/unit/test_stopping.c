/* When a sweep has enough blocks, step by step on results made by hand; and that what it then
 * reports holds, by simulation. `make stats` does the same with more experiments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "experiment.h"
#include "near.h"

static struct result *result;

static int make(void **state)
{
    (void)state;
    result = made_result();
    made_config(result, "serial", 1);
    made_config(result, "threads", 2);
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    result_free(result);
    return 0;
}

/* Up to `count` blocks; their ratios are spread evenly over +- spread around 2. */
static void add_blocks(size_t count, bool pilot, double spread)
{
    for (unsigned block = (unsigned)result->blocks_count; block < count; block++) {
        made_sample(result, block, 0, 1);
        made_sample(result, block, 1, 0.5 * (1 + spread * ((block * 7 % 10) / 4.5 - 1)));
        result->blocks[block].pilot = pilot;
    }
}

static void a_fixed_number_is_just_that(void **state)
{
    (void)state;
    const struct stopping rule = {STOPPING_FIXED, 12, 0};
    assert_int_equal(stopping_until(&rule, result), 12);
    add_blocks(12, false, 0.1);
    assert_int_equal(stopping_until(&rule, result), 12);
}

static void a_pilot_is_followed_by_as_many_fresh_blocks_as_it_tells(void **state)
{
    (void)state;
    const struct stopping rule = {STOPPING_PILOT, 0, 0.02};
    assert_int_equal(stopping_until(&rule, result), STOPPING_PILOT_BLOCKS);
    add_blocks(STOPPING_PILOT_BLOCKS, true, 0.05);
    size_t until = stopping_until(&rule, result);
    assert_in_range(until, STOPPING_PILOT_BLOCKS + 10, STOPPING_PILOT_BLOCKS + 60);
    /* whatever the fresh blocks are like */
    add_blocks(until - 1, false, 0.5);
    assert_int_equal(stopping_until(&rule, result), until);
    add_blocks(until, false, 0.5);
    assert_int_equal(stopping_until(&rule, result), until);
}

static void a_quiet_pilot_is_followed_by_the_fewest_blocks_that_can_show_a_difference(void **state)
{
    (void)state;
    const struct stopping rule = {STOPPING_PILOT, 0, 0.05};
    add_blocks(STOPPING_PILOT_BLOCKS, true, 1e-6);
    assert_int_equal(stopping_until(&rule, result), STOPPING_PILOT_BLOCKS + 6);
    for (unsigned i = 0; i < 11; i++)
        made_config(result, "queue", 1 + i); /* 12 comparisons */
    assert_int_equal(stopping_until(&rule, result), STOPPING_PILOT_BLOCKS + 9);
}

static void the_noisiest_configuration_decides_and_a_failed_one_does_not(void **state)
{
    (void)state;
    const struct stopping rule = {STOPPING_PILOT, 0, 0.02};
    add_blocks(STOPPING_PILOT_BLOCKS, true, 0.05);
    size_t until = stopping_until(&rule, result);
    unsigned failed = made_config(result, "queue", 2);
    snprintf(made_sample(result, 0, failed, 0)->failure, 8, "killed");
    assert_int_equal(stopping_until(&rule, result), until);
    unsigned noisy = made_config(result, "processes", 2);
    for (unsigned block = 0; block < STOPPING_PILOT_BLOCKS; block++)
        made_sample(result, block, noisy, block % 2 ? 1.3 : 1);
    assert_true(stopping_until(&rule, result) > until);
}

static void a_pilot_that_a_budget_cut_short_leaves_the_number_open(void **state)
{
    (void)state;
    const struct stopping rule = {STOPPING_PILOT, 0, 0.05};
    add_blocks(3, true, 0.05);
    add_blocks(STOPPING_PILOT_BLOCKS, false, 0.05);
    assert_int_equal(stopping_until(&rule, result), 3 + STOPPING_BLOCKS_MAX);
}

static void looks_double_and_the_first_narrow_interval_ends_them(void **state)
{
    (void)state;
    const struct stopping rule = {STOPPING_QUICK, 0, 0.045};
    result->alpha = stopping_alpha(STOPPING_QUICK);
    assert_int_equal(stopping_until(&rule, result), 8);
    add_blocks(8, false, 0.05);
    assert_int_equal(stopping_until(&rule, result), 16);
    add_blocks(16, false, 0.05);
    assert_true(stopping_reached(result) <= 0.045);
    assert_int_equal(stopping_until(&rule, result), 16);
}

static void the_fifth_look_is_the_last(void **state)
{
    (void)state;
    const struct stopping rule = {STOPPING_QUICK, 0, 1e-9};
    assert_int_equal(stopping_look(STOPPING_LOOKS - 1), 128);
    add_blocks(128, false, 0.05);
    assert_int_equal(stopping_until(&rule, result), 128);
    add_blocks(129, false, 0.05); /* as a result of another rule may have */
    assert_int_equal(stopping_until(&rule, result), 129);
}

static void looks_at_many_sizes_go_on_until_a_difference_can_be_shown(void **state)
{
    (void)state;
    const struct stopping rule = {STOPPING_QUICK, 0, 0.5};
    result->alpha = stopping_alpha(STOPPING_QUICK);
    add_blocks(8, false, 1e-6);
    assert_int_equal(stopping_until(&rule, result), 8);
    made_config(result, "queue", 2); /* 2 comparisons at alpha 0.01 need 9 blocks */
    assert_int_equal(stopping_until(&rule, result), 16);
}

static void every_look_has_enough_blocks_for_an_interval_at_its_level(void **state)
{
    (void)state;
    assert_near(stopping_alpha(STOPPING_QUICK), 0.01, 1e-15);
    assert_near(stopping_alpha(STOPPING_PILOT), 0.05, 0);
    assert_true(stat_sign_rank(stopping_look(0), stopping_alpha(STOPPING_QUICK)) > 0);
    assert_int_equal(stat_sign_rank(stopping_look(0) - 1, stopping_alpha(STOPPING_QUICK)), 0);
}

static void half_width_is_half_the_interval_as_a_part_of_the_value(void **state)
{
    (void)state;
    const struct interval interval = {2, 1.9, 2.2}, none = {2, NAN, NAN};
    assert_near(stopping_half_width(&interval), 0.075, 1e-12);
    assert_true(isinf(stopping_half_width(&none)));
    assert_true(isinf(stopping_reached(result)));
    add_blocks(6, false, 0.05);
    assert_true(stopping_reached(result) < 0.06);
}

static void more_spread_and_a_narrower_wish_take_more_fresh_blocks(void **state)
{
    (void)state;
    double d[10], wide[10];
    for (int i = 0; i < 10; i++) {
        d[i] = 0.01 * ((i * 7) % 10);
        wide[i] = 2 * d[i];
    }
    size_t usual = stopping_fresh(d, 10, 0.02, 0);
    assert_true(stopping_fresh(wide, 10, 0.02, 0) > usual);
    assert_true(stopping_fresh(d, 10, 0.01, 0) > usual);
    /* half the width takes about four times as many */
    assert_in_range(stopping_fresh(d, 10, 0.005, 0), 3 * stopping_fresh(d, 10, 0.01, 0),
        5 * stopping_fresh(d, 10, 0.01, 0));
    assert_int_equal(stopping_fresh(d, 10, 0.5, 0), 6);
    assert_int_equal(stopping_fresh(d, 10, 0.5, 9), 9);
    assert_int_equal(stopping_fresh(d, 5, 0.5, 0), STOPPING_BLOCKS_MAX);
    assert_int_equal(stopping_fresh(d, 10, 1e-9, 0), STOPPING_BLOCKS_MAX);
    const double same[10] = {0};
    assert_int_equal(stopping_fresh(same, 10, 0.01, 0), 6);
}

#define EXPERIMENTS 1000

/* Of 1,000 experiments of 94 % each 92.7 % to 95.3 % succeed, 19 times out of 20; the seed is
 * fixed, so that this fails for a reason only. */
static void assert_holds(enum experiment_model model, const struct stopping *rule, const char *what)
{
    struct experiment_tally tally = experiment_repeat(model, rule, EXPERIMENTS, 20);
    print_message("# %s, %s: holds in %.1f %%, %.0f blocks\n", experiment_names[model], what,
        100.0 * tally.holds / EXPERIMENTS, tally.blocks);
    assert_true(tally.holds >= 0.93 * EXPERIMENTS);
    assert_true(tally.holds < EXPERIMENTS); /* and is not simply everything */
}

static void what_is_reported_holds_under_nine_error_models(void **state)
{
    (void)state;
    const struct stopping pilot = {STOPPING_PILOT, 0, 0.02}, quick = {STOPPING_QUICK, 0, 0.02};
    for (enum experiment_model model = 0; model < EXPERIMENT_MODELS; model++) {
        for (unsigned n = 10; n <= 30; n += 10)
            assert_holds(model, &(struct stopping){STOPPING_FIXED, n, 0}, "fixed");
        assert_holds(model, &pilot, "pilot and fresh blocks");
        assert_holds(model, &quick, "quick");
    }
}

/* Shows that the simulation can tell: without blocks a drift is taken for a difference. */
static void arms_measured_one_after_the_other_are_wrong_under_drift(void **state)
{
    (void)state;
    const struct stopping rule = {STOPPING_FIXED, 20, 0};
    unsigned holds = 0;
    for (uint64_t i = 0; i < EXPERIMENTS; i++) {
        struct experiment_tally tally = {0};
        experiment_add(&tally, EXPERIMENT_DRIFT_5, &rule,
            experiment_run_in_turn(EXPERIMENT_DRIFT_5, &rule, i));
        holds += tally.holds;
    }
    assert_true(holds < 0.8 * EXPERIMENTS);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)
    const struct CMUnitTest tests[] = {
        TEST(a_fixed_number_is_just_that),
        TEST(a_pilot_is_followed_by_as_many_fresh_blocks_as_it_tells),
        TEST(a_quiet_pilot_is_followed_by_the_fewest_blocks_that_can_show_a_difference),
        TEST(the_noisiest_configuration_decides_and_a_failed_one_does_not),
        TEST(a_pilot_that_a_budget_cut_short_leaves_the_number_open),
        TEST(looks_double_and_the_first_narrow_interval_ends_them),
        TEST(the_fifth_look_is_the_last),
        TEST(looks_at_many_sizes_go_on_until_a_difference_can_be_shown),
        TEST(every_look_has_enough_blocks_for_an_interval_at_its_level),
        TEST(half_width_is_half_the_interval_as_a_part_of_the_value),
        TEST(more_spread_and_a_narrower_wish_take_more_fresh_blocks),
        cmocka_unit_test(what_is_reported_holds_under_nine_error_models),
        cmocka_unit_test(arms_measured_one_after_the_other_are_wrong_under_drift),
    };
    return cmocka_run_group_tests_name("stopping", tests, NULL, NULL);
}
