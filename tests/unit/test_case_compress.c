/* The compress case: its ratio on texts that are known, files cut into blocks, and what happens to
 * those that cannot be read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "drive.h"

#include "answers.h"
#include "cases/support/text.h"
#include "scratch.h"

#include <sys/stat.h>
#include <unistd.h>

#define BLOCK 1000

static char input[PATH_MAX + 16]; /* input=SCRATCH */

static int make_input(void **state)
{
    if (make_scratch(state) != 0)
        return -1;
    snprintf(input, sizeof input, "input=%s", scratch);
    return 0;
}

/* A file of made text. */
static void put(const char *name, size_t size)
{
    static char text[8 * BLOCK];
    assert_true(size <= sizeof text);
    text_fill(1, text, sizeof text);
    write_content(path_of(scratch, name), text, size);
}

static uint64_t bytes_of(const struct workload *workload, uint64_t index)
{
    uint64_t before;
    memcpy(&before, arena_slot(&workload->arena, index)->bytes, sizeof before);
    return before;
}

static double ratio_of(const char *answer)
{
    double ratio;
    const char *found = strstr(answer, "ratio ");
    assert_non_null(found);
    assert_int_equal(1, sscanf(found, "ratio %lf", &ratio));
    return ratio;
}

static void made_text_compresses_as_prose_does(void **state)
{
    (void)state;
    const char *answer = answers_of("compress", 3, DRIVE_PARAMS("size=128k"));
    assert_true(ratio_of(answer) > 2 && ratio_of(answer) < 3);
}

static void higher_level_saves_more(void **state)
{
    (void)state;
    double fast = ratio_of(answers_of("compress", 2, DRIVE_PARAMS("size=64k", "level=1")));
    double small = ratio_of(answers_of("compress", 2, DRIVE_PARAMS("size=64k", "level=12")));
    assert_true(small > fast);
}

static void blocks_of_any_size_come_back(void **state)
{
    (void)state;
    answers_of("compress", 9, DRIVE_PARAMS("size=1"));
    answers_of("compress", 9, DRIVE_PARAMS("size=1001", "level=22"));
    assert_non_null(strstr(answers_of("compress", 0, DRIVE_PARAMS("size=10")), "4000 bytes to"));
}

static void folder_is_cut_into_blocks_file_by_file(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {BLOCK, BLOCK, 1, 0, BLOCK};
    struct workload workload;
    put("a", 2 * BLOCK + 1);
    put("b", 0);
    put("c", BLOCK);
    assert_int_equal(0, mkdir(path_of(scratch, "folder"), 0777));
    answers_open(&workload, "compress", 0, DRIVE_PARAMS(input, "size=1k"));
    assert_int_equal(5, workload.run.tasks);
    assert_false(workload.run.even);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(sizes[i], bytes_of(&workload, i));
    workload_close(&workload);
    drive_open(&workload, "compress", 4, DRIVE_PARAMS(input, "size=1k"));
    assert_int_equal(4, workload.run.tasks);
    workload_close(&workload);
    answers_of("compress", 0, DRIVE_PARAMS(input, "size=1k"));
}

static void single_file_is_cut_the_same(void **state)
{
    (void)state;
    char file[PATH_MAX + 32];
    struct workload workload;
    put("alone", 3 * BLOCK);
    snprintf(file, sizeof file, "%s/alone", input);
    answers_open(&workload, "compress", 0, DRIVE_PARAMS(file, "size=2k"));
    assert_int_equal(2, workload.run.tasks);
    assert_int_equal(BLOCK, bytes_of(&workload, 1));
    workload_close(&workload);
}

static void file_that_cannot_be_read_fails_alone(void **state)
{
    (void)state;
    struct workload workload;
    put("a", BLOCK);
    put("c", BLOCK);
    assert_int_equal(0, symlink("nowhere", path_of(scratch, "b")));
    drive_open(&workload, "compress", 0, DRIVE_PARAMS(input, "size=1k"));
    assert_int_equal(3, workload.run.tasks);
    struct workload_outcome outcome = drive_run(&workload, "processes", 2);
    assert_int_equal(2, outcome.ok);
    drive_assert_failed(&workload, 1, path_of(scratch, "b"), strerror(ENOENT));
    assert_int_equal(0, workload_verify(&workload, drive_why, sizeof drive_why));
    workload_close(&workload);
}

static void file_that_is_cut_or_vanishes_is_its_tasks_error(void **state)
{
    (void)state;
    struct workload workload;
    put("a", 2 * BLOCK);
    put("b", BLOCK);
    drive_open(&workload, "compress", 0, DRIVE_PARAMS(input, "size=1k"));
    put("a", BLOCK + 1);
    assert_int_equal(0, unlink(path_of(scratch, "b")));
    assert_int_equal(1, drive_run(&workload, "threads", 2).ok);
    drive_assert_failed(&workload, 1, "/a from byte 1000 on", strerror(ENODATA));
    drive_assert_failed(&workload, 2, "/b", strerror(ENOENT));
    workload_close(&workload);
}

static void input_that_is_none_is_refused(void **state)
{
    (void)state;
    answers_refused("compress", 0, "no files", DRIVE_PARAMS(input));
    answers_refused("compress", 0, strerror(ENOENT), DRIVE_PARAMS("input=/no/such/file"));
    answers_refused("compress", 0, strerror(ENOTDIR), DRIVE_PARAMS("input=/dev/null"));
    answers_refused("compress", 0, "level", DRIVE_PARAMS("level=23"));
    answers_refused("compress", 0, "size", DRIVE_PARAMS("size=0"));
}

static void wrong_sizes_and_wrong_bytes_are_noticed(void **state)
{
    (void)state;
    struct workload workload;
    answers_open(&workload, "compress", 3, DRIVE_PARAMS("size=1k"));
    arena_slot(&workload.arena, 1)->value ^= 1;
    answers_wrong(&workload, "block 1: not what it compresses to");
    arena_slot(&workload.arena, 1)->value ^= 1;
    arena_slot(&workload.arena, 2)->bytes[8] ^= 1; /* a byte more or less */
    answers_wrong(&workload, "block 2: not what it compresses to");
    workload_close(&workload);
}

#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, make_input, remove_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(made_text_compresses_as_prose_does),
        cmocka_unit_test(higher_level_saves_more),
        cmocka_unit_test(blocks_of_any_size_come_back),
        IN_SCRATCH(folder_is_cut_into_blocks_file_by_file),
        IN_SCRATCH(single_file_is_cut_the_same),
        IN_SCRATCH(file_that_cannot_be_read_fails_alone),
        IN_SCRATCH(file_that_is_cut_or_vanishes_is_its_tasks_error),
        IN_SCRATCH(input_that_is_none_is_refused),
        cmocka_unit_test(wrong_sizes_and_wrong_bytes_are_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
