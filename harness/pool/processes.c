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

static _Noreturn void worker_main(struct engine *engine, unsigned worker, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* it died before the line above */
        _exit(1);
    arena_populate(engine->pool->config.arena);
    engine_worker(engine, worker);
    _exit(0);
}

/* Forks one worker. Returns 0, or errno. */
static int fork_worker(struct processes *processes, unsigned worker)
{
    pid_t parent = getpid();
    atomic_store(&processes->engine->lanes[worker].entered, 0);
    pid_t pid = fork();
    if (pid == 0)
        worker_main(processes->engine, worker, parent);
    processes->pids[worker] = pid > 0 ? pid : 0;
    return pid > 0 ? 0 : errno;
}

static void describe_death(char *text, size_t size, unsigned worker, pid_t pid, int status)
{
    if (WIFSIGNALED(status))
        snprintf(text, size, "worker %u (pid %d) was killed by signal %d (%s)", worker, (int)pid,
            WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        snprintf(text, size, "worker %u (pid %d) exited with status %d", worker, (int)pid,
            WEXITSTATUS(status));
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
    describe_death(reason, sizeof reason, worker, pid, status);
    processes->pids[worker] = 0;
    processes->deaths = true;
    int entered = atomic_load(&processes->engine->lanes[worker].entered);
    engine_bury(processes->engine, worker,
        WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status), reason);
    if (entered < 0) {
        task_fail(ECHILD, "%s", processes->engine->lanes[worker].error);
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
    while (!engine_wait_entered(processes->engine, true))
        if (check_workers(processes))
            return -1;
    return 0;
}

/* Waits until what was put in has ended, replacing workers that die. After a death the count of
 * finished tasks may fall short for ever; then it waits until nobody has anything to do. */
static int wait_for_tasks(struct processes *processes)
{
    struct engine *engine = processes->engine;
    while (!engine_wait(engine, true)) {
        if (check_workers(processes))
            return -1;
        if (processes->deaths && engine_is_quiet(engine)) {
            engine_settle(engine);
            return 0;
        }
    }
    return 0;
}

/* Puts in tasks begin .. end-1 and, after deaths, those that the dead had claimed and not begun. */
static int map_window(struct processes *processes, uint64_t begin, uint64_t end, uint64_t chunk)
{
    /* the wait has synchronised with every writer that is alive; the dead write no more */
    const char *status = (const char *)processes->pool.config.arena->status;
    bool again = false;
    do {
        processes->deaths = false;
        engine_begin(processes->engine, begin, end, chunk, again);
        if (wait_for_tasks(processes))
            return -1;
        again = processes->deaths && memchr(status + begin, TASK_PENDING, end - begin) != NULL;
    } while (again);
    return 0;
}

static int processes_map(struct pool *pool, uint64_t tasks, uint64_t chunk)
{
    for (uint64_t begin = 0, end; begin < tasks; begin = end) {
        end = engine_window(begin, tasks);
        if (map_window((struct processes *)pool, begin, end, chunk))
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
        code = fork_worker(processes, started);
        started += !code;
    }
    const char *error = NULL;
    if (!code)
        error = wait_for_entry(processes) ? task_message(ECHILD)
                                          : engine_entry_error(processes->engine);
    if (!code && !error)
        return 0;
    pool_start_error(why, size, pool, started, code, error);
    return -1;
}

static int processes_start(struct pool *pool, char *why, size_t size)
{
    struct processes *processes = (struct processes *)pool;
    processes->engine = engine_make(pool, true, false);
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
    return engine_ran(((const struct processes *)pool)->engine, worker);
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
