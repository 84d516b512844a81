/* A mailbox: shared memory with room for one message in each direction, which is copied in and out.
 * How a side sleeps until the other has put or taken one is the transport's: the two functions
 * below, and the rest of its operations as they stand here. */
#ifndef SUPPORT_MAILBOX_H
#define SUPPORT_MAILBOX_H

#include "echo_link.h"

#include <stdatomic.h>

/* One direction. Each side keeps to its own lines. */
struct mailbox_way {
    /* 1: there is a message. Written by both in turns; orders the bytes (release, acquire), and
     * against `sleeps` (sequentially consistent). */
    _Alignas(64) _Atomic uint32_t full;
    _Alignas(64) _Atomic uint32_t sleeps; /* somebody may be asleep until `full` changes */
    _Alignas(64) unsigned char bytes[];
};

/* How to sleep. A side waits for one thing at a time. */
struct mailbox_signals {
    /* Sleeps while way->full == full, may return earlier, and does within ECHO_RECHECK_MS where the
     * other side is dead. */
    void (*sleep)(struct echo_link *link, struct mailbox_way *way, uint32_t full);
    void (*wake)(struct echo_link *link, struct mailbox_way *way);
};

/* Bytes of the memory. */
size_t mailbox_size(size_t size);

int mailbox_send(
    struct echo_link *link, const struct mailbox_signals *signals, const void *bytes, size_t size);
int mailbox_receive(
    struct echo_link *link, const struct mailbox_signals *signals, void *bytes, size_t size);

/* link->memory is the mailbox, as fds[0] describes it: open and close of a transport. */
int mailbox_open(struct echo_link *link);
void mailbox_close(struct echo_link *link);

#endif
