/* Pools whose workers are the threads of processes: process i has `threads_each` of them
 * (the pool's configuration says how many), with the lanes and worker numbers from i * threads_each
 * on. `processes` has one a process, `hybrid` several, `spawn` starts the program anew instead of
 * forking it; they share all functions below, which are hooks of pool.h's struct pool_ops.
 *
 * A process is what dies, is stopped, is killed and is replaced: with all of its workers. */
#ifndef POOL_PROCESSES_H
#define POOL_PROCESSES_H

#include "backend.h"
#include "deaths.h"

struct process {
    pid_t pid;              /* 0: there is none */
    int pidfd;              /* -1: not watched */
    bool adopted;           /* the zygote has forked it and is its parent */
    uint64_t stopped_since; /* a clock_now: it is stopped and holds tasks; 0: it is not */
    uint64_t asked_at;      /* a clock_now: when it was asked to end; 0: it was not */
};

struct processes {
    struct pool pool;
    struct deaths deaths;
    /* Starts the process of the workers from `first` on. Returns 0 with its pid, or errno. NULL: it
     * is forked. */
    int (*launch)(struct processes *processes, unsigned first, pid_t *pid);
    int handover; /* a description of the pool, for workers that are not forked by its owner (a
                     descriptor, handover.h); -1: all are */
    unsigned count;
    uint64_t checked_at; /* a clock_now: who has died until then is buried */
    unsigned stillborn;  /* processes in a row that died before their workers had entered */
    struct process all[];
};

int processes_start(struct pool *pool, char *why, size_t size);
int processes_map(struct pool *pool, uint64_t tasks, uint64_t chunk);
void processes_stop(struct pool *pool);
uint64_t processes_worker_tasks(const struct pool *pool, unsigned worker);
int processes_tend(struct pool *pool);
void processes_kill(struct pool *pool, unsigned worker, bool now);
pid_t processes_worker_pid(const struct pool *pool, unsigned worker);

/* What these backends have in common of struct pool_ops. */
#define PROCESSES_HOOKS                                                                            \
    .processes = true, .shrinks = true, .pool_size = sizeof(struct processes),                     \
    .worker_size = sizeof(struct process), .map = processes_map, .stop = processes_stop,           \
    .worker_tasks = processes_worker_tasks, .tend = processes_tend, .kill = processes_kill,        \
    .worker_pid = processes_worker_pid

/* Whether a process ends because it has run all it may: with nothing in its hands. */
bool processes_is_spent(const struct processes *processes, unsigned index);

#endif
