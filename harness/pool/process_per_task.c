/* A freshly forked process for each chunk (by default for each task): what not reusing processes
 * costs. At most `workers` live at once, direct children of the owner; results are in the arena.
 * What a child is doing stands in a slot of shared memory that survives it. One that has done its
 * chunk says so there; one that dies before costs the task that it was running, is noticed within
 * RECHECK_MS, and the rest of its chunk goes to another. Where the system refuses a fork, the owner
 * waits until a child has ended. Children die with their owner (PR_SET_PDEATHSIG, lifeline.h). */
#include "../util/futex.h"
#include "../util/own_threads.h"
#include "backend.h"
#include "lifeline.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define RECHECK_MS 20

/* Children that die on entry are replaced, but not for ever: they may all do. */
#define STILLBORN_MAX 16

/* A child's state, written by it alone while it lives; its end publishes all to the owner. */
struct child {
    _Alignas(CACHE_LINE) _Atomic uint64_t current; /* the index being run; those before are done */
    _Atomic uint64_t done;                         /* tasks run since the start, by all its like */
    _Atomic bool finished;                         /* chunk and leaving done */
    bool entered;
    char error[TASK_MESSAGE_MAX]; /* why it could not enter */
};

struct shared {
    _Atomic uint32_t finished; /* how many ever have; the owner sleeps on it */
    struct child children[];
};

/* A worker's place: without a pid but with tasks left, it wants a child. */
struct slot {
    pid_t pid;           /* 0: nobody */
    uint64_t begin, end; /* tasks begin .. end-1 are its chunk */
};

struct per_task {
    struct pool pool;
    struct shared *shared;
    unsigned alive;
    unsigned stillborn; /* in a row */
    struct slot slots[];
};

static size_t shared_size(const struct pool *pool)
{
    return sizeof(struct shared) + pool->config.workers * sizeof(struct child);
}

static _Noreturn void child_main(
    const struct per_task *per_task, unsigned worker, uint64_t end, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* it died before the line above */
        _exit(1);
    lifeline_join();
    const struct pool *pool = &per_task->pool;
    struct child *me = &per_task->shared->children[worker];
    uint64_t done = atomic_load_explicit(&me->done, memory_order_relaxed);
    void *local;
    int code = pool_worker_enter(pool, worker, &local);
    if (code) {
        snprintf(me->error, sizeof me->error, "%s", task_message(code));
        _exit(1);
    }
    me->entered = true;
    for (uint64_t i = atomic_load_explicit(&me->current, memory_order_relaxed); i < end; i++) {
        atomic_store_explicit(&me->current, i, memory_order_relaxed);
        pool_run_range(pool, local, worker, i, i + 1, NULL);
        atomic_store_explicit(&me->done, ++done, memory_order_relaxed);
    }
    atomic_store_explicit(&me->current, end, memory_order_relaxed);
    pool_worker_leave(pool, local);
    fflush(stdout); /* what tasks have printed, and no more: input may be shared */
    /* these pair with the acquire loads in reap and in wait_for_one */
    atomic_store_explicit(&me->finished, true, memory_order_release);
    atomic_fetch_add_explicit(&per_task->shared->finished, 1, memory_order_release);
    futex_wake(&per_task->shared->finished, 1, true);
    _exit(0);
}

/* Forks a child for a slot's chunk. Returns 0, or errno. */
static int fork_child(struct per_task *per_task, unsigned worker)
{
    struct slot *slot = &per_task->slots[worker];
    struct child *child = &per_task->shared->children[worker];
    pid_t parent = getpid();
    fflush(NULL); /* or the child would write it again */
    atomic_store_explicit(&child->current, slot->begin, memory_order_relaxed);
    atomic_store_explicit(&child->finished, false, memory_order_relaxed);
    child->entered = false;
    pid_t pid = fork();
    if (pid == 0)
        child_main(per_task, worker, slot->end, parent);
    if (pid < 0)
        return errno;
    slot->pid = pid;
    per_task->alive++;
    return 0;
}

/* A child died before its end: notes what that cost and leaves the rest in its slot. Returns 0, or
 * -1 with a message where another would do no better. */
static int bury(struct per_task *per_task, unsigned worker, pid_t pid, int status)
{
    struct slot *slot = &per_task->slots[worker];
    const struct child *child = &per_task->shared->children[worker];
    const struct arena *arena = per_task->pool.config.arena;
    char reason[TASK_MESSAGE_MAX];
    int code = pool_death(reason, sizeof reason, worker, pid, status);
    if (*child->error) {
        task_fail(ECHILD, "%s", child->error);
        return -1;
    }
    if (!child->entered) {
        if (++per_task->stillborn <= STILLBORN_MAX)
            return 0;
        task_fail(ECHILD, "%s before it could begin, and so did %u others", reason, STILLBORN_MAX);
        return -1;
    }
    slot->begin = atomic_load_explicit(&child->current, memory_order_relaxed);
    if (slot->begin == slot->end)
        return 0; /* it died leaving */
    if (atomic_load_explicit(&arena->status[slot->begin], memory_order_relaxed) == TASK_PENDING)
        arena_fail(arena, slot->begin, TASK_LOST, code, worker, reason);
    slot->begin++;
    return 0;
}

/* Reaps a slot's child if it has ended. Returns whether it has, or -1 with a message. */
static int reap(struct per_task *per_task, unsigned worker)
{
    struct slot *slot = &per_task->slots[worker];
    struct child *child = &per_task->shared->children[worker];
    int status;
    bool finished = atomic_load_explicit(&child->finished, memory_order_acquire);
    pid_t pid = slot->pid, found = waitpid(pid, &status, finished ? 0 : WNOHANG);
    if (found < 0 && errno == ECHILD) /* as where SIGCHLD is ignored: the kernel has reaped it */
        status = -1;
    else if (found != pid)
        return 0;
    slot->pid = 0;
    per_task->alive--;
    if (!atomic_load_explicit(&child->finished, memory_order_acquire))
        return bury(per_task, worker, pid, status) ? -1 : 1;
    slot->begin = slot->end;
    per_task->stillborn = 0;
    return 1;
}

/* Sleeps until at least one child has ended, and reaps all that have. */
static int wait_for_one(struct per_task *per_task)
{
    const struct timespec recheck = {.tv_nsec = RECHECK_MS * 1000000L};
    for (;;) {
        uint32_t seen = atomic_load_explicit(&per_task->shared->finished, memory_order_acquire);
        int ended = 0;
        for (unsigned i = 0; i < per_task->pool.config.workers && ended >= 0; i++) {
            int now = per_task->slots[i].pid ? reap(per_task, i) : 0;
            ended = now < 0 ? -1 : ended | now;
        }
        if (ended)
            return ended < 0 ? -1 : 0;
        futex_wait(&per_task->shared->finished, seen, &recheck, true);
    }
}

/* Forks for all slots that have tasks left. Returns 0, also where some must wait until a child has
 * ended, or errno where none runs. */
static int fork_children(struct per_task *per_task)
{
    for (unsigned i = 0; i < per_task->pool.config.workers; i++) {
        struct slot *slot = &per_task->slots[i];
        int code = slot->pid == 0 && slot->begin < slot->end ? fork_child(per_task, i) : 0;
        if (code)
            return per_task->alive ? 0 : code;
    }
    return 0;
}

static int per_task_map(struct pool *pool, uint64_t tasks, uint64_t chunk)
{
    struct per_task *per_task = (struct per_task *)pool;
    uint64_t next = 0;
    for (;;) {
        for (unsigned i = 0; i < pool->config.workers && next < tasks; i++) {
            struct slot *slot = &per_task->slots[i];
            if (slot->pid || slot->begin < slot->end)
                continue;
            slot->begin = next;
            next += pool_chunk(tasks - next, chunk ? chunk : 1, pool->config.workers);
            slot->end = next;
        }
        int code = fork_children(per_task);
        if (code)
            return task_fail(
                code, "process-per-task: the system refuses even one: %s", strerror(code));
        if (per_task->alive == 0)
            return 0;
        if (wait_for_one(per_task))
            return -1;
    }
}

static void per_task_stop(struct pool *pool)
{
    struct per_task *per_task = (struct per_task *)pool;
    for (unsigned i = 0; i < pool->config.workers; i++) /* some live where the pool is broken */
        while (per_task->slots[i].pid && waitpid(per_task->slots[i].pid, NULL, 0) < 0 &&
               errno == EINTR)
            ;
    munmap(per_task->shared, shared_size(pool));
    lifeline_release();
}

/* One child that enters and leaves. Returns 0, or a code with one line in why. */
static int try_one(struct per_task *per_task, char *why, size_t size)
{
    int code;
    do {
        code = fork_child(per_task, 0);
        if (code)
            return pool_start_error(why, size, &per_task->pool, 0, code, NULL);
        if (wait_for_one(per_task)) {
            pool_start_error(why, size, &per_task->pool, 0, 0, task_message(ECHILD));
            return *per_task->shared->children[0].error ? ECANCELED : ECHILD;
        }
    } while (per_task->stillborn > 0);
    return 0;
}

static int per_task_start(struct pool *pool, char *why, size_t size)
{
    struct per_task *per_task = (struct per_task *)pool;
    unsigned threads = own_threads(1);
    if (threads > 1) {
        snprintf(why, size,
            "%s: this process has %u threads, and a fork takes only one along, with whatever locks "
            "the others hold; start the pool before them, or use spawn",
            pool->ops->name, threads);
        return EBUSY;
    }
    per_task->shared =
        mmap(NULL, shared_size(pool), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (per_task->shared == MAP_FAILED)
        return pool_start_error(why, size, pool, 0, errno, NULL);
    lifeline_hold();
    int failed = try_one(per_task, why, size);
    if (failed)
        per_task_stop(pool);
    return failed;
}

static uint64_t per_task_worker_tasks(const struct pool *pool, unsigned worker)
{
    const struct child *child = &((const struct per_task *)pool)->shared->children[worker];
    return atomic_load_explicit(&child->done, memory_order_relaxed);
}

static pid_t per_task_worker_pid(const struct pool *pool, unsigned worker)
{
    return ((const struct per_task *)pool)->slots[worker].pid;
}

const struct pool_ops pool_process_per_task = {
    .name = "process-per-task",
    .summary = "a freshly forked process for each task: what not reusing processes costs",
    .processes = true,
    .per_task = true,
    .pool_size = sizeof(struct per_task),
    .worker_size = sizeof(struct slot),
    .start = per_task_start,
    .map = per_task_map,
    .stop = per_task_stop,
    .worker_tasks = per_task_worker_tasks,
    .worker_pid = per_task_worker_pid,
};
