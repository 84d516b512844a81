/* A fresh thread for each chunk (by default for each task): what not reusing threads costs. At most
 * `workers` live at once. One that ends says so under the mutex; the owner joins it and starts the
 * next in its slot. Where the system refuses a thread, the owner waits until one has ended. */
#include "worker.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

struct slot {
    struct worker worker;
    struct per_task *per_task;
    struct slot *next;   /* in one of the lists */
    uint64_t begin, end; /* its chunk: tasks begin .. end-1 */
    pthread_t thread;
};

struct per_task {
    struct pool pool;
    pthread_mutex_t mutex; /* guards `ended` */
    pthread_cond_t one_ended;
    struct slot *ended; /* whose thread is to be joined */
    struct slot *idle;  /* the owner's: without a thread */
    unsigned alive;     /* the owner's: threads that are not joined */
    struct slot slots[];
};

static void *work(void *argument)
{
    struct slot *slot = argument;
    struct per_task *per_task = slot->per_task;
    unsigned index = (unsigned)(slot - per_task->slots);
    if (worker_enter(&per_task->pool, &slot->worker, index))
        worker_run(&per_task->pool, &slot->worker, index, slot->begin, slot->end);
    worker_leave(&per_task->pool, &slot->worker);
    pthread_mutex_lock(&per_task->mutex);
    slot->next = per_task->ended;
    per_task->ended = slot;
    pthread_cond_signal(&per_task->one_ended);
    pthread_mutex_unlock(&per_task->mutex);
    return NULL;
}

/* Waits until a thread has ended, and joins it. Returns 0, or -1 with a message if it could not
 * enter. */
static int join_one(struct per_task *per_task)
{
    pthread_mutex_lock(&per_task->mutex);
    while (!per_task->ended)
        pthread_cond_wait(&per_task->one_ended, &per_task->mutex);
    struct slot *slot = per_task->ended;
    per_task->ended = slot->next;
    pthread_mutex_unlock(&per_task->mutex);
    pthread_join(slot->thread, NULL);
    per_task->alive--;
    slot->next = per_task->idle;
    per_task->idle = slot;
    if (*slot->worker.error)
        task_fail(ECANCELED, "%s", slot->worker.error);
    return *slot->worker.error ? -1 : 0;
}

static int join_all(struct per_task *per_task)
{
    int failed = 0;
    while (per_task->alive > 0)
        failed |= join_one(per_task);
    return failed;
}

/* Starts a thread for a chunk as soon as there are a slot and a thread to be had. Returns 0, an
 * errno where no thread runs whose end could be waited for, or -1 with a message. */
static int spawn(struct per_task *per_task, uint64_t begin, uint64_t end)
{
    for (;;) {
        struct slot *slot = per_task->idle;
        int code = EAGAIN;
        if (slot) {
            struct slot *others = slot->next; /* read before the thread has the slot */
            slot->begin = begin;
            slot->end = end;
            code = pthread_create(&slot->thread, NULL, work, slot);
            if (code == 0) {
                per_task->idle = others;
                per_task->alive++;
                return 0;
            }
        }
        if (per_task->alive == 0)
            return code;
        if (join_one(per_task))
            return -1;
    }
}

static int per_task_map(struct pool *pool, uint64_t tasks, uint64_t chunk)
{
    struct per_task *per_task = (struct per_task *)pool;
    int code = 0;
    for (uint64_t begin = 0, count; begin < tasks && !code; begin += count) {
        count = pool_chunk(tasks - begin, chunk ? chunk : 1, pool->config.workers);
        code = spawn(per_task, begin, begin + count);
    }
    if (code > 0)
        task_fail(code, "thread-per-task: the system refuses even one thread: %s", strerror(code));
    return join_all(per_task) || code ? -1 : 0;
}

static int per_task_start(struct pool *pool, char *why, size_t size)
{
    struct per_task *per_task = (struct per_task *)pool;
    pthread_mutex_init(&per_task->mutex, NULL);
    pthread_cond_init(&per_task->one_ended, NULL);
    for (unsigned i = pool->config.workers; i-- > 0;) {
        struct slot *slot = &per_task->slots[i];
        slot->per_task = per_task;
        slot->next = per_task->idle;
        per_task->idle = slot;
    }
    int code = spawn(per_task, 0, 0);
    if (code == 0 && join_all(per_task) == 0)
        return 0;
    return pool_start_error(why, size, pool, 0, code, task_message(ECANCELED));
}

static void per_task_stop(struct pool *pool)
{
    (void)pool; /* no thread outlives a region */
}

static uint64_t per_task_worker_tasks(const struct pool *pool, unsigned worker)
{
    return ((const struct per_task *)pool)->slots[worker].worker.done;
}

const struct pool_ops pool_thread_per_task = {
    .name = "thread-per-task",
    .summary = "a fresh thread for each task: what not reusing threads costs",
    .per_task = true,
    .pool_size = sizeof(struct per_task),
    .worker_size = sizeof(struct slot),
    .start = per_task_start,
    .map = per_task_map,
    .stop = per_task_stop,
    .worker_tasks = per_task_worker_tasks,
};
