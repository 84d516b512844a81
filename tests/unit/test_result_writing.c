/* What must not be written is not, and a write that fails says why and leaves nothing behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "result_files.h"

static void assert_not_saved(const struct result *result, const char *place, const char *cause)
{
    assert_int_equal(result_save(result, path, why, sizeof why), -1);
    if (!strstr(why, path) || !strstr(why, place) || !strstr(why, cause))
        fail_msg("%s", why);
    assert_int_equal(entries(folder), 0);
}

static void what_could_not_be_read_back_is_not_written(void **state)
{
    (void)state;
    struct result *result = full_result();
    result->samples[2].wall_s = NAN;
    assert_not_saved(result, "samples[2].wall_s", "no time");
    result->samples[2].wall_s = INFINITY;
    assert_not_saved(result, "samples[2].wall_s", "finite");
    result->samples[2].wall_s = 1;
    result->samples[2].cpu_s = -1;
    assert_not_saved(result, "samples[2].cpu_s", "-1 is below 0");
    result->samples[2].cpu_s = 1;
    result->samples[5].peak_memory = (uint64_t)INT64_MAX + 1;
    assert_not_saved(result, "samples[5].peak_memory", "too large");
    result->samples[5].peak_memory = 0;
    result->noise.window_s = NAN;
    assert_not_saved(result, "noise.window_s", "finite");
    result->noise.window_s = 1;
    result->samples[1].config = 2;
    assert_not_saved(result, "samples[1].config", "2, but there are 2");
    result_free(result);
}

static void folders_on_the_way_are_made(void **state)
{
    (void)state;
    struct result *result = full_result();
    char deep[PATH_MAX];
    snprintf(deep, sizeof deep, "%.4000s/a/b//c/made.json", folder);
    if (result_save(result, deep, why, sizeof why))
        fail_msg("%s", why);
    struct result *back = result_load(deep, why, sizeof why);
    assert_non_null(back);
    result_free(back);
    result_free(result);
}

/* Runs in a child, so that limits and identities stay there. */
static void assert_save_fails(const char *file, const char *cause, void (*hinder)(void))
{
    struct result *result = full_result();
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        if (hinder)
            hinder();
        int status = result_save(result, file, why, sizeof why);
        bool said = strstr(why, file) && strstr(why, cause) && !strchr(why, '\n');
        if (status == 0 || !said)
            fprintf(stderr, "status %d: %s\n", status, why);
        _exit(status != 0 && said ? 0 : 1);
    }
    int status;
    assert_true(waitpid(pid, &status, 0) == pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    result_free(result);
}

static void fill_disk(void)
{
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){4096, 4096});
}

static void a_full_disk_leaves_the_old_file_and_nothing_else(void **state)
{
    (void)state;
    write_text(path, "old", 3);
    assert_save_fails(path, "File too large", fill_disk);
    assert_string_equal(read_text(path), "old");
    assert_int_equal(entries(folder), 1);
}

static void a_full_disk_leaves_no_folders_either(void **state)
{
    (void)state;
    char deep[PATH_MAX];
    snprintf(deep, sizeof deep, "%.4000s/a/b/made.json", folder);
    assert_save_fails(deep, "File too large", fill_disk);
    assert_int_equal(entries(folder), 0);
}

/* Permissions do not bind root. */
static void become_nobody(void)
{
    if (geteuid() == 0 && setresuid(65534, 65534, 65534))
        _exit(2);
}

static void a_read_only_folder_is_named_with_the_cause(void **state)
{
    (void)state;
    char deep[PATH_MAX];
    snprintf(deep, sizeof deep, "%.4000s/new/made.json", folder);
    assert_int_equal(chmod(folder, 0555), 0);
    assert_save_fails(path, "Permission denied", become_nobody);
    assert_save_fails(deep, "Permission denied", become_nobody);
    assert_int_equal(chmod(folder, 0755), 0);
    assert_int_equal(entries(folder), 0);
}

static void a_path_that_is_a_folder_a_device_or_below_a_file_is_refused(void **state)
{
    (void)state;
    char below[PATH_MAX];
    snprintf(below, sizeof below, "%.4000s/file/made.json", folder);
    assert_int_equal(mkdir(path, 0755), 0);
    assert_save_fails(path, "Is a directory", NULL);
    assert_int_equal(rmdir(path), 0);
    snprintf(path, sizeof path, "%.4000s/file", folder);
    write_text(path, "old", 3);
    assert_save_fails(below, "Not a directory", NULL);
    assert_string_equal(read_text(path), "old");
    assert_int_equal(entries(folder), 1);
    assert_save_fails("/dev/null", "", NULL);
    struct stat status;
    assert_int_equal(stat("/dev/null", &status), 0);
    assert_true(S_ISCHR(status.st_mode));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        TEST(what_could_not_be_read_back_is_not_written),
        TEST(folders_on_the_way_are_made),
        TEST(a_full_disk_leaves_the_old_file_and_nothing_else),
        TEST(a_full_disk_leaves_no_folders_either),
        TEST(a_read_only_folder_is_named_with_the_cause),
        TEST(a_path_that_is_a_folder_a_device_or_below_a_file_is_refused),
    };
    return cmocka_run_group_tests_name("result writing", tests, NULL, NULL);
}
