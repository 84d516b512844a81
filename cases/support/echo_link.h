/* A link: what one worker and its partner, two processes, send bytes through, and the operations
 * that a transport fills in. A case of a transport is such operations and little else; the rest,
 * echo.h and echo_host.h, is the same for all. */
#ifndef SUPPORT_ECHO_LINK_H
#define SUPPORT_ECHO_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum echo_side { ECHO_WORKER, ECHO_PARTNER };

#define ECHO_FDS 4         /* descriptors of a side */
#define ECHO_RECHECK_MS 50 /* a wait that nobody's death ends looks so often at echo_deserted */
#define ECHO_ACKNOWLEDGE                                                                           \
    8 /* bytes that the partner sends where it does not send a message back                        \
       */

struct echo_link {
    /* given */
    size_t size; /* of the messages; acknowledgements have ECHO_ACKNOWLEDGE */
    enum echo_side side;
    int control; /* a socket that says nothing, at its end when the other side is dead */
    /* the transport's */
    int fds[ECHO_FDS]; /* this side's, -1 or open; closed by who opened the link */
    void *memory;      /* what open has mapped or made; undone by close */
    size_t piece;      /* bytes of the largest part that a message goes over in, or not used */
};

struct echo_transport {
    const char *what; /* "pipe", for messages */
    /* In the partner, which is the side that makes it: opens the descriptors of both sides. Those
     * that both have the same are opened twice (echo_share). Returns 0, or errno, with one line in
     * why where errno does not say enough. */
    int (*make)(size_t size, int worker[ECHO_FDS], int partner[ECHO_FDS], char *why, size_t room);
    /* On each side, with its descriptors: maps memory and the like. Returns 0 or errno. NULL:
     * nothing is to be done, nor undone. */
    int (*open)(struct echo_link *link);
    void (*close)(struct echo_link *link);
    /* Sends, or waits for, exactly `size` bytes: the message's or the acknowledgement's. Returns 0
     * or errno (EPIPE: the other side is dead). The worker's side must find that out in the end;
     * the partner is killed where its worker is dead. */
    int (*send)(struct echo_link *link, const void *bytes, size_t size);
    int (*receive)(struct echo_link *link, void *bytes, size_t size);
};

/* Whether the other side is known to be dead. */
bool echo_deserted(const struct echo_link *link);

/* Copies a descriptor for the other side. Returns 0 or errno. */
int echo_share(int fd, int *copy);

/* Memory without a name, all zero, as a descriptor for each side. Returns 0 or errno. */
int echo_make_memory(size_t size, int *worker, int *partner);

/* Maps it: to link->memory. Returns 0 or errno. */
int echo_map(struct echo_link *link, int fd, size_t size);

/* Through a stream of bytes with a descriptor for each direction. Return 0 or errno (EPIPE). */
int echo_write(int fd, const void *bytes, size_t size);
int echo_read(int fd, void *bytes, size_t size);

#endif
