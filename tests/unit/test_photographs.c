/* The photographs that the thumbnails case makes where it is given none, in a cache folder that is
 * each test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "drive.h"
#include "scratch.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIRST "photograph-000000.jpg"
#define SECOND "photograph-000001.jpg"
#define THIRD "photograph-000002.jpg"

static char cache[PATH_MAX + 32];  /* cache=SCRATCH/cache */
static char folder[PATH_MAX + 64]; /* where the photographs are then */

static int make_cache(void **state)
{
    if (make_scratch(state) != 0)
        return -1;
    snprintf(cache, sizeof cache, "cache=%s/cache", scratch);
    snprintf(folder, sizeof folder, "%s/cache/photographs-v1-%d", scratch, WORKLOAD_SEED);
    return 0;
}

static void make_photographs(uint64_t count)
{
    struct workload workload;
    drive_open(&workload, "thumbnails", count, DRIVE_PARAMS(cache));
    assert_true(workload.run.tasks == count);
    assert_true(drive_run(&workload, "serial", 1).ok == count);
    workload_close(&workload);
}

static void a_photograph_depends_on_seed_and_number_alone(void **state)
{
    (void)state;
    struct content before, after, other;
    make_photographs(3);
    read_content(path_of(folder, THIRD), &before);
    assert_int_equal(unlink(path_of(folder, THIRD)), 0);
    make_photographs(4);
    read_content(path_of(folder, THIRD), &after);
    assert_int_equal(after.size, before.size);
    assert_memory_equal(after.bytes, before.bytes, before.size);
    read_content(path_of(folder, SECOND), &other);
    assert_true(other.size != before.size || memcmp(other.bytes, before.bytes, other.size) != 0);
}

static void only_missing_photographs_are_made(void **state)
{
    (void)state;
    struct stat before, after;
    make_photographs(4);
    assert_int_equal(stat(path_of(folder, FIRST), &before), 0);
    assert_int_equal(unlink(path_of(folder, SECOND)), 0);
    write_content(path_of(folder, THIRD), "", 0); /* as after a loss of power */
    make_photographs(3);
    assert_int_equal(stat(path_of(folder, FIRST), &after), 0);
    assert_true(before.st_ino == after.st_ino && before.st_mtim.tv_nsec == after.st_mtim.tv_nsec);
    assert_int_equal(count_entries(folder, ""), 4);
}

/* Sizes as libjpeg's own header has them, without libjpeg: the frame header is FF C0. */
static void made_photographs_are_of_mixed_sizes_and_orientations(void **state)
{
    (void)state;
    unsigned wide = 0, high = 0, square = 0, tagged = 0;
    make_photographs(40);
    for (unsigned i = 0; i < 40; i++) {
        struct content photograph;
        char name[32];
        size_t at = 0;
        snprintf(name, sizeof name, "photograph-%06u.jpg", i);
        read_content(path_of(folder, name), &photograph);
        tagged += memcmp(photograph.bytes + 20, "\xff\xe1", 2) == 0;
        while (memcmp(photograph.bytes + at, "\xff\xc0", 2) != 0)
            at++;
        unsigned height = photograph.bytes[at + 5] * 256u + photograph.bytes[at + 6];
        unsigned width = photograph.bytes[at + 7] * 256u + photograph.bytes[at + 8];
        assert_in_range(width > height ? width : height, 320, 1024);
        assert_in_range(width < height ? width : height, 128, 1024);
        wide += width > height;
        high += width < height;
        square += width == height;
    }
    assert_true(wide >= 5 && high >= 5 && square >= 1);
    assert_in_range(tagged, 4, 24);
}

/* Also that no process outlives a killed one: this one becomes the parent of any that would. */
static void a_killed_run_leaves_whole_photographs_and_no_process(void **state)
{
    (void)state;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_t child = fork();
    if (child == 0) {
        make_photographs(5000);
        _exit(0);
    }
    while (access(path_of(folder, FIRST), F_OK) != 0 || count_entries(folder, "photograph-") < 3)
        usleep(1000);
    kill(child, SIGKILL);
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR) {
    }
    prctl(PR_SET_CHILD_SUBREAPER, 0);
    int made = count_entries(folder, "photograph-");
    assert_in_range(made, 3, 1000); /* the children did not go on to the end */
    struct workload workload;
    char input[PATH_MAX + 80];
    snprintf(input, sizeof input, "input=%s", folder);
    drive_open(&workload, "thumbnails", 0, DRIVE_PARAMS(input));
    uint64_t whole = drive_run(&workload, "serial", 1).ok;
    workload_close(&workload);
    assert_in_range(whole, made, made);
}

/* The limit on file sizes ends a child by a signal, as the kernel does where memory is short. */
static void a_killed_child_is_reported_and_leaves_nothing(void **state)
{
    (void)state;
    struct workload workload;
    struct rlimit before, limit;
    getrlimit(RLIMIT_FSIZE, &before);
    limit = before;
    limit.rlim_cur = 1000;
    setrlimit(RLIMIT_FSIZE, &limit);
    enum status status = drive_try(&workload, "thumbnails", 4, DRIVE_PARAMS(cache));
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(status, STATUS_FAILED);
    assert_non_null(strstr(drive_why, "signal"));
    assert_int_equal(count_entries(folder, ""), 0);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* A photograph's name is a folder's here, so that a child cannot put it in its place. */
static void a_child_that_fails_says_why(void **state)
{
    (void)state;
    struct workload workload;
    make_photographs(1);
    assert_int_equal(unlink(path_of(folder, FIRST)), 0);
    assert_int_equal(mkdir(path_of(folder, SECOND), 0777), 0);
    assert_int_equal(drive_try(&workload, "thumbnails", 2, DRIVE_PARAMS(cache)), STATUS_FAILED);
    assert_non_null(strstr(drive_why, path_of(folder, SECOND)));
    assert_non_null(strstr(drive_why, strerror(EISDIR)));
    assert_int_equal(count_entries(folder, ".part"), 0);
}

static void a_cache_that_cannot_be_used_is_refused_by_name(void **state)
{
    (void)state;
    char below[PATH_MAX + 32];
    snprintf(below, sizeof below, "cache=%s/file/below", scratch);
    write_content(path_of(scratch, "file"), "", 0);
    assert_refused(DRIVE_PARAMS(below), below + 6, strerror(ENOTDIR));
    assert_refused(DRIVE_PARAMS("cache="), "cache=", "empty");
}

static void the_cache_follows_xdg_cache_home(void **state)
{
    (void)state;
    struct workload workload;
    char *before = getenv("XDG_CACHE_HOME");
    before = before ? strdup(before) : NULL;
    setenv("XDG_CACHE_HOME", scratch, 1);
    drive_open(&workload, "thumbnails", 1, DRIVE_PARAMS());
    workload_close(&workload);
    if (before)
        setenv("XDG_CACHE_HOME", before, 1);
    else
        unsetenv("XDG_CACHE_HOME");
    free(before);
    assert_int_equal(count_entries(path_of(scratch, "poolbench"), "photographs-v1-"), 1);
}

#define IN_CACHE(test) cmocka_unit_test_setup_teardown(test, make_cache, remove_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_CACHE(a_photograph_depends_on_seed_and_number_alone),
        IN_CACHE(only_missing_photographs_are_made),
        IN_CACHE(made_photographs_are_of_mixed_sizes_and_orientations),
        IN_CACHE(a_killed_run_leaves_whole_photographs_and_no_process),
        IN_CACHE(a_killed_child_is_reported_and_leaves_nothing),
        IN_CACHE(a_child_that_fails_says_why),
        IN_CACHE(a_cache_that_cannot_be_used_is_refused_by_name),
        IN_CACHE(the_cache_follows_xdg_cache_home),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
