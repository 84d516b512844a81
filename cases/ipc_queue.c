/* Messages through a pair of this program's own queues (harness/share/queue.h), one for each
 * direction: items in shared memory under a robust lock, which outlive the death of any user. */
#include "case.h"

#include "../harness/share/queue.h"
#include "support/echo.h"

#include <sys/mman.h>

/* Items that a queue holds: this many bytes of them, but at least two and at most so many. */
#define HELD_BYTES 65536
#define HELD_MAX 64

#define PAGE 4096 /* where the second queue begins: on any boundary of a page or less */

static size_t capacity_of(size_t item_max)
{
    size_t capacity = HELD_BYTES / item_max;
    return capacity < 2 ? 2 : capacity > HELD_MAX ? HELD_MAX : capacity;
}

/* An acknowledgement has to fit too. */
static size_t item_max_of(size_t size)
{
    return size > ECHO_ACKNOWLEDGE ? size : ECHO_ACKNOWLEDGE;
}

static size_t queue_room(size_t size)
{
    size_t bytes = queue_bytes(capacity_of(item_max_of(size)), item_max_of(size));
    return (bytes + PAGE - 1) / PAGE * PAGE;
}

static int make_queues(
    size_t size, int worker[ECHO_FDS], int partner[ECHO_FDS], char *why, size_t room)
{
    (void)why;
    (void)room;
    return echo_make_memory(2 * queue_room(size), &worker[0], &partner[0]);
}

/* The first is the partner's to read, the second the worker's. */
static struct queue *queue_of(const struct echo_link *link, bool receives)
{
    bool second = (link->side == ECHO_WORKER) == receives;
    return (void *)((char *)link->memory + (second ? queue_room(link->size) : 0));
}

/* The partner opens it first. */
static int open_queues(struct echo_link *link)
{
    size_t item_max = item_max_of(link->size);
    int code = echo_map(link, link->fds[0], 2 * queue_room(link->size));
    for (int i = 0; i < 2 && !code && link->side == ECHO_PARTNER; i++)
        code = queue_init(queue_of(link, i), QUEUE_FIFO, capacity_of(item_max), item_max);
    return code;
}

static void close_queues(struct echo_link *link)
{
    munmap(link->memory, 2 * queue_room(link->size));
}

static int send_item(struct echo_link *link, const void *bytes, size_t size)
{
    int code;
    do
        code = queue_put(queue_of(link, false), bytes, size, ECHO_RECHECK_MS / 1e3);
    while (code == QUEUE_TIMED_OUT && !echo_deserted(link));
    return code == QUEUE_TIMED_OUT ? EPIPE : code;
}

static int receive_item(struct echo_link *link, void *bytes, size_t size)
{
    int code;
    size_t came = size;
    do
        code = queue_get(queue_of(link, true), bytes, size, &came, ECHO_RECHECK_MS / 1e3);
    while (code == QUEUE_TIMED_OUT && !echo_deserted(link));
    if (code == QUEUE_TOO_LARGE || came != size)
        return EBADMSG;
    return code == QUEUE_TIMED_OUT ? EPIPE : code;
}

static const struct echo_transport transport = {
    .what = "pair of queues",
    .make = make_queues,
    .open = open_queues,
    .close = close_queues,
    .send = send_item,
    .receive = receive_item,
};

static int setup(struct case_run *run)
{
    return echo_setup(run, &transport);
}

const struct bench_case case_ipc_queue = {
    .name = "ipc-queue",
    .summary = "messages to a partner process and back through this program's own queues",
    .description = "Two of this program's queues, one for each direction, as Python's "
                   "multiprocessing.Queue without its pickling and its thread: items are copied "
                   "into shared memory and out again under a lock that survives the death of its "
                   "holder; who waits sleeps on a futex." ECHO_DESCRIPTION,
    .setup = setup,
    ECHO_HOOKS,
};
