/* The case contract: everything that a workload needs, and the only header that it includes.
 *
 * A case is one file in this folder. It ends with
 *
 *     const struct bench_case case_NAME = { .name = "NAME", ... };
 *
 * where NAME is the file's name; a hyphen in .name is an underscore in the file's. The folder is
 * the registry: the Makefile finds the file. A file that needs libraries says so in a comment of
 * its first lines, `pkg-config: libcurl libmicrohttpd`; where one is missing, the case is listed
 * as unavailable with the package to install. skeleton.c.txt explains each hook on an example.
 *
 * A case of one's own, outside this folder, is a shared object with one more line at its end,
 * `BENCH_PLUGIN(case_NAME);`, and is given by its path wherever a case's name is asked for:
 * examples/plugin.c.
 *
 * A case knows nothing of threads, processes, clocks or output. Its task function runs unchanged
 * on every backend, so it shares nothing that it writes but its own result slot. Anything random
 * in a task is hash_mix(seed, index). */
#ifndef CASES_CASE_H
#define CASES_CASE_H

#include "../harness/pool/events.h"
#include "../harness/pool/task.h"
#include "../harness/util/hash.h"
#include "../harness/util/param.h"
#include "../harness/util/tempdir.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum case_kind { CASE_CPU, CASE_MEMORY, CASE_IO, CASE_MIXED, CASE_SYNC, CASE_OVERHEAD };

#define CASE_HANDED_MAX 4096 /* a path fits */

/* What setup is given and what it decides. */
struct case_run {
    /* given */
    const struct param_values *params; /* of the case's table, defaults filled in */
    uint64_t seed;
    /* given as -N (0: not given), decided by setup: how many tasks there are (0 is allowed) */
    uint64_t tasks;
    /* decided by setup */
    bool even;          /* every task costs the same, so that a random subset stands for all */
    size_t result_size; /* bytes of result behind the 64-bit value; 0 by default */
    void *ctx;          /* the case's own; read-only while tasks run */
    /* What setup has made or measured that processes which repeat it are to use instead of their
     * own, as text: a folder, a server's port, a calibration. They are given it here, and their
     * teardown leaves it alone. Empty: nothing. */
    char handed[CASE_HANDED_MAX];
};

/* The results of one region, in task order, for verify and answer. */
struct case_results;
uint64_t case_tasks(const struct case_results *results);
bool case_ok(const struct case_results *results, uint64_t index); /* the task returned 0 */
const struct task_result *case_result(const struct case_results *results, uint64_t index);

struct bench_case {
    const char *name;
    const char *summary;     /* one line */
    const char *description; /* a paragraph: what it does, what limits it, what curve to expect */
    enum case_kind kind;
    const struct param *params; /* ends with a NULL name; NULL: no parameters */

    /* The work; required. See task.h. */
    task_fn *task;

    /* Why the case cannot run here with its defaults, and what to install, as one line for `list`;
     * NULL: it can. For what is not known when the program is built, such as a server's programs.
     * Setup itself returns ENOPKG where they are missing and needed. NULL: it can wherever it was
     * built. */
    const char *(*supported)(void);

    /* Makes run->ctx and decides the fields above. Runs once, in a process with one thread, before
     * any task; depends on parameters, seed and `handed` alone, so that another process can repeat
     * it: worker processes that are not forked do. Returns 0, or a code with a message (task_fail)
     * after having undone what it did: EINVAL for parameters that do not fit together or input that
     * is unusable. NULL: no ctx, -N tasks. Temporary folders and processes that it makes end in
     * teardown; a process must also end with its parent (PR_SET_PDEATHSIG). */
    int (*setup)(struct case_run *run);
    void (*teardown)(void *ctx);

    /* What task `index` costs where it is simulated, in ns: CPU time on one core, and time for
     * which it blocks. Exact, and the same everywhere: the task is not run then. NULL: it is run
     * once, and timed. */
    void (*model)(const void *ctx, uint64_t index, double *cpu, double *blocking);

    /* A worker's own connection, handle or buffer. Called in the worker before its first and after
     * its last task. worker_enter returns 0 or a code with a message: the pool then fails to
     * start. NULL: local is NULL. */
    int (*worker_enter)(const void *ctx, void **local);
    void (*worker_leave)(const void *ctx, void *local);

    /* Checks a region's results against a known answer; tasks that failed are to be left out.
     * Returns 0, or a code with a message. NULL: serial's checksum is the only oracle. */
    int (*verify)(const void *ctx, const struct case_results *results);

    /* Writes what a task is about (a file's name, a URL), for the list of failures. NULL: "task
     * 17". */
    void (*task_name)(const void *ctx, uint64_t index, char *text, size_t size);

    /* Writes the result as text (a sum, a count). NULL: the case has none. */
    void (*answer)(const void *ctx, const struct case_results *results, char *text, size_t size);

    /* The task once more, as one that never blocks (events.h): the same values, for the backend
     * `events`. NULL: the case has no such form, and that backend says so. */
    const struct event_form *events;
};

/* ---- plug-ins ---- */

/* Goes up with every change of this header, or of those that it includes, that a case built before
 * would not survive. */
#define BENCH_PLUGIN_VERSION 3

/* What a plug-in exports as `bench_plugin`. The first two members stay what and where they are, so
 * that a program can refuse one that was built for another. */
struct bench_plugin {
    uint32_t version;
    uint32_t size; /* of struct bench_case */
    const struct bench_case *bench;
};

#define BENCH_PLUGIN(case_struct)                                                                  \
    extern const struct bench_plugin bench_plugin;                                                 \
    const struct bench_plugin bench_plugin = {                                                     \
        BENCH_PLUGIN_VERSION, sizeof(struct bench_case), &(case_struct)}

#endif
