/* The limits on processes and threads, from simulated hosts and from this one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "harness/util/limits.h"
#include "harness/util/tempdir.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char root[PATH_MAX];

static int make_root(void **state)
{
    (void)state;
    return tempdir_make(root, sizeof root, NULL, "limits") || setenv("POOLBENCH_ROOT", root, 1);
}

static int remove_root(void **state)
{
    (void)state;
    unsetenv("POOLBENCH_ROOT");
    return tempdir_remove(root);
}

/* Writes a file of the simulated host, with the folders that it stands in. */
static void put(const char *path, const char *content)
{
    char whole[2 * PATH_MAX];
    snprintf(whole, sizeof whole, "%s%s", root, path);
    for (char *at = whole + strlen(root) + 1; (at = strchr(at, '/')); *at++ = '/') {
        *at = '\0';
        mkdir(whole, 0700);
    }
    FILE *file = fopen(whole, "w");
    assert_non_null(file);
    fputs(content, file);
    assert_int_equal(fclose(file), 0);
}

static void assert_tightest(const char *name, uint64_t value, uint64_t taken)
{
    struct limit limit;
    assert_true(limits_tightest(&limit));
    assert_string_equal(limit.name, name);
    assert_int_equal(limit.value, value);
    assert_int_equal(limit.taken, taken);
    assert_int_equal(limit.room, value > taken ? value - taken : 0);
    assert_non_null(limit.raise);
}

static void the_kernels_smaller_limit_counts(void **state)
{
    (void)state;
    put("/proc/loadavg", "0.20 0.18 0.12 1/80 11206\n");
    put("/proc/sys/kernel/pid_max", "300\n");
    assert_tightest("kernel.pid_max", 300, 0); /* its namespace is not told */
    put("/proc/sys/kernel/threads-max", "379\n");
    assert_tightest("kernel.threads-max", 379, 80);
    put("/proc/sys/kernel/threads-max", "381\n");
    assert_tightest("kernel.pid_max", 300, 0);
    put("/proc/sys/kernel/threads-max", "79\n"); /* as where it was lowered */
    assert_tightest("kernel.threads-max", 79, 80);
}

static void a_cgroup_of_version_2_and_those_above_it_count(void **state)
{
    (void)state;
    put("/proc/sys/kernel/pid_max", "4000\n");
    put("/proc/self/cgroup", "1:name=systemd:/x\n0::/a/b/c\n");
    put("/sys/fs/cgroup/a/b/c/pids.max", "max\n");
    assert_tightest("kernel.pid_max", 4000, 0);
    put("/sys/fs/cgroup/a/b/pids.max", "700\n");
    put("/sys/fs/cgroup/a/b/pids.current", "30\n");
    assert_tightest("pids.max of /sys/fs/cgroup/a/b", 700, 30);
    put("/sys/fs/cgroup/a/pids.max", "690\n");
    assert_tightest("pids.max of /sys/fs/cgroup/a/b", 700, 30);
    put("/sys/fs/cgroup/a/pids.current", "50\n");
    assert_tightest("pids.max of /sys/fs/cgroup/a", 690, 50);
    put("/sys/fs/cgroup/pids.max", "20\n"); /* a container's root has one */
    assert_tightest("pids.max of /sys/fs/cgroup", 20, 0);
}

static void a_cgroup_of_version_1_counts_in_its_own_hierarchy(void **state)
{
    (void)state;
    put("/proc/sys/kernel/pid_max", "4000\n");
    put("/proc/self/cgroup", "9:cpu,cpuacct:/a\n8:misc,pids:/a/b\n7:pidsx:/a\n0::/\n");
    put("/sys/fs/cgroup/cpu,cpuacct/a/pids.max", "1\n");
    put("/sys/fs/cgroup/pidsx/a/pids.max", "1\n");
    put("/sys/fs/cgroup/misc,pids/a/pids.max", "500\n");
    put("/sys/fs/cgroup/misc,pids/a/b/pids.max", "max\n");
    assert_tightest("pids.max of /sys/fs/cgroup/misc,pids/a", 500, 0);
    put("/sys/fs/cgroup/misc,pids/a/b/pids.max", "400\n");
    put("/sys/fs/cgroup/misc,pids/a/b/pids.current", "399\n");
    assert_tightest("pids.max of /sys/fs/cgroup/misc,pids/a/b", 400, 399);
}

/* The path is as the host has it; here only the container's own cgroup is mounted. */
static void a_containers_cgroup_counts_whatever_its_path(void **state)
{
    (void)state;
    put("/proc/self/cgroup", "8:pids:/docker/12\n");
    put("/proc/self/mountinfo",
        "36 31 0:32 /docker/12 /sys/fs/cgroup/pids ro - cgroup cgroup rw,pids\n");
    put("/sys/fs/cgroup/pids/pids.max", "60\n");
    put("/sys/fs/cgroup/pids/pids.current", "2\n");
    assert_tightest("pids.max of /sys/fs/cgroup/pids", 60, 2);
}

static void what_cannot_be_read_limits_nothing(void **state)
{
    (void)state;
    struct limit limit;
    put("/proc/self/cgroup", "nonsense\n8:pids\n0::\n");
    put("/proc/loadavg", "?");
    put("/proc/sys/kernel/pid_max", "-1\n");
    put("/proc/sys/kernel/threads-max", "");
    if (getuid() == 0)
        assert_false(limits_tightest(&limit));
}

static void the_users_limit_counts_but_for_root(void **state)
{
    (void)state;
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        struct limit limit;
        setrlimit(RLIMIT_NPROC, &(struct rlimit){9, 9});
        bool root_is_free = getuid() != 0 || !limits_tightest(&limit);
        if (getuid() == 0 && setuid(65534))
            _exit(0);
        bool found = limits_tightest(&limit);
        _exit(root_is_free && found && strcmp(limit.name, "RLIMIT_NPROC") == 0 && limit.value == 9
                  ? 0
                  : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void this_host_has_limits_and_room(void **state)
{
    (void)state;
    struct limit limit;
    unsetenv("POOLBENCH_ROOT");
    assert_true(limits_tightest(&limit));
    assert_in_range(limit.room, 1, limit.value);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, make_root, remove_root)
    const struct CMUnitTest tests[] = {
        TEST(the_kernels_smaller_limit_counts),
        TEST(a_cgroup_of_version_2_and_those_above_it_count),
        TEST(a_cgroup_of_version_1_counts_in_its_own_hierarchy),
        TEST(a_containers_cgroup_counts_whatever_its_path),
        TEST(what_cannot_be_read_limits_nothing),
        TEST(the_users_limit_counts_but_for_root),
        TEST(this_host_has_limits_and_room),
    };
    return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
