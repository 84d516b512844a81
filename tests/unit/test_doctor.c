/* What doctor finds on the simulated hosts of hosts.txt, and each limit of what it measures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness/measure/doctor.h"
#include "hosts.h"

/* A quiet second on two CPUs. */
static struct doctor_facts quiet(void)
{
    return (struct doctor_facts){.clock_step_s = 20e-9,
        .clock_cost_s = 25e-9,
        .canary_drift = 0.01,
        .noise = {.window_s = 1, .cpu_ticks = 200, .psi_cpu = 1}};
}

/* The finding of that name; the caller frees *all. */
static const struct doctor_finding *find(
    const struct doctor_facts *facts, const char *name, struct doctor_finding **all)
{
    size_t count;
    *all = doctor_examine(facts, &count);
    assert_non_null(*all);
    for (size_t i = 0; i < count; i++)
        if (strcmp((*all)[i].name, name) == 0)
            return &(*all)[i];
    fail_msg("doctor has no finding \"%s\"", name);
    return NULL;
}

static void assert_found(
    const struct doctor_facts *facts, const char *name, const char *state, const char *value)
{
    struct doctor_finding *all;
    const struct doctor_finding *finding = find(facts, name, &all);
    if (strcmp(doctor_state_name(finding->state), state) != 0 ||
        (value && strcmp(finding->value, value) != 0))
        fail_msg("%s is %s, %s; expected %s, %s", name, doctor_state_name(finding->state),
            finding->value, state, value ? value : "any value");
    free(all);
}

/* ---- on simulated hosts ---- */

static void assert_complete(const struct doctor_finding *finding)
{
    if (!*finding->value || !*finding->meaning)
        fail_msg("%s has no value or no meaning", finding->name);
    if ((finding->state == DOCTOR_OK) != (*finding->advice == '\0'))
        fail_msg("%s is %s, with the advice \"%s\"", finding->name,
            doctor_state_name(finding->state), finding->advice);
    if (finding->impossible)
        assert_int_equal(finding->state, DOCTOR_PROBLEM);
}

static void is_told_what_hosts_txt_says(void **state)
{
    struct doctor_facts facts = quiet();
    size_t count;
    hosts_enter(*state);
    struct doctor_finding *findings = doctor_examine(&facts, &count);
    assert_non_null(findings);
    for (size_t i = 0; i < count; i++)
        assert_complete(&findings[i]);
    free(findings);
    for (size_t i = hosts_find(*state); !hosts_ends(i); i++) {
        const char *line = hosts_after(hosts_lines[i], "finding");
        char name[32], level[16], value[64] = "";
        if (line && sscanf(line, "%31s %15s %63[^\n]", name, level, value) >= 2)
            assert_found(&facts, name, level, *value ? value : NULL);
    }
}

static void a_host_without_a_second_process_cannot_measure(void **state)
{
    (void)state;
    struct doctor_facts facts = quiet();
    struct doctor_finding *all;
    hosts_enter("a container that may have no second process");
    const struct doctor_finding *finding = find(&facts, "processes", &all);
    assert_true(finding->impossible);
    assert_non_null(strstr(finding->advice, "pids.max of /sys/fs/cgroup/tiny"));
    free(all);
    hosts_write("/sys/fs/cgroup/tiny/pids.max", "w", "2");
    assert_false(find(&facts, "processes", &all)->impossible);
    free(all);
    hosts_write("/sys/fs/cgroup/tiny/pids.current", "w", "2");
    assert_true(find(&facts, "processes", &all)->impossible);
    free(all);
}

/* ---- what is measured, from both sides of each limit ---- */

static void a_clock_that_stands_still_or_ticks_like_a_wall_clock_cannot_measure(void **state)
{
    (void)state;
    static const double steps[] = {0, 1e-3, 1};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct doctor_facts facts = quiet();
        struct doctor_finding *all;
        facts.clock_step_s = steps[i];
        const struct doctor_finding *finding = find(&facts, "clock_step", &all);
        assert_int_equal(finding->state, DOCTOR_PROBLEM);
        assert_true(finding->impossible);
        free(all);
    }
}

static void a_coarse_or_dear_clock_is_noted(void **state)
{
    (void)state;
    struct doctor_facts facts = quiet();
    assert_found(&facts, "clock_step", "ok", "20 ns");
    assert_found(&facts, "clock_cost", "ok", "25 ns");
    assert_found(&facts, "smallest_grain", "ok", "4.5 µs");
    facts.clock_step_s = 2e-6;
    facts.clock_cost_s = 1e-6;
    assert_found(&facts, "clock_step", "note", "2 µs");
    assert_found(&facts, "clock_cost", "note", "1 µs");
    assert_found(&facts, "smallest_grain", "note", "300 µs");
}

static void drift_is_judged_as_by_the_verdict(void **state)
{
    (void)state;
    static const struct {
        double drift;
        const char *level, *value;
    } cases[] = {{0, "ok", "+0.0 %"}, {0.049, "ok", NULL}, {-0.049, "ok", NULL},
        {0.051, "note", "+5.1 %"}, {-0.06, "note", "-6.0 %"}, {0.11, "problem", NULL},
        {-0.2, "problem", "-20.0 %"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct doctor_facts facts = quiet();
        facts.canary_drift = cases[i].drift;
        assert_found(&facts, "canary", cases[i].level, cases[i].value);
    }
}

static void steal_and_others_are_judged_as_by_the_verdict(void **state)
{
    (void)state;
    hosts_enter("eight cores without cgroups");
    struct doctor_facts facts = quiet();
    facts.noise.steal_ticks = 2; /* of 200 */
    assert_found(&facts, "steal", "ok", "1.0 %");
    facts.noise.steal_ticks = 3;
    assert_found(&facts, "steal", "problem", "1.5 %");
    facts.noise.cpu_ticks = 100;
    facts.noise.steal_ticks = 2; /* too few to tell */
    assert_found(&facts, "steal", "ok", "2.0 %");
    facts.noise.cpu_ticks = 0;
    assert_found(&facts, "steal", "note", "not told");
    facts.noise.others_s = 0.32; /* of 8 s */
    assert_found(&facts, "others", "ok", "4 %");
    facts.noise.others_s = 0.8;
    assert_found(&facts, "others", "note", "10 %");
    facts.noise.others_s = 1.6;
    assert_found(&facts, "others", "problem", "20 %");
    facts.noise.window_s = 0.1;
    facts.noise.others_s = 0.09; /* the rounding of ticks */
    assert_found(&facts, "others", "ok", "11 %");
}

static void pressure_stalls_and_throttling_are_found(void **state)
{
    (void)state;
    struct doctor_facts facts = quiet();
    assert_found(&facts, "pressure", "ok", "1 %");
    assert_found(&facts, "stalled", "ok", "0.0 %");
    assert_found(&facts, "throttling", "ok", "0 periods");
    facts.noise.psi_cpu = 40;
    facts.noise.stalled_us = 20000;
    facts.noise.throttled = 1;
    assert_found(&facts, "pressure", "note", "40 %");
    assert_found(&facts, "stalled", "problem", "2.0 %");
    assert_found(&facts, "throttling", "problem", "1 period");
    facts.noise.psi_cpu = -1;
    assert_found(&facts, "pressure", "note", "not told");
}

static void missing_programs_are_noted_with_their_packages(void **state)
{
    (void)state;
    struct doctor_facts facts = quiet();
    struct doctor_finding *all;
    char *path = strdup(getenv("PATH"));
    assert_int_equal(setenv("PATH", scratch, 1), 0);
    assert_found(&facts, "hyperfine", "note", "not found");
    assert_non_null(strstr(find(&facts, "gnuplot", &all)->advice, "apt-get install gnuplot-nox"));
    free(all);
    write_content(path_of(scratch, "gnuplot"), "#!/bin/sh\n", 10);
    assert_found(&facts, "gnuplot", "note", "not found"); /* it cannot be run */
    assert_int_equal(chmod(path_of(scratch, "gnuplot"), 0755), 0);
    assert_found(&facts, "gnuplot", "ok", "found");
    assert_int_equal(setenv("PATH", path, 1), 0);
    free(path);
}

static void the_window_is_measured_within_its_time(void **state)
{
    (void)state;
    struct doctor_facts facts;
    doctor_measure(&facts);
    assert_true(facts.clock_step_s > 0 && facts.clock_step_s < 1e-3);
    assert_true(facts.clock_cost_s > 0 && facts.clock_cost_s < 1e-3);
    assert_true(facts.noise.window_s >= 1);
    assert_true(facts.canary_drift > -1);
    assert_false(facts.noise.cpus_changed);
}

int main(void)
{
    hosts_read();
    hosts_add(is_told_what_hosts_txt_says);
#define ADD(name) group_add(name, hosts_setup, hosts_teardown, NULL, "%s", #name)
    ADD(a_host_without_a_second_process_cannot_measure);
    ADD(a_clock_that_stands_still_or_ticks_like_a_wall_clock_cannot_measure);
    ADD(a_coarse_or_dear_clock_is_noted);
    ADD(drift_is_judged_as_by_the_verdict);
    ADD(steal_and_others_are_judged_as_by_the_verdict);
    ADD(pressure_stalls_and_throttling_are_found);
    ADD(missing_programs_are_noted_with_their_packages);
    ADD(the_window_is_measured_within_its_time);
    int failed = group_run("doctor", NULL, NULL);
    hosts_free();
    return failed;
}
