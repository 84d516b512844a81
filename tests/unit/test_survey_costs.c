/* The surveys ipc and lifecycle through the driver: each figure has a value, and those that follow
 * from others follow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "leftovers.h"
#include "near.h"
#include "pools.h"

#include "harness/analyze/reading.h"
#include "harness/survey/measure.h"
#include "harness/survey/registry.h"

#include <stdio.h>

/* One round; every reading has to have a value. */
static struct result *take(const char *survey, const char *only)
{
    char why[512];
    struct result *result = result_new("costs");
    const struct survey_options options = {.only = only, .rounds = 1, .seed = 7};
    if (survey_measure(registry_survey(survey), &options, result, why, sizeof why) != STATUS_DONE)
        fail_msg("%s", why);
    for (unsigned i = 0; i < result->figures_count; i++) {
        const struct reading_summary summary = reading_summary(result, i);
        if (summary.failed > 0)
            fail_msg("%s of %s: %s", result->figures[i].figure, result->figures[i].subject,
                summary.failure);
    }
    return result;
}

static double value_of(
    const struct result *result, const char *subject, double x, const char *figure)
{
    int at = reading_find(result, subject, x, figure);
    if (at < 0)
        fail_msg("no %s of %s at %g", figure, subject, x);
    return reading_summary(result, (unsigned)at).value.value;
}

static void ipc_reads_every_size(void **state)
{
    static const double bytes[] = {1, 64, 1e3, 16e3, 256e3, 1e6, 16e6};
    static const char *const subjects[] = {"futex", "manager-unix"};
    (void)state;
    struct result *result = take("ipc", "futex,manager-unix");
    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++)
        for (size_t j = 0; j < sizeof bytes / sizeof *bytes; j++) {
            double one_way = value_of(result, subjects[i], bytes[j], "one way");
            double rate = value_of(result, subjects[i], bytes[j], "bytes a second");
            assert_true(value_of(result, subjects[i], bytes[j], "round trip") > 0);
            assert_true(one_way > 0);
            assert_true(
                value_of(result, subjects[i], bytes[j], "break-even grain of 2 workers") > 0);
            assert_near(rate * one_way / bytes[j], 1, 1e-9);
        }
    result_free(result);
}

static void lifecycle_reads_threads_processes_and_pools(void **state)
{
    static const char *const subjects[] = {
        "thread", "fork at 10 MB", "posix_spawn at 10 MB", "pool threads", "pool processes"};
    (void)state;
    struct result *result =
        take("lifecycle", "thread,fork at 10 MB,posix_spawn at 10 MB,pool threads,pool processes");
    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
        double start = value_of(result, subjects[i], 0, "start");
        assert_true(start > 0);
        assert_true(value_of(result, subjects[i], 0, "start to end") > start);
    }
    for (size_t i = 3; i < 5; i++) {
        double stop = value_of(result, subjects[i], 0, "stop");
        assert_true(stop > 0);
        assert_true(value_of(result, subjects[i], 0, "start to end") > stop);
    }
    /* what is resident is shared with the child, not copied */
    if (!POOLS_SANITIZED)
        assert_true(value_of(result, "fork at 10 MB", 0, "memory of one") < 5e6);
    result_free(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ipc_reads_every_size, leftovers_mark, leftovers_check),
        cmocka_unit_test_setup_teardown(
            lifecycle_reads_threads_processes_and_pools, leftovers_mark, leftovers_check),
    };
    return cmocka_run_group_tests_name("costs by survey", tests, NULL, NULL);
}
