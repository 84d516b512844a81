/* The sum of the squares below 1000, by two threads; `pool_processes` would do it by two processes.
 * Build it as README.md ("As a library") says. */
#include "harness/pool/pool.h"
#include <stdio.h>

extern const struct pool_ops pool_threads;

static int square(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    result->value = index * index;
    return 0;
}

int main(void)
{
    char why[256] = "no memory";
    unsigned long sum = 0;
    struct arena arena;
    const struct pool_config config = {.workers = 2, .task = square, .arena = &arena};
    struct pool *pool = NULL;
    if (arena_make(&arena, 1000, 0) == 0)
        pool = pool_start(&pool_threads, &config, why, sizeof why);
    if (!pool || pool_map(pool, 1000, 0))
        return fprintf(stderr, "map: %s\n", pool ? task_message(0) : why), 1;
    for (uint64_t i = 0; i < 1000; i++)
        sum += arena_slot(&arena, i)->value;
    printf("%lu\n", sum);
    pool_stop(pool);
    arena_free(&arena);
}
