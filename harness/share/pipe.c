/* A pipe is a pair of stream sockets; a message is its size (8 bytes) and its bytes. Beside it, in
 * shared memory, each end has a lock for sending and one for receiving, so that messages of several
 * users do not mix, and a mark "in the middle of a message" that outlives who set it. */
#include "pipe.h"

#include "deadline.h"
#include "lock.h"
#include "memory.h"
#include "stream.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct side {
    struct lock lock;
    _Atomic bool middle; /* under the lock: a part of a message has gone through */
};

struct shared {
    struct side sending[2], receiving[2]; /* by end */
};

struct pipe {
    struct shared *shared;
    int sockets[2]; /* by end; -1: closed */
};

/* ---- making ---- */

static int init_sides(struct side *sides)
{
    int code = lock_init(&sides[0].lock, LOCK_PLAIN);
    return code ? code : lock_init(&sides[1].lock, LOCK_PLAIN);
}

static int open_pipe(struct pipe *pipe)
{
    pipe->sockets[0] = pipe->sockets[1] = -1;
    pipe->shared = memory_make(sizeof *pipe->shared, false);
    if (!pipe->shared || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pipe->sockets))
        return errno;
    int code = init_sides(pipe->shared->sending);
    return code ? code : init_sides(pipe->shared->receiving);
}

struct pipe *pipe_make(void)
{
    struct pipe *pipe = malloc(sizeof *pipe);
    int code = pipe ? open_pipe(pipe) : ENOMEM;
    if (!code)
        return pipe;
    pipe_free(pipe);
    errno = code;
    return NULL;
}

void pipe_free(struct pipe *pipe)
{
    if (!pipe)
        return;
    pipe_close(pipe, PIPE_LEFT);
    pipe_close(pipe, PIPE_RIGHT);
    memory_free(pipe->shared, sizeof *pipe->shared);
    free(pipe);
}

void pipe_close(struct pipe *pipe, enum pipe_end end)
{
    if (pipe->sockets[end] >= 0)
        close(pipe->sockets[end]);
    pipe->sockets[end] = -1;
}

/* ---- one user at a time ---- */

/* Nobody can go on in this direction: the one who began a message is dead. */
static int break_pipe(int socket)
{
    shutdown(socket, SHUT_RDWR); /* best effort: it may be shut already */
    return PIPE_BROKEN;
}

static int enter(struct side *side, int socket)
{
    if (socket < 0)
        return EBADF;
    lock_acquire(&side->lock, -1);
    if (!side->middle)
        return 0;
    lock_release(&side->lock);
    return break_pipe(socket);
}

static void leave(struct side *side)
{
    lock_release(&side->lock);
}

/* Whether who was in the middle of a message there died over it. */
static bool died_over_it(struct side *side)
{
    int code = lock_acquire(&side->lock, 0);
    if (code && code != LOCK_OWNER_DEAD)
        return false;
    bool died = side->middle;
    lock_release(&side->lock);
    return died;
}

/* ---- sending ---- */

/* Nobody takes what a full socket holds, where its receiver is dead and others have its end. */
static int give_up(void *receiver)
{
    return died_over_it(receiver) ? PIPE_BROKEN : 0;
}

int pipe_send(struct pipe *pipe, enum pipe_end end, const void *message, size_t size)
{
    int socket = pipe->sockets[end];
    struct side *side = &pipe->shared->sending[end], *receiver = &pipe->shared->receiving[!end];
    uint64_t length = size;
    struct iovec parts[] = {{&length, sizeof length}, {(void *)message, size}};
    bool begun;
    int code = enter(side, socket);
    if (code)
        return code;
    side->middle = true;
    code = stream_send(socket, parts, size > 0 ? 2 : 1, &begun, give_up, receiver);
    side->middle = code && begun;
    if (code == EPIPE || code == ECONNRESET) /* the system's words, or give_up's */
        code = died_over_it(receiver) ? break_pipe(socket) : PIPE_CLOSED;
    leave(side);
    return code;
}

/* ---- receiving ---- */

/* Receives exactly `size` bytes. Returns 0, PIPE_CLOSED or PIPE_BROKEN. */
static int receive_all(int socket, struct side *sender, void *bytes, size_t size)
{
    struct pollfd readable = {.fd = socket, .events = POLLIN};
    char *at = bytes;
    while (size > 0) {
        ssize_t received = recv(socket, at, size, MSG_DONTWAIT);
        if (received > 0) {
            at += received;
            size -= (size_t)received;
        } else if (received < 0 && errno == EINTR) {
            continue;
        } else if (received == 0 || errno != EAGAIN) {
            return PIPE_CLOSED;
        } else if (poll(&readable, 1, DEADLINE_RECHECK_NS / 1000000) == 0 && died_over_it(sender)) {
            return break_pipe(socket);
        }
    }
    return 0;
}

/* Reads over a message for which there is no memory. */
static int skip(int socket, struct side *sender, uint64_t size)
{
    char bytes[4096];
    for (size_t part; size > 0; size -= part) {
        part = size < sizeof bytes ? size : sizeof bytes;
        int code = receive_all(socket, sender, bytes, part);
        if (code)
            return code;
    }
    return ENOMEM;
}

/* Receives the bytes of a message. Returns 0, and *message with a 0 at its end, or a status. */
static int receive_bytes(int socket, struct side *sender, char **message, uint64_t size)
{
    char *bytes = malloc(size + 1);
    if (!bytes)
        return skip(socket, sender, size);
    int code = receive_all(socket, sender, bytes, size);
    bytes[size] = '\0';
    if (code)
        free(bytes);
    else
        *message = bytes;
    return code;
}

/* Receives a message whose first byte is there, or finds that the other end is closed. */
static int receive(int socket, struct side *sender, void **message, size_t *size)
{
    uint64_t length;
    char *bytes = NULL;
    int code = receive_all(socket, sender, &length, 1);
    if (code)
        return code;
    code = receive_all(socket, sender, (char *)&length + 1, sizeof length - 1);
    if (!code)
        code = receive_bytes(socket, sender, &bytes, length);
    if (code)
        return code == PIPE_CLOSED ? PIPE_BROKEN : code;
    *message = bytes;
    *size = length;
    return 0;
}

int pipe_receive(struct pipe *pipe, enum pipe_end end, void **message, size_t *size)
{
    int socket = pipe->sockets[end];
    struct side *side = &pipe->shared->receiving[end];
    int code = enter(side, socket);
    if (code)
        return code;
    pipe_poll(pipe, end, -1); /* who dies here has taken nothing yet */
    side->middle = true;
    code = receive(socket, &pipe->shared->sending[!end], message, size);
    side->middle = code == PIPE_BROKEN;
    leave(side);
    return code;
}

int pipe_poll(struct pipe *pipe, enum pipe_end end, double seconds)
{
    uint64_t deadline = deadline_after(seconds);
    struct pollfd readable = {.fd = pipe->sockets[end], .events = POLLIN};
    if (readable.fd < 0)
        return EBADF;
    for (;;) {
        uint64_t left = deadline_left(deadline, 3600000000000u);
        if (poll(&readable, 1, (int)((left + 999999) / 1000000)) > 0)
            return 0;
        if (left == 0)
            return deadline_status(deadline);
    }
}
