/* A case made ready to run: parameters parsed, setup done, an arena for its results, and what its
 * results must be. */
#ifndef MEASURE_WORKLOAD_H
#define MEASURE_WORKLOAD_H

#include "../../cases/case.h"
#include "../pool/pool.h"
#include "../util/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WORKLOAD_SEED 20170403 /* used where no other is given, so that runs repeat */

struct workload {
    const struct bench_case *bench;
    struct param_values *params;
    struct case_run run;               /* tasks, even, ctx: as setup decided */
    struct arena arena;                /* the results of the last region */
    uint64_t *reference;               /* serial's value of each task ... */
    bool *known;                       /* ... where it has run it, and it was ok */
    struct simulated_tasks *simulated; /* in virtual time: simulated.h; NULL: not known yet */
    void *again;                       /* how another process opens it: reopen.h */
    size_t again_size;
};

/* "cpu", "io", ...: the word for a kind. */
const char *workload_kind_name(enum case_kind kind);

/* What a case is opened with. */
struct workload_request {
    const char *name;
    const struct param_values
        *options;   /* where PARAM_MANY "param" holds name=value texts; or NULL */
    uint64_t tasks; /* -N; 0: not given */
    uint64_t seed;
    const char *handed; /* by the setup that is repeated; NULL: none is */
};

/* Opens a case in a process with one thread. Returns STATUS_DONE, or another status with one line
 * in why (unknown case or parameter, bad value: STATUS_USAGE; missing component:
 * STATUS_UNAVAILABLE; setup failed: STATUS_USAGE for EINVAL, STATUS_UNAVAILABLE for ENOPKG, else
 * STATUS_FAILED); nothing is left
 * then. */
enum status workload_open(
    struct workload *workload, const struct workload_request *request, char *why, size_t size);

/* The same with one parameter, as "grain=1us" (NULL: none), and the usual seed. */
enum status workload_open_with(struct workload *workload, const char *name, const char *param,
    uint64_t tasks, char *why, size_t size);

/* Ends it: teardown, then memory. */
void workload_close(struct workload *workload);

/* The same for one whose results are in another process: without an arena and reference. */
enum status workload_open_case(
    struct workload *workload, const struct workload_request *request, char *why, size_t size);
void workload_close_case(struct workload *workload);

/* What the arena holds after a region over `tasks` tasks; task i of the region is the case's task
 * indices[i] (NULL: i). */
struct workload_outcome {
    uint64_t ok, errors, lost, timeout; /* lost: reported lost, or never run */
    uint64_t checksum;                  /* sum of hash_mix(index, value) over the ok tasks */
    bool wrong;                         /* an ok task's value differs from the reference */
};
struct workload_outcome workload_outcome(
    const struct workload *workload, uint64_t tasks, const uint64_t *indices);

/* Takes the arena's ok values as reference where none is known yet: for serial's regions. */
void workload_learn(struct workload *workload, uint64_t tasks, const uint64_t *indices);

/* Runs the case's verify hook on a region of all tasks. Returns 0, or a code with one line in
 * why. */
int workload_verify(const struct workload *workload, char *why, size_t size);

/* The case's answer from a region of all tasks, or "" if it has none. */
void workload_answer(const struct workload *workload, char *text, size_t size);

/* What task `index` is about: the case's name for it, or "task 17". */
void workload_task_name(const struct workload *workload, uint64_t index, char *text, size_t size);

#endif
