/* Persistent forked workers; tasks, results and the engine's state lie in shared memory, so no
 * task crosses a pipe. The parent only waits, but where it is to work as well (owner_works): then
 * it is worker 0, whose place among the processes stays empty. A process that dies costs the tasks
 * that its workers were running, one each: the parent notices within ENGINE_RECHECK_MS, notes them
 * lost, starts another process and lets the rest be done. Processes die with their parent
 * (PR_SET_PDEATHSIG, lifeline.h). Here a process is one worker; see processes.h and hybrid.c for
 * several. */
#include "processes.h"
#include "../measure/clock.h"
#include "engine.h"
#include "launch.h"
#include "lifeline.h"
#include "retry.h"
#include "stopped.h"
#include "timed.h"
#include "zygote.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Processes may be killed from outside before their workers have entered; but where entering itself
 * kills them, starting others must end: so many in a row are too many. */
#define STILLBORN_MAX 16

/* How much of a death's description is part of another message. */
#define REASON_MAX 160

/* How often a process that is about to end is looked at before the owner goes on. */
#define SPENT_TURNS 10000

/* One that was asked to end (SIGTERM) and has not is killed after so long. */
#define KILL_AFTER_NS 200000000

static unsigned threads_each(const struct processes *processes)
{
    return processes->pool.config.threads_each;
}

/* Starts a process with its workers. Returns 0, or errno with a message. */
static int start_process(struct processes *processes, unsigned index)
{
    struct process *process = &processes->all[index];
    unsigned threads = threads_each(processes), first = index * threads;
    for (unsigned i = first; i < first + threads; i++)
        atomic_store(&processes->pool.engine->lanes[i].entered, 0);
    int code = launch_process(processes, first, process);
    if (!code)
        process->pidfd = deaths_watch(&processes->deaths, index, process->pid);
    return code;
}

/* What a process's workers came to before it died. */
struct obituary {
    char reason[TASK_MESSAGE_MAX]; /* the last worker's */
    const char *error;             /* of one that could not enter; NULL: none */
    bool grown;                    /* all had entered, or one had gone on to a task */
};

/* The same death for all of a process's workers: what they were running is lost. */
static struct obituary bury(struct processes *processes, unsigned index, pid_t pid, int status)
{
    struct engine *engine = processes->pool.engine;
    struct obituary obituary = {.grown = false};
    unsigned threads = threads_each(processes), entered = 0;
    for (unsigned i = index * threads; i < (index + 1) * threads; i++) {
        int code = pool_death(obituary.reason, sizeof obituary.reason, i, pid, status);
        int entry = atomic_load(&engine->lanes[i].entered);
        entered += entry > 0;
        if (entry < 0)
            obituary.error = engine->lanes[i].error;
        obituary.grown |= engine_bury(engine, i, code, obituary.reason);
    }
    obituary.grown |= entered == threads;
    return obituary;
}

bool processes_is_spent(const struct processes *processes, unsigned index)
{
    const struct engine *engine = processes->pool.engine;
    return engine->ends_when_spent && atomic_load(&engine->lanes[index].entered) == 2;
}

static int break_off(struct processes *processes, const char *reason);

/* A process that has come to this end is to be replaced, which launch_process has refused. */
static int cannot_replace(struct processes *processes, const char *end, int code)
{
    char reason[TASK_MESSAGE_MAX];
    snprintf(reason, sizeof reason, "%s: %.*s and cannot be replaced: %s",
        processes->pool.ops->name, REASON_MAX, end, task_message(code));
    return break_off(processes, reason);
}

static int succeed(struct processes *processes, unsigned index)
{
    if (pool_is_terminated(&processes->pool))
        return 0;
    char end[64];
    int code = start_process(processes, index);
    snprintf(end, sizeof end, "worker %u has run its tasks_per_worker", index);
    return code ? cannot_replace(processes, end, code) : 0;
}

/* Buries one process if it is dead and starts another. Returns 0, or -1 with a message when no
 * other can be started: the pool is broken then. */
static int check_process(struct processes *processes, unsigned index)
{
    int status;
    char reason[TASK_MESSAGE_MAX];
    struct process *process = &processes->all[index];
    if (!launch_has_ended(process, &status))
        return 0;
    if (status == LAUNCH_ZYGOTE_GONE) {
        snprintf(reason, sizeof reason,
            "%s: the zygote that has forked its workers %s, and they with it",
            processes->pool.ops->name, zygote_fate());
        return break_off(processes, reason);
    }
    pid_t pid = process->pid;
    deaths_forget(&processes->deaths, process->pidfd);
    *process = (struct process){.pidfd = -1};
    if (processes_is_spent(processes, index))
        return succeed(processes, index);
    const struct obituary obituary = bury(processes, index, pid, status);
    if (obituary.grown)
        processes->stillborn = 0;
    if (obituary.error)
        return break_off(processes, obituary.error);
    if (!obituary.grown && ++processes->stillborn > STILLBORN_MAX) {
        snprintf(reason, sizeof reason, "%.*s before it could begin, and so did %u others",
            REASON_MAX, obituary.reason, STILLBORN_MAX);
        return break_off(processes, reason);
    }
    if (pool_is_terminated(&processes->pool))
        return 0;
    int code = start_process(processes, index);
    return code ? cannot_replace(processes, obituary.reason, code) : 0;
}

/* Buries and replaces all who have died. */
static int check_all(struct processes *processes)
{
    unsigned index;
    for (unsigned i = 0; i < processes->count && deaths_next(&processes->deaths, &index); i++)
        if (check_process(processes, index))
            return -1;
    for (unsigned i = 0; i < processes->count; i++)
        if (processes->all[i].pidfd < 0 && check_process(processes, i))
            return -1;
    processes->checked_at = clock_now();
    return 0;
}

static int wait_for_entry(struct processes *processes)
{
    while (!engine_wait_entered(processes->pool.engine, true))
        if (check_all(processes))
            return -1;
    return 0;
}

/* Those that are about to end are waited for, so that their successors need not wait. Whoever has
 * been counted is seen to be spent; one that died before it was counted is, too. */
static int check_spent(struct processes *processes)
{
    struct engine *engine = processes->pool.engine;
    uint32_t counted = atomic_load(&engine->common->recycled);
    bool any = false;
    for (unsigned i = 0; i < processes->count; i++) {
        for (int turn = 0; turn < SPENT_TURNS && processes_is_spent(processes, i); turn++) {
            if (check_process(processes, i))
                return -1;
            sched_yield();
        }
        any = any || processes_is_spent(processes, i);
    }
    if (!any)
        engine->replaced = counted;
    return 0;
}

int processes_tend(struct pool *pool)
{
    struct processes *processes = (struct processes *)pool;
    if (lane_any_recycled(pool->engine) && check_spent(processes))
        return -1;
    if (check_all(processes))
        return -1;
    if (!engine_rouse(pool->engine))
        engine_settle(pool->engine);
    stopped_check(processes);
    return 0;
}

/* Puts in tasks begin .. end-1, or with `again` those that are pending, and, after deaths, those
 * that the dead had claimed and not begun. */
static int map_window(struct pool *pool, uint64_t begin, uint64_t end, uint64_t chunk, bool again)
{
    const char *status = (const char *)pool->config.arena->status;
    do {
        uint64_t settled = pool->engine->settled;
        engine_begin(pool->engine, begin, end, chunk, again);
        while (!engine_wait(pool->engine, true)) {
            if (processes_tend(pool))
                return -1;
            timed_check(pool); /* after burials: the dead have not run for long */
            pool_report(pool);
        }
        /* the wait has synchronised with every writer that is alive; the dead write no more */
        again = pool->engine->settled != settled &&
                memchr(status + begin, TASK_PENDING, end - begin) != NULL;
    } while (again);
    return 0;
}

/* Short regions end without a look at who has died. */
static bool is_due(const struct processes *processes)
{
    return clock_now() - processes->checked_at > ENGINE_RECHECK_MS * 1000000ull;
}

int processes_map(struct pool *pool, uint64_t tasks, uint64_t chunk)
{
    if (is_due((struct processes *)pool) && check_all((struct processes *)pool))
        return -1;
    for (uint64_t begin = 0, end; begin < tasks; begin = end) {
        int follows = 1;
        end = engine_window(begin, tasks);
        for (unsigned round = 0; follows > 0; round++) {
            if (map_window(pool, begin, end, chunk, round > 0))
                return -1;
            follows = retry_follows(pool, begin, end, round);
        }
        if (follows < 0)
            return -1;
    }
    return 0;
}

/* Waits for a process whose workers leave, also where it was stopped. */
static void end_process(struct processes *processes, struct process *process)
{
    if (process->pid == 0)
        return;
    deaths_signal(process->pidfd, process->pid, SIGCONT);
    launch_wait(process);
    deaths_forget(&processes->deaths, process->pidfd);
}

static void end_all(struct processes *processes)
{
    engine_stop(processes->pool.engine);
    for (unsigned i = 0; i < processes->count; i++)
        end_process(processes, &processes->all[i]);
    deaths_close(&processes->deaths);
    lifeline_release();
    if (processes->handover >= 0)
        close(processes->handover);
    engine_free(processes->pool.engine);
}

void processes_stop(struct pool *pool)
{
    if (pool->engine->owner_works)
        pool_worker_leave(pool, pool->engine->local);
    end_all((struct processes *)pool);
}

/* Asks it first, unless it has to be at once. */
void processes_kill(struct pool *pool, unsigned worker, bool now)
{
    struct processes *processes = (struct processes *)pool;
    struct process *process = &processes->all[worker / threads_each(processes)];
    if (process->pid == 0)
        return;
    if (process->asked_at == 0)
        process->asked_at = clock_now();
    bool late = clock_now() - process->asked_at > KILL_AFTER_NS;
    deaths_signal(process->pidfd, process->pid, now || late ? SIGKILL : SIGTERM);
}

static void kill_all(struct processes *processes)
{
    for (unsigned i = 0; i < processes->count; i++)
        if (processes->all[i].pid > 0)
            deaths_signal(processes->all[i].pidfd, processes->all[i].pid, SIGKILL);
}

/* Nobody can take a dead worker's place: the others end too, so that nothing happens any more that
 * nobody waits for. What they were running is lost. Returns -1 with the reason as message. */
static int break_off(struct processes *processes, const char *reason)
{
    struct pool *pool = &processes->pool;
    snprintf(pool->broken, sizeof pool->broken, "%s", reason);
    kill_all(processes);
    for (unsigned i = 0; i < processes->count; i++) {
        end_process(processes, &processes->all[i]);
        processes->all[i] = (struct process){.pidfd = -1};
    }
    for (unsigned i = pool->engine->owner_works; i < pool->config.workers; i++)
        engine_bury(pool->engine, i, SIGKILL, pool->broken);
    task_fail(ECHILD, "%s", pool->broken);
    return -1;
}

/* Where the system refused some processes a thread of theirs: it gave those before it, so far, of
 * which whole processes can be made. */
static void note_refusals(struct processes *processes)
{
    unsigned threads = threads_each(processes), given = 0;
    for (unsigned i = 0; i < processes->count; i++) {
        unsigned first = i * threads, made = 0;
        int refusal = 0;
        while (
            made < threads && !(refusal = engine_refusal(processes->pool.engine, first + made, 1)))
            made++;
        given += made;
        if (refusal)
            processes->pool.refusal = refusal;
    }
    if (!processes->pool.refusal)
        return;
    for (processes->pool.given = 0; processes->pool.given + threads <= given;)
        processes->pool.given += threads;
}

/* The owner, where it works, enters when all are forked, who so have nothing of what it makes.
 * Returns why somebody could not enter, or NULL. */
static const char *enter_all(struct processes *processes)
{
    struct pool *pool = &processes->pool;
    int code = pool->engine->owner_works ? pool_enter(pool, &pool->engine->local) : 0;
    if (code)
        return task_message(code);
    const char *error = wait_for_entry(processes) ? task_message(ECHILD) : NULL;
    if (!error)
        error = engine_entry_error(pool->engine);
    if (error && pool->engine->owner_works)
        pool_worker_leave(pool, pool->engine->local);
    return error;
}

static int start_all(struct processes *processes, char *why, size_t size)
{
    struct pool *pool = &processes->pool;
    int code = 0;
    unsigned started = pool->engine->owner_works; /* it needs no process */
    while (started < processes->count && !code) {
        code = start_process(processes, started);
        started += !code;
    }
    const char *error = code ? task_message(code) : enter_all(processes);
    if (!code && !error)
        return 0;
    bool died = code == ECHILD || (*pool->broken && !engine_entry_error(pool->engine));
    int refusal = code == ECHILD ? 0 : code; /* else it is the zygote that has died */
    pool_start_error(why, size, pool, started * threads_each(processes), refusal, error);
    if (!refusal)
        note_refusals(processes);
    return pool->refusal ? pool->refusal : died ? ECHILD : ECANCELED;
}

int processes_start(struct pool *pool, char *why, size_t size)
{
    struct processes *processes = (struct processes *)pool;
    int code = launch_check(processes, why, size);
    if (code)
        return code;
    processes->handover = -1;
    processes->count = pool->config.workers / threads_each(processes);
    processes->pool.engine = engine_make(pool, true, pool->config.owner_works);
    if (!processes->pool.engine)
        return pool_start_error(why, size, pool, 0, errno, NULL);
    pool->engine->ends_when_spent = threads_each(processes) == 1;
    deaths_open(&processes->deaths);
    lifeline_hold();
    launch_prepare(processes);
    code = start_all(processes, why, size);
    if (code) {
        kill_all(processes);
        end_all(processes);
    }
    return code;
}

uint64_t processes_worker_tasks(const struct pool *pool, unsigned worker)
{
    return engine_ran(pool->engine, worker);
}

pid_t processes_worker_pid(const struct pool *pool, unsigned worker)
{
    const struct processes *processes = (const struct processes *)pool;
    if (worker == 0 && pool->config.owner_works)
        return pool->owner_process;
    return processes->all[worker / threads_each(processes)].pid;
}

const struct pool_ops pool_processes = {
    .name = "processes",
    .summary = "persistent forked workers; tasks and results in shared memory",
    .owner_may_work = true,
    PROCESSES_HOOKS,
    .start = processes_start,
};
