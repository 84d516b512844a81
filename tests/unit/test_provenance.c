/* What two results may differ in, fact by fact. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "harness/analyze/provenance.h"
#include "made.h"

static struct result *made(void)
{
    struct result *result = made_result();
    unsigned serial = made_config(result, "serial", 1);
    result->machine =
        json_pack("{s:s, s:i, s:[s], s:s, s:s, s:s, s:s}", "cpu_model", "CPU A", "cpus_online", 2,
            "caches", "L1", "kernel", "Linux", "flags", "-O2", "commit", "abc", "load", "0.5");
    result_add_param(result, "grain", "10us");
    made_sample(result, 0, serial, 1)->checksum = 7;
    return result;
}

/* Compares an untouched result with one that `change` was done to. */
static size_t differing(void (*change)(struct result *result), struct provenance_difference *found)
{
    struct result *a = made(), *b = made();
    change(b);
    size_t count = provenance_compare(a, b, found);
    result_free(a);
    result_free(b);
    return count;
}

static void assert_differs(void (*change)(struct result *result), enum provenance_group group,
    const char *what, const char *a, const char *b)
{
    struct provenance_difference found[PROVENANCE_MAX];
    assert_int_equal(differing(change, found), 1);
    assert_int_equal(found->group, group);
    assert_string_equal(found->what, what);
    assert_string_equal(found->a, a);
    assert_string_equal(found->b, b);
}

static void change_what_is_measured(struct result *result)
{
    json_object_set_new(result->machine, "load", json_string("99"));
    result->noise.others_s = 5;
    result->samples[0].wall_s = 3;
    result->complete = false;
}

static void what_was_measured_is_no_difference(void **state)
{
    (void)state;
    struct provenance_difference found[PROVENANCE_MAX];
    assert_int_equal(differing(change_what_is_measured, found), 0);
}

static void change_end_of_long_param(struct result *result)
{
    char value[200];
    memset(value, 'x', sizeof value);
    snprintf(value + 150, sizeof value - 150, "%s", "rest\nmore");
    result_add_param(result, "text", value);
}

static void texts_too_long_to_show_are_shown_where_they_differ(void **state)
{
    (void)state;
    struct provenance_difference found[PROVENANCE_MAX];
    struct result *a = made(), *b = made();
    change_end_of_long_param(a);
    change_end_of_long_param(b);
    b->params[1].value[151] = 'E';
    assert_int_equal(provenance_compare(a, b, found), 1);
    assert_string_equal(found->a, "...xxxxxxxxxxxxxxxrest?more");
    assert_string_equal(found->b, "...xxxxxxxxxxxxxxxrEst?more");
    result_free(a);
    result_free(b);
}

static void change_case(struct result *result)
{
    snprintf(result->case_name, sizeof result->case_name, "null");
}
static void change_kind(struct result *result)
{
    snprintf(result->case_kind, sizeof result->case_kind, "io");
}
static void change_param(struct result *result)
{
    result_add_param(result, "shape", "even");
}
static void change_seed(struct result *result)
{
    result->seed = 1;
}

static void another_case_kind_parameter_or_seed_is_other_work(void **state)
{
    (void)state;
    assert_differs(change_case, PROVENANCE_WORK, "case", "spin", "null");
    assert_differs(change_kind, PROVENANCE_WORK, "kind", "cpu", "io");
    assert_differs(
        change_param, PROVENANCE_WORK, "parameters", "grain=10us", "grain=10us shape=even");
    assert_differs(
        change_seed, PROVENANCE_WORK, "seed", "0x0000000000000000", "0x0000000000000001");
}

static void change_tasks(struct result *result)
{
    result->tasks = 50; /* and so no region of all of them is there any more */
}

static void another_number_of_tasks_is_other_work_and_comes_first(void **state)
{
    (void)state;
    struct provenance_difference found[PROVENANCE_MAX];
    assert_int_equal(differing(change_tasks, found), 2);
    assert_int_equal(found[0].group, PROVENANCE_WORK);
    assert_string_equal(found[0].b, "50");
    assert_int_equal(found[1].group, PROVENANCE_ANSWER);
    assert_string_equal(found[1].b, "none");
}

static void change_answer(struct result *result)
{
    result->answer = strdup("42");
}
static void change_checksum(struct result *result)
{
    result->samples[0].checksum = 8;
}
static void spoil_first_sample(struct result *result)
{
    result->samples[0].checksum = 8;
    result->samples[0].errors = 1;
    made_sample(result, 1, 0, 1)->checksum = 7;
}

static void another_answer_or_checksum_is_told_of_samples_that_count(void **state)
{
    (void)state;
    struct provenance_difference found[PROVENANCE_MAX];
    assert_differs(change_answer, PROVENANCE_ANSWER, "answer", "none", "42");
    assert_differs(
        change_checksum, PROVENANCE_ANSWER, "checksum", "0x0000000000000007", "0x0000000000000008");
    assert_int_equal(differing(spoil_first_sample, found), 0);
}

static void change_caches(struct result *result)
{
    json_object_set_new(result->machine, "caches", json_pack("[s, s]", "L1", "L2"));
}
static void change_kernel(struct result *result)
{
    json_object_del(result->machine, "kernel");
}
static void change_flags(struct result *result)
{
    char flags[300];
    memset(flags, 'x', sizeof flags);
    flags[sizeof flags - 1] = '\0';
    json_object_set_new(result->machine, "flags", json_string(flags));
}
static void change_cpus(struct result *result)
{
    result->usable_cpus = 1;
}
static void change_commit(struct result *result)
{
    json_object_set_new(result->machine, "commit", json_string("def"));
}

static void machine_system_cpus_compiler_and_commit_are_told_apart(void **state)
{
    (void)state;
    struct provenance_difference found[PROVENANCE_MAX];
    assert_differs(change_caches, PROVENANCE_HOST, "caches", "[\"L1\"]", "[\"L1\",\"L2\"]");
    assert_differs(change_kernel, PROVENANCE_SYSTEM, "kernel", "Linux", "none");
    assert_differs(change_cpus, PROVENANCE_CPUS, "usable CPUs", "2", "1");
    assert_differs(change_commit, PROVENANCE_COMMIT, "commit", "abc", "def");
    assert_int_equal(differing(change_flags, found), 1);
    assert_int_equal(found->group, PROVENANCE_COMPILER);
    assert_int_equal(strlen(found->b), sizeof found->b - 1);
}

#define MODEL                                                                                      \
    "as=threads,cores=4,call=2.000ns,dispatch=0.3000ns,claim=6.000ns,steal=80.00ns,region=80."     \
    "00ns,"

static void change_model(struct result *result)
{
    result->simulated = strdup(MODEL "wake=10000ns");
}

static void what_is_simulated_is_told_from_what_is_measured_and_from_another_model(void **state)
{
    (void)state;
    struct provenance_difference found[PROVENANCE_MAX];
    assert_int_equal(differing(change_model, found), 1);
    assert_int_equal(found->group, PROVENANCE_MODEL);
    assert_string_equal(found->a, "measured");
    struct result *a = made(), *b = made();
    a->simulated = strdup(MODEL "wake=20000ns");
    change_model(b);
    assert_int_equal(provenance_compare(a, b, found), 1);
    assert_string_equal(found->a, "...on=80.00ns,wake=20000ns");
    assert_string_equal(found->b, "...on=80.00ns,wake=10000ns");
    result_free(a);
    result_free(b);
}

static void a_result_without_a_machine_has_nothing_recorded(void **state)
{
    (void)state;
    struct provenance_difference found[PROVENANCE_MAX];
    struct result *a = made(), *b = made_result();
    size_t count = provenance_compare(a, b, found), none = 0;
    for (size_t i = 0; i < count; i++)
        none += strcmp(found[i].b, "none") == 0;
    assert_true(none >= 6);
    result_free(a);
    result_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_measured_is_no_difference),
        cmocka_unit_test(texts_too_long_to_show_are_shown_where_they_differ),
        cmocka_unit_test(another_case_kind_parameter_or_seed_is_other_work),
        cmocka_unit_test(another_number_of_tasks_is_other_work_and_comes_first),
        cmocka_unit_test(another_answer_or_checksum_is_told_of_samples_that_count),
        cmocka_unit_test(machine_system_cpus_compiler_and_commit_are_told_apart),
        cmocka_unit_test(what_is_simulated_is_told_from_what_is_measured_and_from_another_model),
        cmocka_unit_test(a_result_without_a_machine_has_nothing_recorded),
    };
    return cmocka_run_group_tests_name("provenance", tests, NULL, NULL);
}
