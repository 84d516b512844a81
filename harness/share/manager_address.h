/* Where a manager listens and how its users get in: an abstract Unix address that the kernel picks
 * (nothing to remove, and a dead manager refuses at once), or a TCP port of 127.0.0.1, which the
 * kernel picks too. A Unix socket tells whose process is at the other end; a TCP socket does not,
 * so that there a user begins with a key that only those know who know the address. */
#ifndef SHARE_MANAGER_ADDRESS_H
#define SHARE_MANAGER_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#define MANAGER_KEY_SIZE 16

struct manager_address {
    bool tcp;
    socklen_t length;
    union {
        struct sockaddr any;
        struct sockaddr_un local;
        struct sockaddr_in tcp;
    } socket;
    unsigned char key[MANAGER_KEY_SIZE]; /* of TCP */
};

/* Listens at an address of its own, and makes the key. Returns a non-blocking socket, or -1 with
 * errno. */
int manager_address_listen(struct manager_address *address, bool tcp);

/* Connects to it, with the key where one is asked for. Returns a socket, or -1 with errno. */
int manager_address_connect(const struct manager_address *address);

/* The address as text, and back; false: it is none. */
void manager_address_write(const struct manager_address *address, char *text, size_t size);
bool manager_address_read(struct manager_address *address, const char *text);

/* For TCP: sends each message at once, not when the one before is acknowledged. Best effort. */
void manager_address_hurry(int socket);

#endif
