/* The report's pictures: gnuplot that draws, is missing, fails or is interrupted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness/util/interrupt.h"
#include "reported.h"

static void pictures_are_drawn_and_shown(void **state)
{
    (void)state;
    static const char *const drawn[] = {
        "http.speedup", "http.efficiency", "http.throughput", "breakeven.grain"};
    char name[128];
    need_gnuplot();
    save_sweep("http", "io");
    save_search(1.5);
    if (write_report(true, NULL))
        fail_msg("%s", why);
    char *text = read_text(below("REPORT.md"));
    for (size_t i = 0; i < sizeof drawn / sizeof *drawn; i++) {
        snprintf(name, sizeof name, "results/host/%s.svg", drawn[i]);
        assert_begins(name, "<?xml");
        assert_says(text, name);
        snprintf(name, sizeof name, "results/host/%s.png", drawn[i]);
        assert_begins(name, "\x89PNG");
    }
    free(text);
    /* 2 results, 2 data files, 4 pictures twice */
    assert_int_equal(count_files(below("results/host")), 12);
}

static void pictures_left_out_are_not_linked(void **state)
{
    (void)state;
    save_sweep("http", "io");
    char *text = written();
    assert_silent_on(text, "![");
    assert_silent_on(text, ".svg)");
    assert_int_equal(count_files(below("results/host")), 2);
    free(text);
}

/* A copy, as setenv may free what getenv gave. */
static char *search_path(void)
{
    const char *path = getenv("PATH");
    return strdup(path ? path : "/usr/bin:/bin");
}

static void missing_gnuplot_is_unavailable_and_writes_nothing(void **state)
{
    (void)state;
    char *path = search_path();
    save_sweep("http", "io");
    setenv("PATH", top, 1);
    enum status status = write_report(true, NULL);
    setenv("PATH", path, 1);
    free(path);
    assert_int_equal(status, STATUS_UNAVAILABLE);
    assert_says(why, "gnuplot");
    assert_says(why, "apt-get install gnuplot-nox");
    assert_int_equal(count_files(below("results/host")), 1);
    assert_int_equal(access(below("REPORT.md"), F_OK), -1);
}

/* Writes a program named gnuplot that behaves as its text says. */
static void fake_gnuplot(const char *text)
{
    FILE *file = fopen(below("gnuplot"), "we");
    assert_non_null(file);
    fprintf(file, "#!/bin/sh\n[ \"$2\" = --version ] && exit 0\n%s\n", text);
    fclose(file);
    assert_int_equal(chmod(below("gnuplot"), 0755), 0);
}

/* A report with pictures, drawn by a gnuplot that behaves as text says. */
static enum status write_with(const char *text)
{
    char *path = search_path(), *longer = NULL;
    fake_gnuplot(text);
    assert_true(asprintf(&longer, "%s:%s", top, path) > 0);
    setenv("PATH", longer, 1);
    enum status status = write_report(true, NULL);
    setenv("PATH", path, 1);
    free(longer);
    free(path);
    return status;
}

static void assert_gnuplot_fails(const char *text, const char *cause)
{
    assert_int_equal(write_with(text), STATUS_FAILED);
    assert_says(why, "gnuplot -c plots/speedup.gp ");
    assert_says(why, cause);
    assert_int_equal(access(below("REPORT.md"), F_OK), -1);
    assert_int_equal(count_files(below("results/host")), 2);
}

static void gnuplot_that_fails_is_told_with_its_last_words(void **state)
{
    (void)state;
    save_sweep("primes", "cpu");
    assert_gnuplot_fails(
        "echo warning >&2; echo 'line 3: no such thing' >&2; exit 1", ": line 3: no such thing");
    assert_gnuplot_fails("seq 100000; echo 'at last'; exit 1", ": at last");
    assert_gnuplot_fails("exit 3", "failed without a message");
    assert_gnuplot_fails("kill -9 $$", "ended by signal 9");
    assert_gnuplot_fails("echo '<?xml' >\"$5\"; exit 0", "it wrote no whole picture");
}

/* The last test, since a request to end is not taken back. */
static void signal_while_drawing_ends_the_report_in_order(void **state)
{
    (void)state;
    save_sweep("primes", "cpu");
    interrupt_install();
    assert_int_equal(write_with("kill -INT $PPID; kill -INT $$"), STATUS_INTERRUPTED);
    assert_int_equal(access(below("REPORT.md"), F_OK), -1);
    assert_int_equal(count_files(below("results/host")), 2);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_folders, remove_folders)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(pictures_are_drawn_and_shown),
        TEST(pictures_left_out_are_not_linked),
        TEST(missing_gnuplot_is_unavailable_and_writes_nothing),
        TEST(gnuplot_that_fails_is_told_with_its_last_words),
        TEST(signal_while_drawing_ends_the_report_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
