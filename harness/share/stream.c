/* Sending and receiving until all is through. */
#include "stream.h"

#include "deadline.h"

#include <poll.h>
#include <sys/socket.h>

/* Takes `sent` bytes off the parts. Returns how many parts are gone. */
static size_t take_off(struct iovec *parts, size_t count, size_t sent)
{
    size_t gone = 0;
    for (; gone < count && sent >= parts[gone].iov_len; gone++)
        sent -= parts[gone].iov_len;
    if (gone < count) {
        parts[gone].iov_base = (char *)parts[gone].iov_base + sent;
        parts[gone].iov_len -= sent;
    }
    return gone;
}

int stream_send(int socket, struct iovec *parts, size_t count, bool *begun,
    int (*gives_up)(void *context), void *context)
{
    const int flags = MSG_NOSIGNAL | (gives_up ? MSG_DONTWAIT : 0);
    struct pollfd writable = {.fd = socket, .events = POLLOUT};
    *begun = false;
    while (count > 0) {
        const struct msghdr header = {.msg_iov = parts, .msg_iovlen = count};
        ssize_t sent = sendmsg(socket, &header, flags);
        if (sent < 0 && errno == EAGAIN && gives_up) {
            int code =
                poll(&writable, 1, DEADLINE_RECHECK_NS / 1000000) == 0 ? gives_up(context) : 0;
            if (code)
                return code;
            continue;
        }
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return errno;
        *begun = true;
        size_t gone = take_off(parts, count, (size_t)sent);
        parts += gone;
        count -= gone;
    }
    return 0;
}

int stream_receive(int socket, void *bytes, size_t size)
{
    char *at = bytes;
    while (size > 0) {
        ssize_t received = recv(socket, at, size, MSG_WAITALL);
        if (received < 0 && errno == EINTR)
            continue;
        if (received <= 0)
            return received < 0 ? errno : EPIPE;
        at += received;
        size -= (size_t)received;
    }
    return 0;
}
