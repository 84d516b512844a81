/* Surveys: rounds of readings in processes of their own, what becomes of those that fail, and what
 * a file and a report make of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "harness/analyze/reading.h"
#include "harness/pool/task.h"
#include "harness/survey/measure.h"
#include "harness/survey/registry.h"
#include "reported.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ROUNDS 6

/* What readings leave for the test, shared with their processes. */
static struct shared {
    unsigned readings, order[64];
    _Atomic pid_t leftover[2];
} * shared;

enum { STEADY, FAILS, CRASHES, HANGS, LEAVES, SILENT };

static int open_probes(struct survey_run *run)
{
    static const char *const subjects[] = {
        "steady", "fails", "crashes", "hangs", "leaves", "silent"};
    for (size_t i = 0; i < 6; i++) {
        survey_add_probe(run, subjects[i], 0);
        survey_add_figure(run, "time", "s");
        survey_add_figure(run, "memory", "bytes");
    }
    run->ctx = "made by open";
    return 0;
}

static void sleep_for_ever(void)
{
    for (;;)
        pause();
}

static int read_probe(const struct survey_run *run, unsigned probe, struct survey_reading *reading)
{
    assert_string_equal(run->ctx, "made by open");
    unsigned at = shared->readings++;
    shared->order[at % 64] = probe;
    reading->values[0] = 1e-3;
    reading->values[1] = 4096;
    if (probe == FAILS)
        return task_fail(EIO, "the disk is gone");
    if (probe == CRASHES)
        abort();
    if (probe == HANGS)
        sleep_for_ever();
    if (probe == SILENT)
        reading->values[1] = NAN;
    if (probe == LEAVES) {
        snprintf(reading->note, sizeof reading->note, "left one behind");
        if (fork() == 0) {
            setsid();
            if (fork() == 0) { /* an orphan of an orphan */
                shared->leftover[1] = getpid();
                sleep_for_ever();
            }
            shared->leftover[0] = getpid();
            sleep_for_ever();
        }
        while (!shared->leftover[0] || !shared->leftover[1])
            usleep(100);
    }
    return 0;
}

static const struct survey made = {
    .name = "made",
    .title = "A made survey",
    .summary = "one line",
    .description = "A paragraph.",
    .rounds = ROUNDS,
    .reading_seconds = 1,
    .open = open_probes,
    .read = read_probe,
};

static int make_shared(void **state)
{
    (void)state;
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return shared == MAP_FAILED || make_folders(state);
}

static int forget_shared(void **state)
{
    munmap(shared, sizeof *shared);
    return remove_folders(state);
}

/* A result whose texts the survey is to fill in. */
static struct result *new_survey(void)
{
    struct result *result = new_result("", "");
    free(result->case_summary);
    free(result->case_description);
    result->case_summary = result->case_description = NULL;
    return result;
}

static struct result *take(const char *only, unsigned rounds)
{
    struct result *result = new_survey();
    const struct survey_options options = {.only = only, .rounds = rounds, .seed = 7};
    *shared = (struct shared){0};
    if (survey_measure(&made, &options, result, why, sizeof why) != STATUS_DONE)
        fail_msg("%s", why);
    return result;
}

static struct reading_summary of(const struct result *result, const char *subject, const char *name)
{
    int figure = reading_find(result, subject, 0, name);
    assert_true(figure >= 0);
    return reading_summary(result, (unsigned)figure);
}

static void each_probe_is_read_once_a_round_in_a_new_order(void **state)
{
    (void)state;
    struct result *result = take("steady,fails,silent", 0);
    bool moved = false;
    assert_int_equal(ROUNDS, result->blocks_count);
    assert_int_equal(3 * ROUNDS, shared->readings);
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned sum = 0;
        for (unsigned i = 0; i < 3; i++)
            sum += 1u << shared->order[3 * round + i];
        assert_int_equal(1u << STEADY | 1u << FAILS | 1u << SILENT, sum);
        moved |= shared->order[3 * round] != shared->order[0];
    }
    assert_true(moved);
    assert_true(result->complete);
    result_free(result);
}

static void a_median_comes_with_its_interval(void **state)
{
    (void)state;
    struct result *result = take("steady", 0);
    const struct reading_summary time = of(result, "steady", "time");
    assert_int_equal(ROUNDS, time.taken);
    assert_int_equal(0, time.failed);
    assert_float_equal(time.value.value, 1e-3, 1e-9);
    assert_float_equal(time.value.lo, 1e-3, 1e-9);
    assert_int_equal(-1, reading_find(result, "steady", 0, "weight"));
    assert_int_equal(-1, reading_find(result, "steady", 64, "time"));
    result_free(result);
}

static void what_fails_crashes_or_hangs_costs_its_own_reading_alone(void **state)
{
    (void)state;
    struct result *result = take("steady,fails,crashes,hangs,silent", 1);
    assert_string_equal("the disk is gone", of(result, "fails", "time").failure);
    assert_non_null(strstr(of(result, "crashes", "time").failure, "signal 6"));
    assert_string_equal("no end within 1 s", of(result, "hangs", "time").failure);
    assert_string_equal("no value", of(result, "silent", "memory").failure);
    assert_int_equal(0, of(result, "silent", "time").failed);
    assert_int_equal(0, of(result, "steady", "time").failed);
    result_free(result);
}

static void what_a_reading_leaves_running_is_killed(void **state)
{
    (void)state;
    struct result *result = take("leaves", 1);
    assert_string_equal("left one behind", of(result, "leaves", "memory").note);
    for (unsigned i = 0; i < 2; i++) {
        assert_true(shared->leftover[i] > 0);
        assert_int_equal(-1, kill(shared->leftover[i], 0));
        assert_int_equal(ESRCH, errno);
    }
    result_free(result);
}

static void a_subject_that_is_not_there_is_refused_with_those_that_are(void **state)
{
    (void)state;
    struct result *result = new_survey();
    const struct survey_options options = {.only = "steady,stead"};
    assert_int_equal(STATUS_USAGE, survey_measure(&made, &options, result, why, sizeof why));
    assert_non_null(strstr(why, "no subject \"stead\"; there are steady, fails, crashes"));
    result_free(result);
}

static void the_ratio_of_two_figures_is_made_from_the_same_rounds(void **state)
{
    (void)state;
    struct result *result = new_result("", "");
    for (unsigned i = 0; i < 2; i++)
        result_add_figure(result,
            &(struct result_figure){.subject = "a", .figure = "time", .unit = "s", .x = i + 1});
    made_blocks(result, 8);
    for (unsigned block = 0; block < 8; block++)
        for (unsigned i = 0; i < 2; i++)
            result_add_reading(
                result, &(struct result_reading){
                            .block = block, .figure = i, .value = (block + 1) * (i + 1.0)});
    snprintf(result->readings[5].failure, 8, "gone"); /* block 2 has no pair */
    struct interval ratio = reading_ratio(result, 1, 0);
    assert_float_equal(ratio.value, 2, 1e-9);
    assert_float_equal(ratio.lo, 2, 1e-9);
    result_free(result);
}

static void a_file_keeps_figures_and_readings(void **state)
{
    (void)state;
    struct result *result = take("fails,leaves", 2);
    size_t readings = result->readings_count;
    save(result, "made");
    struct result *back = result_load(below("results/host/made.json"), why, sizeof why);
    if (!back)
        fail_msg("%s", why);
    assert_string_equal("made", back->survey);
    assert_string_equal("A made survey", back->title);
    assert_null(back->axis);
    assert_int_equal(4, back->figures_count);
    assert_int_equal(readings, back->readings_count);
    assert_string_equal("the disk is gone", of(back, "fails", "time").failure);
    assert_string_equal("left one behind", of(back, "leaves", "time").note);
    back->readings[0].figure = 4;
    assert_int_equal(-1, result_save(back, below("results/host/not.json"), why, sizeof why));
    assert_non_null(strstr(why, "readings[0].figure: 4, but there are 4"));
    result_free(back);
}

static void the_report_has_a_chapter_with_values_failures_and_notes(void **state)
{
    (void)state;
    save(take("steady,fails,leaves", ROUNDS), "made");
    char *text = written();
    assert_says(text, "## A made survey\n\nA paragraph.");
    assert_says(text, "| | time | memory | |\n| --- | --- | --- | --- |\n");
    assert_says(text, "| steady | ");
    assert_says(text, "| fails | none | none | **6 of 6 failed:** the disk is gone |");
    assert_says(text, "4.00 KiB | left one behind |");
    free(text);
}

static void a_survey_with_an_axis_has_a_table_and_a_panel_a_figure(void **state)
{
    (void)state;
    struct result *result = new_result("", "");
    snprintf(result->survey, sizeof result->survey, "axial");
    result->title = strdup("Along an axis");
    result->axis = strdup("message size [bytes]");
    made_blocks(result, ROUNDS);
    for (unsigned i = 0; i < 8; i++) {
        struct result_figure figure = {.unit = "s", .x = i % 2 ? 1024 : 1};
        snprintf(figure.subject, sizeof figure.subject, i < 4 ? "pipe" : "ring");
        snprintf(figure.figure, sizeof figure.figure, i % 4 < 2 ? "there" : "back");
        unsigned at = result_add_figure(result, &figure);
        for (unsigned block = 0; block < ROUNDS; block++)
            result_add_reading(result,
                &(struct result_reading){
                    .block = block, .figure = at, .value = 1e-6 * (i + 1) * (1 + 0.01 * block)});
    }
    save(result, "axial");
    need_gnuplot();
    assert_int_equal(STATUS_DONE, write_report(true, NULL));
    char *text = read_text(below("REPORT.md"));
    assert_says(text, "**there**, by message size [bytes]:\n\n| | 1.00 | 1024 |\n");
    assert_says(text, "**back**, by message size");
    assert_says(text, "axial.survey.svg");
    assert_begins("results/host/axial.survey.png", "\x89PNG");
    free(text);
}

static void every_survey_that_is_here_says_what_it_is(void **state)
{
    (void)state;
    for (const struct survey *const *at = registry_surveys; *at; at++) {
        assert_ptr_equal(*at, registry_survey((*at)->name));
        assert_true(strlen((*at)->title) > 0 && strlen((*at)->summary) > 0);
        assert_true(strlen((*at)->description) > 100);
        assert_true((*at)->rounds >= 1 && (*at)->reading_seconds >= 1);
    }
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_shared, forget_shared)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(each_probe_is_read_once_a_round_in_a_new_order),
        IN_FOLDER(a_median_comes_with_its_interval),
        IN_FOLDER(what_fails_crashes_or_hangs_costs_its_own_reading_alone),
        IN_FOLDER(what_a_reading_leaves_running_is_killed),
        IN_FOLDER(a_subject_that_is_not_there_is_refused_with_those_that_are),
        IN_FOLDER(the_ratio_of_two_figures_is_made_from_the_same_rounds),
        IN_FOLDER(a_file_keeps_figures_and_readings),
        IN_FOLDER(the_report_has_a_chapter_with_values_failures_and_notes),
        IN_FOLDER(a_survey_with_an_axis_has_a_table_and_a_panel_a_figure),
        cmocka_unit_test(every_survey_that_is_here_says_what_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
