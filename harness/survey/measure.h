/* Taking a survey: rounds in which every probe is read once, in random order, each reading in a
 * process of its own. */
#ifndef SURVEY_MEASURE_H
#define SURVEY_MEASURE_H

#include "../measure/sweep.h"
#include "survey.h"

/* The failure of a reading that found no value of a figure, which may be right. */
#define SURVEY_NO_VALUE "no value"

struct survey_options {
    unsigned rounds;  /* 0: the survey's own */
    const char *only; /* a list of subjects; NULL: all */
    double budget_s;  /* no round begins after this long, once there is one; 0: none */
    uint64_t seed;
    struct sweep_progress progress; /* report alone is told */
};

/* Appends figures, blocks (rounds, with a canary spin) and readings to the result, and fills in
 * survey, title, axis, summary, description, seed, noise and complete. The survey is supported.
 * Returns STATUS_DONE (also where readings have failed: they say why), STATUS_INTERRUPTED (what was
 * read until then is in the result), or another status with one line in why: STATUS_USAGE for a
 * subject that is not there, STATUS_FAILED where the survey cannot be opened. */
enum status survey_measure(const struct survey *survey, const struct survey_options *options,
    struct result *result, char *why, size_t size);

#endif
