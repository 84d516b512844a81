/* Persistent forked workers; tasks, results and the engine's state lie in shared memory, so no
 * task crosses a pipe. The parent only waits. A worker that dies costs the task that it was
 * running: the parent notices within ENGINE_RECHECK_MS, notes it lost, starts another worker and
 * lets the rest be done. Workers die with their parent (PR_SET_PDEATHSIG). */
#include "../measure/clock.h"
#include "deaths.h"
#include "engine.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Workers may be killed from outside before they have entered; but where entering itself kills
 * them, starting others must end: so many in a row are too many. */
#define STILLBORN_MAX 16

/* A stopped worker that keeps others from going on is killed after so long. */
#define STOPPED_NS 100000000

/* One that was asked to end (SIGTERM) and has not is killed after so long. */
#define KILL_AFTER_NS 200000000

struct process {
    pid_t pid;              /* 0: there is none */
    int pidfd;              /* -1: not watched */
    uint64_t stopped_since; /* a clock_now: it is stopped and holds tasks; 0: it is not */
    uint64_t asked_at;      /* a clock_now: when it was asked to end; 0: it was not */
};

struct processes {
    struct pool pool;
    struct deaths deaths;
    uint64_t checked_at; /* a clock_now: who has died until then is buried */
    unsigned stillborn;  /* workers in a row that died before they had entered */
    struct process workers[];
};

/* The owner's descriptors are not a worker's. */
static void close_inherited(struct processes *processes)
{
    deaths_close(&processes->deaths);
    for (unsigned i = 0; i < processes->pool.config.workers; i++)
        if (processes->workers[i].pid > 0 && processes->workers[i].pidfd >= 0)
            close(processes->workers[i].pidfd);
}

static _Noreturn void worker_main(struct processes *processes, unsigned worker, pid_t parent)
{
    struct engine *engine = processes->pool.engine;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* it died before the line above */
        _exit(1);
    close_inherited(processes);
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
        worker_main(processes, worker, parent);
    if (pid < 0)
        return errno;
    processes->workers[worker] =
        (struct process){.pid = pid, .pidfd = deaths_watch(&processes->deaths, worker, pid)};
    return 0;
}

/* Whether a worker is dead. *status is -1 where somebody else has waited for it, as a program that
 * ignores SIGCHLD does. */
static bool is_dead(const struct process *process, int *status)
{
    if (process->pid == 0)
        return false;
    pid_t found = waitpid(process->pid, status, WNOHANG);
    if (found < 0 && errno == ECHILD)
        *status = -1;
    return found == process->pid || (found < 0 && errno == ECHILD);
}

/* What a failure says of a death; 0 where it is not known. */
static int describe_death(char *text, size_t size, unsigned worker, pid_t pid, int status)
{
    if (status >= 0)
        return pool_death(text, size, worker, pid, status);
    snprintf(text, size, "worker %u (pid %d) has ended; who took its status?", worker, (int)pid);
    return 0;
}

/* Buries one worker if it is dead and starts another. Returns 0, or -1 with a message when no
 * other can be started. */
static int check_worker(struct processes *processes, unsigned worker)
{
    int status;
    struct process *process = &processes->workers[worker];
    if (!is_dead(process, &status))
        return 0;
    char reason[TASK_MESSAGE_MAX];
    int code = describe_death(reason, sizeof reason, worker, process->pid, status);
    deaths_forget(&processes->deaths, process->pidfd);
    *process = (struct process){.pidfd = -1};
    int entered = atomic_load(&processes->pool.engine->lanes[worker].entered);
    engine_bury(processes->pool.engine, worker, code, reason);
    if (entered > 0)
        processes->stillborn = 0;
    if (entered < 0) {
        task_fail(ECHILD, "%s", processes->pool.engine->lanes[worker].error);
        return -1;
    }
    if (entered == 0 && ++processes->stillborn > STILLBORN_MAX) {
        task_fail(ECHILD, "%s before it could begin, and so did %u others", reason, STILLBORN_MAX);
        return -1;
    }
    if (pool_is_terminated(&processes->pool))
        return 0;
    code = fork_worker(processes, worker);
    if (code)
        task_fail(code, "processes: %s and cannot be replaced: %s", reason, strerror(code));
    return code ? -1 : 0;
}

/* Buries and replaces all who have died. */
static int check_workers(struct processes *processes)
{
    unsigned workers = processes->pool.config.workers, worker;
    for (unsigned i = 0; i < workers && deaths_next(&processes->deaths, &worker); i++)
        if (check_worker(processes, worker))
            return -1;
    for (unsigned i = 0; i < workers; i++)
        if (processes->workers[i].pidfd < 0 && check_worker(processes, i))
            return -1;
    processes->checked_at = clock_now();
    return 0;
}

static bool is_stopped(pid_t pid)
{
    char path[32], line[128];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    size_t length = file ? fread(line, 1, sizeof line - 1, file) : 0;
    if (file)
        fclose(file);
    line[length] = '\0';
    const char *state = strrchr(line, ')'); /* the name before it may hold anything */
    return state && (state[2] == 'T' || state[2] == 't');
}

/* A worker that is stopped with tasks in its hands that it has not begun, or with the news that
 * they are done, is killed when it has been so for too long. */
static void check_stopped(struct processes *processes)
{
    uint64_t now = clock_now();
    for (unsigned i = 0; i < processes->pool.config.workers; i++) {
        struct process *process = &processes->workers[i];
        if (process->pid == 0 || !engine_is_between(processes->pool.engine, i) ||
            !is_stopped(process->pid))
            process->stopped_since = 0;
        else if (process->stopped_since == 0)
            process->stopped_since = now;
        else if (now - process->stopped_since >= STOPPED_NS)
            kill(process->pid, SIGKILL);
    }
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
    if (check_workers(processes))
        return -1;
    if (!engine_rouse(pool->engine))
        engine_settle(pool->engine);
    check_stopped(processes);
    return 0;
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

/* Short regions end without a look at who has died. */
static bool is_due(const struct processes *processes)
{
    return clock_now() - processes->checked_at > ENGINE_RECHECK_MS * 1000000ull;
}

static int processes_map(struct pool *pool, uint64_t tasks, uint64_t chunk)
{
    if (is_due((struct processes *)pool) && check_workers((struct processes *)pool))
        return -1;
    for (uint64_t begin = 0, end; begin < tasks; begin = end) {
        end = engine_window(begin, tasks);
        if (map_window(pool, begin, end, chunk))
            return -1;
    }
    return 0;
}

/* Waits for a worker that leaves, also where it was stopped. */
static void end_worker(struct processes *processes, struct process *process)
{
    if (process->pid == 0)
        return;
    kill(process->pid, SIGCONT);
    while (waitpid(process->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    deaths_forget(&processes->deaths, process->pidfd);
}

static void processes_stop(struct pool *pool)
{
    struct processes *processes = (struct processes *)pool;
    engine_stop(processes->pool.engine);
    for (unsigned i = 0; i < pool->config.workers; i++)
        end_worker(processes, &processes->workers[i]);
    deaths_close(&processes->deaths);
    engine_free(processes->pool.engine);
}

/* Asks it first, unless it has to be at once. */
static void processes_kill(struct pool *pool, unsigned worker, bool now)
{
    struct process *process = &((struct processes *)pool)->workers[worker];
    if (process->pid == 0)
        return;
    if (process->asked_at == 0)
        process->asked_at = clock_now();
    bool late = clock_now() - process->asked_at > KILL_AFTER_NS;
    kill(process->pid, now || late ? SIGKILL : SIGTERM);
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

/* A thread that was joined stands in /proc for a moment longer. */
static unsigned count_threads(void)
{
    unsigned threads = 1;
    for (int ms = 0; ms < 50; ms++) {
        struct stat folder; /* a link for each thread, besides the usual two */
        threads = stat("/proc/self/task", &folder) == 0 ? (unsigned)folder.st_nlink - 2 : 1;
        if (threads <= 1)
            break;
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return threads;
}

static int processes_start(struct pool *pool, char *why, size_t size)
{
    struct processes *processes = (struct processes *)pool;
    unsigned threads = count_threads();
    if (threads > 1) {
        snprintf(why, size,
            "%s: this process has %u threads, and a fork takes only one along, with whatever locks "
            "the others hold; start the pool before them",
            pool->ops->name, threads);
        return -1;
    }
    processes->pool.engine = engine_make(pool, true, false);
    if (!processes->pool.engine) {
        pool_start_error(why, size, pool, 0, errno, NULL);
        return -1;
    }
    deaths_open(&processes->deaths);
    int failed = start_all(processes, why, size);
    if (failed) {
        kill_all(processes);
        processes_stop(pool);
    }
    return failed;
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
    .worker_size = sizeof(struct process),
    .start = processes_start,
    .map = processes_map,
    .stop = processes_stop,
    .worker_tasks = processes_worker_tasks,
    .tend = processes_tend,
    .kill = processes_kill,
    .worker_pid = processes_worker_pid,
};
