/* How much memory the cgroups leave, and the arrays of stream, which go by it: on simulated hosts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "harness/util/cgroup.h"
#include "hosts.h"

#define HOST "eight cores without cgroups"

static void tightest_of_the_levels_counts_and_max_is_none(void **state)
{
    (void)state;
    hosts_enter(HOST);
    assert_true(cgroup_memory() == UINT64_MAX);
    hosts_write("/proc/self/cgroup", "w", "0::/a/b");
    hosts_write("/sys/fs/cgroup/a/b/memory.max", "w", "max");
    assert_true(cgroup_memory() == UINT64_MAX);
    hosts_write("/sys/fs/cgroup/a/memory.max", "w", "3000000");
    assert_int_equal(cgroup_memory(), 3000000);
    hosts_write("/sys/fs/cgroup/a/b/memory.max", "w", "4000000");
    assert_int_equal(cgroup_memory(), 3000000);
}

static void version_1_has_a_limit_too(void **state)
{
    (void)state;
    hosts_enter(HOST);
    hosts_write("/proc/self/cgroup", "w", "4:memory:/a");
    hosts_write("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "w", "5000000");
    hosts_write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "w", "9223372036854771712");
    assert_int_equal(cgroup_memory(), 5000000);
}

static void three_arrays_of_stream_take_a_quarter_of_the_limit(void **state)
{
    (void)state;
    struct workload workload;
    char answer[64];
    hosts_enter(HOST);
    hosts_write("/proc/self/cgroup", "w", "0::/a");
    hosts_write("/sys/fs/cgroup/a/memory.max", "w", "2400000");
    drive_open(&workload, "stream", 10, DRIVE_PARAMS(NULL));
    assert_int_equal(drive_run(&workload, "serial", 1).ok, 10);
    workload_answer(&workload, answer, sizeof answer);
    assert_string_equal(answer, "600000 bytes moved");
    workload_close(&workload);
    assert_int_equal(drive_try(&workload, "stream", 1, DRIVE_PARAMS("size=500k")), STATUS_USAGE);
    assert_non_null(strstr(drive_why, "more than half of the memory"));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, hosts_setup, hosts_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(tightest_of_the_levels_counts_and_max_is_none),
        TEST(version_1_has_a_limit_too),
        TEST(three_arrays_of_stream_take_a_quarter_of_the_limit),
    };
    hosts_read();
    int failed = cmocka_run_group_tests_name("memory_limit", tests, NULL, NULL);
    hosts_free();
    return failed;
}
