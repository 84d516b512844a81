/* One number between threads and between processes: Python's Value.
 *
 * Reading and writing alone are never torn, but reading, adding and writing back is three steps,
 * between which others get their turn: that needs the value's lock, or value_add_*, which takes
 * it. The lock is recursive, as Python's. value_set_* and value_get_* do not take it, so that what
 * goes wrong without it can be shown. One process makes a value and then forks; value_free unmaps
 * it in the calling process only. */
#ifndef SHARE_VALUE_H
#define SHARE_VALUE_H

#include "lock.h"

#include <stdint.h>

struct value;

/* The number 0 in shared memory; integer and real are two views of one word: use one of them.
 * Returns NULL with errno (ENOMEM). */
struct value *value_make(void);
void value_free(struct value *value);

/* The value's lock, for lock_acquire and lock_release; it lives as long as the value. */
struct lock *value_lock(struct value *value);

int64_t value_get_integer(const struct value *value);
void value_set_integer(struct value *value, int64_t number);
double value_get_real(const struct value *value);
void value_set_real(struct value *value, double number);

/* Adds under the lock, waiting for it for ever; an integer wraps around. Returns 0, or
 * LOCK_OWNER_DEAD: added, but somebody died holding the lock. */
int value_add_integer(struct value *value, int64_t number);
int value_add_real(struct value *value, double number);

#endif
