/* Queues: slots in shared memory under one robust lock.
 *
 * A process can be killed between any two stores, so each operation happens by a single one. The
 * truth is: an item is in the queue while its slot is full and its number is below `puts`. A put
 * fills a slot, with the number `puts`, and happens when `puts` grows by one; a get copies the item
 * out and happens when the slot is no longer full. Everything else (the list, the heap, the free
 * slots, the count) only speeds up finding the next slot, and is derived from the truth anew when
 * the lock says that its holder died. Deriving can itself be interrupted and begun again.
 *
 * The release stores of the truth keep the compiler from moving other stores across; they pair with
 * the acquire loads of repair(), and the lock orders all the rest. */
#include "queue.h"

#include "bell.h"
#include "deadline.h"
#include "memory.h"

#include <stdatomic.h>
#include <string.h>

#define NO_SLOT UINT32_MAX

struct slot {
    _Atomic uint32_t full; /* truth */
    uint32_t next;         /* in the list of items, or in that of free slots */
    uint64_t number;       /* of the put that filled it */
    int64_t priority;
    size_t size;
    unsigned char bytes[];
};

struct queue {
    struct lock lock;
    struct bell items, room, finished; /* what is waited for */
    enum queue_order order;
    uint32_t capacity;
    size_t item_max, stride, mapped;
    size_t slots; /* bytes from the queue's start to its first slot, behind the heap */
    uint64_t repairs;
    /* truth */
    _Atomic uint64_t puts, done;
    _Atomic uint32_t used; /* slots that were ever filled: those below it */
    _Atomic bool closed;
    /* derived */
    uint32_t count;
    uint32_t free;
    uint32_t first, last; /* the list of items; not for QUEUE_PRIORITY */
    uint32_t heap[];      /* QUEUE_PRIORITY: slots, the next item's on top */
};

static struct slot *slot_at(const struct queue *queue, uint32_t index)
{
    return (struct slot *)(void *)((char *)queue + queue->slots + index * queue->stride);
}

/* ---- the heap ---- */

static bool comes_before(const struct queue *queue, uint32_t a, uint32_t b)
{
    const struct slot *left = slot_at(queue, a), *right = slot_at(queue, b);
    if (left->priority != right->priority)
        return left->priority < right->priority;
    return left->number < right->number;
}

static void heap_push(struct queue *queue, uint32_t count, uint32_t index)
{
    uint32_t at = count;
    while (at > 0 && comes_before(queue, index, queue->heap[(at - 1) / 2])) {
        queue->heap[at] = queue->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    queue->heap[at] = index;
}

/* Takes the top of a heap of `count`. */
static uint32_t heap_pop(struct queue *queue, uint32_t count)
{
    uint32_t top = queue->heap[0], index = queue->heap[--count];
    uint64_t at = 0;
    for (uint64_t child = 1; child < count; child = 2 * at + 1) {
        if (child + 1 < count && comes_before(queue, queue->heap[child + 1], queue->heap[child]))
            child++;
        if (!comes_before(queue, queue->heap[child], index))
            break;
        queue->heap[at] = queue->heap[child];
        at = child;
    }
    queue->heap[at] = index;
    return top;
}

/* ---- the list ---- */

static void list_push(struct queue *queue, uint32_t index)
{
    struct slot *slot = slot_at(queue, index);
    bool front = queue->order == QUEUE_LIFO || queue->first == NO_SLOT;
    slot->next = queue->order == QUEUE_LIFO ? queue->first : NO_SLOT;
    if (!front)
        slot_at(queue, queue->last)->next = index;
    if (front)
        queue->first = index;
    queue->last = index;
}

static void list_pop(struct queue *queue)
{
    queue->first = slot_at(queue, queue->first)->next;
}

/* ---- what is derived from the truth ---- */

static void add_item(struct queue *queue, uint32_t index)
{
    if (queue->order == QUEUE_PRIORITY)
        heap_push(queue, queue->count, index);
    else
        list_push(queue, index);
    queue->count++;
}

static void add_free(struct queue *queue, uint32_t index)
{
    slot_at(queue, index)->next = queue->free;
    queue->free = index;
}

/* The slot of the item that is next. */
static uint32_t next_item(const struct queue *queue)
{
    return queue->order == QUEUE_PRIORITY ? queue->heap[0] : queue->first;
}

static void remove_next_item(struct queue *queue)
{
    if (queue->order == QUEUE_PRIORITY)
        heap_pop(queue, queue->count);
    else
        list_pop(queue);
    queue->count--;
}

static uint32_t take_free(struct queue *queue)
{
    uint32_t index = queue->free;
    if (index != NO_SLOT) {
        queue->free = slot_at(queue, index)->next;
        return index;
    }
    index = atomic_load_explicit(&queue->used, memory_order_relaxed); /* only under the lock */
    atomic_store_explicit(&queue->used, index + 1, memory_order_release);
    return index;
}

/* Somebody died holding the lock: what it had begun is undone, and all that is derived is made
 * anew. The heap serves to find the order of the items whatever the order is. */
static void repair(struct queue *queue)
{
    uint64_t puts = atomic_load_explicit(&queue->puts, memory_order_acquire);
    uint32_t used = atomic_load_explicit(&queue->used, memory_order_acquire), found = 0;
    queue->count = 0;
    queue->free = queue->first = queue->last = NO_SLOT;
    for (uint32_t i = 0; i < used; i++) {
        struct slot *slot = slot_at(queue, i);
        if (atomic_load_explicit(&slot->full, memory_order_acquire) && slot->number < puts) {
            heap_push(queue, found++, i);
            continue;
        }
        atomic_store_explicit(&slot->full, 0, memory_order_release);
        add_free(queue, i);
    }
    if (queue->order == QUEUE_PRIORITY)
        queue->count = found;
    else
        while (found > 0)
            add_item(queue, heap_pop(queue, found--));
    queue->repairs++;
    bell_ring(&queue->items, BELL_ALL); /* the dead may have owed a ring */
    bell_ring(&queue->room, BELL_ALL);
    bell_ring(&queue->finished, BELL_ALL);
}

/* ---- locking and waiting ---- */

static void enter(struct queue *queue)
{
    if (lock_acquire(&queue->lock, -1) == LOCK_OWNER_DEAD)
        repair(queue);
}

static void leave(struct queue *queue)
{
    lock_release(&queue->lock);
}

/* Returns 0 to look again, or the deadline's status. */
static int wait_for(struct queue *queue, struct bell *bell, uint64_t deadline)
{
    int code = bell_wait(bell, &queue->lock, deadline);
    if (code != LOCK_OWNER_DEAD)
        return code;
    repair(queue);
    return 0;
}

/* ---- making ---- */

/* Fills in capacity and sizes. Returns 0 or EOVERFLOW. */
static int lay_out(struct queue *queue, size_t capacity, size_t item_max)
{
    size_t bytes;
    queue->item_max = item_max;
    if (__builtin_add_overflow(item_max, sizeof(struct slot) + 7, &queue->stride))
        return EOVERFLOW;
    queue->stride -= queue->stride % 8;
    if (capacity == QUEUE_UNBOUNDED)
        capacity = QUEUE_RESERVE / (queue->stride + sizeof *queue->heap);
    if (capacity == 0 || capacity >= NO_SLOT)
        return EOVERFLOW;
    queue->capacity = (uint32_t)capacity;
    queue->slots = sizeof *queue + (capacity + 1) / 2 * 2 * sizeof *queue->heap;
    if (__builtin_mul_overflow(capacity, queue->stride, &bytes) ||
        __builtin_add_overflow(bytes, queue->slots, &queue->mapped))
        return EOVERFLOW;
    return 0;
}

static int init(struct queue *queue, const struct queue *plan)
{
    memcpy(queue, plan, sizeof *plan);
    return lock_init(&queue->lock, LOCK_PLAIN);
}

static const struct queue empty = {.free = NO_SLOT, .first = NO_SLOT, .last = NO_SLOT};

struct queue *queue_make(enum queue_order order, size_t capacity, size_t item_max)
{
    struct queue plan = empty;
    plan.order = order;
    int code = lay_out(&plan, capacity, item_max);
    if (code) {
        errno = code;
        return NULL;
    }
    struct queue *queue = memory_make(plan.mapped, capacity == QUEUE_UNBOUNDED);
    if (!queue)
        return NULL;
    code = init(queue, &plan);
    if (code) {
        queue_free(queue);
        errno = code;
        return NULL;
    }
    return queue;
}

size_t queue_bytes(size_t capacity, size_t item_max)
{
    struct queue plan;
    int code = lay_out(&plan, capacity, item_max);
    errno = code;
    return code ? 0 : plan.mapped;
}

int queue_init(struct queue *queue, enum queue_order order, size_t capacity, size_t item_max)
{
    struct queue plan = empty;
    plan.order = order;
    int code = lay_out(&plan, capacity, item_max);
    return code ? code : init(queue, &plan);
}

void queue_free(struct queue *queue)
{
    if (queue)
        memory_free(queue, queue->mapped);
}

/* ---- put and get ---- */

static void put_item(struct queue *queue, int64_t priority, const void *item, size_t size)
{
    uint64_t number = atomic_load_explicit(&queue->puts, memory_order_relaxed); /* under the lock */
    uint32_t index = take_free(queue);
    struct slot *slot = slot_at(queue, index);
    slot->number = number;
    slot->priority = queue->order == QUEUE_PRIORITY ? priority : 0;
    slot->size = size;
    if (size > 0)
        memcpy(slot->bytes, item, size);
    atomic_store_explicit(&slot->full, 1, memory_order_release);
    atomic_store_explicit(&queue->puts, number + 1, memory_order_release); /* now it is put */
    add_item(queue, index);
    bell_ring(&queue->items, 1);
}

int queue_put_priority(
    struct queue *queue, int64_t priority, const void *item, size_t size, double seconds)
{
    uint64_t deadline = deadline_after(seconds);
    int code = 0;
    if (size > queue->item_max)
        return QUEUE_TOO_LARGE;
    enter(queue);
    while (!code) {
        if (queue->closed)
            code = QUEUE_CLOSED;
        else if (queue->count < queue->capacity)
            break;
        else
            code = wait_for(queue, &queue->room, deadline);
    }
    if (!code)
        put_item(queue, priority, item, size);
    leave(queue);
    return code;
}

int queue_put(struct queue *queue, const void *item, size_t size, double seconds)
{
    return queue_put_priority(queue, 0, item, size, seconds);
}

static int get_item(struct queue *queue, void *item, size_t room, size_t *size)
{
    uint32_t index = next_item(queue);
    struct slot *slot = slot_at(queue, index);
    if (size)
        *size = slot->size;
    if (slot->size > room) {
        bell_ring(&queue->items, 1); /* another getter may have been left asleep for this one */
        return QUEUE_TOO_LARGE;
    }
    if (slot->size > 0)
        memcpy(item, slot->bytes, slot->size);
    atomic_store_explicit(&slot->full, 0, memory_order_release); /* now it is taken */
    remove_next_item(queue);
    add_free(queue, index);
    bell_ring(&queue->room, 1);
    return 0;
}

int queue_get(struct queue *queue, void *item, size_t room, size_t *size, double seconds)
{
    uint64_t deadline = deadline_after(seconds);
    int code = 0;
    enter(queue);
    while (queue->count == 0 && !code)
        code = queue->closed ? QUEUE_CLOSED : wait_for(queue, &queue->items, deadline);
    if (!code)
        code = get_item(queue, item, room, size);
    leave(queue);
    return code;
}

/* ---- the rest ---- */

size_t queue_size(struct queue *queue)
{
    enter(queue);
    size_t count = queue->count;
    leave(queue);
    return count;
}

bool queue_is_empty(struct queue *queue)
{
    return queue_size(queue) == 0;
}

bool queue_is_full(struct queue *queue)
{
    return queue_size(queue) == queue->capacity;
}

int queue_task_done(struct queue *queue)
{
    enter(queue);
    int code = queue->done == queue->puts ? QUEUE_ALL_DONE : 0;
    if (!code && ++queue->done == queue->puts)
        bell_ring(&queue->finished, BELL_ALL);
    leave(queue);
    return code;
}

int queue_join(struct queue *queue, double seconds)
{
    uint64_t deadline = deadline_after(seconds);
    int code = 0;
    enter(queue);
    while (queue->done != queue->puts && !code)
        code = wait_for(queue, &queue->finished, deadline);
    leave(queue);
    return code;
}

void queue_close(struct queue *queue)
{
    enter(queue);
    queue->closed = true;
    bell_ring(&queue->items, BELL_ALL);
    bell_ring(&queue->room, BELL_ALL);
    leave(queue);
}

uint64_t queue_repairs(struct queue *queue)
{
    enter(queue);
    uint64_t repairs = queue->repairs;
    leave(queue);
    return repairs;
}
