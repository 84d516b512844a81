/* The table of looks, and the window in which they see the machine at work. */
#include "doctor.h"

#include "../analyze/stat.h"
#include "../util/interrupt.h"
#include "clock.h"
#include "doctor_looks.h"
#include "noise.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define WINDOW_SECONDS 1.0
#define CANARIES_MAX 16384 /* more than fit in the window at 0.1 ms each */
#define READINGS 100000    /* some ms; a clock that has not moved by then stands still */
#define STEPS 200

static const struct {
    const char *name;
    doctor_look *look;
} looks[] = {
    {"clock", doctor_clock},
    {"clock_step", doctor_step},
    {"clock_cost", doctor_cost},
    {"smallest_grain", doctor_grain},
    {"cpus", doctor_usable},
    {"cores", doctor_cores},
    {"isolated", doctor_isolated},
    {"governor", doctor_governor},
    {"turbo", doctor_turbo},
    {"virtual", doctor_virtual},
    {"steal", doctor_steal},
    {"others", doctor_others},
    {"pressure", doctor_pressure},
    {"throttling", doctor_throttling},
    {"stalled", doctor_stalled},
    {"canary", doctor_canary},
    {"thp", doctor_thp},
    {"aslr", doctor_aslr},
    {"swap", doctor_swap},
    {"processes", doctor_processes},
    {"files", doctor_files},
    {"perf", doctor_perf},
    {"hyperfine", doctor_hyperfine},
    {"gnuplot", doctor_gnuplot},
    {"components", doctor_components},
};

const char *doctor_state_name(enum doctor_state state)
{
    static const char *const names[] = {"ok", "note", "problem"};
    return names[state];
}

void doctor_say(struct doctor_finding *finding, enum doctor_state state, const char *meaning,
    const char *advice, const char *value, ...)
{
    va_list arguments;
    va_start(arguments, value);
    vsnprintf(finding->value, sizeof finding->value, value, arguments);
    va_end(arguments);
    finding->state = state;
    snprintf(finding->meaning, sizeof finding->meaning, "%s", meaning);
    snprintf(finding->advice, sizeof finding->advice, "%s", advice);
}

/* ---- what only measuring tells ---- */

static void measure_clock(struct doctor_facts *facts)
{
    uint64_t start = clock_now(), last = start, smallest = UINT64_MAX;
    unsigned readings = 0;
    for (unsigned steps = 0; readings < READINGS && steps < STEPS; readings++) {
        uint64_t now = clock_now();
        if (now == last)
            continue;
        if (now - last < smallest)
            smallest = now - last;
        last = now;
        steps++;
    }
    facts->clock_cost_s = clock_since(start) / (readings + 1);
    facts->clock_step_s = last > start ? (double)smallest * 1e-9 : 0;
}

/* The canaries of the window, and how many. */
static size_t run_canaries(double *canaries)
{
    size_t count = 0;
    uint64_t start = clock_now();
    for (; count < CANARIES_MAX && clock_since(start) < WINDOW_SECONDS; count++) {
        if (interrupt_requested())
            break;
        canaries[count] = noise_canary();
    }
    return count;
}

void doctor_measure(struct doctor_facts *facts)
{
    *facts = (struct doctor_facts){0};
    measure_clock(facts);
    struct noise_mark before = noise_mark();
    double *canaries = calloc(CANARIES_MAX, sizeof *canaries);
    size_t count = canaries ? run_canaries(canaries) : 0, third = count / 3;
    if (third) {
        double first = stat_median(canaries, third);
        facts->canary_drift = stat_median(canaries + count - third, third) / first - 1;
    }
    free(canaries);
    facts->noise = noise_since(&before);
}

struct doctor_finding *doctor_examine(const struct doctor_facts *facts, size_t *count)
{
    *count = sizeof looks / sizeof *looks;
    struct doctor_finding *findings = calloc(*count, sizeof *findings);
    for (size_t i = 0; findings && i < *count; i++) {
        findings[i].name = looks[i].name;
        looks[i].look(facts, &findings[i]);
    }
    return findings;
}
