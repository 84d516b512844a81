/* Messages that can be told from each other at no cost that would show beside a transport's.
 *
 * A message is some filling, the same in all, with stamps on it that follow from a key: 8 bytes at
 * every MESSAGE_STRIDE bytes and the last 8. What stands in the wrong place, comes twice, is left
 * out or is that of another message therefore differs, and a stamp touches one cache line in
 * MESSAGE_STRIDE / 64. Pure; safe from any thread. */
#ifndef SUPPORT_MESSAGE_H
#define SUPPORT_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#define MESSAGE_STRIDE 4096
#define MESSAGE_MAX 16000000 /* bytes */

/* Writes the filling of `size` bytes: once, before any stamp. */
void message_fill(unsigned char *message, size_t size);

/* Stamps a message with a key, usually hash_mix(seed, its number). */
void message_stamp(unsigned char *message, size_t size, uint64_t key);

/* A hash of the stamps as they stand in the message. */
uint64_t message_hash(const unsigned char *message, size_t size);

#endif
