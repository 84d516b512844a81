/* Bytes that anybody can make again from one key: what a file holds, what a server answers.
 *
 * A position needs no history, so contents of any size are made and checked in pieces and nobody
 * keeps a copy. Pure; safe from any thread; the same on machines of the same byte order. */
#ifndef SUPPORT_CONTENT_H
#define SUPPORT_CONTENT_H

#include "../../harness/util/hash.h"

#include <stdint.h>
#include <string.h>

/* Fills `size` bytes with those at `offset`, a multiple of 8, of the contents that belong to key,
 * usually hash_mix(seed, index). */
static inline void content_fill(uint64_t key, uint64_t offset, void *bytes, size_t size)
{
    unsigned char *to = bytes;
    uint64_t word = offset / sizeof word;
    for (size_t at = 0; at < size; at += sizeof word) {
        uint64_t mixed = hash_mix(key, word++);
        memcpy(to + at, &mixed, size - at < sizeof mixed ? size - at : sizeof mixed);
    }
}

/* hash_bytes of the first `size` bytes, from HASH_START on. */
static inline uint64_t content_hash(uint64_t key, uint64_t size)
{
    unsigned char piece[4096];
    uint64_t hash = HASH_START;
    for (uint64_t offset = 0; offset < size; offset += sizeof piece) {
        size_t count = size - offset < sizeof piece ? (size_t)(size - offset) : sizeof piece;
        content_fill(key, offset, piece, count);
        hash = hash_bytes(hash, piece, count);
    }
    return hash;
}

#endif
