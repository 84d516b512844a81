/* The arena: slots, status bytes and failures of a region, in one shared mapping. */
#include "backend.h"

#include "mapping.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Enough to name every failure of a usual region; beyond it only the count is kept. */
#define FAILURES_MAX 65536

static size_t round_up(size_t size, size_t unit)
{
    return (size + unit - 1) / unit * unit;
}

/* The parts' offsets in the mapping, in order: counter, status, slots, failures. */
struct layout {
    size_t status, slots, failures, size;
};

static int lay_out(const struct arena *arena, struct layout *layout)
{
    size_t slots_size;
    if (__builtin_mul_overflow(arena->tasks, arena->stride, &slots_size) ||
        slots_size > SIZE_MAX / 4)
        return -1;
    layout->status = CACHE_LINE;
    layout->slots = round_up(layout->status + arena->tasks, CACHE_LINE);
    layout->failures = round_up(layout->slots + slots_size, CACHE_LINE);
    layout->size = layout->failures + arena->failures_max * sizeof(struct task_failure);
    return 0;
}

static void place(struct arena *arena, unsigned char *base, const struct layout *layout)
{
    arena->failed = (_Atomic uint64_t *)(void *)base;
    arena->status = (_Atomic unsigned char *)(base + layout->status);
    arena->slots = base + layout->slots;
    arena->failures = (struct task_failure *)(void *)(base + layout->failures);
}

int arena_make(struct arena *arena, uint64_t tasks, size_t result_size)
{
    struct layout layout;
    arena->tasks = tasks;
    arena->stride = round_up(sizeof(struct task_result) + result_size, sizeof(uint64_t));
    atomic_init(&arena->user, 0);
    arena->failures_max = tasks < FAILURES_MAX ? tasks : FAILURES_MAX;
    if (lay_out(arena, &layout)) {
        errno = EOVERFLOW;
        return -1;
    }
    unsigned char *base = mapping_make(layout.size, true, &arena->fd);
    if (!base)
        return -1;
    place(arena, base, &layout);
    memset(base, 0, layout.failures); /* a page's first touch must not be part of a sample */
    return 0;
}

int arena_attach(struct arena *arena, int fd)
{
    struct layout layout;
    unsigned char *base = lay_out(arena, &layout) ? NULL : mapping_open(layout.size, fd);
    arena->fd = -1;
    if (!base)
        return -1;
    place(arena, base, &layout);
    return 0;
}

void arena_populate(const struct arena *arena)
{
    struct layout layout;
    if (lay_out(arena, &layout) == 0) /* best effort: older kernels fault page by page instead */
        madvise((void *)arena->failed, layout.failures, MADV_POPULATE_WRITE);
}

void arena_free(struct arena *arena)
{
    struct layout layout;
    if (arena->failed && lay_out(arena, &layout) == 0)
        mapping_free((void *)arena->failed, layout.size, arena->fd);
    arena->failed = NULL;
}

bool arena_take(struct arena *arena, uint64_t user)
{
    uint64_t seen = 0;
    /* acquire: against arena_give's release; it is then the other pool's region that comes first */
    while (!atomic_compare_exchange_weak_explicit(
        &arena->user, &seen, user, memory_order_acquire, memory_order_relaxed))
        if (seen != 0 && seen != user && seen >> 32 == (uint64_t)getpid())
            return false;
    return true;
}

void arena_give(struct arena *arena, uint64_t user)
{
    /* release: pairs with arena_take */
    atomic_compare_exchange_strong_explicit(
        &arena->user, &user, 0, memory_order_release, memory_order_relaxed);
}

static uint64_t failures_noted(const struct arena *arena)
{
    uint64_t failed = atomic_load_explicit(arena->failed, memory_order_relaxed);
    return failed < arena->failures_max ? failed : arena->failures_max;
}

void arena_reset(struct arena *arena, uint64_t tasks)
{
    uint64_t noted = failures_noted(arena);
    for (uint64_t i = 0; i < noted; i++)
        atomic_store_explicit(&arena->failures[i].complete, false, memory_order_relaxed);
    memset((void *)arena->status, TASK_PENDING, tasks);
    atomic_store_explicit(arena->failed, 0, memory_order_relaxed);
}

static void write_failure(
    struct task_failure *failure, uint64_t index, int code, unsigned worker, const char *message)
{
    failure->index = index;
    failure->code = code;
    failure->worker = worker;
    snprintf(failure->message, sizeof failure->message, "%s", message);
    /* release: where its writer dies, this tells that the rest is there */
    atomic_store_explicit(&failure->complete, true, memory_order_release);
}

void arena_fail(const struct arena *arena, uint64_t index, enum task_status status, int code,
    unsigned worker, const char *message)
{
    /* relaxed: the backend's join publishes the entry and the status to the reader */
    uint64_t at = atomic_fetch_add_explicit(arena->failed, 1, memory_order_relaxed);
    POOL_POINT(FAIL_RESERVED);
    if (at < arena->failures_max)
        write_failure(&arena->failures[at], index, code, worker, message);
    POOL_POINT(FAIL_NOTED);
    atomic_store_explicit(&arena->status[index], (unsigned char)status, memory_order_relaxed);
    POOL_POINT(FAIL_DONE);
}

void arena_lose(
    const struct arena *arena, uint64_t index, int code, unsigned worker, const char *message)
{
    uint64_t noted = failures_noted(arena);
    for (uint64_t i = 0; i < noted; i++) {
        const struct task_failure *failure = &arena->failures[i];
        if (!atomic_load_explicit(&failure->complete, memory_order_acquire) ||
            failure->index != index)
            continue;
        write_failure(&arena->failures[i], index, code, worker, message);
        atomic_store_explicit(&arena->status[index], TASK_LOST, memory_order_relaxed);
        return;
    }
    arena_fail(arena, index, TASK_LOST, code, worker, message);
}

void arena_tidy(const struct arena *arena)
{
    uint64_t noted = failures_noted(arena), kept = 0;
    for (uint64_t i = 0; i < noted; i++) {
        struct task_failure *failure = &arena->failures[i];
        if (!atomic_load_explicit(&failure->complete, memory_order_acquire))
            continue;
        if (kept < i) {
            write_failure(&arena->failures[kept], failure->index, failure->code, failure->worker,
                failure->message);
            atomic_store_explicit(&failure->complete, false, memory_order_relaxed);
        }
        kept++;
    }
    atomic_fetch_sub_explicit(arena->failed, noted - kept, memory_order_relaxed);
}

/* ---- again ---- */

/* In the status of a task whose failure is noted, while drop_failures looks for those that are not.
 */
#define NOTED 0x80

static void mark_noted(const struct arena *arena, bool noted)
{
    uint64_t count = failures_noted(arena);
    for (uint64_t i = 0; i < count; i++) {
        _Atomic unsigned char *status = &arena->status[arena->failures[i].index];
        *status = (unsigned char)(noted ? *status | NOTED : *status & ~NOTED);
    }
}

/* Drops the failures of tasks that are pending again, so that `left` are left. Those of them for
 * which there had been no room, timeouts all, are noted now that there is some. */
static void drop_failures(const struct arena *arena, uint64_t begin, uint64_t end, uint64_t left)
{
    uint64_t noted = failures_noted(arena), kept = noted;
    for (uint64_t i = 0; i < noted; i++) { /* relaxed, all: nobody else is at it */
        struct task_failure *failure = &arena->failures[i];
        bool again = arena->status[failure->index] == TASK_PENDING;
        if (again)
            atomic_store_explicit(&failure->complete, false, memory_order_relaxed);
        kept -= again;
    }
    arena_tidy(arena);
    atomic_store_explicit(
        arena->failed, kept < arena->failures_max ? kept : left, memory_order_relaxed);
    mark_noted(arena, true);
    for (uint64_t i = begin; i < end && *arena->failed < left; i++)
        if (arena->status[i] == TASK_TIMEOUT)
            arena_fail(arena, i, TASK_TIMEOUT, ETIME, 0, "a worker ran it for too long");
    mark_noted(arena, false);
}

uint64_t arena_retry(const struct arena *arena, uint64_t begin, uint64_t end, bool timeouts)
{
    uint64_t failed = *arena->failed, again = 0;
    for (uint64_t i = begin; failed > 0 && i < end; i++) {
        unsigned char status = arena->status[i];
        if (status != TASK_ERROR && status != TASK_LOST && !(status == TASK_TIMEOUT && timeouts))
            continue;
        atomic_store_explicit(&arena->status[i], TASK_PENDING, memory_order_relaxed);
        again++;
    }
    if (again > 0)
        drop_failures(arena, begin, end, failed - again);
    return again;
}
