/* Tables of parameters: defaults, values, ranges, and messages that say what is accepted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "harness/util/param.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct param table[] = {
    {.name = "tasks",
        .letter = 'N',
        .type = PARAM_COUNT,
        .value = "10k",
        .min = 1,
        .max = 1e6,
        .help = "how many"},
    {.name = "free", .type = PARAM_COUNT, .help = "any number"},
    {.name = "rate", .type = PARAM_REAL, .value = "0.5", .max = 1, .help = "a share"},
    {.name = "wait",
        .type = PARAM_DURATION,
        .value = "20ms",
        .min = 1e6,
        .max = 1e9,
        .help = "how long"},
    {.name = "shape",
        .type = PARAM_CHOICE,
        .value = "even",
        .choices = "even|uneven|odd",
        .help = "which"},
    {.name = "sizes", .letter = 'n', .type = PARAM_LIST, .value = "1,2", .help = "sizes"},
    {.name = "file", .type = PARAM_TEXT, .choices = "FILE", .help = "a path"},
    {.name = "param", .type = PARAM_MANY, .help = "again and again"},
    {.name = "quick", .letter = 'q', .type = PARAM_FLAG, .help = "hurry"},
    {.name = "width",
        .type = PARAM_PERCENT,
        .value = "5%",
        .min = 0.001,
        .max = 1,
        .help = "how wide"},
    {.name = NULL},
};

static char why[512];

static void set(struct param_values *values, const char *name, const char *text)
{
    if (param_set(values, name, text, why, sizeof why))
        fail_msg("%s", why);
}

static void defaults_are_there_but_not_given(void **state)
{
    (void)state;
    struct param_values *values = param_new(table);
    assert_int_equal(param_count(values, "tasks"), 10000);
    assert_int_equal(param_count(values, "free"), 0);
    assert_true(param_real(values, "rate") == 0.5);
    assert_true(param_real(values, "width") == 0.05);
    assert_int_equal(param_duration(values, "wait"), 20000000);
    assert_string_equal(param_text(values, "shape"), "even");
    assert_string_equal(param_text(values, "sizes"), "1,2");
    assert_null(param_text(values, "file"));
    assert_null(param_many(values, "param", 0));
    assert_false(param_flag(values, "quick"));
    for (const struct param *entry = table; entry->name; entry++)
        assert_false(param_given(values, entry->name));
    param_free(values);
}

static void a_value_that_is_set_replaces_the_one_before(void **state)
{
    (void)state;
    struct param_values *values = param_new(table);
    set(values, "tasks", "2k");
    set(values, "tasks", "1M");
    set(values, "rate", "1");
    set(values, "width", "12.5%");
    set(values, "wait", "1s");
    set(values, "shape", "odd");
    set(values, "sizes", "4-16,-1");
    set(values, "file", "");
    set(values, "quick", NULL);
    assert_int_equal(param_count(values, "tasks"), 1000000);
    assert_string_equal(param_text(values, "tasks"), "1M");
    assert_true(param_real(values, "rate") == 1);
    assert_true(param_real(values, "width") == 0.125);
    assert_int_equal(param_duration(values, "wait"), 1000000000);
    assert_string_equal(param_text(values, "shape"), "odd");
    assert_string_equal(param_text(values, "sizes"), "4-16,-1");
    assert_string_equal(param_text(values, "file"), "");
    assert_true(param_flag(values, "quick"));
    for (const struct param *entry = table; entry->name; entry++)
        assert_int_equal(param_given(values, entry->name),
            strcmp(entry->name, "free") != 0 && strcmp(entry->name, "param") != 0);
    param_free(values);
}

static void many_values_are_kept_in_order(void **state)
{
    (void)state;
    struct param_values *values = param_new(table);
    set(values, "param", "b=1");
    set(values, "param", "a=2");
    set(values, "param", "b=1");
    assert_string_equal(param_many(values, "param", 0), "b=1");
    assert_string_equal(param_many(values, "param", 1), "a=2");
    assert_string_equal(param_many(values, "param", 2), "b=1");
    assert_null(param_many(values, "param", 3));
    param_free(values);
}

static void a_refusal_names_the_parameter_the_text_and_what_is_accepted(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text, *why;
    } bad[] = {
        {"speed", "1", "unknown parameter \"speed\""},
        {"task", "1", "unknown parameter \"task\""},
        {"", "1", "unknown parameter \"\""},
        {"tasks", "0", "tasks: \"0\" is not a whole number (10k, 1M) from 1 to 1000000"},
        {"tasks", "1000001",
            "tasks: \"1000001\" is not a whole number (10k, 1M) from 1 to 1000000"},
        {"tasks", "many", "tasks: \"many\" is not a whole number (10k, 1M) from 1 to 1000000"},
        {"free", "-1", "free: \"-1\" is not a whole number (10k, 1M)"},
        {"rate", "1.01", "rate: \"1.01\" is not a number from 0 to 1"},
        {"rate", "-0.01", "rate: \"-0.01\" is not a number from 0 to 1"},
        {"rate", "nan", "rate: \"nan\" is not a number from 0 to 1"},
        {"width", "5", "width: \"5\" is not a percentage (5%) from 0.1% to 100%; the % is missing"},
        {"width", "101%", "width: \"101%\" is not a percentage (5%) from 0.1% to 100%"},
        {"wait", "20", "wait: \"20\" is not a duration with its unit (20ms, 1s) from 1 ms to 1 s"},
        {"wait", "2s", "wait: \"2s\" is not a duration with its unit (20ms, 1s) from 1 ms to 1 s"},
        {"shape", "eve", "shape: \"eve\" is not one of even|uneven|odd"},
        {"shape", "even|uneven", "shape: \"even|uneven\" is not one of even|uneven|odd"},
        {"shape", "", "shape: \"\" is not one of even|uneven|odd"},
        {"sizes", "1,,2", "sizes: \"1,,2\" is not a list of whole numbers (1,2,4-16)"},
    };
    struct param_values *values = param_new(table);
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_int_equal(param_set(values, bad[i].name, bad[i].text, why, sizeof why), -1);
        assert_string_equal(why, bad[i].why);
        if (param_find(table, bad[i].name))
            assert_false(param_given(values, bad[i].name));
    }
    assert_string_equal(param_text(values, "tasks"), "10k");
    param_free(values);
}

static void a_table_may_be_empty(void **state)
{
    (void)state;
    struct param_values *values = param_new(NULL);
    assert_int_equal(param_set(values, "x", "1", why, sizeof why), -1);
    assert_string_equal(why, "unknown parameter \"x\"");
    param_free(values);
    param_free(NULL);
    assert_null(param_find(NULL, "x"));
    assert_null(param_find_letter(NULL, 'x'));
}

static void entries_are_found_by_name_and_by_letter(void **state)
{
    (void)state;
    assert_ptr_equal(param_find(table, "wait"), &table[3]);
    assert_ptr_equal(param_find_letter(table, 'n'), &table[5]);
    assert_ptr_equal(param_find_letter(table, 'N'), &table[0]);
    assert_null(param_find(table, "Wait"));
    assert_null(param_find_letter(table, 'x'));
}

static void usage_has_a_line_an_entry_with_its_default(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    param_usage(out, table, true);
    fclose(out);
    size_t lines = 0;
    for (const char *at = text; (at = strchr(at, '\n')); at++)
        lines++;
    assert_int_equal(lines, COUNT(table) - 1);
    assert_non_null(strstr(text, "  -N, --tasks N                  how many (default 10k)\n"));
    assert_non_null(strstr(text, "  --shape even|uneven|odd        which (default even)\n"));
    assert_non_null(strstr(text, "  --width X%                     how wide (default 5%)\n"));
    assert_non_null(strstr(text, "  --file FILE                    a path\n"));
    assert_non_null(strstr(text, "  -q, --quick                    hurry\n"));
    free(text);
}

/* Runs in a child whose stderr is the given pipe. */
static _Noreturn void misuse(int out, void (*wrong)(void))
{
    dup2(out, STDERR_FILENO);
    signal(SIGABRT, SIG_DFL); /* and not the sanitizer's handler */
    wrong();
    _exit(0);
}

static void assert_aborts(void (*wrong)(void), const char *message)
{
    int ends[2], status;
    char text[512] = "";
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        misuse(ends[1], wrong);
    close(ends[1]);
    assert_true(read(ends[0], text, sizeof text - 1) > 0);
    close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_non_null(strstr(text, message));
}

static void use_a_bad_default(void)
{
    static const struct param bad[] = {
        {.name = "width", .type = PARAM_COUNT, .value = "wide"}, {.name = NULL}};
    param_new(bad);
}

static void read_what_is_not_in_the_table(void)
{
    param_count(param_new(table), "height");
}

static void mistakes_in_a_table_abort_with_the_name(void **state)
{
    (void)state;
    assert_aborts(use_a_bad_default, "width");
    assert_aborts(read_what_is_not_in_the_table, "height");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_there_but_not_given),
        cmocka_unit_test(a_value_that_is_set_replaces_the_one_before),
        cmocka_unit_test(many_values_are_kept_in_order),
        cmocka_unit_test(a_refusal_names_the_parameter_the_text_and_what_is_accepted),
        cmocka_unit_test(a_table_may_be_empty),
        cmocka_unit_test(entries_are_found_by_name_and_by_letter),
        cmocka_unit_test(usage_has_a_line_an_entry_with_its_default),
        cmocka_unit_test(mistakes_in_a_table_abort_with_the_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
