/* libuv's thread pool: uv_queue_work on a loop that the owner runs until all work is done.
 * pkg-config: libuv
 *
 * A chunk is a request. There are at most REQUESTS of them; one whose work is done takes the next
 * chunk, as a program that has more work than memory would do it.
 *
 * The pool is the process's: its size is read once (UV_THREADPOOL_SIZE), so all pools of a process
 * must have one size, and its threads cannot be ended before the process. Samples run in processes
 * of their own. Where the system refuses a thread, libuv ends the process. Threads have no number
 * in libuv; each learns its own by one entry request, which ends only when all have theirs. */
#include "worker.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#define LIBUV_WORKERS_MAX 1024 /* its MAX_THREADPOOL_SIZE */
#define REQUESTS 4096

struct request {
    uv_work_t work; /* its data is the pool */
    uint64_t begin, end;
};

struct libuv {
    struct pool pool;
    uv_loop_t loop;
    pthread_barrier_t barrier; /* entry and leaving: a request for each thread */
    struct request *requests;
    uint64_t tasks, chunk, next; /* the region; the owner's */
    _Atomic unsigned entries;
    struct worker workers[];
};

/* The calling thread's slot, from its entry until it has left. */
static _Thread_local struct worker *mine;

/* The size of the process's pool, once it has one. A forked child begins without. */
static unsigned process_workers;
static pid_t process;

static void run_chunk(uv_work_t *work)
{
    struct libuv *libuv = work->data;
    const struct request *request = (const struct request *)work;
    worker_run(&libuv->pool, mine, (unsigned)(mine - libuv->workers), request->begin, request->end);
}

/* In the owner, from the loop. */
static void chunk_done(uv_work_t *work, int status)
{
    struct libuv *libuv = work->data;
    struct request *request = (struct request *)work;
    (void)status; /* nothing is ever cancelled */
    if (libuv->next == libuv->tasks)
        return;
    request->begin = libuv->next;
    libuv->next += pool_chunk(libuv->tasks - libuv->next, libuv->chunk, libuv->pool.config.workers);
    request->end = libuv->next;
    uv_queue_work(&libuv->loop, work, run_chunk, chunk_done); /* fails only without a function */
}

static int libuv_map(struct pool *pool, uint64_t tasks, uint64_t chunk)
{
    struct libuv *libuv = (struct libuv *)pool;
    libuv->tasks = tasks;
    libuv->chunk = chunk;
    libuv->next = 0;
    for (unsigned i = 0; i < REQUESTS && libuv->next < tasks; i++)
        chunk_done(&libuv->requests[i].work, 0);
    uv_run(&libuv->loop, UV_RUN_DEFAULT);
    return 0;
}

static void enter(uv_work_t *work)
{
    struct libuv *libuv = work->data;
    /* relaxed: it only gives numbers */
    unsigned index = atomic_fetch_add_explicit(&libuv->entries, 1, memory_order_relaxed);
    mine = &libuv->workers[index];
    worker_enter(&libuv->pool, mine, index);
    pthread_barrier_wait(&libuv->barrier); /* nobody takes two */
}

static void leave(uv_work_t *work)
{
    struct libuv *libuv = work->data;
    worker_leave(&libuv->pool, mine);
    mine = NULL;
    pthread_barrier_wait(&libuv->barrier);
}

static void all_did(uv_work_t *work, int status)
{
    (void)work;
    (void)status;
}

/* Lets each thread do it once. */
static void let_all(struct libuv *libuv, uv_work_cb function)
{
    for (unsigned i = 0; i < libuv->pool.config.workers; i++)
        uv_queue_work(&libuv->loop, &libuv->requests[i].work, function, all_did);
    uv_run(&libuv->loop, UV_RUN_DEFAULT);
}

static void libuv_stop(struct pool *pool)
{
    struct libuv *libuv = (struct libuv *)pool;
    let_all(libuv, leave);
    uv_loop_close(&libuv->loop);
    pthread_barrier_destroy(&libuv->barrier);
    free(libuv->requests);
}

/* Gives the process's pool its size. Returns 0, or EINVAL with one line in why. */
static int size_process(unsigned workers, char *why, size_t size)
{
    char number[16];
    if (workers > LIBUV_WORKERS_MAX)
        snprintf(why, size, "libuv: %u workers are more than its limit, %d; ask for fewer", workers,
            LIBUV_WORKERS_MAX);
    else if (process == getpid() && workers != process_workers)
        snprintf(why, size,
            "libuv: the pool is the process's and has %u workers already, not %u; "
            "use a process of its own",
            process_workers, workers);
    else {
        snprintf(number, sizeof number, "%u", workers);
        setenv("UV_THREADPOOL_SIZE", number, 1);
        process_workers = workers;
        process = getpid();
        return 0;
    }
    return EINVAL;
}

static int libuv_start(struct pool *pool, char *why, size_t size)
{
    struct libuv *libuv = (struct libuv *)pool;
    if (size_process(pool->config.workers, why, size))
        return EINVAL;
    libuv->requests = calloc(REQUESTS, sizeof *libuv->requests);
    int code = libuv->requests ? -uv_loop_init(&libuv->loop) : ENOMEM;
    if (code) {
        snprintf(
            why, size, "libuv: no loop for %u workers: %s", pool->config.workers, strerror(code));
        free(libuv->requests);
        return code;
    }
    for (unsigned i = 0; i < REQUESTS; i++)
        libuv->requests[i].work.data = libuv;
    pthread_barrier_init(&libuv->barrier, NULL, pool->config.workers);
    let_all(libuv, enter);
    const char *error = worker_error(pool, libuv->workers);
    code = error ? pool_start_error(why, size, pool, 0, 0, error) : 0;
    if (code)
        libuv_stop(pool);
    return code;
}

static uint64_t libuv_worker_tasks(const struct pool *pool, unsigned worker)
{
    return ((const struct libuv *)pool)->workers[worker].done;
}

const struct pool_ops pool_libuv = {
    .name = "libuv",
    .summary = "libuv's thread pool, fed from a loop",
    .keeps_threads = true,
    .aborts = true,
    .supported = pool_unless_tsan,
    .pool_size = sizeof(struct libuv),
    .worker_size = sizeof(struct worker),
    .start = libuv_start,
    .map = libuv_map,
    .stop = libuv_stop,
    .worker_tasks = libuv_worker_tasks,
};
