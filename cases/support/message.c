/* Stamps are read back from the message itself, so that a hash says what has really come. */
#include "message.h"

#include "content.h"

#define FILLING 0x6d657373616765u /* any key */
#define STAMP sizeof(uint64_t)

void message_fill(unsigned char *message, size_t size)
{
    content_fill(FILLING, 0, message, size);
}

static void stamp_at(unsigned char *message, size_t size, size_t offset, uint64_t key)
{
    uint64_t stamp = hash_mix(key, offset);
    memcpy(message + offset, &stamp, size - offset < STAMP ? size - offset : STAMP);
}

/* Where the last stamp begins: it may overlap the one before. */
static size_t last_of(size_t size)
{
    return size > STAMP ? size - STAMP : 0;
}

void message_stamp(unsigned char *message, size_t size, uint64_t key)
{
    for (size_t offset = 0; offset < size; offset += MESSAGE_STRIDE)
        stamp_at(message, size, offset, key);
    if (last_of(size) > 0)
        stamp_at(message, size, last_of(size), key);
}

static uint64_t add_stamp(uint64_t hash, const unsigned char *message, size_t size, size_t offset)
{
    uint64_t stamp = 0;
    memcpy(&stamp, message + offset, size - offset < STAMP ? size - offset : STAMP);
    return hash_mix(hash, stamp);
}

uint64_t message_hash(const unsigned char *message, size_t size)
{
    uint64_t hash = size;
    for (size_t offset = 0; offset < size; offset += MESSAGE_STRIDE)
        hash = add_stamp(hash, message, size, offset);
    return add_stamp(hash, message, size, last_of(size));
}
