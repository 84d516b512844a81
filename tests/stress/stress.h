/* Regions of random lengths and chunks through one backend, at several pool sizes: each index of
 * each region exactly once. `make stress` does it with 10^9 tasks, test_stress with fewer. */
#ifndef STRESS_STRESS_H
#define STRESS_STRESS_H

#include "harness/measure/clock.h"
#include "harness/pool/backend.h"
#include "harness/util/hash.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>

/* The longest region. */
#define STRESS_LONGEST (1u << 21)
/* Very short regions, where whoever is late finds the next one: at least, per pool size. */
#define STRESS_SHORT_REGIONS 1000

static const unsigned stress_sizes[] = {1, 2, 3, 5, 8, 13, 64};
#define STRESS_SIZES (sizeof stress_sizes / sizeof *stress_sizes)

/* Counts its runs in its own slot, which stands as the last look at it has left it: at 0. Some give
 * their CPU away, so that others get to steal even where workers outnumber CPUs and regions are
 * short; ctx says, in shared memory, one of how many (0: none). */
static inline int stress_task(
    const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    uint32_t every = atomic_load_explicit((_Atomic uint32_t *)ctx, memory_order_relaxed);
    (void)local;
    if (every > 0 && index % every == 0)
        sched_yield();
    result->value++;
    return 0;
}

static inline void stress_yield_every(const struct pool *pool, uint32_t every)
{
    atomic_store_explicit((_Atomic uint32_t *)pool->config.ctx, every, memory_order_relaxed);
}

/* Whether each of the region's tasks has run once and none beyond it; a line on stderr if not. */
static inline bool stress_verify(const struct pool *pool, uint64_t tasks, uint64_t chunk)
{
    const struct arena *arena = pool->config.arena;
    uint64_t looked_at = tasks < arena->tasks ? tasks + 1 : tasks;
    for (uint64_t i = 0; i < looked_at; i++) {
        uint64_t runs = arena_slot(arena, i)->value;
        arena_slot(arena, i)->value = 0;
        if (runs == (i < tasks) && (i >= tasks || arena->status[i] == TASK_OK))
            continue;
        fprintf(stderr,
            "%s, %u workers, %" PRIu64 " tasks, chunk %" PRIu64 ": task %" PRIu64 " ran %" PRIu64
            " times, status %d\n",
            pool->ops->name, pool->config.workers, tasks, chunk, i, runs, arena->status[i]);
        return false;
    }
    return true;
}

static inline uint64_t stress_chunk(uint64_t random)
{
    const uint64_t chunks[] = {0, 1, 7, 1 + (random >> 8) % 1000};
    return chunks[random % 4];
}

/* From 1 on, each order of magnitude as often as the others. */
static inline uint64_t stress_length(uint64_t random, uint64_t longest)
{
    uint64_t length = 1 + (random >> 16) % (1ull << (random >> 8) % 22);
    return length < longest ? length : longest;
}

static inline bool stress_region(struct pool *pool, uint64_t tasks, uint64_t chunk, uint64_t *ns)
{
    uint64_t start = clock_now();
    int broken = pool_map(pool, tasks, chunk);
    *ns += clock_now() - start;
    if (broken)
        fprintf(stderr, "%s: %s\n", pool->ops->name, task_message(0));
    return !broken && stress_verify(pool, tasks, chunk);
}

/* At least `tasks` tasks in regions of all lengths, and very short ones in between. */
static inline bool stress_pool(struct pool *pool, uint64_t tasks, uint64_t *done, uint64_t *ns)
{
    uint64_t random = 0, shorts = tasks / 2000 + STRESS_SHORT_REGIONS, long_done = 0;
    bool right = true;
    for (uint64_t region = 0; right && long_done < tasks; region++) {
        random = hash_mix(pool->config.workers, region);
        stress_yield_every(pool, random >> 63 ? 4096 : 0);
        uint64_t length = stress_length(random, tasks - long_done);
        right = stress_region(pool, length, stress_chunk(random >> 40), ns);
        long_done += length;
    }
    *done += long_done;
    for (uint64_t region = 0; right && region < shorts; region++) {
        random = hash_mix(pool->config.workers + 1000, region);
        stress_yield_every(pool, random >> 63 ? 1 : 0);
        right = stress_region(pool, random % 6, stress_chunk(random >> 40), ns);
        *done += random % 6;
    }
    return right;
}

/* About `tasks` tasks at all pool sizes together; a line for each. Returns whether all ran once. */
static inline bool stress_backend(const struct pool_ops *ops, uint64_t tasks)
{
    struct arena arena;
    void *ctx =
        mmap(NULL, sizeof(uint32_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    bool right = arena_make(&arena, STRESS_LONGEST, 0) == 0 && ctx != MAP_FAILED;
    for (size_t i = 0; right && i < STRESS_SIZES; i++) {
        char why[512];
        uint64_t done = 0, ns = 0;
        const struct pool_config config = {
            .workers = stress_sizes[i], .task = stress_task, .ctx = ctx, .arena = &arena};
        struct pool *pool = pool_start(ops, &config, why, sizeof why);
        if (!pool) {
            fprintf(stderr, "%s\n", why);
            right = false;
            break;
        }
        right = stress_pool(pool, tasks / STRESS_SIZES + 1, &done, &ns);
        pool_stop(pool);
        printf("# %-10s %2u workers: %11" PRIu64 " tasks in %6.2f s, %5.1f ns a task%s\n",
            ops->name, stress_sizes[i], done, (double)ns * 1e-9, (double)ns / (double)done,
            right ? "" : ": WRONG");
        fflush(stdout);
    }
    arena_free(&arena);
    munmap(ctx, sizeof(uint32_t));
    return right;
}

#endif
