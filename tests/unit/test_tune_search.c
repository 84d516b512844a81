/* The loop of the search on a source made by hand: what it takes, keeps and says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "harness/measure/tune.h"
#include "near.h"

/* Work of one second that up to `knee` workers share, with 0.1 % of alternating noise; half of it
 * is CPU time. */
struct made {
    unsigned knee, fails, interrupted_at; /* a size; a number of calls; 0: never */
    unsigned calls, largest_call, taken[2000];
    bool one_by_one;
    double spent; /* seconds, of all that was taken */
};

static enum status take(void *context, unsigned block, const struct tune_size *sizes, size_t count,
    struct tune_point *points, char *why, size_t size)
{
    struct made *made = context;
    snprintf(why, size, "unused");
    if (++made->calls == made->interrupted_at)
        return STATUS_INTERRUPTED;
    if (count > made->largest_call)
        made->largest_call = (unsigned)count;
    for (size_t i = 0; i < count; i++) {
        unsigned n = sizes[i].workers;
        made->taken[n]++;
        made->spent += 1.0 / (n < made->knee ? n : made->knee);
        points[i].seconds = 1.0 / (n < made->knee ? n : made->knee) * (1 + 0.001 * (block % 2));
        points[i].cpu_s = 0.5;
        points[i].memory = 1000 * n;
        if (n == made->fails)
            snprintf(points[i].failure, sizeof points[i].failure, "too many");
    }
    return STATUS_DONE;
}

static enum status search(
    struct tune_search *search, struct made *made, struct tune_options options)
{
    static char why[64];
    const struct tune_source source = {.take = take,
        .context = made,
        .whole_blocks = !made->one_by_one,
        .virtual_s = &made->spent,
        .groups = 1};
    options.within = 0.02;
    options.blocks_max = 30;
    options.max = options.max ? options.max : 16;
    options.cpus = 4;
    *search = (struct tune_search){.alone_wall_s = NAN, .alone_cpu_s = NAN};
    return tune_measure(search, &options, &source, why, sizeof why);
}

static unsigned recommended(const struct tune_search *search)
{
    return search->goal.candidates[search->goal.recommended].size.workers;
}

static void the_knee_is_found_and_the_search_ends_by_itself(void **state)
{
    (void)state;
    struct tune_search found;
    struct made made = {.knee = 11};
    assert_int_equal(search(&found, &made, (struct tune_options){.max = 64}), STATUS_DONE);
    assert_int_equal(recommended(&found), 11);
    assert_true(found.complete);
    assert_true(made.largest_call > 1);
    assert_int_equal(made.taken[1], 1); /* 11 times slower: once is enough */
    tune_search_free(&found);
}

static void rules_of_thumb_are_asked_and_measured(void **state)
{
    (void)state;
    struct tune_search found;
    struct made made = {.knee = 6};
    assert_int_equal(search(&found, &made, (struct tune_options){.max = 8}), STATUS_DONE);
    const struct tune_rule *rules = found.rules;
    assert_int_equal(rules[TUNE_RULE_CPUS].size.workers, 4);
    assert_int_equal(rules[TUNE_RULE_TWICE].size.workers, 9);
    assert_int_equal(rules[TUNE_RULE_GOETZ].size.workers, 8); /* W/C = 1 */
    assert_int_equal(rules[TUNE_RULE_LITTLE].size.workers, 6);
    assert_true(made.taken[9] > 0); /* beyond max */
    assert_true(tune_measured(&found, rules[TUNE_RULE_TWICE].size) != TUNE_NONE);
    for (size_t i = 0; i < found.goal.count; i++)
        assert_true(found.goal.candidates[i].size.workers <= 8);
    assert_int_equal(recommended(&found), 6);
    tune_search_free(&found);
}

static void a_failing_size_is_kept_with_its_reason_and_left_alone(void **state)
{
    (void)state;
    struct tune_search found;
    struct made made = {.knee = 4, .fails = 4};
    const struct tune_options none = {0};
    assert_int_equal(search(&found, &made, none), STATUS_DONE);
    assert_int_equal(made.taken[4], 1);
    assert_int_equal(recommended(&found), 5);
    const struct tune_point *trouble = tune_trouble(&found, &none, (struct tune_size){0, 4});
    assert_non_null(trouble);
    assert_string_equal(trouble->failure, "too many");
    assert_null(tune_trouble(&found, &none, (struct tune_size){0, 5}));
    tune_search_free(&found);
}

static void memory_is_a_limit_of_the_answer(void **state)
{
    (void)state;
    struct tune_search found;
    struct made made = {.knee = 8};
    const struct tune_options frugal = {.memory_max = 5000};
    assert_int_equal(search(&found, &made, frugal), STATUS_DONE);
    assert_int_equal(recommended(&found), 5);
    const struct tune_point *trouble = tune_trouble(&found, &frugal, (struct tune_size){0, 8});
    assert_true(trouble && !*trouble->failure && trouble->memory == 8000);
    tune_search_free(&found);
}

/* One worker takes a second, of which there is not enough; the others have time for more. */
static void a_size_too_slow_for_the_budget_is_left_out_and_the_search_goes_on(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct tune_search found;
        struct made made = {.knee = 64, .one_by_one = i, .spent = 1.3};
        const struct tune_options hurried = {.max = 512, .budget_s = 4};
        assert_int_equal(search(&found, &made, hurried), STATUS_DONE);
        assert_int_equal(made.taken[1], 0);
        assert_true(made.taken[512] > 1 && made.taken[2] == 1);
        assert_true(recommended(&found) == 63 || recommended(&found) == 64);
        assert_false(found.complete);
        assert_true(found.seconds <= 4);
        tune_search_free(&found);
    }
}

static void an_interruption_keeps_and_judges_what_was_measured(void **state)
{
    (void)state;
    struct tune_search found;
    struct made made = {.knee = 4, .interrupted_at = 4};
    assert_int_equal(search(&found, &made, (struct tune_options){0}), STATUS_INTERRUPTED);
    assert_int_equal(found.count, 3);
    assert_false(found.complete);
    assert_true(found.goal.recommended != TUNE_NONE);
    tune_search_free(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_knee_is_found_and_the_search_ends_by_itself),
        cmocka_unit_test(rules_of_thumb_are_asked_and_measured),
        cmocka_unit_test(a_failing_size_is_kept_with_its_reason_and_left_alone),
        cmocka_unit_test(memory_is_a_limit_of_the_answer),
        cmocka_unit_test(a_size_too_slow_for_the_budget_is_left_out_and_the_search_goes_on),
        cmocka_unit_test(an_interruption_keeps_and_judges_what_was_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
