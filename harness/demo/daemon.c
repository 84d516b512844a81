/* A program that ends while its workers are in the middle of their tasks: here the program is a
 * child of the form, which counts from outside what becomes of the workers. */
#include "../measure/clock.h"
#include "demo.h"
#include "support/must.h"
#include "support/pace.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS 2
#define THREAD_TASKS 10    /* each */
#define PROCESS_TASKS 2000 /* each: 20 s, which nobody waits for */
#define TASK_S 0.01
#define SOON_S 10   /* in which workers begin: an upper bound that nothing waits for */
#define AFTER_S 0.2 /* in which orphans are watched */

/* Read by the form while workers run, or after they have ended: relaxed counts. */
struct shared {
    _Atomic uint64_t begun, ended;
};

static void run_tasks(struct shared *shared, int count)
{
    for (int i = 0; i < count; i++) {
        atomic_fetch_add_explicit(&shared->begun, 1, memory_order_relaxed);
        pace_pause(TASK_S);
        atomic_fetch_add_explicit(&shared->ended, 1, memory_order_relaxed);
    }
}

static uint64_t begun(const struct shared *shared)
{
    return atomic_load_explicit(&shared->begun, memory_order_relaxed);
}

static uint64_t ended(const struct shared *shared)
{
    return atomic_load_explicit(&shared->ended, memory_order_relaxed);
}

/* Until every worker has begun its second task or so. */
static void wait_until_busy(const struct demo_run *run, const struct shared *shared)
{
    uint64_t start = clock_now();
    double soon = demo_seconds(run, SOON_S);
    while (begun(shared) < 2 * WORKERS && clock_since(start) < soon)
        pace_pause(1e-3);
}

/* ---- the program's workers ---- */

static void *thread_main(void *shared)
{
    run_tasks(shared, THREAD_TASKS);
    return NULL;
}

static void threads_of_program(const struct demo_run *run, struct shared *shared, bool joins)
{
    pthread_t threads[WORKERS];
    for (int i = 0; i < WORKERS; i++) {
        if (pthread_create(&threads[i], NULL, thread_main, shared))
            demo_cannot(run, "a thread cannot be started");
        if (!joins)
            pthread_detach(threads[i]);
    }
    wait_until_busy(run, shared);
    for (int i = 0; joins && i < WORKERS; i++)
        pthread_join(threads[i], NULL);
}

static int call_tasks(struct pool_call *call)
{
    struct shared *shared;
    memcpy(&shared, call->payload, sizeof shared);
    run_tasks(shared, PROCESS_TASKS);
    return 0;
}

/* Workers that know nothing of their parent, or those of a pool, which end with their owner. */
static _Noreturn void processes_of_program(
    const struct demo_run *run, struct shared *shared, bool tied)
{
    if (tied) {
        struct pool *pool = must_pool(run, &pool_processes,
            &(struct pool_config){
                .workers = WORKERS, .calls_max = WORKERS, .call_size = sizeof shared});
        for (int i = 0; i < WORKERS; i++)
            must_submit(run, pool, call_tasks, &shared, sizeof shared, NULL);
    }
    for (int i = 0; !tied && i < WORKERS; i++) {
        pid_t worker = fork();
        if (worker < 0)
            demo_cannot(run, "no process is to be had: %s", strerror(errno));
        if (worker == 0) {
            run_tasks(shared, PROCESS_TASKS);
            _exit(0);
        }
    }
    wait_until_busy(run, shared);
    kill(getpid(), SIGKILL); /* as the out-of-memory killer ends a program, or an impatient user */
    _exit(1);
}

/* ---- the form ---- */

static void wait_for_program(const struct demo_run *run, pid_t program)
{
    int status;
    while (waitpid(program, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFEXITED(status) && WEXITSTATUS(status)) /* it has said why */
        demo_cannot(run, "the program could not do its part");
}

static void watch_threads(const struct demo_run *run, bool mended)
{
    struct shared *shared = must_memory(run, sizeof *shared);
    pid_t program = must_fork(run);
    if (program == 0) {
        threads_of_program(run, shared, mended);
        _exit(0);
    }
    wait_for_program(run, program);
    uint64_t all = WORKERS * THREAD_TASKS;
    uint64_t cut = begun(shared) - ended(shared), missing = all - ended(shared);
    demo_figure(run, (double)ended(shared), "", "tasks of %" PRIu64 " done, threads", all);
    demo_figure(run, (double)cut, "", "tasks cut off half-way, threads");
    if (missing > 0)
        demo_showed(run,
            "the program returned from main: its threads died in the middle of %" PRIu64
            " tasks, and %" PRIu64 " of %" PRIu64 " are missing",
            cut, missing, all);
}

/* Orphans come to the form. Waits for those that have ended, and returns whether there are others.
 */
static bool has_orphans(void)
{
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
    siginfo_t info;
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/* Until no orphan is left, or for AFTER_S. */
static bool orphans_stay(void)
{
    uint64_t start = clock_now();
    bool any;
    while ((any = has_orphans()) && clock_since(start) < AFTER_S)
        pace_pause(1e-3);
    return any;
}

/* What still runs at the form's end is killed with it. */
static void watch_processes(const struct demo_run *run, bool mended)
{
    struct shared *shared = must_memory(run, sizeof *shared);
    pid_t program = must_fork(run);
    if (program == 0)
        processes_of_program(run, shared, mended);
    wait_for_program(run, program);
    uint64_t before = ended(shared), start = clock_now();
    bool any = orphans_stay();
    uint64_t after = ended(shared) - before;
    demo_figure(run, (double)before, "", "tasks done when the program was killed, processes");
    demo_figure(run, (double)after, "", "tasks done by orphans after that, processes");
    demo_figure(run, clock_since(start), "s", "orphans watched for, processes");
    if (any)
        demo_showed(run,
            "the program was killed: its worker processes go on without it, %" PRIu64
            " tasks in %g s for nobody",
            after, AFTER_S);
}

static void daemon_form(const struct demo_run *run, bool mended)
{
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    watch_threads(run, mended);
    watch_processes(run, mended);
}

static void unmended(const struct demo_run *run)
{
    daemon_form(run, false);
}

static void mended(const struct demo_run *run)
{
    daemon_form(run, true);
}

const struct demo demo_daemon = {
    .name = "daemon",
    .summary = "the program ends before its workers: threads die half-way, processes go on alone",
    .description =
        "When a program returns from main, the system ends all of its threads at whatever they "
        "are doing: a detached (or daemon) thread is not one of low priority, but one that nobody "
        "waits for, and the file that it writes is cut off. With processes it is the other way "
        "round: when their parent is killed, nobody tells them, and they go on computing for "
        "nobody, with its files, ports and memory, until somebody looks at `ps`. Mended by "
        "waiting: join before the end; and by a tie that the kernel holds: a worker asks to be "
        "killed with its parent (PR_SET_PDEATHSIG) and has a pipe to it that closes with it, as "
        "the workers of our pools do.",
    .kind = DEMO_LOSS,
    .unmended = {"detached threads, and forked workers that know nothing of their parent",
        unmended},
    .mended = {"threads that are joined, and a pool's workers, tied to their owner", mended},
};
