/* Addresses of both kinds behind the same few functions. */
#include "manager_address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* An address for the kernel to complete. */
static void clear(struct manager_address *address, bool tcp)
{
    memset(address, 0, sizeof *address);
    address->tcp = tcp;
    address->length = sizeof(sa_family_t); /* no name */
    address->socket.any.sa_family = tcp ? AF_INET : AF_UNIX;
    if (!tcp)
        return;
    address->socket.tcp.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address->length = sizeof address->socket.tcp;
}

static int close_with_error(int socket)
{
    int code = errno;
    close(socket);
    errno = code;
    return -1;
}

int manager_address_listen(struct manager_address *address, bool tcp)
{
    clear(address, tcp);
    if (tcp && getrandom(address->key, sizeof address->key, 0) != sizeof address->key)
        return -1;
    int listener =
        socket(address->socket.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener < 0)
        return -1;
    if (bind(listener, &address->socket.any, address->length) == 0) {
        address->length = sizeof address->socket;
        if (getsockname(listener, &address->socket.any, &address->length) == 0 &&
            listen(listener, SOMAXCONN) == 0)
            return listener;
    }
    return close_with_error(listener);
}

void manager_address_hurry(int socket)
{
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
}

int manager_address_connect(const struct manager_address *address)
{
    int user = socket(address->socket.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (user < 0)
        return -1;
    while (connect(user, &address->socket.any, address->length))
        if (errno != EINTR)
            return close_with_error(user);
    if (!address->tcp)
        return user;
    manager_address_hurry(user);
    if (send(user, address->key, sizeof address->key, MSG_NOSIGNAL) == sizeof address->key)
        return user;
    return close_with_error(user);
}

void manager_address_write(const struct manager_address *address, char *text, size_t size)
{
    if (!address->tcp) {
        size_t head = offsetof(struct sockaddr_un, sun_path) + 1;
        snprintf(text, size, "unix:%.*s", (int)(address->length - head),
            address->socket.local.sun_path + 1);
        return;
    }
    char key[2 * MANAGER_KEY_SIZE + 1];
    for (size_t i = 0; i < MANAGER_KEY_SIZE; i++)
        snprintf(key + 2 * i, 3, "%02x", address->key[i]);
    snprintf(text, size, "tcp:%u:%s", ntohs(address->socket.tcp.sin_port), key);
}

static bool read_local(struct manager_address *address, const char *name)
{
    struct sockaddr_un *local = &address->socket.local;
    size_t length = strlen(name);
    clear(address, false);
    if (length == 0 || length >= sizeof local->sun_path)
        return false;
    memcpy(local->sun_path + 1, name, length);
    address->length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length);
    return true;
}

static bool read_tcp(struct manager_address *address, const char *text)
{
    unsigned port;
    int used = 0;
    clear(address, true);
    if (sscanf(text, "%5u:%n", &port, &used) != 1 || used == 0 || port > UINT16_MAX)
        return false;
    const char *key = text + used;
    if (strlen(key) != 2 * MANAGER_KEY_SIZE || strspn(key, "0123456789abcdef") != strlen(key))
        return false;
    address->socket.tcp.sin_port = htons((uint16_t)port);
    for (size_t i = 0; i < MANAGER_KEY_SIZE; i++)
        sscanf(key + 2 * i, "%2hhx", &address->key[i]); /* digits all */
    return true;
}

bool manager_address_read(struct manager_address *address, const char *text)
{
    if (strncmp(text, "unix:", 5) == 0)
        return read_local(address, text + 5);
    return strncmp(text, "tcp:", 4) == 0 && read_tcp(address, text + 4);
}
