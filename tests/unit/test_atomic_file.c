/* Files that appear whole or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness/util/atomic_file.h"
#include "harness/util/tempdir.h"

#include <dirent.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[PATH_MAX], path[PATH_MAX + 16], why[PATH_MAX + 256];

static int make_folder(void **state)
{
    (void)state;
    int failed = tempdir_make(folder, sizeof folder, NULL, "atomic");
    snprintf(path, sizeof path, "%s/file.svg", folder);
    return failed;
}

static int remove_folder(void **state)
{
    (void)state;
    return tempdir_remove(folder);
}

static unsigned count_entries(void)
{
    unsigned count = 0;
    DIR *listing = opendir(folder);
    assert_non_null(listing);
    for (struct dirent *entry; (entry = readdir(listing));)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(listing);
    return count;
}

static void assert_content(const char *expected)
{
    char text[64] = "";
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_int_equal(fread(text, 1, sizeof text - 1, file), strlen(expected));
    fclose(file);
    assert_string_equal(text, expected);
}

static struct atomic_file *begin(const char *text)
{
    struct atomic_file *file = atomic_open(path, why, sizeof why);
    if (!file)
        fail_msg("%s", why);
    fputs(text, atomic_stream(file));
    return file;
}

static void put(const char *text)
{
    if (atomic_commit(begin(text), why, sizeof why))
        fail_msg("%s", why);
}

static void file_appears_only_when_committed(void **state)
{
    (void)state;
    struct atomic_file *file = begin("new");
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(atomic_commit(file, why, sizeof why), 0);
    assert_content("new");
    assert_int_equal(count_entries(), 1);
}

static void aborted_file_leaves_the_old_one(void **state)
{
    (void)state;
    put("old");
    atomic_abort(begin("new"));
    atomic_abort(NULL);
    assert_content("old");
    assert_int_equal(count_entries(), 1);
}

static void temporary_ends_like_the_file_for_programs_that_look_at_endings(void **state)
{
    (void)state;
    struct atomic_file *file = begin("");
    const char *temporary = atomic_path(file);
    assert_string_equal(temporary + strlen(temporary) - strlen("file.svg"), "file.svg");
    FILE *other = fopen(temporary, "we");
    assert_non_null(other);
    fputs("by another program", other);
    fclose(other);
    assert_int_equal(atomic_commit(file, why, sizeof why), 0);
    assert_content("by another program");
}

static void file_has_the_permissions_of_the_umask(void **state)
{
    (void)state;
    struct stat status;
    mode_t before = umask(027);
    put("text");
    umask(before);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0640);
}

static void link_is_followed_and_stays(void **state)
{
    (void)state;
    char link[PATH_MAX + 16];
    put("old");
    snprintf(link, sizeof link, "%s/link", folder);
    assert_int_equal(symlink("file.svg", link), 0);
    struct atomic_file *file = atomic_open(link, why, sizeof why);
    assert_non_null(file);
    fputs("new", atomic_stream(file));
    assert_int_equal(atomic_commit(file, why, sizeof why), 0);
    assert_content("new");
    assert_int_equal(count_entries(), 2);
}

static void what_is_no_file_is_not_replaced(void **state)
{
    (void)state;
    assert_null(atomic_open(folder, why, sizeof why));
    assert_non_null(strstr(why, folder));
    assert_null(atomic_open("/dev/null", why, sizeof why));
    assert_non_null(strstr(why, "/dev/null: cannot be written"));
    snprintf(path, sizeof path, "%s/no/file", folder);
    assert_null(atomic_open(path, why, sizeof why));
    assert_non_null(strstr(why, "No such file or directory"));
}

/* A limit on the file's size fails as a full disk does: when written, at the latest on flushing. */
static void full_disk_leaves_the_old_file_and_nothing_else(void **state)
{
    (void)state;
    struct rlimit before, limit;
    put("old");
    getrlimit(RLIMIT_FSIZE, &before);
    limit = before;
    limit.rlim_cur = 10;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    int status = atomic_commit(begin("more than ten bytes"), why, sizeof why);
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, handler);
    assert_int_equal(status, -1);
    assert_non_null(strstr(why, "file.svg: cannot be written: File too large"));
    assert_content("old");
    assert_int_equal(count_entries(), 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(file_appears_only_when_committed),
        TEST(aborted_file_leaves_the_old_one),
        TEST(temporary_ends_like_the_file_for_programs_that_look_at_endings),
        TEST(file_has_the_permissions_of_the_umask),
        TEST(link_is_followed_and_stays),
        TEST(what_is_no_file_is_not_replaced),
        TEST(full_disk_leaves_the_old_file_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
