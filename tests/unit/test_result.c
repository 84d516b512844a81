/* The result file there and back: what is written is read back the same, and passes the schema. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "near.h"
#include "result_files.h"

static void a_saved_result_is_loaded_the_same(void **state)
{
    (void)state;
    struct result *result = full_result();
    save(result);
    struct result *back = load();
    assert_string_equal(back->label, "made");
    assert_string_equal(back->started, "2024-05-06T07:08:09Z");
    assert_true(back->seed == UINT64_MAX);
    assert_true(json_equal(back->machine, result->machine));
    assert_string_equal(back->case_kind, "cpu");
    assert_string_equal(back->answer, "42");
    assert_int_equal(back->params_count, 2);
    assert_string_equal(back->params[1].value, "\"quoted\"\n\ttab \x01 é");
    assert_true(back->configs[1].workers == UINT32_MAX);
    assert_int_equal(back->samples_count, 14);
    assert_true(back->samples[0].checksum == UINT64_MAX);
    assert_near(back->samples[0].wall_s, 1.0 / 3, 1e-12);
    assert_near(back->samples[1].wall_s, 0.123456789, 0);
    assert_true(back->samples[1].tasks == INT64_MAX);
    assert_true(back->samples[3].checksum_wrong);
    assert_string_equal(back->commands[1].text, result->commands[1].text);
    assert_int_equal(back->runs[0].exit_code, -1);
    assert_int_equal(back->searches[1].axis, RESULT_BY_GRAIN);
    assert_near(back->pairs[0].serial_s, 2.236e-8, 0);
    assert_string_equal(back->axis, "size [bytes]");
    assert_near(back->figures[0].x, 64, 0);
    assert_near(back->figures[1].x, 0, 0);
    assert_near(back->readings[3].value, -1.25e9, 0);
    assert_string_equal(back->readings[1].note, "\"noted\"");
    assert_string_equal(back->readings[2].failure, "no end within 1 s");
    result_free(back);
    result_free(result);
}

static void saving_again_gives_the_same_bytes(void **state)
{
    (void)state;
    struct result *result = full_result();
    save(result);
    char *first = strdup(read_text(path));
    struct result *back = load();
    save(back);
    assert_string_equal(read_text(path), first);
    free(first);
    result_free(back);
    result_free(result);
}

static void a_loaded_result_can_be_appended_to(void **state)
{
    (void)state;
    struct result *result = full_result();
    save(result);
    result_free(result);
    result = load();
    for (unsigned i = 0; i < 40; i++) {
        made_sample(result, 7 + i, 0, 1);
        result_add_param(result, "name", "value");
    }
    save(result);
    result_free(result);
    result = load();
    assert_int_equal(result->samples_count, 54);
    assert_int_equal(result->blocks_count, 47);
    assert_string_equal(result->params[41].value, "value");
    result_free(result);
}

static void assert_schema_takes(const char *file)
{
    char command[2 * PATH_MAX];
    snprintf(command, sizeof command, "tests/schema-check %s", file);
    int status = system(command); /* NOLINT: a fixed command in a folder of our own */
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void written_files_pass_the_schema(void **state)
{
    (void)state;
    struct result *result = full_result();
    save(result);
    assert_schema_takes(path);
    result_free(result);
    result = result_new("empty");
    save(result);
    assert_schema_takes(path);
    struct result *back = load();
    assert_null(back->answer);
    assert_int_equal(back->samples_count, 0);
    result_free(back);
    result_free(result);
}

static void every_row_is_a_line_with_each_member_under_its_key(void **state)
{
    (void)state;
    static const char *const lines[] = {
        " \"tasks\": 100,",
        "  \"cpus_changed\": true,",
        "  \"psi_cpu\": 12.5,",
        "  \"stalled_us\": 5",
        "  {\"name\": \"grain\", \"value\": \"10us\"},",
        "  {\"backend\": \"serial\", \"workers\": 1, \"chunk\": 0},",
        "  {\"at_s\": 6.0, \"canary_s\": 0.0001}",
        "  {\"block\": 5, \"config\": 1, \"order\": 1, \"at_s\": 987.654321987, "
        "\"tasks\": 9223372036854775807, \"regions\": 3, \"wall_s\": 0.123456789, "
        "\"start_s\": 1e-5, \"stop_s\": 2e-5, \"cpu_s\": 0.2, \"user_s\": 0.3, "
        "\"system_s\": 0.4, \"voluntary\": 5, \"involuntary\": 6, \"minor_faults\": 7, "
        "\"major_faults\": 8, \"ok\": 9, \"errors\": 10, \"lost\": 11, \"timeout\": 2560, "
        "\"died\": 5, "
        "\"checksum\": \"0x000000000000000c\", \"checksum_wrong\": true, "
        "\"peak_memory\": 1073741824, \"failure\": \"\"},",
        "  {\"config\": 0, \"text\": \"poolbench run spin\"},",
        "  {\"block\": 4, \"command\": 1, \"order\": 2, \"wall_s\": 0.25, \"user_s\": 0.1, "
        "\"system_s\": 0.05, \"exit_code\": -1}",
        "  {\"backend\": \"processes\", \"workers\": 2, \"chunk\": 0, \"axis\": \"tasks\", "
        "\"cold\": true, \"target\": 0.5, \"from\": 1.0, \"to\": 10000.0},",
        "  {\"search\": 1, \"nominal\": 22.36, \"tasks\": 1000000, \"serial_s\": 2.236e-8, "
        "\"pool_s\": 0.1}",
    };
    struct result *result = full_result();
    save(result);
    result_free(result);
    const char *text = read_text(path);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        const char *at = strstr(text, lines[i]);
        if (!at || at[-1] != '\n' || at[strlen(lines[i])] != '\n')
            fail_msg("not there: %s", lines[i]);
    }
    assert_true(text[strlen(text) - 1] == '\n');
}

static void a_split_is_kept_and_left_out_where_there_is_none(void **state)
{
    (void)state;
    struct result *result = full_result();
    unsigned config = made_config(result, "hybrid", 8);
    split_write(result->configs[config].split, 8, 4);
    struct result_search search = result->searches[0];
    search.config = result->configs[config];
    unsigned index = result_add_search(result, &search);
    save(result);
    assert_schema_takes(path);
    struct result *back = load();
    assert_string_equal(back->configs[config].split, "2x4");
    assert_string_equal(result_name(&back->configs[config]).text, "hybrid 2x4");
    assert_int_equal(split_threads(back->searches[index].config.split), 4);
    assert_string_equal(back->configs[1].split, "");
    assert_string_equal(result_name(&back->configs[1]).text, "threads");
    result_free(back);
    result_free(result);
}

static void pilots_and_a_level_are_kept_and_left_out_where_there_are_none(void **state)
{
    (void)state;
    struct result *result = full_result();
    save(result);
    assert_null(strstr(read_text(path), "pilot"));
    assert_null(strstr(read_text(path), "alpha"));
    result->blocks[1].pilot = true;
    result->alpha = 0.01;
    save(result);
    assert_schema_takes(path);
    assert_non_null(strstr(read_text(path), "\n \"alpha\": 0.01,\n"));
    struct result *back = load();
    assert_true(back->blocks[1].pilot && !back->blocks[0].pilot && !back->blocks[2].pilot);
    assert_near(back->alpha, 0.01, 0);
    result_free(back);
    result_free(result);
}

static void bytes_that_are_no_utf_8_are_written_as_question_marks(void **state)
{
    (void)state;
    struct result *result = full_result();
    strcpy(result->samples[7].failure, "caf\xe9.jpg \xc3\xa9 cut \xe2\x82");
    save(result);
    struct result *back = load();
    assert_string_equal(back->samples[7].failure, "caf?.jpg \xc3\xa9 cut ??");
    result_free(back);
    result_free(result);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        TEST(a_saved_result_is_loaded_the_same),
        TEST(saving_again_gives_the_same_bytes),
        TEST(a_loaded_result_can_be_appended_to),
        TEST(written_files_pass_the_schema),
        TEST(every_row_is_a_line_with_each_member_under_its_key),
        TEST(a_split_is_kept_and_left_out_where_there_is_none),
        TEST(pilots_and_a_level_are_kept_and_left_out_where_there_are_none),
        TEST(bytes_that_are_no_utf_8_are_written_as_question_marks),
    };
    return cmocka_run_group_tests_name("result", tests, NULL, NULL);
}
