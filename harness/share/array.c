/* An array is a lock, two sizes and the elements behind them. */
#include "array.h"

#include "memory.h"

#include <stdalign.h>
#include <string.h>

struct array {
    struct lock lock;
    size_t count, size;
    alignas(max_align_t) unsigned char elements[];
};

struct array *array_make(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) ||
        __builtin_add_overflow(bytes, sizeof(struct array), &bytes)) {
        errno = EOVERFLOW;
        return NULL;
    }
    struct array *array = memory_make(bytes, false);
    if (!array)
        return NULL;
    array->count = count;
    array->size = size;
    int code = lock_init(&array->lock, LOCK_RECURSIVE);
    if (code) {
        array_free(array);
        errno = code;
        return NULL;
    }
    return array;
}

void array_free(struct array *array)
{
    if (array)
        memory_free(array, sizeof *array + array->count * array->size);
}

size_t array_count(const struct array *array)
{
    return array->count;
}

struct lock *array_lock(struct array *array)
{
    return &array->lock;
}

void *array_at(struct array *array, size_t i)
{
    return i < array->count ? array->elements + i * array->size : NULL;
}

int array_get(struct array *array, size_t i, void *element)
{
    if (i >= array->count)
        return ERANGE;
    int code = lock_acquire(&array->lock, -1);
    memcpy(element, array_at(array, i), array->size);
    lock_release(&array->lock);
    return code;
}

int array_set(struct array *array, size_t i, const void *element)
{
    if (i >= array->count)
        return ERANGE;
    int code = lock_acquire(&array->lock, -1);
    memcpy(array_at(array, i), element, array->size);
    lock_release(&array->lock);
    return code;
}
