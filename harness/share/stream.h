/* Whole messages through stream sockets: no part of one is left out because a signal came or the
 * socket was full. */
#ifndef SHARE_STREAM_H
#define SHARE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

/* Sends all parts, and uses the array up. Returns 0 or errno (EPIPE, without SIGPIPE, and
 * ECONNRESET: nobody is there), and in begun whether anything has gone out. */
int stream_send(int socket, struct iovec *parts, size_t count, bool *begun);

/* Waits for exactly `size` bytes. Returns 0, or errno (EPIPE: the other side has left). */
int stream_receive(int socket, void *bytes, size_t size);

#endif
