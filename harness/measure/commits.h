/* Two commits of poolbench itself, built apart and measured side by side: in each block either
 * build runs every configuration once, in random order, so that drift hits both alike. Nothing is
 * written outside the folder given: the builds are clones that share the repository's objects, so
 * that the repository does not even know of them. */
#ifndef MEASURE_COMMITS_H
#define MEASURE_COMMITS_H

#include "../store/result.h"
#include "../util/param.h"
#include "../util/status.h"
#include "sweep.h"

#include <limits.h>

#define COMMITS_HASH 41

struct commits_build {
    char commit[COMMITS_HASH]; /* full hash */
    char program[PATH_MAX];
};

/* OLD and NEW. */
#define COMMITS 2

/* Fills in the commits of "OLD..NEW" (NEW empty: HEAD) of the repository that the current folder
 * is in. folder is for what git says. Returns STATUS_DONE; else a status with one line in why. */
enum status commits_resolve(
    const char *range, const char *folder, struct commits_build *builds, char *why, size_t size);

/* Clones the repository to folder/NAME, checks builds->commit out, and runs `make poolbench` there
 * with `jobs` jobs, for at most 20 minutes. Fills in the program. Returns as above. */
enum status commits_build(const char *folder, const char *name, unsigned jobs,
    struct commits_build *build, char *why, size_t size);

struct commits_options {
    const struct commits_build *builds; /* of OLD and NEW */
    const char *folder;                 /* for what runs say */
    const struct param_values *given;   /* tasks, chunk, param and seed of the case */
    unsigned blocks;
    double budget_s; /* no block begins after it once STAT_PAIRS_MIN count; 0: none */
    struct sweep_progress progress;
};

/* Measures the result's case: its configs are OLD's and then, in the same order, NEW's. Each sample
 * is one region of `run --json`, of at most 10 minutes. One block more than asked for is taken: the
 * first is a pilot, in which files are read for the first time. A configuration that fails then is
 * measured no more; its sample says why. Appends blocks and samples, and fills in tasks, noise and
 * complete. Returns STATUS_DONE; STATUS_INTERRUPTED, with what was measured so far; or
 * STATUS_FAILED with one line in why: the builds' results differ, so they do not do the same work.
 */
enum status commits_measure(
    const struct commits_options *options, struct result *result, char *why, size_t size);

#endif
