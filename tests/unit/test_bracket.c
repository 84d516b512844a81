/* Brackets of points made by hand, and whole searches against a simulated truth: a speedup of
 * 2 / (1 + c / x), which is 1 at x = c, measured in pairs through drift and noise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/analyze/bracket.h"
#include "near.h"
#include "noise.h"

#define NEAR 1e-9
#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct result_search by_grain = {
    .config = {.backend = "threads", .workers = 2, .chunk = 1},
    .axis = RESULT_BY_GRAIN,
    .target = 1,
    .from = 2,
    .to = 1e6};
static const struct result_search by_tasks = {
    .config = {.backend = "threads", .workers = 2, .chunk = 1},
    .axis = RESULT_BY_TASKS,
    .target = 1,
    .from = 1,
    .to = 10000};

/* ---- points ---- */

static void add_pairs(struct result *result, unsigned search, double nominal, size_t n,
    double serial_s, double pool_s)
{
    for (size_t i = 0; i < n; i++)
        result_add_pair(result, &(struct result_pair){.search = search,
                                    .nominal = nominal,
                                    .tasks = (uint64_t)nominal,
                                    .serial_s = serial_s,
                                    .pool_s = pool_s});
}

static void pairs_of_a_search_become_sorted_points(void **state)
{
    (void)state;
    struct result *result = result_new("made");
    result_add_search(result, &by_tasks);
    result_add_search(result, &by_grain);
    add_pairs(result, 1, 1000, 6, 3e-3, 1e-3); /* 3000 ns a task */
    add_pairs(result, 0, 7, 6, 1, 2);
    add_pairs(result, 1, 10, 5, 1e-8, 1e-7); /* 1 ns a task */
    add_pairs(result, 1, 1000, 2, 3e-3, 1e-3);
    struct bracket_point *points;
    assert_int_equal(bracket_points(result, 1, &points), 2);
    assert_near(points[0].nominal, 10, 0);
    assert_near(points[0].x, 1, NEAR);
    assert_int_equal(points[0].n, 5);
    assert_int_equal(points[0].side, 0); /* five pairs say nothing */
    assert_near(points[1].x, 3000, NEAR);
    assert_int_equal(points[1].tasks, 1000);
    assert_int_equal(points[1].n, 8);
    assert_near(points[1].speedup.value, 3, NEAR);
    assert_int_equal(points[1].side, 1);
    free(points);
    assert_int_equal(bracket_points(result, 0, &points), 1);
    assert_near(points[0].x, 7, 0);
    assert_int_equal(points[0].side, -1);
    free(points);
    result_free(result);
}

static void pairs_of_searches_on_one_curve_count_for_each_other(void **state)
{
    (void)state;
    struct result *result = result_new("made");
    struct bracket_point *points;
    struct result_search metg = by_grain, other = by_grain;
    metg.target = 1.8;
    other.payload = 1000;
    result_add_search(result, &by_grain);
    result_add_search(result, &metg);
    result_add_search(result, &other);
    add_pairs(result, 0, 100, 6, 3, 2); /* 1.5 times as fast */
    add_pairs(result, 2, 100, 6, 1, 9);
    assert_int_equal(bracket_points(result, 1, &points), 1);
    assert_int_equal(points[0].n, 6);
    assert_int_equal(points[0].side, -1);
    free(points);
    assert_int_equal(bracket_points(result, 0, &points), 1);
    assert_int_equal(points[0].side, 1);
    free(points);
    result_free(result);
}

static void cells_of_a_map_differ_by_grain_and_by_number(void **state)
{
    (void)state;
    struct result *result = result_new("made");
    struct result_search map = by_grain;
    struct bracket_point *points;
    map.axis = RESULT_OF_MAP;
    result_add_search(result, &map);
    for (uint64_t tasks = 1000; tasks > 0; tasks /= 10)
        for (int i = 1; i <= 10; i += 9)
            result_add_pair(result, &(struct result_pair){.nominal = 100 * i,
                                        .tasks = tasks,
                                        .serial_s = 150e-9 * i * (double)tasks,
                                        .pool_s = 1e-6});
    assert_int_equal(bracket_points(result, 0, &points), 8);
    assert_near(points[0].nominal, 100, 0);
    assert_int_equal(points[0].tasks, 1);
    const struct bracket_point *cell = bracket_cell(points, 8, 1000, 10);
    assert_non_null(cell);
    assert_near(cell->x, 1500, 1e-6);
    assert_near(cell->speedup.value, 15, 1e-6);
    assert_null(bracket_cell(points, 8, 1000, 20));
    free(points);
    result_free(result);
}

static void a_search_without_pairs_has_no_points_and_no_bracket(void **state)
{
    (void)state;
    struct result *result = result_new("made");
    result_add_search(result, &by_tasks);
    struct bracket_point *points = (struct bracket_point *)result;
    assert_int_equal(bracket_points(result, 0, &points), 0);
    assert_null(points);
    assert_int_equal(bracket_of(&by_tasks, NULL, 0).outcome, BRACKET_UNDECIDED);
    result_free(result);
}

static void sides_are_told_from_the_target_not_from_one(void **state)
{
    (void)state;
    struct result *result = result_new("made");
    struct result_search half = by_grain;
    half.target = 4;
    result_add_search(result, &half);
    add_pairs(result, 0, 100, 6, 3, 1);
    struct bracket_point *points;
    assert_int_equal(bracket_points(result, 0, &points), 1);
    assert_int_equal(points[0].side, -1);
    assert_near(points[0].p, 0.03125, NEAR);
    free(points);
    result_free(result);
}

/* ---- brackets ---- */

/* Points at 10, 20, 40, ... from a text of sides: '-' slower, '=' tied, '+' faster. */
static struct bracket bracket_by(const char *sides, struct bracket_point *points)
{
    struct result_search search = by_grain;
    size_t n = strlen(sides);
    for (size_t i = 0; i < n; i++) {
        int side = sides[i] == '-' ? -1 : sides[i] == '+';
        double x = ldexp(10, (int)i);
        points[i] = (struct bracket_point){.nominal = x,
            .x = x,
            .n = 6,
            .speedup = {.value = exp(0.5 * side)},
            .p = side ? 0.03125 : 1,
            .side = side};
    }
    search.from = 10;
    search.to = ldexp(10, (int)n - 1);
    return bracket_of(&search, points, n);
}

static void assert_bracket(const char *sides, double lo, double hi)
{
    struct bracket_point points[16];
    struct bracket bracket = bracket_by(sides, points);
    assert_int_equal(bracket.outcome, BRACKET_FOUND);
    assert_near(bracket.x.lo, lo, NEAR);
    assert_near(bracket.x.hi, hi, NEAR);
    assert_true(bracket.x.value > lo && bracket.x.value < hi);
}

static void the_bracket_runs_from_the_last_slower_to_the_first_faster(void **state)
{
    (void)state;
    assert_bracket("-+", 10, 20);
    assert_bracket("--++", 20, 40);
    assert_bracket("-==+", 10, 80);
    assert_bracket("=-=+=", 20, 80);
}

static void doubtful_sizes_lie_within_the_bracket(void **state)
{
    (void)state;
    assert_bracket("-+-+", 10, 80);
    assert_bracket("--=+=-=++", 20, 1280);
}

static void the_value_is_where_the_line_crosses_the_target(void **state)
{
    (void)state;
    struct bracket_point points[16];
    assert_near(bracket_by("-+", points).x.value, 10 * M_SQRT2, NEAR);
    assert_near(bracket_by("-=+", points).x.value, 20, NEAR);
    points[0].speedup.value = exp(-0.1);
    points[2].speedup.value = exp(0.3);
    points[1] = points[2];
    struct bracket bracket = bracket_of(&by_grain, points, 2);
    assert_near(bracket.x.value, 10 * sqrt(2), NEAR); /* a quarter of ln 4 */
}

static void one_side_alone_is_said_instead_of_a_number(void **state)
{
    (void)state;
    struct bracket_point points[16];
    struct bracket bracket = bracket_by("---", points);
    assert_int_equal(bracket.outcome, BRACKET_ALWAYS_SLOWER);
    assert_near(bracket.x.lo, 40, 0);
    assert_true(isnan(bracket.x.value) && isnan(bracket.x.hi));
    bracket = bracket_by("+++", points);
    assert_int_equal(bracket.outcome, BRACKET_ALWAYS_FASTER);
    assert_near(bracket.x.hi, 10, 0);
    assert_true(isnan(bracket.x.value) && isnan(bracket.x.lo));
}

static void a_missing_end_leaves_it_undecided_with_what_is_known(void **state)
{
    (void)state;
    struct bracket_point points[16];
    struct bracket bracket = bracket_by("--=", points);
    assert_int_equal(bracket.outcome, BRACKET_UNDECIDED);
    assert_near(bracket.x.lo, 20, 0);
    assert_true(isnan(bracket.x.value) && isnan(bracket.x.hi));
    bracket = bracket_by("=+", points);
    assert_int_equal(bracket.outcome, BRACKET_UNDECIDED);
    assert_near(bracket.x.hi, 20, 0);
    assert_int_equal(bracket_by("===", points).outcome, BRACKET_UNDECIDED);
    assert_int_equal(bracket_by("+-", points).outcome, BRACKET_UNDECIDED);
    struct result_search wider = by_grain; /* slower so far, but not to the end */
    bracket_by("--", points);
    assert_int_equal(bracket_of(&wider, points, 2).outcome, BRACKET_UNDECIDED);
}

/* ---- searches ---- */

struct truth {
    double crossing, noise;
    enum noise_model model;
};

/* How far a search may go before the test calls it endless. */
#define PAIRS_LIMIT 5000

static void measure(struct result *result, const struct truth *truth, struct noise *noise, double x)
{
    bool tasks = bracket_counts_tasks(&result->searches[0]);
    double drift = noise_drift(noise);
    double serial_s = tasks ? x * 1e-5 : x * 1e-4; /* 10 us tasks; 10^5 tasks */
    double pool_s = serial_s * (1 + truth->crossing / x) / 2;
    double scale = truth->noise * M_SQRT1_2;
    result_add_pair(
        result, &(struct result_pair){.nominal = x,
                    .tasks = tasks ? (uint64_t)x : 100000,
                    .serial_s = serial_s * exp(drift + noise_error(noise, truth->model, scale)),
                    .pool_s = pool_s * exp(drift + noise_error(noise, truth->model, scale))});
}

/* Runs search number `index` of the result to its end. */
static struct bracket run_search(struct result *result, unsigned index, const struct truth *truth,
    struct noise *noise, double resolution, size_t pairs_max)
{
    const struct result_search *search = &result->searches[index];
    for (;;) {
        struct bracket_point *points;
        size_t n = bracket_points(result, index, &points);
        double x = bracket_next(search, points, n, resolution, pairs_max);
        struct bracket bracket = bracket_of(search, points, n);
        free(points);
        if (isnan(x) || result->pairs_count >= PAIRS_LIMIT)
            return bracket;
        assert_true(x >= search->from && x <= search->to);
        measure(result, truth, noise, x);
    }
}

static struct bracket search_for(const struct result_search *search, const struct truth *truth,
    double resolution, size_t pairs_max, uint64_t seed, size_t *pairs)
{
    struct result *result = result_new("simulated");
    struct noise noise = {.seed = seed};
    result_add_search(result, search);
    struct bracket bracket = run_search(result, 0, truth, &noise, resolution, pairs_max);
    *pairs = result->pairs_count;
    assert_true(*pairs < PAIRS_LIMIT);
    result_free(result);
    return bracket;
}

static bool holds(const struct result_search *search, struct bracket bracket, double crossing)
{
    switch (bracket.outcome) {
    case BRACKET_ALWAYS_FASTER:
        return crossing <= search->from;
    case BRACKET_ALWAYS_SLOWER:
        return crossing >= search->to;
    default:
        return !(bracket.x.lo > crossing) && !(bracket.x.hi < crossing);
    }
}

static void a_search_without_noise_takes_five_sizes(void **state)
{
    (void)state;
    const struct truth truth = {.crossing = 333};
    size_t pairs;
    struct bracket bracket = search_for(&by_grain, &truth, 1.25, 26, 1, &pairs);
    assert_int_equal(bracket.outcome, BRACKET_FOUND);
    assert_true(bracket.x.lo < 333 && bracket.x.hi > 333);
    assert_true(bracket.x.hi < 1.3 * bracket.x.lo);
    assert_near(bracket.x.value, 333, 17);
    assert_true(pairs <= 5 * STAT_PAIRS_MIN);
}

static void sizes_that_contradict_each_other_get_more_pairs(void **state)
{
    (void)state;
    struct bracket_point points[16];
    bracket_by("-+-+", points);
    assert_near(bracket_next(&by_grain, points, 4, 1.25, 26), 20, 0);
    points[1].n = 10;
    assert_near(bracket_next(&by_grain, points, 4, 1.25, 26), 40, 0);
    points[1].n = points[2].n = 26; /* no more: they are left within the bracket */
    double next = bracket_next(&by_grain, points, 4, 1.25, 26);
    assert_true((next > 10 && next < 20) || (next > 40 && next < 80));
}

static void a_crossing_outside_the_range_is_told_apart(void **state)
{
    (void)state;
    size_t pairs;
    const struct truth below = {.crossing = 0.2, .noise = 0.03}, above = {.crossing = 1e8};
    assert_int_equal(
        search_for(&by_grain, &below, 1.25, 26, 1, &pairs).outcome, BRACKET_ALWAYS_FASTER);
    assert_true(pairs <= 8 * STAT_PAIRS_MIN);
    assert_int_equal(
        search_for(&by_grain, &above, 1.25, 26, 1, &pairs).outcome, BRACKET_ALWAYS_SLOWER);
    assert_true(pairs <= 8 * STAT_PAIRS_MIN);
    assert_int_equal(
        search_for(&by_tasks, &below, 1.25, 26, 1, &pairs).outcome, BRACKET_ALWAYS_FASTER);
}

static void by_tasks_the_ends_are_whole_numbers_side_by_side(void **state)
{
    (void)state;
    const struct truth truth = {.crossing = 3.4};
    size_t pairs;
    struct bracket bracket = search_for(&by_tasks, &truth, 1.05, 26, 1, &pairs);
    assert_near(bracket.x.lo, 3, 0);
    assert_near(bracket.x.hi, 4, 0);
    assert_near(bracket.x.value, 3.4, 0.1);
}

static void every_search_ends_whatever_the_noise(void **state)
{
    (void)state;
    static const double crossings[] = {1, 2, 2.5, 7, 3000, 1e6};
    for (size_t i = 0; i < COUNT(crossings); i++)
        for (uint64_t seed = 0; seed < 20; seed++) {
            const struct truth truth = {crossings[i], 1.5, NOISE_OUTLIERS};
            size_t pairs; /* search_for fails the test if it does not */
            search_for(&by_grain, &truth, 1.01, 16, seed, &pairs);
            search_for(&by_tasks, &truth, 1.01, 7, seed, &pairs);
        }
}

#define SEARCHES 500

/* Crossings of all sizes, the lowest below and the highest above the range. */
static double crossing_of(const struct result_search *search, uint64_t i)
{
    double below = log(search->from / 3), above = log(search->to * 3);
    return exp(below + (above - below) * hash_unit(hash_mix(i, 99)));
}

struct outcome {
    double held;  /* the part of SEARCHES brackets that hold the truth */
    double pairs; /* median number of pairs */
    double width; /* hi / lo that 9 of 10 brackets keep */
};

static struct outcome simulate(
    const struct result_search *search, double noise, enum noise_model model, double resolution)
{
    double pairs[SEARCHES], width[SEARCHES];
    size_t held = 0, found = 0;
    for (uint64_t i = 0; i < SEARCHES; i++) {
        const struct truth truth = {crossing_of(search, i), noise, model};
        size_t count;
        struct bracket bracket = search_for(search, &truth, resolution, 26, i, &count);
        held += holds(search, bracket, truth.crossing);
        pairs[i] = (double)count;
        if (bracket.outcome == BRACKET_FOUND)
            width[found++] = bracket.x.hi / bracket.x.lo;
    }
    assert_true(
        noise > 0.03 || (double)found >= 0.7 * SEARCHES); /* the rest lies beyond the range */
    const struct outcome outcome = {.held = (double)held / SEARCHES,
        .pairs = stat_median(pairs, SEARCHES),
        .width = stat_quantile(width, found, 0.9)};
    print_message("# by %s, noise %2.0f %% (model %d), resolution %.2f: %.1f %% hold the truth; "
                  "pairs %.0f, at most %.0f; width %.2f, 9 of 10 up to %.2f\n",
        search->axis == RESULT_BY_TASKS ? "tasks" : "grain", 100 * noise, model, resolution,
        100 * outcome.held, outcome.pairs, stat_quantile(pairs, SEARCHES, 1),
        stat_median(width, found), outcome.width);
    return outcome;
}

static void ninety_three_of_100_brackets_hold_the_truth(void **state)
{
    (void)state;
    static const double noises[] = {0.01, 0.03, 0.06, 0.12};
    for (size_t i = 0; i < COUNT(noises); i++)
        for (enum noise_model model = 0; model < NOISE_MODELS; model++) {
            struct outcome tasks = simulate(&by_tasks, noises[i], model, 1.25);
            assert_true(tasks.held >= 0.93 && tasks.pairs <= 90);
            if (model == NOISE_SKEWED)
                continue; /* it moves the measured x itself */
            struct outcome grain = simulate(&by_grain, noises[i], model, 1.25);
            assert_true(grain.held >= 0.93 && grain.pairs <= 90);
        }
    assert_true(simulate(&by_grain, 0.03, NOISE_NORMAL, 1.1).held >= 0.93);
}

/* METG(90) of 2 workers, on the pairs of a search for break-even and its own: the speedup is 1.8
 * at 9 times the crossing. */
static void ninety_five_of_100_brackets_of_metg_hold_the_truth(void **state)
{
    (void)state;
    static const double noises[] = {0.01, 0.03, 0.06};
    for (size_t i = 0; i < COUNT(noises); i++) {
        size_t held = 0, found = 0, pairs[2] = {0};
        double width[SEARCHES];
        for (uint64_t seed = 0; seed < SEARCHES; seed++) {
            const struct truth truth = {10 * exp(6 * hash_unit(hash_mix(seed, 7))), noises[i], 0};
            struct result *result = result_new("simulated");
            struct noise noise = {.seed = seed};
            struct result_search metg = by_grain;
            metg.target = 1.8;
            result_add_search(result, &by_grain);
            result_add_search(result, &metg);
            run_search(result, 0, &truth, &noise, 1.2, 26);
            pairs[0] += result->pairs_count;
            struct bracket bracket = run_search(result, 1, &truth, &noise, 1.2, 26);
            pairs[1] += result->pairs_count;
            held += holds(&metg, bracket, 9 * truth.crossing);
            if (bracket.outcome == BRACKET_FOUND)
                width[found++] = bracket.x.hi / bracket.x.lo;
            result_free(result);
        }
        print_message("# METG(90), noise %.0f %%: %.1f %% hold the truth; pairs %.0f and %.0f; "
                      "width %.2f\n",
            100 * noises[i], 100.0 * (double)held / SEARCHES, (double)pairs[0] / SEARCHES,
            (double)(pairs[1] - pairs[0]) / SEARCHES, stat_median(width, found));
        assert_true((double)held >= 0.95 * SEARCHES);
        assert_true((double)found >= 0.9 * SEARCHES);
    }
}

static void a_quiet_search_is_cheap_and_ends_near_its_resolution(void **state)
{
    (void)state;
    struct outcome outcome = simulate(&by_grain, 0.03, NOISE_NORMAL, 1.25);
    assert_true(outcome.pairs <= 45);
    assert_true(outcome.width <= 1.35);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_of_a_search_become_sorted_points),
        cmocka_unit_test(pairs_of_searches_on_one_curve_count_for_each_other),
        cmocka_unit_test(cells_of_a_map_differ_by_grain_and_by_number),
        cmocka_unit_test(a_search_without_pairs_has_no_points_and_no_bracket),
        cmocka_unit_test(sides_are_told_from_the_target_not_from_one),
        cmocka_unit_test(the_bracket_runs_from_the_last_slower_to_the_first_faster),
        cmocka_unit_test(doubtful_sizes_lie_within_the_bracket),
        cmocka_unit_test(the_value_is_where_the_line_crosses_the_target),
        cmocka_unit_test(one_side_alone_is_said_instead_of_a_number),
        cmocka_unit_test(a_missing_end_leaves_it_undecided_with_what_is_known),
        cmocka_unit_test(a_search_without_noise_takes_five_sizes),
        cmocka_unit_test(sizes_that_contradict_each_other_get_more_pairs),
        cmocka_unit_test(a_crossing_outside_the_range_is_told_apart),
        cmocka_unit_test(by_tasks_the_ends_are_whole_numbers_side_by_side),
        cmocka_unit_test(every_search_ends_whatever_the_noise),
        cmocka_unit_test(ninety_three_of_100_brackets_hold_the_truth),
        cmocka_unit_test(ninety_five_of_100_brackets_of_metg_hold_the_truth),
        cmocka_unit_test(a_quiet_search_is_cheap_and_ends_near_its_resolution),
    };
    return cmocka_run_group_tests_name("bracket", tests, NULL, NULL);
}
