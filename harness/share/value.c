/* A value is a lock and one word. */
#include "value.h"

#include "memory.h"

#include <stdatomic.h>
#include <string.h>

struct value {
    struct lock lock;
    _Atomic uint64_t word; /* relaxed everywhere: it publishes nothing but itself; under the lock,
                              the lock orders it */
};

struct value *value_make(void)
{
    struct value *value = memory_make(sizeof *value, false);
    int code = value ? lock_init(&value->lock, LOCK_RECURSIVE) : 0;
    if (code) {
        value_free(value);
        errno = code;
        return NULL;
    }
    return value;
}

void value_free(struct value *value)
{
    memory_free(value, sizeof *value);
}

struct lock *value_lock(struct value *value)
{
    return &value->lock;
}

int64_t value_get_integer(const struct value *value)
{
    return (int64_t)atomic_load_explicit(&value->word, memory_order_relaxed);
}

void value_set_integer(struct value *value, int64_t number)
{
    atomic_store_explicit(&value->word, (uint64_t)number, memory_order_relaxed);
}

double value_get_real(const struct value *value)
{
    uint64_t word = atomic_load_explicit(&value->word, memory_order_relaxed);
    double number;
    memcpy(&number, &word, sizeof number);
    return number;
}

void value_set_real(struct value *value, double number)
{
    uint64_t word;
    memcpy(&word, &number, sizeof word);
    atomic_store_explicit(&value->word, word, memory_order_relaxed);
}

int value_add_integer(struct value *value, int64_t number)
{
    int code = lock_acquire(&value->lock, -1);
    uint64_t sum = (uint64_t)value_get_integer(value) + (uint64_t)number;
    value_set_integer(value, (int64_t)sum);
    lock_release(&value->lock);
    return code;
}

int value_add_real(struct value *value, double number)
{
    int code = lock_acquire(&value->lock, -1);
    value_set_real(value, value_get_real(value) + number);
    lock_release(&value->lock);
    return code;
}
