/* queues: what an item costs on its way through each kind of queue of share/queue.h. */
#include "../measure/clock.h"
#include "../pool/task.h"
#include "../share/queue.h"
#include "survey.h"

#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ITEMS 5000 /* a reading's, through each way */
#define ROOMY 1024

static const struct kind {
    const char *name;
    enum queue_order order;
} kinds[] = {{"FIFO", QUEUE_FIFO}, {"LIFO", QUEUE_LIFO}, {"priority", QUEUE_PRIORITY}};
#define KINDS (sizeof kinds / sizeof *kinds)

/* The figures: how full a queue may be, and who is at its other end. */
static const struct way {
    const char *figure;
    size_t capacity;
    enum { ALONE, THREAD, PROCESS } partner;
} ways[] = {
    {"put and get, alone", ROOMY, ALONE},
    {"thread to thread", ROOMY, THREAD},
    {"process to process", ROOMY, PROCESS},
    {"thread to thread, room for 1", 1, THREAD},
    {"process to process, room for 1", 1, PROCESS},
};
#define WAYS (sizeof ways / sizeof *ways)

static int put(struct queue *queue, uint64_t item)
{
    /* spread over priorities, so that the heap has work */
    return queue_put_priority(queue, (int64_t)(item * 7919 % 1000), &item, sizeof item, -1);
}

static void *put_all(void *argument)
{
    struct queue *queue = argument;
    for (uint64_t i = 0; i < ITEMS; i++)
        if (put(queue, i))
            break;
    return NULL;
}

/* The sum of all items, which says that each came exactly once. */
static int get_all(struct queue *queue, uint64_t *sum)
{
    for (unsigned i = 0; i < ITEMS; i++) {
        uint64_t item;
        int code = queue_get(queue, &item, sizeof item, NULL, -1);
        if (code)
            return task_fail(code, "queue_get: %s", strerror(code));
        *sum += item;
    }
    return 0;
}

static int put_and_get(struct queue *queue, uint64_t *sum)
{
    for (uint64_t i = 0; i < ITEMS; i++) {
        uint64_t item;
        int code = put(queue, i);
        if (!code)
            code = queue_get(queue, &item, sizeof item, NULL, -1);
        if (code)
            return task_fail(code, "a put and a get: %s", strerror(code));
        *sum += item;
    }
    return 0;
}

static int from_thread(struct queue *queue, uint64_t *sum)
{
    pthread_t thread;
    int code = pthread_create(&thread, NULL, put_all, queue);
    if (code)
        return task_fail(code, "pthread_create: %s", strerror(code));
    code = get_all(queue, sum);
    pthread_join(thread, NULL);
    return code;
}

static int from_process(struct queue *queue, uint64_t *sum)
{
    pid_t pid = survey_fork();
    if (pid == 0) {
        put_all(queue);
        _exit(0);
    }
    if (pid < 0)
        return task_fail(errno, "fork: %s", strerror(errno));
    int code = get_all(queue, sum);
    waitpid(pid, NULL, 0);
    return code;
}

/* Seconds an item. */
static int time_way(const struct way *way, enum queue_order order, double *seconds)
{
    static int (*const through[])(struct queue *, uint64_t *) = {
        [ALONE] = put_and_get, [THREAD] = from_thread, [PROCESS] = from_process};
    struct queue *queue = queue_make(order, way->capacity, sizeof(uint64_t));
    if (!queue)
        return task_fail(errno, "the queue cannot be made: %s", strerror(errno));
    uint64_t sum = 0, start = clock_now();
    int code = through[way->partner](queue, &sum);
    *seconds = clock_since(start) / ITEMS;
    queue_free(queue);
    if (!code && sum != (uint64_t)ITEMS * (ITEMS - 1) / 2)
        return task_fail(EBADMSG, "%s: an item was lost or came twice", way->figure);
    return code;
}

static int queues_open(struct survey_run *run)
{
    for (size_t i = 0; i < KINDS; i++) {
        survey_add_probe(run, kinds[i].name, 0);
        for (size_t j = 0; j < WAYS; j++)
            survey_add_figure(run, ways[j].figure, "s");
    }
    return 0;
}

static int queues_read(const struct survey_run *run, unsigned probe, struct survey_reading *reading)
{
    (void)run;
    int code = 0;
    for (size_t i = 0; i < WAYS && !code; i++)
        code = time_way(&ways[i], kinds[probe].order, &reading->values[i]);
    return code;
}

const struct survey survey_queues = {
    .name = "queues",
    .title = "Kinds of queues",
    .summary = "what an item costs on its way through each kind of queue",
    .description =
        "Items of 8 bytes go through a bounded queue: first in first out, last in first out, or "
        "smallest priority first. Alone, one thread puts and gets each in turn. With a partner, a "
        "thread or a process puts as fast as it can and this one gets; the figure is wall time an "
        "item. With room for 1,024 both mostly find work; with room for 1 each item is a hand-over "
        "from one to the other, which costs two wake-ups. The queue lies in shared memory in "
        "either case, so that processes pay what threads pay; the order makes little difference "
        "beside the lock, but for the heap that a priority needs.",
    .rounds = 8,
    .reading_seconds = 20,
    .open = queues_open,
    .read = queues_read,
};
