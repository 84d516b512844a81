/* How many CPUs count: affinity, the cgroup's quota, the environment; and what sizes mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness/measure/cpus.h"

#include <limits.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define OVERRIDE "POOLBENCH_CPUS"
/* A child's exit status: the machine does not let it, or the count is another. */
#define UNABLE 77
#define WRONG 78

static int forget_override(void **state)
{
    (void)state;
    return unsetenv(OVERRIDE);
}

/* Runs `check` in a child, because what it changes is the process's. It returns 0, UNABLE, or
 * WRONG. */
static int in_child(int (*check)(const char *argument), const char *argument)
{
    int status;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(check(argument));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* ---- sizes ---- */

static void sizes_count_as_joblib_counts(void **state)
{
    (void)state;
    static const struct {
        int64_t asked;
        unsigned workers;
    } cases[] = {{1, 1}, {4, 4}, {5, 5}, {1000, 1000}, {-1, 4}, {-2, 3}, {-3, 2}, {-4, 1}, {-5, 1},
        {-1000, 1}, {0, 0}, {UINT_MAX, UINT_MAX}, {(int64_t)UINT_MAX + 1, UINT_MAX},
        {INT64_MAX, UINT_MAX}, {INT64_MIN, 1}};
    assert_int_equal(setenv(OVERRIDE, "4", 1), 0);
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(cpus_workers(cases[i].asked), cases[i].workers);
}

static void the_environment_wins_outright(void **state)
{
    (void)state;
    static const char *const counts[] = {"1", "3", "64", "1k"};
    static const unsigned expected[] = {1, 3, 64, 1000};
    for (size_t i = 0; i < COUNT(counts); i++) {
        assert_int_equal(setenv(OVERRIDE, counts[i], 1), 0);
        assert_int_equal(cpus_usable(), expected[i]);
        assert_int_equal(cpus_workers(-1), expected[i]);
    }
}

static void an_environment_that_is_no_number_does_not_count(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "0", "-1", "two", "1.5", "2 "};
    unsigned usable = cpus_usable();
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_int_equal(setenv(OVERRIDE, bad[i], 1), 0);
        assert_int_equal(cpus_usable(), usable);
    }
}

/* ---- affinity ---- */

static void usable_cpus_are_at_most_those_of_the_affinity_mask(void **state)
{
    (void)state;
    cpu_set_t set;
    assert_int_equal(sched_getaffinity(0, sizeof set, &set), 0);
    assert_int_equal(cpus_affinity(), CPU_COUNT(&set));
    assert_in_range(cpus_usable(), 1, cpus_affinity());
    if (cpus_quota() <= 0)
        assert_int_equal(cpus_usable(), cpus_affinity());
}

static int with_one_cpu(const char *argument)
{
    (void)argument;
    cpu_set_t set, one;
    CPU_ZERO(&one);
    if (sched_getaffinity(0, sizeof set, &set))
        return UNABLE;
    for (size_t cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; cpu++)
        if (CPU_ISSET(cpu, &set))
            CPU_SET(cpu, &one);
    if (sched_setaffinity(0, sizeof one, &one))
        return UNABLE;
    return cpus_affinity() == 1 && cpus_usable() == 1 && cpus_workers(-1) == 1 ? 0 : WRONG;
}

static void a_process_bound_to_one_cpu_has_one(void **state)
{
    (void)state;
    assert_int_equal(in_child(with_one_cpu, NULL), 0);
}

/* ---- quota: real cgroups, where we may make them ---- */

static int write_line(const char *folder, const char *name, const char *line)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    if (!file)
        return -1;
    int failed = fprintf(file, "%s\n", line) < 0;
    return fclose(file) || failed ? -1 : 0;
}

/* Limits a cgroup to so many us of every 100,000 us. */
static int set_quota(const char *folder, const char *us)
{
    char line[64];
    snprintf(line, sizeof line, "%s 100000", us);
    if (write_line(folder, "cpu.max", line) == 0) /* version 2 */
        return 0;
    return write_line(folder, "cpu.cfs_quota_us", us); /* the period is 100,000 us by default */
}

/* Makes two cgroups, one in the other. Returns 0, or -1 with nothing left. */
static int make_cgroups(char *outer, char *inner, size_t size)
{
    static const char *const roots[] = {"/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct",
        "/sys/fs/cgroup/unified", "/sys/fs/cgroup"};
    for (size_t i = 0; i < COUNT(roots); i++) {
        snprintf(outer, size, "%s/poolbench-test-%ld", roots[i], (long)getpid());
        snprintf(inner, size, "%s/poolbench-test-%ld/inner", roots[i], (long)getpid());
        if (mkdir(outer, 0755))
            continue;
        write_line(outer, "cgroup.subtree_control", "+cpu"); /* version 2 wants it */
        if (mkdir(inner, 0755) == 0 && set_quota(outer, "150000") == 0)
            return 0;
        rmdir(inner);
        rmdir(outer);
    }
    return -1;
}

static int join(const char *folder)
{
    return write_line(folder, "cgroup.procs", "0");
}

static int has_one_and_a_half(const char *folder)
{
    if (join(folder))
        return UNABLE;
    unsigned expected = cpus_affinity() < 2 ? cpus_affinity() : 2;
    return fabs(cpus_quota() - 1.5) < 1e-9 && cpus_usable() == expected ? 0 : WRONG;
}

static int has_half(const char *folder)
{
    if (join(folder))
        return UNABLE;
    return fabs(cpus_quota() - 0.5) < 1e-9 && cpus_usable() == 1 ? 0 : WRONG;
}

/* Burns CPU time until the kernel has throttled us: some periods of 100 ms; 10 s is too long. */
static int is_throttled(const char *folder)
{
    if (join(folder))
        return UNABLE;
    uint64_t before = cpus_throttled();
    time_t end = time(NULL) + 10;
    while (cpus_throttled() == before)
        if (time(NULL) > end)
            return WRONG;
    return 0;
}

static void the_smallest_quota_on_the_way_to_the_root_counts(void **state)
{
    (void)state;
    char outer[PATH_MAX], inner[PATH_MAX];
    if (make_cgroups(outer, inner, sizeof outer)) {
        print_message("no cgroup can be made here\n");
        skip();
    }
    int inherited = in_child(has_one_and_a_half, inner);
    int own = set_quota(inner, "50000") ? UNABLE : in_child(has_half, inner);
    int throttled = set_quota(inner, "10000") ? UNABLE : in_child(is_throttled, inner);
    assert_int_equal(rmdir(inner), 0);
    assert_int_equal(rmdir(outer), 0);
    assert_int_equal(inherited, 0);
    assert_int_equal(own, 0);
    assert_int_equal(throttled, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(sizes_count_as_joblib_counts, forget_override),
        cmocka_unit_test_setup(the_environment_wins_outright, forget_override),
        cmocka_unit_test_setup(an_environment_that_is_no_number_does_not_count, forget_override),
        cmocka_unit_test_setup(usable_cpus_are_at_most_those_of_the_affinity_mask, forget_override),
        cmocka_unit_test_setup(a_process_bound_to_one_cpu_has_one, forget_override),
        cmocka_unit_test_setup(the_smallest_quota_on_the_way_to_the_root_counts, forget_override),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
