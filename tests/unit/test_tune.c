/* Judging and choosing pool sizes: samples made by hand, and whole searches on curves whose truth
 * is known (a small part of what make stats runs). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "near.h"
#include "tune_search.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct tune_size sizes_1_to_8[] = {{0, 1}, {0, 2}, {0, 4}, {0, 8}};

static const struct tune_problem problem = {
    .sizes = sizes_1_to_8, .sizes_count = COUNT(sizes_1_to_8), .within = 0.02, .blocks_max = 30};

/* So many blocks in which each size costs this, with 0.1 % of alternating noise. */
static size_t blocks(struct tune_sample *samples, unsigned count, const double costs[4])
{
    size_t n = 0;
    for (unsigned block = 0; block < count; block++)
        for (size_t i = 0; i < 4; i++)
            samples[n++] = (struct tune_sample){
                block, sizes_1_to_8[i], costs[i] * ((block + i) % 2 ? 1.001 : 1)};
    return n;
}

static void judge(
    struct tune *tune, const struct tune_problem *asked, unsigned count, const double costs[4])
{
    struct tune_sample samples[4 * 30];
    size_t n = blocks(samples, count, costs);
    assert_int_equal(tune_judge(tune, asked, samples, n), 0);
}

static unsigned recommended(const struct tune *tune)
{
    return tune->candidates[tune->recommended].size.workers;
}

static void the_smallest_of_a_plateau_is_recommended(void **state)
{
    (void)state;
    struct tune tune;
    judge(&tune, &problem, 8, (const double[]){8, 4, 2, 2});
    assert_int_equal(recommended(&tune), 4);
    assert_int_equal(tune.candidates[0].standing, TUNE_WORSE);
    assert_int_equal(tune.candidates[1].standing, TUNE_WORSE);
    assert_int_equal(tune.candidates[2].standing, TUNE_TIED);
    assert_int_equal(tune.candidates[3].standing, TUNE_TIED);
    assert_true(tune.settled);
    assert_near(tune.candidates[0].cost.value, 8, 0.02);
    assert_true(tune.candidates[0].cost.lo < 8 && tune.candidates[0].cost.hi > 8);
    tune_free(&tune);
}

static void within_decides_what_is_as_good(void **state)
{
    (void)state;
    struct tune_problem wide = problem;
    struct tune tune;
    judge(&tune, &problem, 20, (const double[]){8, 4, 2.1, 2});
    assert_int_equal(recommended(&tune), 8);
    tune_free(&tune);
    wide.within = 0.08;
    judge(&tune, &wide, 20, (const double[]){8, 4, 2.1, 2});
    assert_int_equal(recommended(&tune), 4);
    tune_free(&tune);
}

static void a_size_that_cannot_be_had_is_never_chosen(void **state)
{
    (void)state;
    struct tune tune;
    judge(&tune, &problem, 8, (const double[]){8, 4, INFINITY, 2});
    assert_int_equal(recommended(&tune), 8);
    assert_int_equal(tune.candidates[2].standing, TUNE_FAILED);
    assert_true(tune.candidates[2].dropped);
    tune_free(&tune);
    judge(&tune, &problem, 2, (const double[]){INFINITY, INFINITY, INFINITY, INFINITY});
    struct tune_size next[TUNE_BLOCK_MAX];
    assert_true(tune.recommended == TUNE_NONE && tune.best == TUNE_NONE);
    assert_int_equal(tune_next(&tune, &problem, next), 0);
    tune_free(&tune);
}

static void an_efficiency_rules_out_what_is_faster_but_wasteful(void **state)
{
    (void)state;
    struct tune_problem thrifty = problem;
    struct tune tune;
    thrifty.efficiency_min = 0.8;
    judge(&tune, &thrifty, 8, (const double[]){8, 4.2, 2.7, 1.8}); /* 1, 0.95, 0.74, 0.56 */
    assert_int_equal(recommended(&tune), 2);
    assert_int_equal(tune.candidates[3].standing, TUNE_INEFFICIENT);
    tune_free(&tune);
    thrifty.cpus = 4; /* by CPUs 8 workers have 1.11 */
    judge(&tune, &thrifty, 8, (const double[]){8, 4.2, 2.7, 1.8});
    assert_int_equal(recommended(&tune), 8);
    tune_free(&tune);
}

static void the_first_block_has_every_size_and_the_second_what_is_left(void **state)
{
    (void)state;
    struct tune_size next[TUNE_BLOCK_MAX];
    struct tune tune;
    judge(&tune, &problem, 0, (const double[]){1, 1, 1, 1});
    assert_int_equal(tune_next(&tune, &problem, next), 4);
    tune_free(&tune);
    judge(&tune, &problem, 1, (const double[]){8, 4, 2, 1.98});
    size_t count = tune_next(&tune, &problem, next);
    assert_int_equal(count, 2);
    assert_true(next[0].workers + next[1].workers == 12);
    tune_free(&tune);
}

static void one_sample_may_be_a_spike_and_drops_nothing_but_by_a_factor(void **state)
{
    (void)state;
    struct tune tune;
    judge(&tune, &problem, 1, (const double[]){8, 3.6, 2.6, 2});
    assert_int_equal(tune.candidates[2].standing, TUNE_OPEN); /* 30 % */
    tune_free(&tune);
    judge(&tune, &problem, 2, (const double[]){8, 3.6, 2.6, 2});
    assert_int_equal(tune.candidates[2].standing, TUNE_WORSE);
    tune_free(&tune);
}

static void a_gap_below_the_answer_is_searched(void **state)
{
    (void)state;
    struct tune_size next[TUNE_BLOCK_MAX];
    struct tune tune;
    judge(&tune, &problem, 6, (const double[]){6, 3, 1.5, 1}); /* 1 / n to 6, say */
    assert_int_equal(recommended(&tune), 8);
    assert_true(tune_next(&tune, &problem, next) > 0);
    assert_int_equal(next[0].workers, 6);
    tune_free(&tune);
}

static void a_search_without_a_question_is_over(void **state)
{
    (void)state;
    struct tune_size next[TUNE_BLOCK_MAX];
    struct tune tune;
    judge(&tune, &problem, 8, (const double[]){4, 2, 2.5, 2.6});
    assert_int_equal(recommended(&tune), 2);
    assert_int_equal(tune_next(&tune, &problem, next), 0);
    tune_free(&tune);
}

static void backends_are_searched_side_by_side(void **state)
{
    (void)state;
    struct tune_size sizes[TUNE_BLOCK_MAX];
    size_t n = tune_coarse(sizes, 0, 0, 4, NULL, 0), count = 0;
    n = tune_coarse(sizes, n, 1, 4, NULL, 0);
    assert_int_equal(n, 6);
    struct tune_problem both = {.sizes = sizes, .sizes_count = n, .within = 0.02, .blocks_max = 9};
    struct tune_sample samples[60];
    for (unsigned block = 0; block < 8; block++)
        for (size_t i = 0; i < n; i++)
            samples[count++] = (struct tune_sample){block, sizes[i],
                (sizes[i].group ? 1.0 : 1.3) / sizes[i].workers * (1 + 0.001 * (block % 2))};
    struct tune tune;
    assert_int_equal(tune_judge(&tune, &both, samples, count), 0);
    assert_int_equal(tune.candidates[tune.recommended].size.group, 1);
    assert_int_equal(recommended(&tune), 4);
    tune_free(&tune);
}

static void the_coarse_sizes_are_powers_of_two_and_what_the_machine_has(void **state)
{
    (void)state;
    struct tune_size sizes[TUNE_BLOCK_MAX];
    const unsigned others[] = {6, 12, 0, 99, 6};
    assert_int_equal(tune_coarse(sizes, 0, 3, 20, others, COUNT(others)), 8);
    const unsigned all[] = {1, 2, 4, 6, 8, 12, 16, 20};
    for (size_t i = 0; i < COUNT(all); i++)
        assert_int_equal(sizes[i].workers, all[i]);
    assert_int_equal(sizes[7].group, 3);
}

/* 100 curves of five kinds, noise 1 to 6 %: the whole is in make stats. */
static void the_answer_is_within_two_percent_at_a_quarter_of_the_cost(void **state)
{
    (void)state;
    enum { CURVES = 100 };
    unsigned good = 0;
    double cost = 0;
    for (uint64_t seed = 0; seed < CURVES; seed++) {
        struct made_truth made;
        struct truth curve = made_draw(&made, seed);
        struct search_outcome outcome = search_run(&curve, NOISE_NORMAL);
        good += outcome.regret <= SEARCH_WITHIN;
        cost += outcome.cost / CURVES;
        assert_true(outcome.blocks <= SEARCH_BLOCKS);
    }
    print_message("regret <= 2 %% in %u of %d, mean cost %.3f of exhaustive\n", good, CURVES, cost);
    assert_true(good >= 95);
    assert_true(cost <= 0.25);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_smallest_of_a_plateau_is_recommended),
        cmocka_unit_test(within_decides_what_is_as_good),
        cmocka_unit_test(a_size_that_cannot_be_had_is_never_chosen),
        cmocka_unit_test(an_efficiency_rules_out_what_is_faster_but_wasteful),
        cmocka_unit_test(the_first_block_has_every_size_and_the_second_what_is_left),
        cmocka_unit_test(one_sample_may_be_a_spike_and_drops_nothing_but_by_a_factor),
        cmocka_unit_test(a_gap_below_the_answer_is_searched),
        cmocka_unit_test(a_search_without_a_question_is_over),
        cmocka_unit_test(backends_are_searched_side_by_side),
        cmocka_unit_test(the_coarse_sizes_are_powers_of_two_and_what_the_machine_has),
        cmocka_unit_test(the_answer_is_within_two_percent_at_a_quarter_of_the_cost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
