/* What the reader of result files refuses, by name, is what the schema forbids; and nothing that
 * may stand in a file makes it crash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/util/hash.h"
#include "result_files.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* The text of a full file with the first `from` behind `after` replaced by `to`; write it. */
static void write_changed(const char *after, const char *from, const char *to)
{
    struct result *result = full_result();
    save(result);
    result_free(result);
    const char *text = read_text(path), *start = strstr(text, after);
    const char *at = start ? strstr(start, from) : NULL;
    if (!at)
        fail_msg("no %s behind %s", from, after);
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    fprintf(stream, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    fclose(stream);
}

struct change {
    const char *after, *from, *to; /* what is done to a good file */
    const char *place, *cause;     /* what the reader says */
    bool beyond_schema;            /* a rule between values, which JSON Schema cannot say */
};

static const struct change changes[] = {
    {"", "result/v1", "result/v2", "schema", "poolbench/result/v2", false},
    {"", "\"label\": \"made\"", "\"label\": \"\"", "label", "empty", false},
    {"", "\"label\": \"made\"", "\"label\": 7", "label", "not a text", false},
    {"", "\"label\"", "\"lable\"", "label", "missing", false},
    {"", "\"complete\": true", "\"complete\": 1", "complete", "not true or false", false},
    {"", "\"seed\": \"0xffff", "\"seed\": \"0xFFFF", "seed", "hexadecimal", false},
    {"", "\"seed\": \"0xf", "\"seed\": \"0x", "seed", "hexadecimal", false},
    {"", "\"usable_cpus\": 2", "\"usable_cpus\": 2.5", "usable_cpus", "whole", false},
    {"", "\"usable_cpus\": 2", "\"usable_cpus\": -2", "usable_cpus", "-2 is not in", false},
    {"", "\"usable_cpus\": 2", "\"usable_cpus\": 4294967296", "usable_cpus", "4294967296", false},
    {"", "\"usable_cpus\"", "\"alpha\": 1, \"usable_cpus\"", "alpha", "1 is not below 1", false},
    {"", "\"usable_cpus\"", "\"alpha\": -0.1, \"usable_cpus\"", "alpha", "below 0", false},
    {"", "\"window_s\": 10.0", "\"window_s\": \"10\"", "noise.window_s", "not a number", false},
    {"", "\"psi_cpu\": 12.5", "\"psi_cpu\": -2", "noise.psi_cpu", "below -1", false},
    {"", "\"kind\": \"cpu\"", "\"kind\": \"gpu\"", "kind", "'gpu' is not known", false},
    {"", "\"params\": [", "\"more\": 1, \"params\": [", "more", "not a key", false},
    {"\"machine\"", "{", "[{", "line", "", false},
    {"\"configs\"", "\"workers\": 1,", "\"workers\": 0,", "configs[0].workers", "0", false},
    {"\"configs\"", "\"threads\"", "\"\"", "configs[1].backend", "empty", false},
    {"\"configs\"", "{\"backend\": \"serial\", \"workers\": 1, \"chunk\": 0}", "7", "configs[0]",
        "not an object", false},
    {"\"configs\"", "0}", "0, \"split\": \"\"}", "configs[0].split", "empty", false},
    {"\"configs\"", "0}", "0, \"split\": \"1y1\"}", "configs[0].split", "no split of 1", false},
    {"\"configs\"", "0}", "0, \"split\": \"1x2\"}", "configs[0].split", "no split of 1", true},
    {"\"configs\"", "0}", "0, \"split\": 1}", "configs[0].split", "not a text", false},
    {"\"blocks\"", "\"canary_s\": ", "\"canary_s\": -", "blocks[0].canary_s", "below 0", false},
    {"\"blocks\"", "\"canary_s\"", "\"extra\": 1, \"canary_s\"", "blocks[0].extra", "not a key",
        false},
    {"\"blocks\"", "\"canary_s\"", "\"pilot\": 1, \"canary_s\"", "blocks[0].pilot",
        "not true or false", false},
    {"\"samples\"", "\"order\": 0, ", "", "samples[0].order", "missing", false},
    {"\"samples\"", "\"order\": 0, ", "\"order\": 0, \"order\": 1, ", "line", "duplicate", true},
    {"\"samples\"", "\"block\": 0", "\"block\": 7", "samples[0].block", "there are 7", true},
    {"\"samples\"", "\"config\": 1", "\"config\": 2", "samples[1].config", "there are 2", true},
    {"\"samples\"", "\"config\": 1", "\"config\": 0", "samples[1].config", "block 0 has already",
        true},
    {"\"samples\"", "\"tasks\": 100", "\"tasks\": 9223372036854775808", "line", "integer", false},
    {"\"samples\"", "\"regions\": 1", "\"regions\": 0", "samples[0].wall_s", "no time", false},
    {"\"samples\"", "\"at_s\": 0.0", "\"at_s\": 1e999", "line", "overflow", true},
    {"\"samples\"", "\"at_s\": 0.0", "\"at_s\": NaN", "line", "", false},
    {"\"samples\"", "\"failure\": \"\"", "\"failure\": null", "samples[0].failure", "not a text",
        false},
    {"\"runs\"", "\"command\": 1", "\"command\": 2", "runs[0].command", "there are 2", true},
    {"\"runs\"", "\"exit_code\": -1", "\"exit_code\": 2147483648", "runs[0].exit_code",
        "2147483648", false},
    {"\"searches\"", "\"tasks\"", "\"time\"", "searches[0].axis", "time", false},
    {"\"searches\"", "\"target\": 0.5", "\"target\": 0", "searches[0].target", "above 0", false},
    {"\"searches\"", "\"to\": 10000.0", "\"to\": 0.5", "searches[0].from", "1 to 0.5", true},
    {"\"pairs\"", "\"search\": 1", "\"search\": 2", "pairs[0].search", "there are 2", true},
    {"\"pairs\"", "\"pool_s\": 0.1", "\"pool_s\": 0", "pairs[0].serial_s", "time of 0", false},
    {"\"figures\"", "\"x\": 64.0", "\"x\": -1", "figures[0].x", "below 0", false},
    {"\"readings\"", "\"block\": 3", "\"block\": 7", "readings[3].block", "there are 7", true},
    {"\"readings\"", "\"figure\": 1", "\"figure\": 2", "readings[1].figure", "there are 2", true},
    {"\"pairs\"", "\"tasks\": 1000000", "\"tasks\": 0", "pairs[0].nominal", "of 0", false},
};

static void a_bad_value_is_refused_by_path_key_and_cause(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(changes); i++) {
        const struct change *change = &changes[i];
        write_changed(change->after, change->from, change->to);
        struct result *result = result_load(path, why, sizeof why);
        if (result)
            fail_msg("'%s' in place of '%s' was taken", change->to, change->from);
        if (strncmp(why, path, strlen(path)) != 0 || !strstr(why, change->place) ||
            !strstr(why, change->cause) || strchr(why, '\n'))
            fail_msg("'%s': %s", change->to, why);
    }
}

/* All bad files go to tests/schema-check at once; it names each that it refuses. */
static void what_the_reader_refuses_is_what_the_schema_forbids(void **state)
{
    (void)state;
    static char said[1 << 16];
    char command[3 * PATH_MAX], root[PATH_MAX], good[PATH_MAX], place[32];
    assert_non_null(getcwd(root, sizeof root));
    snprintf(good, sizeof good, "%s", path);
    for (size_t i = 0; i < COUNT(changes); i++) {
        snprintf(path, sizeof path, "%.4000s/%02zu.bad", folder, i);
        write_changed(changes[i].after, changes[i].from, changes[i].to);
    }
    snprintf(path, sizeof path, "%s", good);
    snprintf(
        command, sizeof command, "cd '%s' && '%s/tests/schema-check' *.bad 2>&1", folder, root);
    FILE *output = popen(command, "r"); /* NOLINT: a fixed command in a folder of our own */
    assert_non_null(output);
    said[fread(said, 1, sizeof said - 1, output)] = '\0';
    assert_int_equal(WEXITSTATUS(pclose(output)), 1);
    for (size_t i = 0; i < COUNT(changes); i++) {
        snprintf(place, sizeof place, "%02zu.bad: ", i);
        if (!strstr(said, place) != changes[i].beyond_schema)
            fail_msg(
                "the schema %s '%s'", strstr(said, place) ? "refuses" : "takes", changes[i].to);
    }
}

static void a_file_that_is_none_is_refused_in_one_line(void **state)
{
    (void)state;
    assert_null(result_load(path, why, sizeof why));
    assert_non_null(strstr(why, "No such file"));
    assert_null(result_load(folder, why, sizeof why));
    assert_non_null(strstr(why, "Is a directory"));
    static const char *const texts[] = {"", "{}", "[]", "null", "{\"schema\": ", "\xff\xfe",
        "{\"schema\": \"\x1b[31m\n\"}", "{\"schema\": \"\\u0000\"}"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        write_text(path, texts[i], strlen(texts[i]));
        assert_null(result_load(path, why, sizeof why));
        assert_true(strncmp(why, path, strlen(path)) == 0);
        assert_null(strpbrk(why, "\n\x1b"));
    }
}

static void a_truncated_file_is_refused_wherever_it_ends(void **state)
{
    (void)state;
    struct result *result = full_result();
    save(result);
    result_free(result);
    char *text = strdup(read_text(path));
    size_t size = strlen(text) - 1; /* the last newline may go */
    for (size_t cut = 0; cut < size; cut += 1 + cut % 13) {
        write_text(path, text, cut);
        assert_null(result_load(path, why, sizeof why));
        assert_non_null(strstr(why, "line"));
    }
    free(text);
}

/* Overwrites, deletes and doubles stretches at random. Returns the new size. */
static size_t mutate(char *text, size_t size, uint64_t seed)
{
    static const char tokens[] = "0123456789-+.eE\"{}[],:nulltruefalse\\u\x01\x80";
    uint64_t draw = hash_mix(seed, 0);
    for (uint64_t i = 0; i <= draw % 4 && size > 16; i++) {
        uint64_t random = hash_mix(seed, 1 + i);
        size_t at = (size_t)(random % (size - 8)), length = (size_t)(random >> 40) % 8;
        if (random >> 62 == 0) {
            memmove(text + at, text + at + length, size - at - length);
            size -= length;
        } else {
            text[at] = tokens[(random >> 32) % (sizeof tokens - 1)];
        }
    }
    return size;
}

static void mutated_files_are_read_or_refused_but_never_crash(void **state)
{
    (void)state;
    struct result *result = full_result();
    save(result);
    result_free(result);
    char *text = strdup(read_text(path)), *copy = malloc(strlen(text) + 1);
    assert_non_null(copy);
    unsigned refused = 0;
    for (uint64_t seed = 0; seed < 3000; seed++) {
        memcpy(copy, text, strlen(text) + 1);
        write_text(path, copy, mutate(copy, strlen(text), seed));
        strcpy(why, "");
        result = result_load(path, why, sizeof why);
        assert_true((result == NULL) == (*why != '\0'));
        if (result && seed % 32 == 0) /* then it can be written, too; not always, for the fsync */
            save(result);
        refused += result == NULL;
        result_free(result);
    }
    assert_true(refused > 1000);
    free(copy);
    free(text);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        TEST(a_bad_value_is_refused_by_path_key_and_cause),
        TEST(what_the_reader_refuses_is_what_the_schema_forbids),
        TEST(a_file_that_is_none_is_refused_in_one_line),
        TEST(a_truncated_file_is_refused_wherever_it_ends),
        TEST(mutated_files_are_read_or_refused_but_never_crash),
    };
    return cmocka_run_group_tests_name("result reading", tests, NULL, NULL);
}
