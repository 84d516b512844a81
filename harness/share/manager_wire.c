/* Buffers of the manager and its users. */
#include "manager_wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int wire_reserve(struct wire_buffer *buffer, size_t size)
{
    if (size <= buffer->room)
        return 0;
    size_t room = size < 2 * buffer->room ? 2 * buffer->room : size;
    unsigned char *bytes = realloc(buffer->bytes, room);
    if (!bytes)
        return ENOMEM;
    buffer->bytes = bytes;
    buffer->room = room;
    return 0;
}

int wire_append(struct wire_buffer *buffer, const void *bytes, size_t size)
{
    if (size == 0)
        return 0;
    if (wire_reserve(buffer, buffer->size + size))
        return ENOMEM;
    memcpy(buffer->bytes + buffer->size, bytes, size);
    buffer->size += size;
    return 0;
}

void wire_free(struct wire_buffer *buffer)
{
    free(buffer->bytes);
    *buffer = (struct wire_buffer){0};
}
