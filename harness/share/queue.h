/* Queues between threads and between processes: Python's queue.Queue, LifoQueue and PriorityQueue,
 * and multiprocessing's Queue, JoinableQueue and SimpleQueue.
 *
 * Items are byte strings of 0 .. item_max bytes, copied in and out; all lies in one shared mapping
 * of a process that makes the queue and then forks. queue_free unmaps it in the calling process
 * only. The order is: first in first out, last in first out, or smallest priority first (equal ones
 * first in first out).
 *
 * A process may be killed at any instruction of any of these functions. The others go on, and no
 * item is lost or doubled but the one that the dead had taken, or had not put yet. (A process that
 * is stopped, not killed, inside the queue stops the others too, beyond their timeouts.)
 *
 * Statuses: 0 or one of enum queue_status. `seconds` is as in deadline.h: negative for ever, 0 try
 * and do not wait. Python's Full and Empty are two statuses each: a try's and a timeout's. */
#ifndef SHARE_QUEUE_H
#define SHARE_QUEUE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum queue_status {
    QUEUE_FULL = EAGAIN,         /* a put that does not wait */
    QUEUE_EMPTY = EAGAIN,        /* a get that does not wait */
    QUEUE_TIMED_OUT = ETIMEDOUT, /* full, empty or unfinished all the time */
    QUEUE_CLOSED = EPIPE,        /* no more puts; to a get: and empty as well */
    QUEUE_TOO_LARGE = E2BIG,     /* the item, for the queue or for the getter's buffer */
    QUEUE_ALL_DONE = EINVAL      /* task_done more often than there were puts */
};

enum queue_order { QUEUE_FIFO, QUEUE_LIFO, QUEUE_PRIORITY };

struct queue;

/* Capacity 0, "unbounded", is as many items as fit into this much address space, each with 36 bytes
 * beside item_max rounded up to 8. Memory is taken by the largest number of items that there ever
 * was, and given back by queue_free; where there is none left, the kernel ends somebody. */
#define QUEUE_UNBOUNDED 0
#define QUEUE_RESERVE ((size_t)1 << 34)

/* An empty queue of at most `capacity` items (or QUEUE_UNBOUNDED), below 2^32. Returns NULL with
 * errno (ENOMEM; EOVERFLOW: it would be larger than the address space). */
struct queue *queue_make(enum queue_order order, size_t capacity, size_t item_max);
void queue_free(struct queue *queue);

/* The same in memory of the caller's, which processes that are not forked can map too, anywhere.
 * queue_bytes says how much a queue needs (0 with errno EOVERFLOW; `capacity` is not
 * QUEUE_UNBOUNDED); queue_init makes it, once, in memory that is all zero and on a cache line.
 * Nothing is to be undone: not by queue_free either. Returns 0 or errno. */
size_t queue_bytes(size_t capacity, size_t item_max);
int queue_init(struct queue *queue, enum queue_order order, size_t capacity, size_t item_max);

/* Puts a copy of `size` bytes (item may be NULL for 0), and counts a task not done; waits while the
 * queue is full. queue_put puts with priority 0; other orders take no notice of a priority. Returns
 * 0, QUEUE_FULL, QUEUE_TIMED_OUT, QUEUE_CLOSED or QUEUE_TOO_LARGE. */
int queue_put(struct queue *queue, const void *item, size_t size, double seconds);
int queue_put_priority(
    struct queue *queue, int64_t priority, const void *item, size_t size, double seconds);

/* Takes the next item into the `room` bytes at item and, where size is not NULL, its size; waits
 * while the queue is empty. Returns 0, QUEUE_EMPTY, QUEUE_TIMED_OUT, QUEUE_CLOSED or
 * QUEUE_TOO_LARGE: the item stays in the queue, and *size says what it needs. */
int queue_get(struct queue *queue, void *item, size_t room, size_t *size, double seconds);

/* As of a moment ago, where others use the queue. */
size_t queue_size(struct queue *queue);
bool queue_is_empty(struct queue *queue);
bool queue_is_full(struct queue *queue);

/* Says that one of the items taken is done with. Returns 0 or QUEUE_ALL_DONE. */
int queue_task_done(struct queue *queue);

/* Waits until as many tasks are done as items were put. An item that died with its getter is never
 * done: whoever finds the getter dead calls queue_task_done for it. Returns 0, EAGAIN (a try) or
 * QUEUE_TIMED_OUT. */
int queue_join(struct queue *queue, double seconds);

/* From now on puts, also those that wait, get QUEUE_CLOSED; gets do when the queue is empty. */
void queue_close(struct queue *queue);

/* How often somebody died inside and what it left was put right. */
uint64_t queue_repairs(struct queue *queue);

#endif
