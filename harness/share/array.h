/* An array of equal elements between threads and between processes: Python's Array.
 *
 * array_get and array_set copy one element under the array's lock, which is recursive, so that a
 * caller can hold it around several of them. array_at is the memory itself, without the lock:
 * Python's RawArray. One process makes an array and then forks; array_free unmaps it in the
 * calling process only. */
#ifndef SHARE_ARRAY_H
#define SHARE_ARRAY_H

#include "lock.h"

#include <stddef.h>

struct array;

/* `count` elements of `size` bytes, all zero, aligned as by malloc where `size` is. Either may be
 * 0. Returns NULL with errno (ENOMEM, EOVERFLOW). */
struct array *array_make(size_t count, size_t size);
void array_free(struct array *array);

size_t array_count(const struct array *array);

/* The array's lock, for lock_acquire and lock_release; it lives as long as the array. */
struct lock *array_lock(struct array *array);

/* Element i itself, or NULL where there is none. Valid as long as the array is. */
void *array_at(struct array *array, size_t i);

/* Copies element i out or in, waiting for the lock for ever. Returns 0; ERANGE where there is no
 * element i; LOCK_OWNER_DEAD: copied, but somebody died holding the lock, perhaps half-way through
 * an element. */
int array_get(struct array *array, size_t i, void *element);
int array_set(struct array *array, size_t i, const void *element);

#endif
