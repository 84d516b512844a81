/* A program that submits its tasks to a pool and returns from main: here the program is a child of
 * the form, which counts from outside what has become of the tasks. */
#include "demo.h"
#include "support/must.h"
#include "support/pace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS 2
#define TASKS 100
#define TASK_S 5e-3
#define MAIN_S 0.02 /* main's own work: a small part of what the tasks take */

/* Relaxed: counts, and a sign to begin. */
struct shared {
    _Atomic bool submitted; /* all of them; tasks begin then */
    _Atomic uint64_t begun, ended;
    uint64_t received; /* results; the program's, read when it has ended */
};

static int work(struct pool_call *call)
{
    struct shared *shared;
    memcpy(&shared, call->payload, sizeof shared);
    while (!atomic_load_explicit(&shared->submitted, memory_order_relaxed))
        pace_let_others();
    atomic_fetch_add_explicit(&shared->begun, 1, memory_order_relaxed);
    pace_pause(TASK_S);
    atomic_fetch_add_explicit(&shared->ended, 1, memory_order_relaxed);
    return 0;
}

/* What the program's main does. */
static void program(
    const struct demo_run *run, const struct pool_ops *ops, struct shared *shared, bool joins)
{
    struct pool *pool = must_pool(run, ops,
        &(struct pool_config){.workers = WORKERS, .calls_max = TASKS, .call_size = sizeof shared});
    struct future *futures[TASKS];
    for (int i = 0; i < TASKS; i++)
        futures[i] = must_submit(run, pool, work, &shared, sizeof shared, NULL);
    atomic_store_explicit(&shared->submitted, true, memory_order_relaxed);
    pace_pause(MAIN_S);
    if (!joins)
        return;
    pool_close(pool);
    if (pool_join(pool, -1))
        demo_cannot(run, "%s", task_message(EIO));
    for (int i = 0; i < TASKS; i++)
        shared->received += future_status(futures[i]) == FUTURE_OK;
    pool_stop(pool);
}

/* Waits for the program and for its workers, which come to the form when it has ended. Returns the
 * program's status. */
static int wait_for_all(pid_t program)
{
    int status = 0, other;
    pid_t ended;
    while ((ended = waitpid(-1, &other, 0)) > 0 || errno == EINTR)
        if (ended == program)
            status = other;
    return status;
}

static void no_join_on(
    const struct demo_run *run, const struct pool_ops *ops, const char *where, bool joins)
{
    struct shared *shared = must_memory(run, sizeof *shared);
    pid_t child = must_fork(run);
    if (child == 0) {
        program(run, ops, shared, joins);
        _exit(0); /* as main's return does, with a status that says that all is well */
    }
    int status = wait_for_all(child);
    if (!WIFEXITED(status) || WEXITSTATUS(status)) /* it has said why */
        demo_cannot(run, "the program could not do its part");
    uint64_t begun = atomic_load_explicit(&shared->begun, memory_order_relaxed);
    uint64_t ended = atomic_load_explicit(&shared->ended, memory_order_relaxed);
    demo_figure(run, (double)(TASKS - begun), "", "tasks of %d never begun, %s", TASKS, where);
    demo_figure(run, (double)(begun - ended), "", "tasks cut off half-way, %s", where);
    demo_figure(run, (double)shared->received, "", "results received, %s", where);
    demo_figure(run, WEXITSTATUS(status), "", "exit status of the program, %s", where);
    if (ended < TASKS)
        demo_showed(run,
            "%" PRIu64 " of %d tasks on %s are lost, and the program's exit status is %d",
            TASKS - ended, TASKS, where, WEXITSTATUS(status));
}

static void no_join(const struct demo_run *run, bool joins)
{
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    no_join_on(run, &pool_processes, "processes", joins);
    no_join_on(run, &pool_threads, "threads", joins);
}

static void unmended(const struct demo_run *run)
{
    no_join(run, false);
}

static void mended(const struct demo_run *run)
{
    no_join(run, true);
}

const struct demo demo_no_join = {
    .name = "no-join",
    .summary = "main ends before the pool has done what was submitted: tasks are lost in silence",
    .description =
        "To submit is to leave a note: it returns at once, whether or not a worker will ever get "
        "to it. A main that submits a hundred tasks and returns takes the pool along, what its "
        "workers are at and all that waits in line. There is no message, and the exit status is "
        "0; with few and short tasks it goes well by chance, which is how it gets into programs. "
        "Mended by closing the pool (no more will come) and joining it (wait until all is done), "
        "or by asking each future for its result, which also tells what has failed.",
    .kind = DEMO_LOSS,
    .unmended = {"submits 100 calls, works for 20 ms and returns from main", unmended},
    .mended = {"does the same, but closes the pool and joins it before it returns", mended},
};
