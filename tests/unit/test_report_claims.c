/* The tutorials' claims: each kind of check on results in which the sentence holds, does not, and
 * cannot be told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "harness/report/claim.h"
#include "reported.h"

#include <math.h>

/* Checks the claim on the folder's results, and that its figure says `part`. */
static void assert_outcome(enum claim_outcome outcome, const struct claim *claim, const char *part)
{
    struct input input;
    if (input_load(&input, below("results/host"), NULL, why, sizeof why))
        fail_msg("%s", why);
    const struct claim_finding finding = claim_check(claim, &input);
    if (finding.outcome != outcome || (part && !strstr(finding.figure, part)))
        fail_msg("outcome %d, not %d: %s", finding.outcome, outcome, finding.figure);
    assert_int_equal(outcome == CLAIM_UNMEASURED, finding.view == NULL);
    input_free(&input);
}

/* A survey with two figures, "cost" of a and of b; a's values vary by `spread`. */
static void save_survey(double a, double b, double spread)
{
    struct result *result = new_result("", "");
    snprintf(result->survey, sizeof result->survey, "costs");
    result_add_figure(result, &(struct result_figure){.subject = "a", .figure = "cost"});
    result_add_figure(result, &(struct result_figure){.subject = "b", .figure = "cost"});
    made_blocks(result, BLOCKS);
    for (unsigned block = 0; block < BLOCKS; block++) {
        double value = a * (1 + (block % 2 ? spread : -spread));
        result_add_reading(
            result, &(struct result_reading){.block = block, .figure = 0, .value = value});
        result_add_reading(
            result, &(struct result_reading){.block = block, .figure = 1, .value = b});
    }
    save(result, "costs");
}

static void a_ratio_of_figures_is_judged_by_its_whole_interval(void **state)
{
    (void)state;
    struct claim claim = {
        .label = "costs", .kind = CLAIM_RATIO, .a = {"a", "cost", 0}, .b = {"b", "cost", 0}};
    save_survey(3, 1, 0.1);
    assert_outcome(CLAIM_HOLDS, &claim, "a, cost: 2.98");
    claim.limit = 4;
    assert_outcome(CLAIM_FAILS, &claim, "times that of b, cost");
    claim.limit = 3;
    assert_outcome(CLAIM_UNDECIDED, &claim, NULL);
    claim.kind = CLAIM_AT_MOST;
    claim.limit = 4;
    assert_outcome(CLAIM_HOLDS, &claim, NULL);
    claim.b.figure = "weight";
    assert_outcome(CLAIM_UNMEASURED, &claim, NULL);
}

static void a_value_is_what_it_is_said_to_be(void **state)
{
    (void)state;
    struct claim claim = {.label = "costs", .kind = CLAIM_VALUE, .a = {"b", "cost", 0}, .limit = 1};
    save_survey(3, 1, 0.1);
    assert_outcome(CLAIM_HOLDS, &claim, "b, cost: 1");
    claim.limit = 0;
    assert_outcome(CLAIM_FAILS, &claim, NULL);
    claim.kind = CLAIM_BELOW;
    claim.limit = 0.25;
    assert_outcome(CLAIM_FAILS, &claim, "b, cost: 1");
    claim.limit = 2;
    assert_outcome(CLAIM_HOLDS, &claim, NULL);
}

static void save_hazard(double unmended, double mended)
{
    struct result *result = new_result("", "");
    snprintf(result->survey, sizeof result->survey, "hazards");
    result_add_figure(
        result, &(struct result_figure){.subject = "race", .figure = "unmended fails"});
    result_add_figure(result, &(struct result_figure){.subject = "race", .figure = "mended fails"});
    made_blocks(result, BLOCKS);
    for (unsigned i = 0; i < 2 * BLOCKS; i++) {
        struct result_reading reading = {
            .block = i / 2, .figure = i % 2, .value = i % 2 ? mended : unmended};
        snprintf(reading.note, sizeof reading.note, "413 updates lost");
        result_add_reading(result, &reading);
    }
    save(result, "hazards");
}

static void a_hazard_must_fail_unmended_and_not_mended(void **state)
{
    (void)state;
    const struct claim claim = {.label = "hazards", .kind = CLAIM_HAZARD, .a = {.subject = "race"}};
    save_hazard(1, 0);
    assert_outcome(CLAIM_HOLDS, &claim, "413 updates lost; mended: does not happen");
    save_hazard(1, 1);
    assert_outcome(CLAIM_FAILS, &claim, "mended: happens too");
    save_hazard(0, 0);
    assert_outcome(CLAIM_FAILS, &claim, NULL);
}

static void what_is_counted_must_be_so_in_all_readings(void **state)
{
    (void)state;
    const struct claim claim = {.label = "hazards", .kind = CLAIM_HAZARD, .a = {.subject = "race"}};
    save_hazard(1, 0);
    struct result *result = result_load(below("results/host/hazards.json"), why, sizeof why);
    assert_non_null(result);
    result->readings[4].value = 0; /* once the unmended form did not fail */
    save(result, "hazards");
    assert_outcome(CLAIM_UNDECIDED, &claim, NULL);
    result = result_load(below("results/host/hazards.json"), why, sizeof why);
    for (size_t i = 0; i < result->readings_count; i++)
        snprintf(result->readings[i].failure, sizeof result->readings[i].failure, "cannot run");
    save(result, "hazards");
    assert_outcome(CLAIM_UNMEASURED, &claim, NULL);
}

static void a_size_is_held_against_the_usable_cpus(void **state)
{
    (void)state;
    struct claim claim = {.label = "sleep", .kind = CLAIM_WITHIN, .backend = "threads"};
    save_sweep("sleep", "io"); /* gains up to 4 workers on 2 CPUs */
    assert_outcome(CLAIM_FAILS, &claim, "with 4 threads");
    claim.kind = CLAIM_BEYOND;
    assert_outcome(CLAIM_HOLDS, &claim, "2 CPUs");
    claim.backend = "processes";
    assert_outcome(CLAIM_UNMEASURED, &claim, NULL);
}

static void a_speedup_is_that_of_the_largest_size(void **state)
{
    (void)state;
    struct claim claim = {
        .label = "sleep", .kind = CLAIM_SPEEDUP, .backend = "threads", .limit = 3};
    save_sweep("sleep", "io");
    assert_outcome(CLAIM_HOLDS, &claim, "sleep: speedup 3.8");
    claim.kind = CLAIM_NO_FASTER;
    assert_outcome(CLAIM_FAILS, &claim, NULL);
    claim.kind = CLAIM_SLOWER; /* it is faster with 4 than with 1 */
    assert_outcome(CLAIM_FAILS, &claim, "times as long with 4 threads as with 1");
}

static void a_backend_that_slows_down_with_workers_is_found(void **state)
{
    (void)state;
    const struct claim claim = {.label = "queue", .kind = CLAIM_SLOWER, .backend = "threads"};
    save(new_sweep("queue", "overhead", (const unsigned[]){1, 2}, 2, BLOCKS, 1), "queue");
    assert_outcome(CLAIM_FAILS, &claim, NULL);
    struct result *result = new_sweep("queue", "overhead", (const unsigned[]){1}, 1, BLOCKS, 1);
    unsigned more = made_config(result, "threads", 8);
    for (unsigned block = 0; block < BLOCKS; block++)
        made_sample(result, block, more, 5);
    save(result, "queue");
    assert_outcome(CLAIM_HOLDS, &claim, "5.0");
}

static void a_break_even_says_that_short_tasks_lose(void **state)
{
    (void)state;
    const struct claim claim = {
        .label = "breakeven", .kind = CLAIM_BREAKEVEN, .backend = "threads"};
    save_search(0.5); /* faster throughout */
    assert_outcome(CLAIM_FAILS, &claim, "threads already at 10.0 ns a task");
}

static void what_is_refused_or_not_there_is_unmeasured(void **state)
{
    (void)state;
    const struct claim claim = {.label = "sleep", .kind = CLAIM_BEYOND, .backend = "threads"};
    save_sweep("other", "io");
    assert_outcome(CLAIM_UNMEASURED, &claim, NULL);
    struct result *result = new_sweep("sleep", "io", sizes, 3, BLOCKS, 0.97);
    result->noise.cpus_changed = true;
    save(result, "sleep");
    assert_outcome(CLAIM_UNMEASURED, &claim, NULL);
}

static void the_report_lists_every_sentence_with_its_command(void **state)
{
    (void)state;
    save_sweep("sleep", "io");
    save_hazard(1, 0);
    char *text = written();
    assert_says(text, "## The tutorials' claims");
    assert_says(text, "| updates of shared data by several workers get lost (race) | holds | 413 "
                      "updates lost; mended: does not happen | `poolbench sweep anything` |");
    assert_says(text, "| IO-bound work wants far more workers than cores | not measured in this "
                      "profile | \u2013 |  |");
    free(text);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folders, remove_folders)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_ratio_of_figures_is_judged_by_its_whole_interval),
        IN_FOLDER(a_value_is_what_it_is_said_to_be),
        IN_FOLDER(a_hazard_must_fail_unmended_and_not_mended),
        IN_FOLDER(what_is_counted_must_be_so_in_all_readings),
        IN_FOLDER(a_size_is_held_against_the_usable_cpus),
        IN_FOLDER(a_speedup_is_that_of_the_largest_size),
        IN_FOLDER(a_backend_that_slows_down_with_workers_is_found),
        IN_FOLDER(a_break_even_says_that_short_tasks_lose),
        IN_FOLDER(what_is_refused_or_not_there_is_unmeasured),
        IN_FOLDER(the_report_lists_every_sentence_with_its_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
