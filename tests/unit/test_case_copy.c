/* The copy case, through its hooks. Faults come from links that stand where a task makes its copy:
 * /dev/full is a disk without room, /dev/null one that forgets.
 *
 * pkg-config: libxxhash */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cases/support/content.h"
#include "drive.h"

#include "answers.h"
#include "scratch.h"

#include <unistd.h>
#include <xxhash.h>

#define SOURCES 4
#define SIZE_MAX_TRIED (3u << 20)

static char in_scratch[PATH_MAX + 16];                     /* folder=SCRATCH */
static char input[PATH_MAX + 16], as_input[PATH_MAX + 32]; /* SCRATCH/input, input=it */
static char folder[PATH_MAX];                              /* the case's own, after find_folder */

static int make_parent(void **state)
{
    int failed = make_scratch(state);
    snprintf(in_scratch, sizeof in_scratch, "folder=%s", scratch);
    snprintf(input, sizeof input, "%s/input", scratch);
    snprintf(as_input, sizeof as_input, "input=%s", input);
    return failed;
}

/* Also the check of every test that the case has left nothing. */
static int remove_parent(void **state)
{
    unlink(input);
    int left = count_entries(scratch, "");
    return remove_scratch(state) != 0 || left != 0 ? -1 : 0;
}

static void find_folder(void)
{
    DIR *listing = opendir(scratch);
    assert_non_null(listing);
    folder[0] = '\0';
    for (struct dirent *entry; (entry = readdir(listing));)
        if (strncmp(entry->d_name, "poolbench-", 10) == 0)
            snprintf(folder, sizeof folder, "%s", path_of(scratch, entry->d_name));
    closedir(listing);
    assert_true(*folder);
}

/* Refused, with all of these in the message. */
static void refused(const char *const *params, const char *what, const char *cause)
{
    answers_refused("copy", 1, what, params);
    if (!strstr(drive_why, cause))
        fail_msg("\"%s\" does not name \"%s\"", drive_why, cause);
}

static void assert_copies(const char *how, uint64_t size)
{
    static unsigned char content[SIZE_MAX_TRIED];
    char with_size[32];
    struct workload workload;
    snprintf(with_size, sizeof with_size, "size=%llu", (unsigned long long)size);
    if (drive_try(&workload, "copy", SOURCES + 1, DRIVE_PARAMS(in_scratch, how, with_size)) !=
        STATUS_DONE) {
        print_message("%s\n", drive_why); /* the scratch folder has no O_DIRECT */
        skip();
    }
    assert_int_equal(drive_run(&workload, "serial", 1).ok, SOURCES + 1);
    for (uint64_t task = 0; task <= SOURCES; task++) {
        content_fill(hash_mix(WORKLOAD_SEED, task % SOURCES), 0, content, size);
        assert_true(arena_slot(&workload.arena, task)->value == XXH3_64bits(content, size));
    }
    answers_verified(&workload);
    find_folder();
    assert_int_equal(count_entries(folder, ""), SOURCES); /* no copy, no trial file */
    workload_close(&workload);
}

static const uint64_t sizes[] = {0, 1, 4095, 4096, 4097, 1048576, 1048577, SIZE_MAX_TRIED};
#define SIZES (sizeof sizes / sizeof *sizes)

static void buffered_copies_hold_what_the_sources_do_whatever_their_size(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZES; i++)
        assert_copies("how=buffered", sizes[i]);
}

static void direct_copies_hold_the_same_and_no_rounded_up_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZES; i++)
        assert_copies("how=direct", sizes[i]);
}

static void pools_get_the_same_results_as_serial(void **state)
{
    (void)state;
    static const char *const backends[] = {"threads", "processes"};
    struct workload workload;
    drive_open(&workload, "copy", 40, DRIVE_PARAMS(in_scratch, "size=3k", "fsync=yes"));
    uint64_t serial = drive_run(&workload, "serial", 1).checksum;
    for (size_t i = 0; i < sizeof backends / sizeof *backends; i++) {
        struct workload_outcome outcome = drive_run(&workload, backends[i], 5);
        assert_int_equal(outcome.ok, 40);
        assert_true(outcome.checksum == serial);
    }
    workload_close(&workload);
}

static void file_of_the_users_is_copied_and_stays(void **state)
{
    (void)state;
    struct workload workload;
    char answer[128];
    write_content(input, "some words", 10);
    drive_open(&workload, "copy", 3, DRIVE_PARAMS(in_scratch, as_input));
    assert_int_equal(drive_run(&workload, "threads", 2).ok, 3);
    for (uint64_t task = 0; task < 3; task++)
        assert_true(arena_slot(&workload.arena, task)->value == XXH3_64bits("some words", 10));
    workload_answer(&workload, answer, sizeof answer);
    assert_string_equal(answer, "3 files of 10 bytes copied, 0 failed");
    workload_close(&workload);
    assert_int_equal(access(input, R_OK), 0);
}

static void input_that_changes_meanwhile_is_noticed(void **state)
{
    (void)state;
    struct workload workload;
    write_content(input, "some words", 10);
    drive_open(&workload, "copy", 3, DRIVE_PARAMS(in_scratch, as_input));
    write_content(input, "same words", 10);
    assert_int_equal(drive_run(&workload, "serial", 1).ok, 3);
    answers_wrong(&workload, "task 0");
    answers_wrong(&workload, input);
    workload_close(&workload);
}

static void input_that_cannot_be_copied_is_refused(void **state)
{
    (void)state;
    refused(DRIVE_PARAMS(in_scratch, as_input), input, strerror(ENOENT));
    refused(DRIVE_PARAMS(in_scratch, "input=/"), "input=/", strerror(EISDIR));
    refused(DRIVE_PARAMS(in_scratch, "input=/dev/zero"), "input=/dev/zero", "give a file");
    refused(DRIVE_PARAMS(in_scratch, "input=/", "size=1k"), "size", "input");
    refused(DRIVE_PARAMS("folder=/no/such/folder"), "/no/such/folder", strerror(ENOENT));
}

/* Runs four tasks with `target` in the place of task 2's copy. */
static void run_with_fault(const char *target, const char *cause)
{
    struct workload workload;
    drive_open(&workload, "copy", 4, DRIVE_PARAMS(in_scratch, "size=5k"));
    find_folder();
    const char *copy = path_of(folder, "2");
    assert_int_equal(symlink(target, copy), 0);
    struct workload_outcome outcome = drive_run(&workload, "serial", 1);
    assert_int_equal(outcome.ok, 3);
    assert_int_equal(outcome.errors, 1);
    drive_assert_failed(&workload, 2, copy, cause);
    assert_int_equal(count_entries(folder, ""), SOURCES);
    workload_close(&workload);
}

static void full_disk_is_that_tasks_error(void **state)
{
    (void)state;
    run_with_fault("/dev/full", strerror(ENOSPC));
}

static void copy_that_is_shorter_is_that_tasks_error(void **state)
{
    (void)state;
    run_with_fault("/dev/null", "cannot read");
}

static void source_that_vanishes_is_an_error_of_its_tasks(void **state)
{
    (void)state;
    struct workload workload;
    drive_open(&workload, "copy", 2 * SOURCES, DRIVE_PARAMS(in_scratch, "size=10"));
    find_folder();
    const char *source = path_of(folder, "source-3");
    assert_int_equal(unlink(source), 0);
    assert_int_equal(drive_run(&workload, "serial", 1).errors, 2);
    drive_assert_failed(&workload, 3, source, strerror(ENOENT));
    drive_assert_failed(&workload, SOURCES + 3, source, strerror(ENOENT));
    workload_close(&workload);
}

#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, make_parent, remove_parent)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(buffered_copies_hold_what_the_sources_do_whatever_their_size),
        IN_SCRATCH(direct_copies_hold_the_same_and_no_rounded_up_end),
        IN_SCRATCH(pools_get_the_same_results_as_serial),
        IN_SCRATCH(file_of_the_users_is_copied_and_stays),
        IN_SCRATCH(input_that_changes_meanwhile_is_noticed),
        IN_SCRATCH(input_that_cannot_be_copied_is_refused),
        IN_SCRATCH(full_disk_is_that_tasks_error),
        IN_SCRATCH(copy_that_is_shorter_is_that_tasks_error),
        IN_SCRATCH(source_that_vanishes_is_an_error_of_its_tasks),
    };
    return cmocka_run_group_tests_name("copy", tests, NULL, NULL);
}
