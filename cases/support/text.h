/* Text that anybody can make again from one key and that compresses as prose does. */
#ifndef SUPPORT_TEXT_H
#define SUPPORT_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* Fills `size` bytes with the words and sentences that belong to key, in ASCII; the last word may
 * be cut. Pure; safe from any thread. */
void text_fill(uint64_t key, char *text, size_t size);

#endif
