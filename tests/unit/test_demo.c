/* How a hazard's forms are run and judged, on hazards made for this. What the real ones show is
 * tests/cli/demo.bats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "leftovers.h"

#include "harness/demo/support/drive.h"
#include "harness/demo/support/must.h"
#include "harness/demo/support/pace.h"
#include "harness/measure/registry.h"
#include "harness/util/interrupt.h"

#include <math.h>
#include <signal.h>
#include <string.h>

#define LIMIT_S 60.0
#define SHORT_S 0.2

/* ---- forms ---- */

static void shows_nothing(const struct demo_run *run)
{
    demo_figure(run, 0, "", "lost");
}

static void shows(const struct demo_run *run)
{
    demo_figure(run, 3, "s", "lost, %s", "threads");
    demo_event(run, "event %d", 1);
    demo_showed(run, "%d are lost", 3);
}

static void hangs(const struct demo_run *run)
{
    demo_event(run, "waits for what never comes");
    while (true)
        pace_pause(1);
}

static void shows_and_hangs(const struct demo_run *run)
{
    shows(run);
    hangs(run);
}

static void shows_and_crashes(const struct demo_run *run)
{
    shows(run);
    signal(SIGABRT, SIG_DFL);
    raise(SIGABRT);
}

static void shows_and_exits(const struct demo_run *run)
{
    shows(run);
    _exit(7);
}

static void cannot(const struct demo_run *run)
{
    shows(run);
    demo_cannot(run, "there is no %s", "memory");
}

static void cannot_in_a_child(const struct demo_run *run)
{
    if (must_fork(run) == 0)
        cannot(run);
    wait(NULL);
}

static void tells_too_much(const struct demo_run *run)
{
    char text[2 * DEMO_LINE_MAX];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (int i = 0; i < DEMO_LINES_MAX + 3; i++)
        demo_event(run, "%s", text);
    for (int i = 0; i < DEMO_FIGURES_MAX + 4; i++)
        demo_figure(run, i, text, "figure %d", i);
}

/* A child and a grandchild whose parent ends before it, for ever. */
static void leaves_processes(const struct demo_run *run)
{
    if (fork() == 0)
        hangs(run);
    pid_t parent = fork();
    if (parent == 0) {
        if (fork() == 0)
            hangs(run);
        _exit(0);
    }
    waitpid(parent, NULL, 0);
}

static void leaves_processes_and_hangs(const struct demo_run *run)
{
    leaves_processes(run);
    hangs(run);
}

static void kills_its_keeper(const struct demo_run *run)
{
    leaves_processes(run);
    kill(getppid(), SIGKILL);
    hangs(run);
}

/* ---- tests ---- */

static struct drive_outcome outcome;

/* Runs a form as a hazard's unmended or mended one; whether it did what such a form promises. */
static bool promised(
    enum drive_which which, void (*form)(const struct demo_run *run), double hang_s, double limit_s)
{
    const struct demo demo = {.name = "made",
        .unmended = {"unmended", form},
        .mended = {"mended", form},
        .hang_s = hang_s};
    drive_free(&outcome);
    assert_int_equal(drive_run(&demo, which, 1, limit_s, &outcome), 0);
    return drive_as_promised(which, &outcome);
}

static int forget(void **state)
{
    drive_free(&outcome);
    return leftovers_check(state);
}

static void unmended_must_show_and_mended_must_not(void **state)
{
    (void)state;
    assert_true(promised(DRIVE_UNMENDED, shows, 0, LIMIT_S));
    assert_false(promised(DRIVE_MENDED, shows, 0, LIMIT_S));
    assert_false(promised(DRIVE_UNMENDED, shows_nothing, 0, LIMIT_S));
    assert_true(promised(DRIVE_MENDED, shows_nothing, 0, LIMIT_S));
    assert_int_equal(outcome.end, DRIVE_ENDED);
}

static void figures_and_lines_are_read_as_they_were_told(void **state)
{
    (void)state;
    promised(DRIVE_UNMENDED, shows, 0, LIMIT_S);
    const struct report_figure *figure = report_figure_named(outcome.report, "lost, threads");
    assert_non_null(figure);
    assert_true(figure->value == 3);
    assert_string_equal(figure->unit, "s");
    assert_null(report_figure_named(outcome.report, "lost"));
    unsigned at = 0;
    const struct report_line *line = report_line_next(outcome.report, &at);
    assert_string_equal(line->text, "event 1");
    assert_int_equal(line->kind, REPORT_EVENT);
    line = report_line_next(outcome.report, &at);
    assert_string_equal(line->text, "3 are lost");
    assert_int_equal(line->kind, REPORT_SHOWED);
    assert_null(report_line_next(outcome.report, &at));
    assert_int_equal(report_dropped(outcome.report), 0);
}

static void form_that_hangs_is_killed_and_shows_nothing(void **state)
{
    (void)state;
    assert_false(promised(DRIVE_UNMENDED, shows_and_hangs, 0, SHORT_S));
    assert_int_equal(outcome.end, DRIVE_KILLED);
    assert_false(promised(DRIVE_MENDED, hangs, 0, SHORT_S));
    assert_int_equal(outcome.end, DRIVE_KILLED);
}

static void hang_that_is_the_failure_shows_it_in_the_unmended_form_alone(void **state)
{
    (void)state;
    char end[DEMO_LINE_MAX];
    assert_true(promised(DRIVE_UNMENDED, hangs, SHORT_S, LIMIT_S));
    assert_int_equal(outcome.end, DRIVE_KILLED);
    assert_string_equal(
        drive_end_text(&outcome, end, sizeof end), "was still at it after 200 ms and was killed");
    assert_false(promised(DRIVE_UNMENDED, shows_nothing, SHORT_S, LIMIT_S));
    assert_false(promised(DRIVE_MENDED, hangs, SHORT_S, SHORT_S));
}

static void form_that_crashes_or_exits_shows_nothing(void **state)
{
    (void)state;
    char end[DEMO_LINE_MAX];
    assert_false(promised(DRIVE_UNMENDED, shows_and_crashes, 0, LIMIT_S));
    assert_int_equal(outcome.end, DRIVE_DIED);
    assert_string_equal(
        drive_end_text(&outcome, end, sizeof end), "was ended by signal 6 (Aborted)");
    assert_false(promised(DRIVE_UNMENDED, shows_and_exits, 0, LIMIT_S));
    assert_string_equal(drive_end_text(&outcome, end, sizeof end), "left with status 7");
}

static void form_that_cannot_run_shows_nothing_and_says_why(void **state)
{
    (void)state;
    void (*const forms[])(const struct demo_run *run) = {cannot, cannot_in_a_child};
    for (int i = 0; i < 2; i++) {
        assert_false(promised(DRIVE_UNMENDED, forms[i], 0, LIMIT_S));
        assert_int_equal(outcome.end, DRIVE_UNABLE);
        const struct report_line *line = NULL, *last = NULL;
        for (unsigned at = 0; (line = report_line_next(outcome.report, &at));)
            last = line;
        assert_int_equal(last->kind, REPORT_CANNOT);
        assert_string_equal(last->text, "there is no memory");
        assert_false(promised(DRIVE_MENDED, forms[i], 0, LIMIT_S));
    }
}

static void what_there_is_no_room_for_is_cut_and_counted(void **state)
{
    (void)state;
    promised(DRIVE_UNMENDED, tells_too_much, 0, LIMIT_S);
    assert_int_equal(outcome.end, DRIVE_ENDED);
    assert_int_equal(report_dropped(outcome.report), 3 + 4);
    unsigned at = 0, lines = 0;
    for (const struct report_line *line; (line = report_line_next(outcome.report, &at)); lines++)
        assert_int_equal(strlen(line->text), DEMO_LINE_MAX - 1);
    assert_int_equal(lines, DEMO_LINES_MAX);
}

/* That they are gone is seen by the teardown of each test. */
static void processes_that_a_form_leaves_end_with_it(void **state)
{
    (void)state;
    promised(DRIVE_UNMENDED, leaves_processes, 0, LIMIT_S);
    assert_int_equal(outcome.end, DRIVE_ENDED);
}

static void processes_of_a_form_that_is_killed_end_with_it(void **state)
{
    (void)state;
    promised(DRIVE_UNMENDED, leaves_processes_and_hangs, 0, SHORT_S);
    assert_int_equal(outcome.end, DRIVE_KILLED);
}

static void death_of_the_keeper_ends_the_form_with_its_processes(void **state)
{
    (void)state;
    assert_false(promised(DRIVE_MENDED, kills_its_keeper, 0, LIMIT_S));
    assert_int_equal(outcome.end, DRIVE_DIED);
}

static void each_hazard_keeps_the_contract(void **state)
{
    (void)state;
    assert_non_null(registry_demos[0].name);
    for (const struct registry_demo *at = registry_demos; at->name; at++) {
        assert_ptr_equal(registry_demo(at->name), at);
        const struct demo *demo = at->demo;
        if (!demo)
            continue;
        assert_string_equal(demo->name, at->name);
        assert_true(*demo->summary && strlen(demo->summary) < 100);
        assert_true(strlen(demo->description) > 200);
        assert_non_null(demo_kind_name(demo->kind));
        assert_true(*demo->unmended.what && *demo->mended.what);
        assert_non_null(demo->unmended.run);
        assert_non_null(demo->mended.run);
        assert_true(demo->hang_s >= 0 && demo->hang_s < 5);
    }
    assert_null(registry_demo("Race"));
    assert_null(registry_demo(""));
}

static int begin(void **state)
{
    (void)state;
    interrupt_install();
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, leftovers_mark, forget)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(unmended_must_show_and_mended_must_not),
        TEST(figures_and_lines_are_read_as_they_were_told),
        TEST(form_that_hangs_is_killed_and_shows_nothing),
        TEST(hang_that_is_the_failure_shows_it_in_the_unmended_form_alone),
        TEST(form_that_crashes_or_exits_shows_nothing),
        TEST(form_that_cannot_run_shows_nothing_and_says_why),
        TEST(what_there_is_no_room_for_is_cut_and_counted),
        TEST(processes_that_a_form_leaves_end_with_it),
        TEST(processes_of_a_form_that_is_killed_end_with_it),
        TEST(death_of_the_keeper_ends_the_form_with_its_processes),
        TEST(each_hazard_keeps_the_contract),
    };
    return cmocka_run_group_tests(tests, begin, NULL);
}
