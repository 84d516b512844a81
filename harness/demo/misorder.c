/* The same calls, of uneven length, on threads and on processes; what they yield is put together in
 * the order in which it comes, or in that of the items. */
#include "../util/hash.h"
#include "demo.h"
#include "support/must.h"
#include "support/pace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#define WORKERS 4
#define ITEMS 200
#define LONGEST_S 2e-3

struct item {
    uint64_t number, seed;
};

/* As a download or a conversion does, a call takes its time; it yields its item's number. */
static int fetch(struct pool_call *call)
{
    struct item item;
    memcpy(&item, call->payload, sizeof item);
    pace_pause(hash_unit(hash_mix(item.seed, item.number)) * LONGEST_S);
    memcpy(call->result, &item.number, sizeof item.number);
    call->result_size = sizeof item.number;
    return 0;
}

static bool next_item(void *state, uint64_t number, void *payload, size_t *size)
{
    struct item item = {number, *(const uint64_t *)state};
    memcpy(payload, &item, sizeof item);
    *size = sizeof item;
    return number < ITEMS;
}

/* Puts results together as they come: what comes i-th is taken for that of item i. Returns how many
 * have come. */
static unsigned collect(struct pool *pool, uint64_t seed, bool ordered, uint64_t *joined)
{
    unsigned count = 0;
    struct imap *imap = pool_imap(pool, fetch, next_item, &seed, 0, ordered);
    const struct future *future;
    while (imap && count < ITEMS && (future = pool_imap_next(imap, NULL, -1))) {
        const void *result;
        if (future_get((struct future *)future, &result, NULL, 0))
            break;
        memcpy(&joined[count++], result, sizeof *joined);
    }
    if (imap)
        pool_imap_end(imap);
    return count;
}

static void misorder_on(
    const struct demo_run *run, const struct pool_ops *ops, const char *where, bool ordered)
{
    uint64_t joined[ITEMS], farthest = 0;
    unsigned misplaced = 0;
    struct pool *pool = must_pool(run, ops,
        &(struct pool_config){
            .workers = WORKERS, .calls_max = 16 * WORKERS, .call_size = sizeof(struct item)});
    unsigned count = collect(pool, run->seed, ordered, joined);
    pool_stop(pool);
    if (count < ITEMS)
        demo_cannot(run, "%u of %d results have come: %s", count, ITEMS, task_message(EIO));
    for (uint64_t i = 0; i < ITEMS; i++) {
        uint64_t distance = joined[i] > i ? joined[i] - i : i - joined[i];
        misplaced += distance > 0;
        farthest = distance > farthest ? distance : farthest;
    }
    demo_figure(run, misplaced, "", "results misplaced of %d, %s", ITEMS, where);
    demo_figure(run, (double)farthest, "places", "farthest from its place, %s", where);
    if (misplaced > 0)
        demo_showed(run,
            "%u of %d results of %s stand at another's place, up to %" PRIu64 " places off",
            misplaced, ITEMS, where, farthest);
}

static void unmended(const struct demo_run *run)
{
    misorder_on(run, &pool_processes, "processes", false);
    misorder_on(run, &pool_threads, "threads", false);
}

static void mended(const struct demo_run *run)
{
    misorder_on(run, &pool_processes, "processes", true);
    misorder_on(run, &pool_threads, "threads", true);
}

const struct demo demo_misorder = {
    .name = "misorder",
    .summary = "results are put together as they come, and stand at each other's places",
    .description =
        "Tasks begin in order and end as they please: a short one overtakes a long one. Who joins "
        "results in the order of their coming (as_completed, imap_unordered, a result queue) gets "
        "the parts of a file, a picture or a sum's lines shuffled, and with a single worker, or "
        "tasks of equal length, no test sees it. Mended by taking the order from the items: each "
        "result goes to the place of its own index, or they are asked for in order (map, imap). "
        "That costs no time in the pool; what comes early waits in memory for its turn.",
    .kind = DEMO_SAFETY,
    .unmended = {"imap_unordered: what comes i-th is taken for item i's", unmended},
    .mended = {"imap: results come in the items' order", mended},
};
