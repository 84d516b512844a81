/* A thousand tasks of which one fails: a loop over the results that ends at the first failure, and
 * a map that keeps a status for each task. */
#include "../util/hash.h"
#include "demo.h"
#include "support/must.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#define WORKERS 2
#define TASKS 1000

/* Which one fails: somewhere in the middle, by the seed. */
static uint64_t broken(uint64_t seed)
{
    return TASKS / 4 + hash_mix(seed, 0) % (TASKS / 2);
}

struct shared {
    uint64_t broken;
    _Atomic uint64_t runs; /* relaxed: a count */
};

static int work(struct shared *shared, uint64_t index)
{
    atomic_fetch_add_explicit(&shared->runs, 1, memory_order_relaxed);
    return index == shared->broken ? task_fail(EILSEQ, "record %" PRIu64 " is damaged", index) : 0;
}

static void tell(const struct demo_run *run, const char *where, const struct shared *shared,
    uint64_t kept, uint64_t named)
{
    uint64_t runs = atomic_load_explicit(&shared->runs, memory_order_relaxed);
    demo_figure(run, (double)runs, "", "tasks run, %s", where);
    demo_figure(run, (double)kept, "", "results kept, %s", where);
    demo_figure(run, (double)named, "", "failures known, %s", where);
    demo_figure(run, (double)(TASKS - kept - named), "", "tasks without an outcome, %s", where);
    if (kept + named < TASKS)
        demo_showed(run,
            "1 of %d tasks on %s failed, and %" PRIu64 " others have no outcome, though %" PRIu64
            " of them have run",
            TASKS, where, TASKS - kept - named, runs - kept - named);
}

/* ---- a loop over results ---- */

struct item {
    struct shared *shared;
    uint64_t index;
};

static int call_work(struct pool_call *call)
{
    struct item item;
    memcpy(&item, call->payload, sizeof item);
    return work(item.shared, item.index);
}

static bool next_item(void *state, uint64_t number, void *payload, size_t *size)
{
    struct item item = {state, number};
    memcpy(payload, &item, sizeof item);
    *size = sizeof item;
    return number < TASKS;
}

static void loop_on(const struct demo_run *run, const struct pool_ops *ops, const char *where)
{
    struct shared *shared = must_memory(run, sizeof *shared);
    shared->broken = broken(run->seed);
    struct pool *pool = must_pool(run, ops,
        &(struct pool_config){
            .workers = WORKERS, .calls_max = 64, .call_size = sizeof(struct item)});
    struct imap *imap = pool_imap(pool, call_work, next_item, shared, 0, true);
    if (!imap)
        demo_cannot(run, "%s", task_message(errno));
    uint64_t kept = 0;
    const struct future *future;
    while ((future = pool_imap_next(imap, NULL, -1)) && future_status(future) == FUTURE_OK)
        kept++;
    demo_event(run, "the loop on %s ends: %s", where,
        future ? future_message(future) : "all results have come");
    uint64_t named = future != NULL;
    pool_imap_end(imap);
    pool_stop(pool);
    tell(run, where, shared, kept, named);
}

static void unmended(const struct demo_run *run)
{
    loop_on(run, &pool_processes, "processes");
    loop_on(run, &pool_threads, "threads");
}

/* ---- a status for each task ---- */

static int map_work(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)local;
    result->value = index;
    return work(*(struct shared *const *)ctx, index);
}

static void map_on(const struct demo_run *run, const struct pool_ops *ops, const char *where)
{
    struct shared *shared = must_memory(run, sizeof *shared);
    shared->broken = broken(run->seed);
    struct arena arena;
    if (arena_make(&arena, TASKS, 0))
        demo_cannot(run, "no memory for %d results", TASKS);
    struct pool *pool = must_pool(run, ops,
        &(struct pool_config){
            .workers = WORKERS, .task = map_work, .ctx = &shared, .arena = &arena});
    if (pool_map(pool, TASKS, 0))
        demo_cannot(run, "%s", task_message(EIO));
    pool_stop(pool);
    uint64_t kept = 0, failed = atomic_load(arena.failed);
    for (uint64_t i = 0; i < TASKS; i++)
        kept += atomic_load_explicit(&arena.status[i], memory_order_relaxed) == TASK_OK;
    if (failed > 0)
        demo_event(run, "the map on %s names task %" PRIu64 ": %s", where, arena.failures[0].index,
            arena.failures[0].message);
    arena_free(&arena);
    tell(run, where, shared, kept, failed);
}

static void mended(const struct demo_run *run)
{
    map_on(run, &pool_processes, "processes");
    map_on(run, &pool_threads, "threads");
}

const struct demo demo_one_failure = {
    .name = "one-failure",
    .summary = "one task of a thousand fails, and takes the results of the others along",
    .description =
        "A loop over the results of a map ends at the first failure, as an exception out of "
        "Python's map does: what comes behind it is thrown away, although the pool has run a good "
        "part of it already, and what would have failed too is never known. After hours of work "
        "one damaged record costs all the records behind it. Mended by an outcome for each task: "
        "a failure is a status and a message in that task's own slot, everything else is kept, "
        "and the program decides at the end what to do about the list of failures.",
    .kind = DEMO_LOSS,
    .unmended = {"takes results in order (imap) until one has failed", unmended},
    .mended = {"maps all tasks, with a status for each", mended},
};
