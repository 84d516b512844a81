/* An arm: one of the things that a row measures side by side, a pool or what stands beside it. */
#ifndef BENCH_ARM_H
#define BENCH_ARM_H

#include "harness/measure/workload.h"

#include <stdbool.h>
#include <stdint.h>

#define BENCH_WORKERS 2 /* what the targets are stated for: 2 workers on 2 usable CPUs */

/* A sample lasts at least this long, so that a clock's reading and a timer's tick do not show. */
#define SAMPLE_SECONDS 10e-3

struct arm;

/* What the sample's process leaves in the mapping that it shares with the one that asked. */
struct sample {
    bool finished;
    bool forbidden; /* failed because a limit of this system forbids it, as the failure says */
    bool absent;    /* failed because something is not installed, as the failure says */
    double seconds; /* of one region */
    char failure[256];
};

/* Takes a sample: a region over the workload's tasks, repeated as the arm likes. Runs in a process
 * of its own with one thread, which ends afterwards; whatever lives longer than that is to be ended
 * here. Returns 0 with sample->seconds, or -1 with sample->failure. */
typedef int arm_time(const struct arm *arm, struct workload *workload, struct sample *sample);

struct arm {
    arm_time *time;      /* NULL: there is no such arm */
    const char *name;    /* NULL: made of backend, workers and chunk */
    const char *backend; /* of the registry; NULL: a bare figure, no pool of ours */
    unsigned workers;    /* 0: BENCH_WORKERS */
    uint64_t chunk;      /* 0: the backend's default */
    double quantile;     /* of single regions, where each is timed; 0: the median */
    bool above_ideal;    /* without the time that the tasks themselves take */
    size_t resident;     /* bytes that the process has touched before it starts */
    size_t payload;      /* bytes of a call's payload, and of its result */
    bool owner_works;    /* the owner of processes is one of the workers */
    bool checks_itself;  /* looks at its results; none are in the arena */
};

/* The arm's name in tables: "onetbb chunk 1". Returns text. */
const char *arm_name(const struct arm *arm, char *text, size_t size);

/* Why the arm cannot run here, or NULL. */
const char *arm_missing(const struct arm *arm);

/* ---- pools, through the contract (pools.c) ---- */

arm_time pools_warm;   /* regions one right after the other */
arm_time pools_cold;   /* pool start, region and stop together */
arm_time pools_apart;  /* a region 300 us after the last: their median */
arm_time pools_beside; /* another process computes on one of the CPUs: median, or the quantile */

/* ---- calls (calls.c) ---- */

arm_time calls_submit;      /* a region is that many calls: submit, future, get */
arm_time calls_imap_growth; /* kilobytes (not seconds) that imap_unordered over them grows by */

/* ---- one use of a call (cost.c): the sample's seconds are those of one ---- */

arm_time cost_apply;      /* apply, one after the other */
arm_time cost_submit_one; /* submit, get, free: one after the other */
arm_time cost_map_async;  /* a region of 2 tasks: map_async, get, free */
arm_time cost_imap;
arm_time cost_imap_unordered;
arm_time cost_wait_all;  /* submit, wait for all, free */
arm_time cost_completed; /* the same by as_completed */
arm_time cost_callback;  /* cost_wait_all with a callback a call */
arm_time cost_cancel;    /* future_cancel alone, of a call that waits for a worker */

/* ---- one use of what processes share (share.c), the same; they use nothing of the workload ----
 */

arm_time share_queue; /* put and get in one process */
arm_time share_queue_lifo;
arm_time share_queue_priority;
arm_time share_queue_processes; /* an item from one process to another, of a stream */
arm_time share_lock;            /* acquire and release of a free one */
arm_time share_semaphore;
arm_time share_value;   /* add under its lock */
arm_time share_array;   /* get an element under its lock */
arm_time share_event;   /* set, and wait for another process's answer */
arm_time share_pipe;    /* there and back */
arm_time share_manager; /* get from a map */

/* ---- many workers at once (waiting.c) ---- */

/* Starts arm->workers workers and gives each a task that waits until all of them have begun: the
 * seconds from the start until they have ended. Uses nothing of the workload. */
arm_time waiting_pool;

/* ---- what stands beside (bare.c, pipes.c, python.c, tbb_loop.cpp) ---- */

arm_time bare_task;         /* one task alone: the ideal of a region with a task a worker */
arm_time bare_sleeps;       /* the ideal of sleeps: how many in a row the busiest worker has */
arm_time bare_loop;         /* a loop that calls the task function */
arm_time bare_threads;      /* pthread_create and join, a thread a task */
arm_time bare_forks;        /* fork, _exit and wait, a child a task */
arm_time pipes_warm;        /* a process pool over pipes */
arm_time python_pool;       /* arm->name says which: POOL.METHOD of cases/peers/methods.py */
arm_time python_thumbnails; /* Pillow or vipsthumbnail, by arm->name, on the case's photographs */
arm_time tbb_loop;          /* tbb::parallel_for over a lambda, as its users write it */
arm_time tbb_group;         /* tbb::task_group, run and wait */

/* Why there is no tbb_loop in this build, or NULL. */
const char *tbb_missing(void);

/* Makes `bytes` of memory resident until the process ends. Returns 0, or -1 with errno. */
int arm_touch(size_t bytes);

/* Seconds of one task alone, on average over SAMPLE_SECONDS. */
double bare_task_seconds(const struct workload *workload);

/* For the arms that repeat: calls region until it has lasted SAMPLE_SECONDS in all, in
 * batches of 1, 2, 4, ... so that the clock is read seldom. Returns 0 and the mean, or -1. */
int arm_repeat(int (*region)(void *context), void *context, double *seconds);

#endif
