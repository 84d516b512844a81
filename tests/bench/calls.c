/* Calls as arms: submit, future, get; and a generator's items through imap_unordered. */
#include "arm.h"

#include "harness/measure/clock.h"
#include "harness/measure/registry.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* So many futures exist at once: the oldest is read before another is submitted. */
#define WINDOW 4096

/* Of an iterable that must not be held in memory. */
#define ITEMS 100000000

static int nothing(struct pool_call *call)
{
    memcpy(call->result, call->payload, call->payload_size);
    call->result_size = call->payload_size;
    return 0;
}

static struct pool *start(const struct arm *arm, struct sample *sample)
{
    const struct pool_config config = {
        .workers = BENCH_WORKERS, .calls_max = WINDOW, .call_size = arm->payload};
    return pool_start(
        registry_backend(arm->backend), &config, sample->failure, sizeof sample->failure);
}

static int broken(struct sample *sample)
{
    snprintf(sample->failure, sizeof sample->failure, "%s", task_message(EIO));
    return -1;
}

static int read_one(struct future *future)
{
    const void *result;
    size_t size;
    int code = future_get(future, &result, &size, -1);
    future_free(future);
    return code;
}

int calls_submit(const struct arm *arm, struct workload *workload, struct sample *sample)
{
    static struct future *futures[WINDOW];
    char payload[1024] = {0};
    uint64_t tasks = workload->run.tasks;
    struct pool *pool = start(arm, sample);
    if (!pool)
        return -1;
    uint64_t begin = 0;
    for (uint64_t i = 0; i < tasks + 2 * WINDOW; i++) {
        if (i == WINDOW) /* the first ones have warmed it up */
            begin = clock_now();
        if (i >= WINDOW && read_one(futures[i % WINDOW]))
            return broken(sample);
        if (i < tasks + WINDOW &&
            !(futures[i % WINDOW] = pool_submit(pool, nothing, payload, arm->payload, NULL)))
            return broken(sample);
    }
    sample->seconds = clock_since(begin);
    pool_stop(pool);
    return 0;
}

struct items {
    uint64_t count;
};

static bool next_item(void *state, uint64_t number, void *payload, size_t *size)
{
    memcpy(payload, &number, sizeof number);
    *size = sizeof number;
    return number < ((struct items *)state)->count;
}

static double resident_kilobytes(void)
{
    unsigned long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file && fscanf(file, "%*s %llu", &pages) != 1)
        pages = 0;
    if (file)
        fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1000;
}

/* The sample is in kilobytes, not in seconds. */
int calls_imap_growth(const struct arm *arm, struct workload *workload, struct sample *sample)
{
    struct items items = {ITEMS};
    (void)workload;
    struct pool *pool = start(arm, sample);
    struct imap *imap = pool ? pool_imap(pool, nothing, next_item, &items, 0, false) : NULL;
    double before = 0;
    uint64_t count = 0;
    if (!imap)
        return pool ? broken(sample) : -1;
    for (; pool_imap_next(imap, NULL, -1); count++)
        if (count == 100000)
            before = resident_kilobytes();
    sample->seconds = resident_kilobytes() - before;
    pool_imap_end(imap);
    pool_stop(pool);
    return count == items.count ? 0 : broken(sample);
}
