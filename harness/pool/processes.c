/* Persistent forked workers; tasks, results and the engine's state lie in shared memory, so no
 * task crosses a pipe. The parent only waits. A worker that dies costs the task that it was
 * running: the parent notices within ENGINE_RECHECK_MS, notes it lost, starts another worker and
 * lets the rest be done. Workers die with their parent (PR_SET_PDEATHSIG). */
#include "../measure/clock.h"
#include "engine.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Workers may be killed from outside before they have entered; but where entering itself kills
 * them, starting others must end. */
#define STILLBORN_MAX 16

/* A worker that was asked to end (SIGTERM) and has not. */
#define KILL_AFTER_NS 200000000ull

struct worker {
    pid_t pid;         /* 0: none */
    uint64_t asked_at; /* a clock_now: when it was asked to end; 0: not */
};

struct processes {
    struct pool pool;
    unsigned stillborn; /* workers that died before they had entered */
    struct worker workers[];
};

static _Noreturn void worker_main(struct engine *engine, unsigned worker, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* it died before the line above */
        _exit(1);
    if (engine->pool->config.arena)
        arena_populate(engine->pool->config.arena);
    engine_worker(engine, worker);
    _exit(0);
}

/* Forks one worker. Returns 0, or errno. */
static int fork_worker(struct processes *processes, unsigned worker)
{
    pid_t parent = getpid();
    atomic_store(&processes->pool.engine->lanes[worker].entered, 0);
    pid_t pid = fork();
    if (pid == 0)
        worker_main(processes->pool.engine, worker, parent);
    processes->workers[worker] = (struct worker){.pid = pid > 0 ? pid : 0};
    return pid > 0 ? 0 : errno;
}

/* Buries one worker if it is dead and starts another. Returns 0, or -1 with a message when no
 * other can be started. */
static int check_worker(struct processes *processes, unsigned worker)
{
    int status;
    pid_t pid = processes->workers[worker].pid;
    if (waitpid(pid, &status, WNOHANG) != pid)
        return 0;
    char reason[TASK_MESSAGE_MAX];
    int lost = pool_death(reason, sizeof reason, worker, pid, status);
    processes->workers[worker].pid = 0;
    int entered = atomic_load(&processes->pool.engine->lanes[worker].entered);
    engine_bury(processes->pool.engine, worker, lost, reason);
    if (entered < 0) {
        task_fail(ECHILD, "%s", processes->pool.engine->lanes[worker].error);
        return -1;
    }
    if (entered == 0 && ++processes->stillborn > STILLBORN_MAX) {
        task_fail(ECHILD, "%s before it could begin, and so did %u others", reason, STILLBORN_MAX);
        return -1;
    }
    int code = fork_worker(processes, worker);
    if (code)
        task_fail(code, "processes: %s and cannot be replaced: %s", reason, strerror(code));
    return code ? -1 : 0;
}

/* Buries and replaces all who have died. */
static int check_workers(struct processes *processes)
{
    for (unsigned i = 0; i < processes->pool.config.workers; i++)
        if (check_worker(processes, i))
            return -1;
    return 0;
}

static int wait_for_entry(struct processes *processes)
{
    while (!engine_wait_entered(processes->pool.engine, true))
        if (check_workers(processes))
            return -1;
    return 0;
}

static int processes_tend(struct pool *pool)
{
    struct processes *processes = (struct processes *)pool;
    int failed = check_workers(processes);
    if (!failed)
        engine_settle(pool->engine);
    return failed;
}

/* Puts in tasks begin .. end-1 and, after deaths, those that the dead had claimed and not begun. */
static int map_window(struct pool *pool, uint64_t begin, uint64_t end, uint64_t chunk)
{
    const char *status = (const char *)pool->config.arena->status;
    bool again = false;
    do {
        uint64_t settled = pool->engine->settled;
        engine_begin(pool->engine, begin, end, chunk, again);
        while (!engine_wait(pool->engine, true))
            if (processes_tend(pool))
                return -1;
        /* the wait has synchronised with every writer that is alive; the dead write no more */
        again = pool->engine->settled != settled &&
                memchr(status + begin, TASK_PENDING, end - begin) != NULL;
    } while (again);
    return 0;
}

static int processes_map(struct pool *pool, uint64_t tasks, uint64_t chunk)
{
    for (uint64_t begin = 0, end; begin < tasks; begin = end) {
        end = engine_window(begin, tasks);
        if (map_window(pool, begin, end, chunk))
            return -1;
    }
    return 0;
}

static void processes_stop(struct pool *pool)
{
    struct processes *processes = (struct processes *)pool;
    engine_stop(processes->pool.engine);
    for (unsigned i = 0; i < pool->config.workers; i++)
        while (processes->workers[i].pid > 0 && waitpid(processes->workers[i].pid, NULL, 0) < 0 &&
               errno == EINTR)
            ;
    engine_free(processes->pool.engine);
}

static void kill_all(struct processes *processes)
{
    for (unsigned i = 0; i < processes->pool.config.workers; i++)
        if (processes->workers[i].pid > 0)
            kill(processes->workers[i].pid, SIGKILL);
}

static int start_all(struct processes *processes, char *why, size_t size)
{
    struct pool *pool = &processes->pool;
    int code = 0;
    unsigned started = 0;
    while (started < pool->config.workers && !code) {
        code = fork_worker(processes, started);
        started += !code;
    }
    const char *error = NULL;
    if (!code)
        error = wait_for_entry(processes) ? task_message(ECHILD)
                                          : engine_entry_error(processes->pool.engine);
    if (!code && !error)
        return 0;
    pool_start_error(why, size, pool, started, code, error);
    return -1;
}

static int processes_start(struct pool *pool, char *why, size_t size)
{
    struct processes *processes = (struct processes *)pool;
    processes->pool.engine = engine_make(pool, true, false);
    if (!processes->pool.engine) {
        pool_start_error(why, size, pool, 0, errno, NULL);
        return -1;
    }
    int failed = start_all(processes, why, size);
    if (failed) {
        kill_all(processes);
        processes_stop(pool);
    }
    return failed;
}

/* SIGTERM first, SIGKILL for who is still there KILL_AFTER_NS later. */
static void processes_kill(struct pool *pool, unsigned worker, bool now)
{
    struct worker *target = &((struct processes *)pool)->workers[worker];
    if (target->pid <= 0)
        return;
    if (target->asked_at == 0)
        target->asked_at = clock_now();
    bool late = clock_now() - target->asked_at > KILL_AFTER_NS;
    kill(target->pid, now || late ? SIGKILL : SIGTERM);
}

static uint64_t processes_worker_tasks(const struct pool *pool, unsigned worker)
{
    return engine_ran(pool->engine, worker);
}

static pid_t processes_worker_pid(const struct pool *pool, unsigned worker)
{
    return ((const struct processes *)pool)->workers[worker].pid;
}

const struct pool_ops pool_processes = {
    .name = "processes",
    .summary = "persistent forked workers; tasks and results in shared memory",
    .processes = true,
    .pool_size = sizeof(struct processes),
    .worker_size = sizeof(struct worker),
    .start = processes_start,
    .map = processes_map,
    .stop = processes_stop,
    .worker_tasks = processes_worker_tasks,
    .worker_pid = processes_worker_pid,
    .tend = processes_tend,
    .kill = processes_kill,
};
