/* Persistent forked workers; tasks, results and the engine's state lie in shared memory, so no
 * task crosses a pipe. The parent only waits. A worker that dies costs the task that it was
 * running: the parent notices within ENGINE_RECHECK_MS, notes it lost, starts another worker and
 * lets the rest be done. Workers die with their parent (PR_SET_PDEATHSIG). */
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

struct processes {
    struct pool pool;
    struct engine *engine;
    bool deaths;        /* in the current region */
    unsigned stillborn; /* workers that died before they had entered */
    pid_t pids[];
};

static _Noreturn void worker_main(
    struct engine *engine, unsigned worker, uint32_t round, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* it died before the line above */
        _exit(1);
    arena_populate(engine->pool->config.arena);
    engine_worker(engine, worker, round);
    _exit(0);
}

/* Forks one worker that has seen every round up to `round`. Returns 0, or errno. */
static int fork_worker(struct processes *processes, unsigned worker, uint32_t round)
{
    pid_t parent = getpid();
    processes->engine->workers[worker].entered = 0;
    pid_t pid = fork();
    if (pid == 0)
        worker_main(processes->engine, worker, round, parent);
    processes->pids[worker] = pid > 0 ? pid : 0;
    return pid > 0 ? 0 : errno;
}

/* Buries one worker if it is dead and starts another. Returns 0, or -1 with a message when no
 * other can be started. */
static int check_worker(struct processes *processes, unsigned worker)
{
    int status;
    pid_t pid = processes->pids[worker];
    if (waitpid(pid, &status, WNOHANG) != pid)
        return 0;
    char reason[TASK_MESSAGE_MAX];
    int lost = pool_death(reason, sizeof reason, worker, pid, status);
    processes->pids[worker] = 0;
    processes->deaths = true;
    struct engine_worker *dead = &processes->engine->workers[worker];
    engine_bury(processes->engine, worker, lost, reason);
    if (dead->entered < 0) {
        task_fail(ECHILD, "%s", dead->error);
        return -1;
    }
    if (dead->entered == 0 && ++processes->stillborn > STILLBORN_MAX) {
        task_fail(ECHILD, "%s before it could begin, and so did %u others", reason, STILLBORN_MAX);
        return -1;
    }
    uint32_t round = atomic_load_explicit(&processes->engine->round, memory_order_relaxed);
    bool reported = atomic_load_explicit(&dead->seen, memory_order_relaxed) == round;
    int code = fork_worker(processes, worker, reported ? round : round - 1);
    if (code)
        task_fail(code, "processes: %s and cannot be replaced: %s", reason, strerror(code));
    return code ? -1 : 0;
}

/* Waits until all workers have reported back, replacing those that die. */
static int wait_for_all(struct processes *processes)
{
    while (!engine_wait(processes->engine, true))
        for (unsigned i = 0; i < processes->pool.config.workers; i++)
            if (check_worker(processes, i))
                return -1;
    return 0;
}

static bool any_pending(const struct arena *arena, uint64_t tasks)
{
    /* wait_for_all has synchronised with every writer that is alive; the dead write no more */
    return memchr((const void *)arena->status, TASK_PENDING, tasks) != NULL;
}

static int processes_map(struct pool *pool, uint64_t tasks, uint64_t chunk)
{
    struct processes *processes = (struct processes *)pool;
    processes->deaths = false;
    engine_begin(processes->engine, tasks, chunk, false);
    if (wait_for_all(processes))
        return -1;
    while (processes->deaths && any_pending(pool->config.arena, tasks)) {
        processes->deaths = false;
        engine_begin(processes->engine, tasks, 1, true);
        if (wait_for_all(processes))
            return -1;
    }
    return 0;
}

static void processes_stop(struct pool *pool)
{
    struct processes *processes = (struct processes *)pool;
    engine_stop(processes->engine);
    for (unsigned i = 0; i < pool->config.workers; i++)
        while (processes->pids[i] > 0 && waitpid(processes->pids[i], NULL, 0) < 0 && errno == EINTR)
            ;
    engine_free(processes->engine);
}

static void kill_all(struct processes *processes)
{
    for (unsigned i = 0; i < processes->pool.config.workers; i++)
        if (processes->pids[i] > 0)
            kill(processes->pids[i], SIGKILL);
}

static int start_all(struct processes *processes, char *why, size_t size)
{
    struct pool *pool = &processes->pool;
    int code = 0;
    unsigned started = 0;
    while (started < pool->config.workers && !code) {
        code = fork_worker(processes, started, 1);
        started += !code;
    }
    const char *error = NULL;
    if (!code)
        error =
            wait_for_all(processes) ? task_message(ECHILD) : engine_entry_error(processes->engine);
    if (!code && !error)
        return 0;
    pool_start_error(why, size, pool, started, code, error);
    return -1;
}

static int processes_start(struct pool *pool, char *why, size_t size)
{
    struct processes *processes = (struct processes *)pool;
    processes->engine = engine_make(pool, true);
    if (!processes->engine) {
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

static uint64_t processes_worker_tasks(const struct pool *pool, unsigned worker)
{
    const struct engine *engine = ((const struct processes *)pool)->engine;
    return atomic_load_explicit(&engine->workers[worker].done, memory_order_relaxed);
}

static pid_t processes_worker_pid(const struct pool *pool, unsigned worker)
{
    return ((const struct processes *)pool)->pids[worker];
}

const struct pool_ops pool_processes = {
    .name = "processes",
    .summary = "persistent forked workers; tasks and results in shared memory",
    .processes = true,
    .pool_size = sizeof(struct processes),
    .worker_size = sizeof(pid_t),
    .start = processes_start,
    .map = processes_map,
    .stop = processes_stop,
    .worker_tasks = processes_worker_tasks,
    .worker_pid = processes_worker_pid,
};
