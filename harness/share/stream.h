/* Whole messages through stream sockets: no part of one is left out because a signal came or the
 * socket was full. */
#ifndef SHARE_STREAM_H
#define SHARE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

/* Sends all parts, and uses the array up. Returns 0 or errno (EPIPE, without SIGPIPE, and
 * ECONNRESET: nobody is there), and in begun whether anything has gone out. While the socket is
 * full it asks `gives_up(context)` every DEADLINE_RECHECK_NS: another number than 0 is returned.
 * NULL: it waits for as long as there is another side. */
int stream_send(int socket, struct iovec *parts, size_t count, bool *begun,
    int (*gives_up)(void *context), void *context);

/* Waits for exactly `size` bytes. Returns 0, or errno (EPIPE: the other side has left). */
int stream_receive(int socket, void *bytes, size_t size);

#endif
