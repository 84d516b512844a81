/* doctor: the clock, what it can time, and whether the machine keeps its speed. */
#include "../analyze/verdict.h"
#include "../util/host.h"
#include "../util/units.h"
#include "doctor_looks.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define CLOCK_FOLDER "/sys/devices/system/clocksource/clocksource0/"
#define STEP_COARSE 1e-6
#define STEP_USELESS 1e-3 /* a sample lasts as long (RUNNER_SAMPLE_SECONDS) */
#define COST_HIGH 200e-9
#define GRAIN_COARSE 100e-6
#define GRAIN_READINGS 100 /* a task timed alone takes as many readings, for an error of 1 % */

void doctor_clock(const struct doctor_facts *facts, struct doctor_finding *finding)
{
    (void)facts;
    static const char *const slow[] = {"hpet", "acpi_pm", "jiffies", "refined-jiffies", "pit"};
    char name[64];
    if (host_line(CLOCK_FOLDER "current_clocksource", name, sizeof name)) {
        doctor_say(finding, DOCTOR_OK, "clock_step and clock_cost say what it is worth", "",
            DOCTOR_NOT_TOLD);
        return;
    }
    for (size_t i = 0; i < sizeof slow / sizeof *slow; i++)
        if (strcmp(name, slow[i]) == 0) {
            doctor_say(finding, DOCTOR_NOTE,
                "each reading asks a device, or counts in coarse steps",
                "cat " CLOCK_FOLDER "available_clocksource; where it lists tsc, boot with "
                "clocksource=tsc",
                "%s", name);
            return;
        }
    doctor_say(finding, DOCTOR_OK, "read without asking a device", "", "%s", name);
}

void doctor_step(const struct doctor_facts *facts, struct doctor_finding *finding)
{
    char text[32];
    double step = facts->clock_step_s;
    units_seconds(text, sizeof text, step);
    if (step <= 0 || step >= STEP_USELESS) {
        finding->impossible = true;
        doctor_say(finding, DOCTOR_PROBLEM, "no time can be measured: the clock hardly moves",
            "find a clock that works: cat " CLOCK_FOLDER "available_clocksource", "%s", text);
    } else if (step > STEP_COARSE) {
        doctor_say(finding, DOCTOR_NOTE, "times of single tasks are known in such steps only",
            "time regions of many tasks, as sweep and breakeven do", "%s", text);
    } else {
        doctor_say(finding, DOCTOR_OK, "smallest step seen between two readings", "", "%s", text);
    }
}

void doctor_cost(const struct doctor_facts *facts, struct doctor_finding *finding)
{
    char text[32];
    units_seconds(text, sizeof text, facts->clock_cost_s);
    if (facts->clock_cost_s > COST_HIGH)
        doctor_say(finding, DOCTOR_NOTE, "reading the clock is a system call here, or worse",
            "cat " CLOCK_FOLDER "current_clocksource; tsc and the clocks of hypervisors are cheap",
            "%s", text);
    else
        doctor_say(finding, DOCTOR_OK, "one reading of the clock", "", "%s", text);
}

void doctor_grain(const struct doctor_facts *facts, struct doctor_finding *finding)
{
    char text[32];
    double grain = GRAIN_READINGS * (facts->clock_cost_s + facts->clock_step_s);
    units_seconds(text, sizeof text, grain);
    doctor_say(finding, grain > GRAIN_COARSE ? DOCTOR_NOTE : DOCTOR_OK,
        "a task of this length can be timed alone within 1 %; shorter ones are timed by the region",
        grain > GRAIN_COARSE ? "do not trust p50 and p99 of shorter tasks" : "", "%s", text);
}

void doctor_canary(const struct doctor_facts *facts, struct doctor_finding *finding)
{
    double drift = fabs(facts->canary_drift);
    enum doctor_state state = drift > VERDICT_CANARY_REFUSED   ? DOCTOR_PROBLEM
                              : drift > VERDICT_CANARY_SUSPECT ? DOCTOR_NOTE
                                                               : DOCTOR_OK;
    doctor_say(finding, state,
        state ? "the machine changed its speed within a second: results will be suspect or refused"
              : "fixed work takes the same time at the window's end as at its begin",
        state ? "wait until it is cool and idle; fix the frequency (governor, turbo)" : "",
        "%+.1f %%", 100 * facts->canary_drift);
}
