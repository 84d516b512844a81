/* The files case, through its hooks. Faults come from links that stand where a task makes its
 * file: /dev/full is a disk without room, /dev/zero one that forgets, /dev/null one that cuts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cases/support/content.h"
#include "drive.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char parent[64];       /* the folder that the case makes its own in */
static char in_parent[80];    /* folder=PARENT */
static char folder[PATH_MAX]; /* the case's own, after find_folder */

static int make_parent(void **state)
{
    (void)state;
    strcpy(parent, "/tmp/poolbench-test-XXXXXX");
    if (!mkdtemp(parent))
        return -1;
    snprintf(in_parent, sizeof in_parent, "folder=%s", parent);
    return 0;
}

/* Also the check of every test that the case has left nothing: rmdir wants it empty. */
static int remove_parent(void **state)
{
    (void)state;
    return rmdir(parent);
}

/* Entries of a folder; the last one's name in `name` where that is not NULL. */
static int count_entries(const char *path, char *name)
{
    int count = 0;
    DIR *listing = opendir(path);
    assert_non_null(listing);
    for (struct dirent *entry; (entry = readdir(listing));) {
        if (entry->d_name[0] == '.')
            continue;
        count++;
        if (name)
            strcpy(name, entry->d_name);
    }
    closedir(listing);
    return count;
}

static void find_folder(void)
{
    char name[NAME_MAX + 1];
    assert_int_equal(count_entries(parent, name), 1);
    snprintf(folder, sizeof folder, "%s/%s", parent, name);
}

/* Puts a link to `target` where task `index` makes its file. */
static void plant(const char *target, unsigned index)
{
    char path[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/%u", folder, index);
    assert_int_equal(symlink(target, path), 0);
}

static void what_is_read_back_is_hashed_whatever_its_size(void **state)
{
    (void)state;
    static const unsigned sizes[] = {0, 1, 7, 65535, 65536, 65537, 200000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char size[32];
        struct workload workload;
        snprintf(size, sizeof size, "size=%u", sizes[i]);
        drive_open(&workload, "files", 3, DRIVE_PARAMS(in_parent, size));
        assert_int_equal(drive_run(&workload, "serial", 1).ok, 3);
        for (uint64_t task = 0; task < 3; task++)
            assert_true(arena_slot(&workload.arena, task)->value ==
                        content_hash(hash_mix(WORKLOAD_SEED, task), sizes[i]));
        workload_close(&workload);
    }
}

static void files_are_removed_by_their_tasks_and_the_folder_by_teardown(void **state)
{
    (void)state;
    struct workload workload;
    drive_open(&workload, "files", 10, DRIVE_PARAMS(in_parent, "size=10"));
    find_folder();
    assert_int_equal(drive_run(&workload, "serial", 1).ok, 10);
    assert_int_equal(count_entries(folder, NULL), 0);
    workload_close(&workload);
    assert_int_equal(count_entries(parent, NULL), 0);
}

static void what_a_killed_worker_left_is_removed_too(void **state)
{
    (void)state;
    struct workload workload;
    drive_open(&workload, "files", 1, DRIVE_PARAMS(in_parent));
    find_folder();
    plant("/dev/null", 0);
    plant("nowhere", 7);
    workload_close(&workload);
    assert_int_equal(count_entries(parent, NULL), 0);
}

static void pools_get_the_same_results_as_serial(void **state)
{
    (void)state;
    static const char *const backends[] = {"threads", "processes"};
    struct workload workload;
    drive_open(&workload, "files", 40, DRIVE_PARAMS(in_parent, "size=3k", "fsync=no"));
    uint64_t serial = drive_run(&workload, "serial", 1).checksum;
    for (size_t i = 0; i < sizeof backends / sizeof *backends; i++) {
        struct workload_outcome outcome = drive_run(&workload, backends[i], 5);
        assert_int_equal(outcome.ok, 40);
        assert_true(outcome.checksum == serial);
    }
    workload_close(&workload);
}

static void syncing_changes_no_result(void **state)
{
    (void)state;
    struct workload synced, lazy;
    drive_open(&synced, "files", 4, DRIVE_PARAMS(in_parent, "fsync=yes"));
    uint64_t checksum = drive_run(&synced, "serial", 1).checksum;
    workload_close(&synced);
    drive_open(&lazy, "files", 4, DRIVE_PARAMS(in_parent, "fsync=no"));
    assert_true(drive_run(&lazy, "serial", 1).checksum == checksum);
    workload_close(&lazy);
}

/* Runs four tasks with `target` in the place of task 2's file. */
static void run_with_fault(const char *target, const char *fsync, const char *cause)
{
    struct workload workload;
    char path[PATH_MAX + 16];
    drive_open(&workload, "files", 4, DRIVE_PARAMS(in_parent, fsync));
    find_folder();
    plant(target, 2);
    struct workload_outcome outcome = drive_run(&workload, "serial", 1);
    assert_int_equal(outcome.ok, 3);
    assert_int_equal(outcome.errors, 1);
    snprintf(path, sizeof path, "%s/2", folder);
    drive_assert_failed(&workload, 2, path, cause);
    assert_int_equal(count_entries(folder, NULL), 0);
    workload_close(&workload);
}

static void full_disk_is_that_tasks_error(void **state)
{
    (void)state;
    run_with_fault("/dev/full", "fsync=no", strerror(ENOSPC));
}

static void failed_sync_is_that_tasks_error(void **state)
{
    (void)state;
    run_with_fault("/dev/zero", "fsync=yes", "sync");
}

static void other_bytes_than_written_are_that_tasks_error(void **state)
{
    (void)state;
    run_with_fault("/dev/zero", "fsync=no", "differs");
}

static void file_cut_short_is_that_tasks_error(void **state)
{
    (void)state;
    run_with_fault("/dev/null", "fsync=no", "cannot read");
}

static void write_beyond_the_file_size_limit_is_an_error_and_no_signal(void **state)
{
    (void)state;
    struct workload workload;
    struct rlimit before, limit;
    drive_open(&workload, "files", 2, DRIVE_PARAMS(in_parent, "size=64k"));
    find_folder();
    getrlimit(RLIMIT_FSIZE, &before);
    limit = before;
    limit.rlim_cur = 10000;
    setrlimit(RLIMIT_FSIZE, &limit);
    struct workload_outcome outcome = drive_run(&workload, "serial", 1);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(outcome.errors, 2);
    drive_assert_failed(&workload, 0, folder, strerror(EFBIG));
    assert_int_equal(count_entries(folder, NULL), 0);
    workload_close(&workload);
    struct sigaction restored;
    sigaction(SIGXFSZ, NULL, &restored);
    assert_true(restored.sa_handler == SIG_DFL);
}

static void folder_that_vanishes_fails_the_tasks_and_not_teardown(void **state)
{
    (void)state;
    struct workload workload;
    drive_open(&workload, "files", 2, DRIVE_PARAMS(in_parent));
    find_folder();
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(drive_run(&workload, "serial", 1).errors, 2);
    drive_assert_failed(&workload, 1, folder, strerror(ENOENT));
    workload_close(&workload);
}

static void missing_parent_folder_is_a_usage_error_that_names_it(void **state)
{
    (void)state;
    struct workload workload;
    assert_int_equal(
        drive_try(&workload, "files", 1, DRIVE_PARAMS("folder=/no/such/folder")), STATUS_USAGE);
    assert_non_null(strstr(drive_why, "/no/such/folder"));
    assert_non_null(strstr(drive_why, strerror(ENOENT)));
}

static void temporary_folder_follows_tmpdir(void **state)
{
    (void)state;
    struct workload workload;
    char *before = getenv("TMPDIR");
    before = before ? strdup(before) : NULL;
    setenv("TMPDIR", parent, 1);
    drive_open(&workload, "files", 1, DRIVE_PARAMS("size=1"));
    assert_int_equal(count_entries(parent, NULL), 1);
    workload_close(&workload);
    if (before)
        setenv("TMPDIR", before, 1);
    else
        unsetenv("TMPDIR");
    free(before);
}

static void answer_counts_the_files_that_were_read_back(void **state)
{
    (void)state;
    struct workload workload;
    char answer[128];
    drive_open(&workload, "files", 3, DRIVE_PARAMS(in_parent, "size=10", "fsync=no"));
    find_folder();
    plant("/dev/full", 1);
    drive_run(&workload, "serial", 1);
    workload_answer(&workload, answer, sizeof answer);
    assert_string_equal(answer, "2 files of 10 bytes written and read back, 1 failed");
    workload_close(&workload);
}

#define IN_PARENT(test) cmocka_unit_test_setup_teardown(test, make_parent, remove_parent)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PARENT(what_is_read_back_is_hashed_whatever_its_size),
        IN_PARENT(files_are_removed_by_their_tasks_and_the_folder_by_teardown),
        IN_PARENT(what_a_killed_worker_left_is_removed_too),
        IN_PARENT(pools_get_the_same_results_as_serial),
        IN_PARENT(syncing_changes_no_result),
        IN_PARENT(full_disk_is_that_tasks_error),
        IN_PARENT(failed_sync_is_that_tasks_error),
        IN_PARENT(other_bytes_than_written_are_that_tasks_error),
        IN_PARENT(file_cut_short_is_that_tasks_error),
        IN_PARENT(write_beyond_the_file_size_limit_is_an_error_and_no_signal),
        IN_PARENT(folder_that_vanishes_fails_the_tasks_and_not_teardown),
        IN_PARENT(missing_parent_folder_is_a_usage_error_that_names_it),
        IN_PARENT(temporary_folder_follows_tmpdir),
        IN_PARENT(answer_counts_the_files_that_were_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
