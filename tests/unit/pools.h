/* What the tests of pools share: starting one, shared memory for task functions, what a process
 * looks like from outside. To be included after cmocka.h by one test program each. */
#ifndef UNIT_POOLS_H
#define UNIT_POOLS_H

#include "group.h"
#include "leftovers.h"

#include "harness/measure/registry.h"
#include "harness/pool/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define POOLS_SANITIZED true
#elif defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define POOLS_SANITIZED true
#endif
#endif
#ifndef POOLS_SANITIZED
#define POOLS_SANITIZED false
#endif

/* Adds a test of one backend, with the backend as its state. */
#define POOLS_ADD(test, ops)                                                                       \
    group_add(pools_followed(ops) ? test : pools_not_followed, leftovers_mark, leftovers_check,    \
        (void *)(ops), "%s: " #test, (ops)->name)

/* The thread sanitizer does not see what happens between processes. */
static inline bool pools_followed(const struct pool_ops *ops)
{
    return !ops->processes || !getenv("POOLBENCH_TSAN");
}

static inline void pools_not_followed(void **state)
{
    (void)state;
    print_message("workers are processes, which the thread sanitizer does not follow\n");
    skip();
}

/* Zeroed memory that forked processes share. */
static inline void *pools_shared(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(memory, MAP_FAILED);
    return memory;
}

static inline void pools_unshare(void *memory, size_t size)
{
    munmap(memory, size);
}

static inline struct pool *pools_start(const struct pool_ops *ops, unsigned workers, task_fn *task,
    const void *ctx, struct arena *arena)
{
    char why[512];
    const struct pool_config config = {
        .workers = workers, .task = task, .ctx = ctx, .arena = arena};
    struct pool *pool = pool_start(ops, &config, why, sizeof why);
    if (!pool)
        fail_msg("%s", why);
    return pool;
}

static inline uint64_t pools_worker_tasks(const struct pool *pool)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < pool->config.workers; i++)
        sum += pool_worker_tasks(pool, i);
    return sum;
}

/* A process's name as `top` shows it, with the line's end. */
static inline void pools_read_name(pid_t pid, char *name, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
    FILE *file = fopen(path, "re");
    if (file && !fgets(name, (int)size, file))
        *name = '\0';
    if (file)
        fclose(file);
}

/* Bytes of address space of this process. */
static inline uint64_t pools_virtual_size(void)
{
    unsigned long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file && fscanf(file, "%llu", &pages) != 1)
        pages = 0;
    if (file)
        fclose(file);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

#endif
