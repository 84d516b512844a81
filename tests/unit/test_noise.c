/* What the counters around a measurement tell, on simulated hosts whose files change in between,
 * and the verdict that follows from each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness/analyze/verdict.h"
#include "harness/measure/noise.h"
#include "hosts.h"
#include "near.h"

#define V2 "/sys/fs/cgroup"
#define V1 "/sys/fs/cgroup/cpu,cpuacct"

static struct noise_mark before;

static void enter(const char *host)
{
    hosts_enter(host);
    hosts_write("/proc/stat", "w", "cpu  1000 0 500 8000 100 0 10 50 0 0");
    hosts_write("/proc/vmstat", "w", "nr_free_pages 5\npswpin 40\npswpin_not 9");
    hosts_write("/proc/pressure/cpu", "w", "some avg10=12.34 avg60=0.00 avg300=0.00 total=1");
    hosts_write(
        "/proc/pressure/memory", "w", "some avg10=0.00 avg60=0.00 avg300=0.00 total=7000000");
    before = noise_mark();
}

/* The same result with a window of 10 s and this noise. */
static enum verdict_level level_of(struct result_noise noise)
{
    struct result *result = result_new("noise");
    result->noise = noise;
    result->noise.window_s = 10;
    result->usable_cpus = 8;
    enum verdict_level level = verdict_of(result).level;
    result_free(result);
    return level;
}

static void nothing_happens_on_a_host_that_does_not_change(void **state)
{
    (void)state;
    enter("v2 two CPUs of eight");
    struct result_noise noise = noise_since(&before);
    assert_int_equal(
        noise.steal_ticks + noise.cpu_ticks + noise.throttled + noise.swapped_in + noise.stalled_us,
        0);
    assert_false(noise.cpus_changed);
    assert_near(noise.psi_cpu, 12.34, 1e-9);
    assert_near(noise.others_s, 0, 0);
    assert_int_equal(level_of(noise), VERDICT_TRUSTED);
}

static void steal_and_the_work_of_others_are_read_from_stat(void **state)
{
    (void)state;
    enter("v2 machine");
    hosts_write("/proc/stat", "w", "cpu  1300 0 600 9400 150 5 25 80 0 0");
    struct result_noise noise = noise_since(&before);
    assert_int_equal(noise.steal_ticks, 30);
    assert_int_equal(noise.cpu_ticks, 1900);
    double tick = 1 / (double)sysconf(_SC_CLK_TCK);
    assert_near(noise.others_s, 420 * tick, 0.1); /* less what this test has used */
    assert_int_equal(level_of(noise), VERDICT_REFUSED);
}

/* CPUs 1 and 5 of eight are ours; in 10 s one of them is busy for `ours` ticks, one of the other
 * six for `foreign`. */
static struct result_noise work_on(unsigned ours, unsigned foreign)
{
    enter("taskset on both threads of one core");
    for (unsigned round = 0; round < 2; round++) {
        char text[256];
        snprintf(text, sizeof text,
            "cpu  %u 0 0 9000 0 0 0 %u 0 0\ncpu0 %u 0 0 100 0 0 0 %u 0 0\n"
            "cpu1 %u 0 0 100 0 0 0 0 0 0\ncpu5 3 0 0 100 0 0 0 7 0 0\nintr 99",
            round * (ours + foreign), round * foreign, round * foreign, round * foreign,
            round * ours);
        hosts_write("/proc/stat", "w", text);
        if (round == 0)
            before = noise_mark();
    }
    return noise_since(&before);
}

static void work_and_steal_on_cpus_that_are_not_ours_do_not_count(void **state)
{
    (void)state;
    unsigned second = (unsigned)sysconf(_SC_CLK_TCK);
    struct result_noise noise = work_on(0, 60 * second);
    assert_near(noise.others_s, 0, 0);
    assert_int_equal(noise.steal_ticks + noise.cpu_ticks, 0);
    assert_int_equal(level_of(noise), VERDICT_TRUSTED);
}

static void work_of_others_on_our_cpus_counts_alone(void **state)
{
    (void)state;
    unsigned second = (unsigned)sysconf(_SC_CLK_TCK);
    struct result_noise noise = work_on(20 * second, 60 * second);
    assert_near(noise.others_s, 20, 0.1); /* less what this test has used */
    assert_int_equal(noise.cpu_ticks, 20 * second);
    assert_int_equal(level_of(noise), VERDICT_REFUSED);
}

/* A quota of two CPUs of eight: six may work for others all the time. */
static void cpus_that_a_quota_keeps_from_us_are_the_others(void **state)
{
    (void)state;
    enter("v2 two CPUs of eight");
    before.at -= UINT64_C(10000000000);
    char text[64];
    unsigned second = (unsigned)sysconf(_SC_CLK_TCK);
    snprintf(text, sizeof text, "cpu  %u 0 500 8000 100 0 10 50 0 0", 1000 + 59 * second);
    hosts_write("/proc/stat", "w", text);
    assert_near(noise_since(&before).others_s, 0, 0);
    snprintf(text, sizeof text, "cpu  %u 0 500 8000 100 0 10 50 0 0", 1000 + 65 * second);
    hosts_write("/proc/stat", "w", text);
    assert_near(noise_since(&before).others_s, 5, 0.2);
}

/* As of a case's server that lives through the measurement, and of the workers that it had. */
static void the_work_of_a_child_and_of_its_children_is_ours(void **state)
{
    (void)state;
    unsigned second = (unsigned)sysconf(_SC_CLK_TCK);
    enter("v2 machine");
    for (unsigned round = 0; round < 2; round++) {
        char text[128];
        snprintf(
            text, sizeof text, "cpu  %u 0 500 8000 100 0 10 50 0 0", 1000 + round * 10 * second);
        hosts_write("/proc/stat", "w", text);
        snprintf(text, sizeof text, "77 (a server) S %d 1 1 0 0 0 0 0 0 0 %u %u %u %u 20 0",
            (int)getpid(), 5 + round * second, 6 + round * second, 7 + round * 2 * second,
            8 + round * 3 * second);
        hosts_write("/proc/77/stat", "w", text);
        if (round == 0)
            before = noise_mark();
    }
    assert_near(noise_since(&before).others_s, 3, 0.1);
}

static void counters_that_run_backwards_count_as_nothing(void **state)
{
    (void)state;
    enter("v2 machine");
    hosts_write("/proc/stat", "w", "cpu  900 0 400 8000 100 0 10 20 0 0");
    hosts_write("/proc/vmstat", "w", "pswpin 1");
    hosts_write("/proc/pressure/memory", "w", "some avg10=0.00 total=5");
    struct result_noise noise = noise_since(&before);
    assert_int_equal(noise.steal_ticks + noise.cpu_ticks + noise.swapped_in + noise.stalled_us, 0);
    assert_near(noise.others_s, 0, 0);
}

static void pages_swapped_in_refuse(void **state)
{
    (void)state;
    enter("v2 machine");
    hosts_write("/proc/vmstat", "w", "nr_free_pages 5\npswpin 43\npswpin_not 9");
    struct result_noise noise = noise_since(&before);
    assert_int_equal(noise.swapped_in, 3);
    assert_int_equal(level_of(noise), VERDICT_REFUSED);
}

static void waiting_for_memory_makes_suspect(void **state)
{
    (void)state;
    enter("v2 machine");
    hosts_write("/proc/pressure/memory", "w", "some avg10=0.00 avg60=0.00 total=7250000");
    struct result_noise noise = noise_since(&before);
    assert_int_equal(noise.stalled_us, 250000);
    assert_int_equal(level_of(noise), VERDICT_SUSPECT);
}

/* Writes a level's cpu.stat, as both versions have it. */
static void set_throttled(const char *folder, unsigned periods)
{
    char path[256], text[128];
    snprintf(path, sizeof path, "%s/cpu.stat", folder);
    snprintf(text, sizeof text, "nr_periods 100\nnr_throttled %u\nthrottled_usec 9", periods);
    hosts_write(path, "w", text);
}

static void throttling_at_any_level_above_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *host, *folders[3];
    } trees[] = {
        {"v2 the parent's quota is the smaller", {V2 "/a/b/c", V2 "/a/b", V2 "/a"}},
        {"v1 the parent's quota is the smaller", {V1 "/a/b", V1 "/a", V1}},
        {"docker with a cgroup namespace of its own", {V2}},
        {"v1 docker mounts its own cgroup as the root", {V1}},
        {"a hybrid with CPU time in version 2 and cpusets in version 1",
            {V2 "/unified/job", V2 "/unified"}},
    };
    for (size_t i = 0; i < sizeof trees / sizeof *trees; i++) {
        for (size_t level = 0; level < 3 && trees[i].folders[level]; level++) {
            assert_int_equal(hosts_setup(state), 0);
            hosts_make(trees[i].host);
            for (size_t j = 0; j < 3 && trees[i].folders[j]; j++)
                set_throttled(trees[i].folders[j], 10);
            enter(trees[i].host);
            set_throttled(trees[i].folders[level], 12);
            struct result_noise noise = noise_since(&before);
            if (noise.throttled != 2)
                fail_msg("%s: %s: %u", trees[i].host, trees[i].folders[level],
                    (unsigned)noise.throttled);
            assert_int_equal(level_of(noise), VERDICT_REFUSED);
            assert_int_equal(hosts_teardown(state), 0);
        }
    }
}

static void throttling_of_a_neighbour_does_not_count(void **state)
{
    (void)state;
    hosts_make("v2 two CPUs of eight");
    set_throttled(V2 "/neighbour", 10);
    enter("v2 two CPUs of eight");
    set_throttled(V2 "/neighbour", 99);
    assert_int_equal(noise_since(&before).throttled, 0);
}

static void another_mask_or_quota_refuses_even_where_the_count_stays(void **state)
{
    (void)state;
    static const char *const changes[][2] = {{"/proc/self/status", "Cpus_allowed_list:\t0-1"},
        {V2 "/set/cpu.max", "200000 200000"}, {V2 "/cpu.max", "600000 100000"},
        {"/proc/self/cgroup", "0::/"}};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        assert_int_equal(hosts_setup(state), 0);
        enter("v2 a cpuset and a quota");
        assert_false(noise_since(&before).cpus_changed);
        hosts_write(changes[i][0], "w", changes[i][1]);
        struct result_noise noise = noise_since(&before);
        if (!noise.cpus_changed)
            fail_msg("%s = %s is not seen", changes[i][0], changes[i][1]);
        assert_int_equal(level_of(noise), VERDICT_REFUSED);
        assert_int_equal(hosts_teardown(state), 0);
    }
}

static void a_host_of_garbage_or_of_nothing_is_silent(void **state)
{
    (void)state;
    static const char *const hosts[] = {
        "garbage in every file", "nothing at all in /proc and /sys"};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        assert_int_equal(hosts_setup(state), 0);
        hosts_enter(hosts[i]);
        before = noise_mark();
        struct result_noise noise = noise_since(&before);
        assert_near(noise.psi_cpu, -1, 0);
        assert_int_equal(level_of(noise), VERDICT_TRUSTED);
        assert_int_equal(hosts_teardown(state), 0);
    }
}

int main(void)
{
    hosts_read();
#define ADD(name) group_add(name, hosts_setup, hosts_teardown, NULL, "%s", #name)
#define ADD_MANY(name) group_add(name, NULL, NULL, NULL, "%s", #name) /* makes its own folders */
    ADD(nothing_happens_on_a_host_that_does_not_change);
    ADD(steal_and_the_work_of_others_are_read_from_stat);
    ADD(work_and_steal_on_cpus_that_are_not_ours_do_not_count);
    ADD(work_of_others_on_our_cpus_counts_alone);
    ADD(cpus_that_a_quota_keeps_from_us_are_the_others);
    ADD(the_work_of_a_child_and_of_its_children_is_ours);
    ADD(counters_that_run_backwards_count_as_nothing);
    ADD(pages_swapped_in_refuse);
    ADD(waiting_for_memory_makes_suspect);
    ADD_MANY(throttling_at_any_level_above_refuses);
    ADD(throttling_of_a_neighbour_does_not_count);
    ADD_MANY(another_mask_or_quota_refuses_even_where_the_count_stays);
    ADD_MANY(a_host_of_garbage_or_of_nothing_is_silent);
    int failed = group_run("noise", NULL, NULL);
    hosts_free();
    return failed;
}
