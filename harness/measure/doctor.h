/* What this machine can and cannot measure, and what to do about it: a list of findings, each on
 * one property of the machine. Nothing is changed: the advice is for the user. */
#ifndef MEASURE_DOCTOR_H
#define MEASURE_DOCTOR_H

#include "../store/result.h"

#include <stdbool.h>
#include <stddef.h>

enum doctor_state {
    DOCTOR_OK,
    DOCTOR_NOTE,   /* costs precision, or is good to know when results are read */
    DOCTOR_PROBLEM /* results are likely to be refused, or wrong to compare */
};

struct doctor_finding {
    const char *name; /* a word, "governor" */
    enum doctor_state state;
    bool impossible; /* a problem with which nothing can be measured at all */
    char value[256]; /* "powersave"; "not told" where the machine does not say */
    char meaning[256];
    char advice[512]; /* a command, or what to avoid; "" where there is nothing to do */
};

/* What only measuring tells. */
struct doctor_facts {
    double clock_step_s; /* smallest step that the clock was seen to take; 0: it stands still */
    double clock_cost_s; /* of one reading */
    double canary_drift; /* fixed work: last third of the window to the first, 0.02: 2 % slower */
    struct result_noise noise; /* of the window, with one of our threads at work */
};

/* Measures for about 1.1 s, or until a signal comes. */
void doctor_measure(struct doctor_facts *facts);

/* All findings on this machine, in the order of docs/noise.md; the rest is read from files (host.h)
 * now. Returns a malloc'd array, the caller's, or NULL without memory. */
struct doctor_finding *doctor_examine(const struct doctor_facts *facts, size_t *count);

/* "ok", "note", "problem". */
const char *doctor_state_name(enum doctor_state state);

#endif
