/* Who finds the box in the wrong state says so in `sleeps`, looks once more, and sleeps; who
 * changes the state looks at `sleeps` afterwards. One of the two sees the other. */
#include "mailbox.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

/* Bytes of one direction, on whole lines. An acknowledgement has to fit too. */
static size_t way_size(size_t size)
{
    size_t room = size > ECHO_ACKNOWLEDGE ? size : ECHO_ACKNOWLEDGE;
    return sizeof(struct mailbox_way) + (room + 63) / 64 * 64;
}

size_t mailbox_size(size_t size)
{
    return 2 * way_size(size);
}

int mailbox_open(struct echo_link *link)
{
    return echo_map(link, link->fds[0], mailbox_size(link->size));
}

void mailbox_close(struct echo_link *link)
{
    munmap(link->memory, mailbox_size(link->size));
}

/* The direction toward a side. */
static struct mailbox_way *way_to(const struct echo_link *link, enum echo_side side)
{
    return (void *)((char *)link->memory + (side == ECHO_WORKER ? 0 : way_size(link->size)));
}

/* Waits until way->full is `full`. Returns 0 or EPIPE. */
static int wait_for(struct echo_link *link, const struct mailbox_signals *signals,
    struct mailbox_way *way, uint32_t full)
{
    while (atomic_load_explicit(&way->full, memory_order_acquire) != full) { /* change_to's store */
        atomic_store(&way->sleeps, 1);
        if (atomic_load(&way->full) == full)
            break;
        signals->sleep(link, way, !full);
        if (atomic_load(&way->full) != full && echo_deserted(link))
            return EPIPE;
    }
    return 0;
}

static void change_to(struct echo_link *link, const struct mailbox_signals *signals,
    struct mailbox_way *way, uint32_t full)
{
    atomic_store(&way->full, full);
    if (atomic_load(&way->sleeps) && atomic_exchange(&way->sleeps, 0))
        signals->wake(link, way);
}

int mailbox_send(
    struct echo_link *link, const struct mailbox_signals *signals, const void *bytes, size_t size)
{
    struct mailbox_way *way = way_to(link, link->side == ECHO_WORKER ? ECHO_PARTNER : ECHO_WORKER);
    int code = wait_for(link, signals, way, 0);
    if (code)
        return code;
    memcpy(way->bytes, bytes, size);
    change_to(link, signals, way, 1);
    return 0;
}

int mailbox_receive(
    struct echo_link *link, const struct mailbox_signals *signals, void *bytes, size_t size)
{
    struct mailbox_way *way = way_to(link, link->side);
    int code = wait_for(link, signals, way, 1);
    if (code)
        return code;
    memcpy(bytes, way->bytes, size);
    change_to(link, signals, way, 0);
    return 0;
}
