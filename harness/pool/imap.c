/* Calls on the items of a generator, a window of them at a time. Unread results wait in a ring (in
 * the items' order) or in a list (in the order of their ends). */
#include "future.h"

#include "../measure/clock.h"
#include "call.h"

#include <errno.h>
#include <stdlib.h>

#define WINDOW_PER_WORKER 16

struct item {
    struct future *future;
    uint64_t number;
    struct imap *imap;
    struct item *next; /* in the list of ended or of free ones */
};

struct imap {
    struct pool *pool;
    pool_function *function;
    pool_generator *generator;
    void *state;
    bool ordered, exhausted;
    uint32_t window, unread; /* unread: items under way or ended and not returned */
    uint64_t submitted, returned;
    struct item *ended, **last, *free; /* unordered: ended ones; items not in use */
    struct item *current;              /* the last one returned */
    void *payload;
    size_t payload_size;
    bool held; /* the payload was yielded and could not be submitted yet */
    struct item items[];
};

static int item_ended(struct future *future, void *argument)
{
    struct item *item = argument;
    struct imap *imap = item->imap;
    (void)future;
    item->next = NULL;
    *imap->last = item;
    imap->last = &item->next;
    return 0;
}

struct imap *pool_imap(struct pool *pool, pool_function *function, pool_generator *generator,
    void *state, uint32_t window, bool ordered)
{
    uint32_t most = pool->config.calls_max;
    if (window == 0)
        window = WINDOW_PER_WORKER * pool->config.workers;
    if (window > most)
        window = most;
    struct future *probe = window ? NULL : future_make(pool, NULL); /* says why not */
    if (window == 0) {
        future_free(probe);
        return NULL;
    }
    struct imap *imap = malloc(sizeof *imap + window * sizeof(struct item));
    void *payload = malloc(pool->config.call_size + 1);
    if (!imap || !payload) {
        free(imap);
        free(payload);
        errno = ENOMEM;
        return NULL;
    }
    *imap = (struct imap){.pool = pool,
        .function = function,
        .generator = generator,
        .state = state,
        .window = window,
        .ordered = ordered,
        .payload = payload};
    imap->last = &imap->ended;
    for (uint32_t i = 0; i < window; i++) {
        imap->items[i] = (struct item){.imap = imap, .next = imap->free};
        imap->free = &imap->items[i];
    }
    return imap;
}

/* An ordered item's place is its number's; another's is any free one. */
static struct item *place(struct imap *imap)
{
    if (imap->ordered)
        return &imap->items[imap->submitted % imap->window];
    struct item *item = imap->free;
    imap->free = item->next;
    return item;
}

/* Whether there is an item to be submitted. */
static bool yield(struct imap *imap)
{
    if (imap->held)
        return true;
    imap->payload_size = 0;
    imap->held = imap->generator(imap->state, imap->submitted, imap->payload, &imap->payload_size);
    imap->exhausted = !imap->held;
    return imap->held;
}

static void put_back(struct imap *imap, struct item *item)
{
    if (imap->ordered)
        return;
    item->next = imap->free;
    imap->free = item;
}

/* Returns 0, or a code. Where others hold all futures it goes on with those that it has. */
static int fill(struct imap *imap)
{
    while (!imap->exhausted && imap->unread < imap->window && yield(imap)) {
        struct item *item = place(imap);
        item->number = imap->submitted;
        const struct pool_options options = {
            .on_done = imap->ordered ? NULL : item_ended, .argument = item};
        item->future =
            pool_submit(imap->pool, imap->function, imap->payload, imap->payload_size, &options);
        if (!item->future) {
            put_back(imap, item);
            if (errno == EAGAIN && imap->unread > 0)
                return 0;
            imap->exhausted = errno != EAGAIN;
            return errno;
        }
        imap->held = false;
        imap->submitted++;
        imap->unread++;
    }
    return 0;
}

static void free_current(struct imap *imap)
{
    struct item *item = imap->current;
    if (!item)
        return;
    future_free(item->future);
    item->future = NULL;
    put_back(imap, item);
    imap->current = NULL;
    imap->unread--;
}

static struct item *take_ended(struct imap *imap)
{
    struct item *item = imap->ended;
    if (imap->ordered) {
        item = &imap->items[imap->returned % imap->window];
        return future_status(item->future) == FUTURE_PENDING ? NULL : item;
    }
    if (item && !(imap->ended = item->next))
        imap->last = &imap->ended;
    return item;
}

const struct future *pool_imap_next(struct imap *imap, uint64_t *number, double seconds)
{
    struct item *item;
    free_current(imap);
    int code = fill(imap);
    if (code || imap->unread == 0) {
        errno = code;
        return NULL;
    }
    for (uint64_t deadline = futures_deadline(seconds); !(item = take_ended(imap));) {
        uint32_t awaited =
            imap->ordered ? imap->items[imap->returned % imap->window].future->slot + 1 : CALLS_ANY;
        if (futures_step(imap->pool, awaited, deadline) && !(item = take_ended(imap))) {
            errno = ECHILD;
            return NULL;
        }
        if (!item && clock_now() >= deadline && !(item = take_ended(imap))) {
            errno = ETIMEDOUT;
            return NULL;
        }
        if (item)
            break;
    }
    imap->current = item;
    imap->returned++;
    if (number)
        *number = item->number;
    return item->future;
}

void pool_imap_end(struct imap *imap)
{
    free_current(imap);
    for (uint32_t i = 0; i < imap->window; i++)
        future_free(imap->items[i].future);
    free(imap->payload);
    free(imap);
}
