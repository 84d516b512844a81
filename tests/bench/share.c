/* What one use of each object of harness/share costs: the figures of docs/crosswalk.md. Where two
 * processes talk, the other one is a child of the sample's process. */
#include "arm.h"

#include "harness/share/array.h"
#include "harness/share/event.h"
#include "harness/share/manager.h"
#include "harness/share/pipe.h"
#include "harness/share/queue.h"
#include "harness/share/semaphore.h"
#include "harness/share/value.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define ITEM 64 /* bytes of an item, a message, a manager's value */
#define DEPTH 1024
#define ROUNDS 64 /* of the cheapest ones in a turn, so that calling the turn does not count */

/* The objects of a figure, and what its turns remember. */
struct turns {
    struct queue *queue;
    struct event *there, *back;
    struct lock *lock;
    struct semaphore *semaphore;
    struct value *value;
    struct array *array;
    struct pipe *pipe;
    struct manager_client *client;
    uint64_t taken; /* items */
};

static int failed(struct sample *sample, const char *what, int code)
{
    if (!*sample->failure)
        snprintf(sample->failure, sizeof sample->failure, "%s: %s", what, strerror(code));
    return -1;
}

/* The mean of an operation of which a turn does `count`. A turn returns a status. */
static int time_turns(int (*turn)(void *), struct turns *turns, unsigned count, const char *what,
    struct sample *sample)
{
    int status = turn(turns);
    if (status || arm_repeat(turn, turns, &sample->seconds))
        return failed(sample, what, status ? status : EIO);
    sample->seconds /= count;
    return 0;
}

/* ---- the other process ---- */

static pid_t fork_partner(void (*body)(struct turns *), struct turns *turns)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    body(turns);
    _exit(0);
}

static void end_partner(pid_t pid)
{
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

static int time_with_partner(void (*body)(struct turns *), int (*turn)(void *), struct turns *turns,
    const char *what, struct sample *sample)
{
    pid_t pid = fork_partner(body, turns);
    if (pid < 0)
        return failed(sample, what, errno);
    int status = time_turns(turn, turns, 1, what, sample);
    end_partner(pid);
    return status;
}

/* ---- queues ---- */

static int put_and_get(void *context)
{
    struct turns *turns = context;
    char item[ITEM] = {0};
    int status = 0;
    for (int i = 0; i < ROUNDS && status == 0; i++) {
        status = queue_put_priority(turns->queue, i, item, sizeof item, -1);
        if (status == 0)
            status = queue_get(turns->queue, item, sizeof item, NULL, -1);
    }
    return status;
}

/* With half of DEPTH items in it already, so that an order has something to keep. */
static int time_queue(enum queue_order order, struct sample *sample)
{
    struct turns turns = {.queue = queue_make(order, DEPTH, ITEM)};
    char item[ITEM] = {0};
    int status = turns.queue ? 0 : errno;
    for (int i = 0; i < DEPTH / 2 && status == 0; i++)
        status = queue_put_priority(turns.queue, i % ROUNDS, item, sizeof item, -1);
    return status ? failed(sample, "queue", status)
                  : time_turns(put_and_get, &turns, ROUNDS, "queue", sample);
}

int share_queue(const struct arm *arm, struct workload *workload, struct sample *sample)
{
    (void)arm, (void)workload;
    return time_queue(QUEUE_FIFO, sample);
}

int share_queue_lifo(const struct arm *arm, struct workload *workload, struct sample *sample)
{
    (void)arm, (void)workload;
    return time_queue(QUEUE_LIFO, sample);
}

int share_queue_priority(const struct arm *arm, struct workload *workload, struct sample *sample)
{
    (void)arm, (void)workload;
    return time_queue(QUEUE_PRIORITY, sample);
}

static void put_for_ever(struct turns *turns)
{
    uint64_t item[ITEM / sizeof(uint64_t)] = {0};
    while (queue_put(turns->queue, item, sizeof item, -1) == 0)
        item[0]++;
}

static int get_next(void *context)
{
    struct turns *turns = context;
    uint64_t item[ITEM / sizeof(uint64_t)];
    int status = queue_get(turns->queue, item, sizeof item, NULL, -1);
    if (status == 0 && item[0] != turns->taken++)
        status = EILSEQ;
    return status;
}

int share_queue_processes(const struct arm *arm, struct workload *workload, struct sample *sample)
{
    struct turns turns = {.queue = queue_make(QUEUE_FIFO, DEPTH, ITEM)};
    (void)arm, (void)workload;
    return turns.queue ? time_with_partner(put_for_ever, get_next, &turns, "queue", sample)
                       : failed(sample, "queue", errno);
}

/* ---- locks, semaphores, numbers ---- */

static int take_lock(void *context)
{
    struct turns *turns = context;
    int status = 0;
    for (int i = 0; i < ROUNDS && status == 0; i++)
        if ((status = lock_acquire(turns->lock, -1)) == 0)
            status = lock_release(turns->lock);
    return status;
}

int share_lock(const struct arm *arm, struct workload *workload, struct sample *sample)
{
    struct turns turns = {.lock = lock_make(LOCK_PLAIN)};
    (void)arm, (void)workload;
    return turns.lock ? time_turns(take_lock, &turns, ROUNDS, "lock", sample)
                      : failed(sample, "lock", errno);
}

static int take_permit(void *context)
{
    struct turns *turns = context;
    int status = 0;
    for (int i = 0; i < ROUNDS && status == 0; i++)
        if ((status = semaphore_acquire(turns->semaphore, -1)) == 0)
            status = semaphore_release(turns->semaphore, 1);
    return status;
}

int share_semaphore(const struct arm *arm, struct workload *workload, struct sample *sample)
{
    struct turns turns = {.semaphore = semaphore_make(1, true)};
    (void)arm, (void)workload;
    return turns.semaphore ? time_turns(take_permit, &turns, ROUNDS, "semaphore", sample)
                           : failed(sample, "semaphore", errno);
}

static int add(void *context)
{
    struct turns *turns = context;
    int status = 0;
    for (int i = 0; i < ROUNDS && status == 0; i++)
        status = value_add_integer(turns->value, 1);
    return status;
}

int share_value(const struct arm *arm, struct workload *workload, struct sample *sample)
{
    struct turns turns = {.value = value_make()};
    (void)arm, (void)workload;
    return turns.value ? time_turns(add, &turns, ROUNDS, "value", sample)
                       : failed(sample, "value", errno);
}

static int get_element(void *context)
{
    struct turns *turns = context;
    double element;
    int status = 0;
    for (size_t i = 0; i < ROUNDS && status == 0; i++)
        status = array_get(turns->array, i, &element);
    return status;
}

int share_array(const struct arm *arm, struct workload *workload, struct sample *sample)
{
    struct turns turns = {.array = array_make(ROUNDS, sizeof(double))};
    (void)arm, (void)workload;
    return turns.array ? time_turns(get_element, &turns, ROUNDS, "array", sample)
                       : failed(sample, "array", errno);
}

/* ---- round trips to another process ---- */

static void answer_events(struct turns *turns)
{
    while (event_wait(turns->there, -1) == 0) {
        event_clear(turns->there);
        event_set(turns->back);
    }
}

static int set_and_wait(void *context)
{
    struct turns *turns = context;
    event_set(turns->there);
    int status = event_wait(turns->back, -1);
    event_clear(turns->back);
    return status;
}

int share_event(const struct arm *arm, struct workload *workload, struct sample *sample)
{
    struct turns turns = {.there = event_make(), .back = event_make()};
    (void)arm, (void)workload;
    return turns.there && turns.back
               ? time_with_partner(answer_events, set_and_wait, &turns, "event", sample)
               : failed(sample, "event", errno);
}

static void answer_messages(struct turns *turns)
{
    void *message;
    size_t size;
    while (pipe_receive(turns->pipe, PIPE_RIGHT, &message, &size) == 0) {
        int status = pipe_send(turns->pipe, PIPE_RIGHT, message, size);
        free(message);
        if (status)
            return;
    }
}

static int send_and_receive(void *context)
{
    struct turns *turns = context;
    char message[ITEM] = {0};
    void *reply = NULL;
    size_t size = 0;
    int status = pipe_send(turns->pipe, PIPE_LEFT, message, sizeof message);
    if (status == 0)
        status = pipe_receive(turns->pipe, PIPE_LEFT, &reply, &size);
    free(reply);
    return status == 0 && size != sizeof message ? EILSEQ : status;
}

int share_pipe(const struct arm *arm, struct workload *workload, struct sample *sample)
{
    struct turns turns = {.pipe = pipe_make()};
    (void)arm, (void)workload;
    return turns.pipe ? time_with_partner(answer_messages, send_and_receive, &turns, "pipe", sample)
                      : failed(sample, "pipe", errno);
}

static int get_from_map(void *context)
{
    struct turns *turns = context;
    void *value = NULL;
    size_t size = 0;
    int status = manager_map_get(turns->client, "map", "key", &value, &size);
    free(value);
    return status == 0 && size != ITEM ? EILSEQ : status;
}

int share_manager(const struct arm *arm, struct workload *workload, struct sample *sample)
{
    char value[ITEM] = {0};
    (void)arm, (void)workload;
    struct manager *manager = manager_start(sample->failure, sizeof sample->failure);
    if (!manager)
        return -1;
    struct turns turns = {.client = manager_connect(manager)};
    int status = turns.client ? manager_map_set(turns.client, "map", "key", value, ITEM) : errno;
    status = status ? failed(sample, "manager", status)
                    : time_turns(get_from_map, &turns, 1, "manager", sample);
    if (turns.client)
        manager_disconnect(turns.client);
    manager_stop(manager);
    return status;
}
