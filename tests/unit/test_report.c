/* The report's text, from result files made by hand to the bytes of REPORT.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness/report/number.h"
#include "harness/report/relative.h"
#include "reported.h"

#include <math.h>

/* ---- what stays the same ---- */

static void same_results_give_the_same_bytes(void **state)
{
    (void)state;
    save_sweep("primes", "cpu");
    save_sweep("http", "io");
    save_search(0.5);
    char *first = written(), *first_data = read_text(below("results/host/http.speedup.dat"));
    /* another order in the folder, another time, another zone, another language */
    char *http = read_text(below("results/host/http.json"));
    unlink(below("results/host/http.json"));
    FILE *file = fopen(below("results/host/http.json"), "we");
    assert_non_null(file);
    fputs(http, file);
    fclose(file);
    setenv("TZ", "Asia/Tokyo", 1);
    char *second = written(), *second_data = read_text(below("results/host/http.speedup.dat"));
    unsetenv("TZ");
    assert_string_equal(first, second);
    assert_string_equal(first_data, second_data);
    free(http);
    free(first);
    free(second);
    free(first_data);
    free(second_data);
}

static void cases_stand_in_order_whatever_the_folders_order(void **state)
{
    (void)state;
    static const char *const made[] = {"d", "b", "f", "a", "e", "c"};
    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        save_sweep(made[i], i == 3 ? "io" : "cpu");
    char *text = written();
    const char *at = text;
    for (const char *name = "bcdefa"; *name; name++) {
        char heading[] = "\n### x:";
        heading[5] = *name;
        at = strstr(at, heading);
        if (!at)
            fail_msg("%s is not where it belongs in:\n%s", heading + 1, text);
    }
    free(text);
}

static void report_names_no_absolute_path(void **state)
{
    (void)state;
    save_sweep("primes", "cpu");
    char *text = written();
    assert_silent_on(text, top);
    assert_says(text, "`results/host`");
    free(text);
}

static void paths_are_seen_from_the_reports_folder(void **state)
{
    (void)state;
    char path[PATH_MAX];
    assert_int_equal(relative_path(below("a.md"), below("results/host"), path, sizeof path), 0);
    assert_string_equal(path, "results/host");
    assert_int_equal(
        relative_path(below("results/host/a.md"), below("results/host"), path, sizeof path), 0);
    assert_string_equal(path, ".");
    mkdir(below("results/ho"), 0777);
    assert_int_equal(
        relative_path(below("results/ho/a.md"), below("results/host"), path, sizeof path), 0);
    assert_string_equal(path, "../host");
    assert_int_equal(
        relative_path(below("results/host/a.md"), below("results/ho"), path, sizeof path), 0);
    assert_string_equal(path, "../ho");
    assert_int_equal(relative_path(below("results/host/a.md"), top, path, sizeof path), 0);
    assert_string_equal(path, "../..");
    assert_int_equal(relative_path(below("a.md"), below("results/host"), path, 5), -1);
}

/* ---- what it says ---- */

static void numbers_have_three_digits_and_one_unit(void **state)
{
    (void)state;
    const struct interval speedup = {1.9312, 1.9051, 1.9499}, none = {0.5, NAN, NAN};
    const struct interval grain = {310.4e-9, 279.6e-9, 1.2e-6}, tasks = {1.64, 1, 2};
    assert_string_equal(number_interval(speedup).text, "1.93 [1.91, 1.95]");
    assert_string_equal(number_interval(none).text, "0.500 [\u2013, \u2013]");
    assert_string_equal(number_interval((struct interval){NAN, NAN, NAN}).text, "\u2013");
    assert_string_equal(number_seconds_interval(grain).text, "310 [280, 1200] ns");
    assert_string_equal(number_count_interval(tasks).text, "1.6 [1, 2]");
    assert_string_equal(number_plain(9.996).text, "10.0");
    assert_string_equal(number_seconds(0.9996).text, "1.00 s");
    assert_string_equal(number_seconds(0).text, "0");
    assert_string_equal(number_rate(12345).text, "12.3k");
    assert_string_equal(number_whole(1000000).text, "1,000,000");
    assert_string_equal(number_whole(999).text, "999");
    assert_string_equal(number_bytes(8.5 * 0x1p30).text, "8.50 GiB");
}

static void rows_have_speedup_and_mark_what_is_above_the_cpus(void **state)
{
    (void)state;
    save_sweep("primes", "cpu");
    char *text = written();
    assert_says(text, "| threads | 2 | 1.9");
    assert_says(text, "| threads | 4 \u2020 | 3.8");
    assert_says(text, "| CPU | Model T |");
    assert_says(text, "| memory | 8.00 GiB |");
    free(text);
}

static void summary_names_the_fewest_workers_that_tie_with_the_fastest(void **state)
{
    (void)state;
    struct result *result = new_result("spin", "cpu");
    made_config(result, "serial", 1);
    made_config(result, "threads", 2);
    made_config(result, "threads", 4);
    for (unsigned block = 0; block < BLOCKS; block++) {
        made_sample(result, block, 0, 1);
        made_sample(result, block, 1, block % 2 ? 0.50 : 0.52);
        made_sample(result, block, 2, block % 2 ? 0.49 : 0.515);
    }
    save(result, "spin");
    char *text = written();
    assert_says(text, "**spin** 1.96 [1.92, 2.00] (threads, 2 workers)");
    free(text);
    save_sweep("spin", "cpu");
    text = written();
    assert_says(text, "**spin** 3.89 [3.88, 3.90] (threads, 4 workers)");
    free(text);
}

static void pool_that_gains_nothing_is_not_praised(void **state)
{
    (void)state;
    save(new_sweep("spin", "cpu", sizes, 1, BLOCKS, 0.5), "spin");
    char *text = written();
    assert_says(text, "(threads, 1 worker; slower than serial)");
    free(text);
}

static void size_that_was_not_measured_is_said(void **state)
{
    (void)state;
    const unsigned some[] = {4, 13};
    save(new_sweep("http", "io", some, 2, BLOCKS, 0.97), "http");
    char *text = written();
    assert_says(
        text, "| URL fetch, pool of 4 | 14.4 s to 3.1 s | 4.6 | 4 | threads, 4 | 1.00 s to ");
    assert_says(text,
        "| URL fetch, pool of 8 | 14.4 s to 1.4 s | 10.3 | 8 | not measured in this profile |");
    assert_says(text, "not measured in this profile | \u2013 | \u2013 | \u2013 |\n");
    free(text);
}

static void interrupted_result_is_reported_as_far_as_it_got(void **state)
{
    (void)state;
    struct result *result = new_sweep("primes", "cpu", sizes, 3, 2, 0.97);
    result->complete = false;
    save(result, "primes");
    char *text = written();
    assert_says(text, "incomplete: interrupted, or out of time");
    assert_says(text, ", incomplete**");
    assert_says(text, "| threads | 2 | 1.94 [\u2013, \u2013] |");
    free(text);
}

static void result_without_samples_is_no_crash(void **state)
{
    (void)state;
    struct result *result = new_sweep("primes", "io", sizes, 3, 0, 1);
    result->complete = false;
    save(result, "primes");
    char *text = written();
    assert_says(text, "| threads | 2 | \u2013 | \u2013 |");
    free(text);
}

static void refused_verdict_is_shown_and_makes_no_statement(void **state)
{
    (void)state;
    struct result *result = new_sweep("powersum", "cpu", sizes, 3, BLOCKS, 0.97);
    result->samples[5].checksum_wrong = true;
    save(result, "powersum");
    char *text = written();
    assert_says(text, "| powersum | **REFUSED** |");
    assert_says(text, "> **REFUSED**: ");
    assert_says(text, "Do not use these numbers.");
    assert_says(text, "Left out here, because REFUSED: **powersum**.");
    assert_silent_on(text, "**powersum** 3");
    assert_says(text, "**1 sample wrong**");
    assert_says(text, "[1.9"); /* the table still has them */
    char *data = read_text(below("results/host/powersum.speedup.dat"));
    assert_says(data, "\"powersum, REFUSED\"");
    free(data);
    free(text);
}

static void failed_samples_are_shown_with_their_cause(void **state)
{
    (void)state;
    struct result *result = new_sweep("primes", "cpu", sizes, 3, BLOCKS, 0.97);
    for (size_t i = 0; i < result->samples_count; i++)
        if (result->samples[i].config == 2) {
            snprintf(result->samples[i].failure, sizeof result->samples[i].failure,
                "worker 1 died | signal 9");
            result->samples[i].wall_s = 0;
        }
    save(result, "primes");
    char *text = written();
    assert_says(text, "**10 samples failed**");
    assert_says(text, "- threads, 2 workers, failed: worker 1 died \\| signal 9\n");
    free(text);
}

static void pool_that_always_loses_is_said_with_the_range(void **state)
{
    (void)state;
    save_search(1.5);
    char *text = written();
    assert_says(text, "| threads | 2 | 1 | always slower than serial (tried 10.0 ns to 1.00 ms) |");
    assert_says(text, "more than 1.00 ms, the longest tried, (threads, 2 workers)");
    free(text);
}

static void pool_that_always_wins_is_said_with_the_range(void **state)
{
    (void)state;
    save_search(0.6);
    char *text = written();
    assert_says(text, "| threads | 2 | 1 | always faster than serial (tried 10.0 ns to 1.00 ms) |");
    assert_says(text, "no more than 10.0 ns, the shortest tried, (threads, 2 workers)");
    free(text);
}

static void whole_commands_stand_beside_what_the_inside_lets_expect(void **state)
{
    (void)state;
    struct result *result = new_sweep("primes", "cpu", sizes, 3, BLOCKS, 1);
    result_add_command(result, 0, "poolbench run primes -b serial");
    result_add_command(result, 2, "poolbench run primes -b threads -n 2");
    for (unsigned block = 0; block < BLOCKS; block++) {
        result_add_run(result, &(struct result_run){.block = block, .wall_s = 1.5});
        result_add_run(
            result, &(struct result_run){
                        .block = block, .command = 1, .wall_s = 1, .exit_code = block == 0});
    }
    save(result, "primes");
    char *text = written();
    assert_says(text, "| primes | threads | 2 | 1.00 s | 2.00 [");
    /* 1.5 s, of which 1.004 s in serial's region; the pool's takes 0.501 s */
    assert_says(text, "] | 1.50 [1.50, 1.50] | 1.51 | -0.3 % | ");
    assert_says(text, "| **1 failed** |");
    assert_says(text, "- `poolbench run primes -b threads -n 2`");
    free(text);
}

static void markup_in_texts_stays_text(void **state)
{
    (void)state;
    struct result *result = new_sweep("primes", "cpu", sizes, 3, BLOCKS, 1);
    result_add_param(result, "input", "a|b`c");
    free(result->command);
    result->command = strdup("poolbench sweep 'a|b'");
    free(result->case_summary);
    result->case_summary = strdup("i < n\nand *more*");
    save(result, "primes");
    char *text = written();
    assert_says(text, "`` input=a|b`c ``");
    assert_says(text, "### primes: i \\< n and \\*more\\*\n");
    assert_says(text, "| primes | `poolbench sweep 'a\\|b'` |");
    free(text);
}

/* ---- what is there to read ---- */

static void empty_folder_says_what_to_run(void **state)
{
    (void)state;
    assert_int_equal(write_report(false, NULL), STATUS_FAILED);
    assert_says(why, "no results in ");
    assert_says(why, "results/host: run `make report` or `poolbench sweep` first");
    rmdir(below("results/host"));
    assert_int_equal(write_report(false, NULL), STATUS_FAILED);
    assert_says(why, "results/host: run `make report` or `poolbench sweep` first");
    assert_int_equal(access(below("REPORT.md"), F_OK), -1);
}

static void foreign_file_is_told_and_left_out(void **state)
{
    (void)state;
    char *messages = NULL;
    size_t size;
    FILE *stream = open_memstream(&messages, &size);
    FILE *foreign = fopen(below("results/host/package.json"), "we");
    assert_non_null(foreign);
    fputs("{\"name\": 1}", foreign);
    fclose(foreign);
    assert_int_equal(write_report(false, stream), STATUS_FAILED);
    assert_says(why, "(1 other .json file is there)");
    save_sweep("primes", "cpu");
    assert_int_equal(write_report(false, stream), STATUS_DONE);
    fclose(stream);
    assert_says(messages, "left out: ");
    assert_says(messages, "package.json");
    char *text = read_text(below("REPORT.md"));
    assert_says(
        text, "Left out, because this version cannot read them as results: `package.json`.");
    free(text);
    free(messages);
}

static void report_that_cannot_be_written_leaves_nothing(void **state)
{
    (void)state;
    save_sweep("primes", "cpu");
    mkdir(below("REPORT.md"), 0777);
    assert_int_equal(write_report(false, NULL), STATUS_FAILED);
    assert_says(why, "REPORT.md: cannot be written: Is a directory");
    assert_int_equal(count_files(top), 2);
    assert_int_equal(count_files(below("results/host")), 2); /* primes.json, primes.speedup.dat */
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_folders, remove_folders)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(same_results_give_the_same_bytes),
        TEST(cases_stand_in_order_whatever_the_folders_order),
        TEST(report_names_no_absolute_path),
        TEST(paths_are_seen_from_the_reports_folder),
        TEST(numbers_have_three_digits_and_one_unit),
        TEST(rows_have_speedup_and_mark_what_is_above_the_cpus),
        TEST(summary_names_the_fewest_workers_that_tie_with_the_fastest),
        TEST(pool_that_gains_nothing_is_not_praised),
        TEST(size_that_was_not_measured_is_said),
        TEST(interrupted_result_is_reported_as_far_as_it_got),
        TEST(result_without_samples_is_no_crash),
        TEST(refused_verdict_is_shown_and_makes_no_statement),
        TEST(failed_samples_are_shown_with_their_cause),
        TEST(pool_that_always_loses_is_said_with_the_range),
        TEST(pool_that_always_wins_is_said_with_the_range),
        TEST(whole_commands_stand_beside_what_the_inside_lets_expect),
        TEST(markup_in_texts_stays_text),
        TEST(empty_folder_says_what_to_run),
        TEST(foreign_file_is_told_and_left_out),
        TEST(report_that_cannot_be_written_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
