/* One thread and poll(): a connection is either waiting for the rest of a request or for its reply
 * to go out, so nobody waits for a slow user or a dead one. */
#include "manager_server.h"

#include "deadline.h"
#include "manager.h"
#include "manager_address.h"
#include "manager_store.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* A buffer that was larger is given back between requests. */
#define BUFFER_KEPT ((size_t)1 << 16)

struct connection {
    struct wire_buffer in, out;
    size_t sent;   /* bytes of `out` */
    bool closing;  /* after the reply */
    bool admitted; /* it has said the key, or needs none */
};

/* polls[0] is the listener, polls[i + 1] belongs to connections[i]. */
struct server {
    struct manager_store store;
    struct pollfd *polls;
    struct connection *connections;
    size_t count, room;
    const unsigned char *key; /* NULL: users need none */
};

/* ---- connections ---- */

static bool is_same_user(int socket)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == geteuid();
}

static int make_room(struct server *server)
{
    if (server->count < server->room)
        return 0;
    size_t room = server->room > 0 ? 2 * server->room : 16;
    struct pollfd *polls = reallocarray(server->polls, room + 1, sizeof *polls);
    if (polls)
        server->polls = polls;
    struct connection *connections = reallocarray(server->connections, room, sizeof *connections);
    if (connections)
        server->connections = connections;
    if (!polls || !connections)
        return ENOMEM;
    server->room = room;
    return 0;
}

static void accept_one(struct server *server)
{
    struct pollfd *listener = &server->polls[0];
    int socket = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket < 0) {
        /* somebody may leave, or memory come back: try again in a while */
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            listener->events = 0;
        return;
    }
    if ((!server->key && !is_same_user(socket)) || make_room(server)) {
        close(socket);
        return;
    }
    if (server->key)
        manager_address_hurry(socket);
    server->connections[server->count++] = (struct connection){.admitted = !server->key};
    server->polls[server->count] = (struct pollfd){.fd = socket, .events = POLLIN};
}

static void drop(struct server *server, size_t i)
{
    close(server->polls[i + 1].fd);
    wire_free(&server->connections[i].in);
    wire_free(&server->connections[i].out);
    server->count--;
    server->connections[i] = server->connections[server->count];
    server->polls[i + 1] = server->polls[server->count + 1];
}

/* ---- requests ---- */

static size_t request_size(const struct wire_request *request)
{
    return sizeof *request + (size_t)request->name_size + request->key_size + request->value_size;
}

static bool ends_with_0(const char *text, size_t size)
{
    return size > 0 && text[size - 1] == '\0';
}

static bool is_well_formed(const struct wire_request *request, const char *name)
{
    bool keyed = request->call <= WIRE_MAP_ADD && request->call != WIRE_MAP_LENGTH &&
                 request->call != WIRE_MAP_KEYS;
    return request->call <= WIRE_LIST_POP && ends_with_0(name, request->name_size) &&
           (!keyed || ends_with_0(name + request->name_size, request->key_size));
}

/* Writes the reply to the request that `in` holds, or to what is known of it, into `out`. */
static void reply(struct server *server, struct connection *connection, int status)
{
    struct wire_buffer *out = &connection->out;
    const struct wire_request *request = (const void *)connection->in.bytes;
    const char *name = (const char *)(request + 1), *key = name + request->name_size;
    struct wire_reply head = {0};
    out->size = sizeof head; /* there is room: see go_on */
    if (!status && !is_well_formed(request, name)) {
        status = EPROTO;
        connection->closing = true;
    }
    if (!status)
        status = manager_store_do(
            &server->store, request, name, key, key + request->key_size, &head, out);
    if (!status && out->size - sizeof head > MANAGER_MESSAGE_MAX)
        status = MANAGER_TOO_LARGE;
    if (status)
        out->size = sizeof head;
    head.status = (uint32_t)status;
    head.size = (uint32_t)(out->size - sizeof head);
    memcpy(out->bytes, &head, sizeof head);
}

/* Reads what there is of a request. Returns 1: reply with *status; 0: not all is there yet; -1: the
 * user has left. */
static int read_request(int socket, struct wire_buffer *in, int *status)
{
    const size_t head = sizeof(struct wire_request);
    *status = 0;
    for (;;) {
        size_t wanted = in->size < head ? head : request_size((const void *)in->bytes);
        if (in->size == wanted)
            return 1;
        if (wanted - head > MANAGER_MESSAGE_MAX)
            *status = MANAGER_TOO_LARGE;
        else
            *status = wire_reserve(in, wanted);
        if (*status)
            return 1;
        ssize_t received = recv(socket, in->bytes + in->size, wanted - in->size, 0);
        if (received <= 0)
            return received < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
        in->size += (size_t)received;
    }
}

/* Sends what goes out of a reply. Returns 0, or -1 when the connection is over. */
static int send_reply(struct pollfd *poll, struct connection *connection)
{
    struct wire_buffer *out = &connection->out;
    ssize_t sent =
        send(poll->fd, out->bytes + connection->sent, out->size - connection->sent, MSG_NOSIGNAL);
    if (sent < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    connection->sent += (size_t)sent;
    if (connection->sent < out->size)
        return 0;
    connection->in.size = connection->sent = out->size = 0;
    if (connection->in.room > BUFFER_KEPT)
        wire_free(&connection->in);
    if (out->room > BUFFER_KEPT)
        wire_free(out);
    poll->events = POLLIN;
    return connection->closing ? -1 : 0;
}

/* Reads what there is of the key. Returns 0, or -1: it is another, or the user has left. */
static int read_key(const unsigned char *key, int socket, struct connection *connection)
{
    struct wire_buffer *in = &connection->in;
    if (wire_reserve(in, MANAGER_KEY_SIZE))
        return -1;
    ssize_t received = recv(socket, in->bytes + in->size, MANAGER_KEY_SIZE - in->size, 0);
    if (received <= 0)
        return received < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
    in->size += (size_t)received;
    if (in->size < MANAGER_KEY_SIZE)
        return 0;
    unsigned char differs = 0; /* found without a hint, by the time it takes, where */
    for (size_t i = 0; i < MANAGER_KEY_SIZE; i++)
        differs |= in->bytes[i] ^ key[i];
    in->size = 0;
    connection->admitted = !differs;
    return differs ? -1 : 0;
}

/* Goes on with a connection that something happened to. Returns 0, or -1 when it is over. */
static int go_on(struct server *server, struct pollfd *poll, struct connection *connection)
{
    int status;
    if (!connection->admitted)
        return read_key(server->key, poll->fd, connection);
    if (poll->events == POLLIN) {
        int complete = read_request(poll->fd, &connection->in, &status);
        if (complete <= 0)
            return complete;
        connection->closing = status != 0;
        if (wire_reserve(&connection->out, sizeof(struct wire_reply)))
            return -1;
        reply(server, connection, status);
        poll->events = POLLOUT;
    }
    return send_reply(poll, connection);
}

/* ---- the process ---- */

/* Keeps nothing that was the parent's: an open end of a pipe here would keep it from closing. The
 * terminal's Ctrl-C is the parent's to answer, who may still need us. */
static int set_apart(int listener)
{
    signal(SIGINT, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
    prctl(PR_SET_NAME, "pb-manager");
    if (dup2(listener, STDERR_FILENO + 1) < 0)
        _exit(1);
    close_range(STDERR_FILENO + 2, ~0U, 0); /* best effort: needs Linux 5.9 */
    return STDERR_FILENO + 1;
}

static void serve_once(struct server *server)
{
    struct pollfd *listener = &server->polls[0];
    int timeout = listener->events ? -1 : DEADLINE_RECHECK_NS / 1000000;
    int ready = poll(server->polls, server->count + 1, timeout);
    listener->events = POLLIN;
    if (ready <= 0)
        return;
    for (size_t i = server->count; i-- > 0;) /* downwards: drop() fills the gap with the last */
        if (server->polls[i + 1].revents &&
            go_on(server, &server->polls[i + 1], &server->connections[i]))
            drop(server, i);
    if (server->polls[0].revents)
        accept_one(server);
}

_Noreturn void manager_server(int listener, pid_t parent, const unsigned char *key)
{
    struct server server = {.key = key};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* it died before the line above */
        _exit(1);
    listener = set_apart(listener);
    if (make_room(&server))
        _exit(1);
    server.polls[0] = (struct pollfd){.fd = listener, .events = POLLIN};
    for (;;)
        serve_once(&server);
}
