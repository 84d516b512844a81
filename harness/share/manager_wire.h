/* What a manager and its users say to each other, over a Unix stream socket on one machine, so
 * numbers stand as they are in memory.
 *
 *   request: struct wire_request, then the name, the key and the value, name and key each with
 *            the 0 at its end (a key that is not needed has the size 0)
 *   reply:   struct wire_reply, then `size` bytes
 *
 * A user sends a request and waits for its reply before the next one. A request that is too large
 * or malformed is answered with MANAGER_TOO_LARGE or EPROTO, and the connection closed. */
#ifndef SHARE_MANAGER_WIRE_H
#define SHARE_MANAGER_WIRE_H

#include <stddef.h>
#include <stdint.h>

enum wire_call {
    WIRE_MAP_GET,
    WIRE_MAP_SET,
    WIRE_MAP_DELETE,
    WIRE_MAP_LENGTH,
    WIRE_MAP_KEYS,
    WIRE_MAP_ADD,
    WIRE_LIST_APPEND,
    WIRE_LIST_GET,
    WIRE_LIST_SET,
    WIRE_LIST_LENGTH,
    WIRE_LIST_POP
};

struct wire_request {
    uint32_t call; /* enum wire_call */
    uint32_t name_size, key_size, value_size;
    int64_t number; /* what to add, or a list's index */
};

struct wire_reply {
    uint32_t status; /* 0 or enum manager_status */
    uint32_t size;
    int64_t number; /* a length or a sum */
};

/* Bytes that grow; all zero is empty. */
struct wire_buffer {
    unsigned char *bytes;
    size_t size, room;
};

/* Makes room for `size` bytes in all. Returns 0 or ENOMEM. */
int wire_reserve(struct wire_buffer *buffer, size_t size);

/* Puts bytes (NULL for 0) behind the others. Returns 0 or ENOMEM, with nothing changed. */
int wire_append(struct wire_buffer *buffer, const void *bytes, size_t size);

void wire_free(struct wire_buffer *buffer);

#endif
