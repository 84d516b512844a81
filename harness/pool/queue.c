/* The textbook thread pool, to be read first: one mutex, two condition variables, a job list. */
#include "backend.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct job {
    struct job *next;
    uint64_t begin, end; /* tasks begin .. end-1 */
};

struct worker {
    struct queue *queue;
    pthread_t thread;
    unsigned index;
    uint64_t done;
};

struct queue {
    struct pool pool;
    pthread_mutex_t mutex;     /* guards everything below */
    pthread_cond_t job_added;  /* or stopping was set */
    pthread_cond_t job_done;   /* unfinished became 0 */
    struct job *first, **last; /* jobs that nobody has taken; *last is where the next one goes */
    uint64_t unfinished;       /* jobs, and workers' entries, that have not ended */
    bool stopping;
    char error[TASK_MESSAGE_MAX]; /* why a worker could not enter */
    unsigned started;
    struct worker workers[];
};

static void finish_one(struct queue *queue)
{
    if (--queue->unfinished == 0)
        pthread_cond_signal(&queue->job_done);
}

/* Waits for a job and takes it off the list; NULL when the pool stops. Called with the mutex. */
static struct job *take(struct queue *queue)
{
    while (!queue->first && !queue->stopping)
        pthread_cond_wait(&queue->job_added, &queue->mutex);
    struct job *job = queue->first;
    if (job && !(queue->first = job->next))
        queue->last = &queue->first;
    return job;
}

static void wait_until_finished(struct queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    while (queue->unfinished > 0)
        pthread_cond_wait(&queue->job_done, &queue->mutex);
    pthread_mutex_unlock(&queue->mutex);
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct queue *queue = worker->queue;
    void *local;
    int code = pool_worker_enter(&queue->pool, worker->index, &local);
    pthread_mutex_lock(&queue->mutex);
    if (code)
        snprintf(queue->error, sizeof queue->error, "%s", task_message(code));
    finish_one(queue);
    for (struct job *job; !code && (job = take(queue)); finish_one(queue)) {
        pthread_mutex_unlock(&queue->mutex);
        pool_run_range(&queue->pool, local, worker->index, job->begin, job->end, NULL);
        pthread_mutex_lock(&queue->mutex);
        worker->done += job->end - job->begin;
        free(job);
    }
    pthread_mutex_unlock(&queue->mutex);
    if (!code)
        pool_worker_leave(&queue->pool, local);
    return NULL;
}

static int queue_map(struct pool *pool, uint64_t tasks, uint64_t chunk)
{
    struct queue *queue = (struct queue *)pool;
    struct job *job;
    uint64_t begin = 0;
    for (uint64_t count; begin < tasks && (job = malloc(sizeof *job)); begin += count) {
        count = pool_chunk(tasks - begin, chunk, pool->config.workers);
        *job = (struct job){.begin = begin, .end = begin + count};
        pthread_mutex_lock(&queue->mutex);
        *queue->last = job;
        queue->last = &job->next;
        queue->unfinished++;
        pthread_cond_signal(&queue->job_added);
        pthread_mutex_unlock(&queue->mutex);
    }
    wait_until_finished(queue);
    return begin == tasks ? 0 : task_fail(ENOMEM, "queue: out of memory for a job");
}

static void queue_stop(struct pool *pool)
{
    struct queue *queue = (struct queue *)pool;
    pthread_mutex_lock(&queue->mutex);
    queue->stopping = true;
    pthread_cond_broadcast(&queue->job_added);
    pthread_mutex_unlock(&queue->mutex);
    for (unsigned i = 0; i < queue->started; i++)
        pthread_join(queue->workers[i].thread, NULL);
}

static int queue_start(struct pool *pool, char *why, size_t size)
{
    struct queue *queue = (struct queue *)pool;
    queue->last = &queue->first;
    pthread_mutex_init(&queue->mutex, NULL);
    pthread_cond_init(&queue->job_added, NULL);
    pthread_cond_init(&queue->job_done, NULL);
    int code = 0;
    queue->unfinished = pool->config.workers;
    for (unsigned i = 0; i < pool->config.workers && !code; i++) {
        queue->workers[i] = (struct worker){.queue = queue, .index = i};
        code = pthread_create(&queue->workers[i].thread, NULL, work, &queue->workers[i]);
        queue->started += !code;
    }
    if (code == 0)
        wait_until_finished(queue);
    if (code == 0 && !*queue->error)
        return 0;
    code = pool_start_error(why, size, pool, queue->started, code, queue->error);
    queue_stop(pool);
    return code;
}

static uint64_t queue_worker_tasks(const struct pool *pool, unsigned worker)
{
    return ((const struct queue *)pool)->workers[worker].done;
}

const struct pool_ops pool_queue = {
    .name = "queue",
    .summary = "the textbook thread pool: one mutex, condition variables and a list",
    .pool_size = sizeof(struct queue),
    .worker_size = sizeof(struct worker),
    .start = queue_start,
    .map = queue_map,
    .stop = queue_stop,
    .worker_tasks = queue_worker_tasks,
};
