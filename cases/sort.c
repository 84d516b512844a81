/* Sorting blocks of keys with the C library's qsort.
 *
 * A task makes its keys in its worker's buffer by hash, which costs a hundredth of the sorting, and
 * sorts them there. Keys do not come back; what does proves the order and that they are the same
 * keys as before: how many stand before a smaller one, and a sum over the hashes of all, which no
 * order changes. */
#include "case.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_TASKS 40

struct sort {
    uint64_t seed;
    uint64_t keys; /* a block */
};

/* The bytes of a result. */
struct block {
    uint64_t disorder;    /* keys before a smaller one */
    uint64_t fingerprint; /* of the keys, whatever their order */
    uint64_t median;      /* the lower one of an even number */
};

static int sort_setup(struct case_run *run)
{
    struct sort *sort = malloc(sizeof *sort);
    if (sort == NULL)
        return task_fail(ENOMEM, "no memory for the parameters");
    *sort = (struct sort){.seed = run->seed, .keys = param_count(run->params, "keys")};
    if (run->tasks == 0)
        run->tasks = DEFAULT_TASKS;
    run->even = true;
    run->result_size = sizeof(struct block);
    run->ctx = sort;
    return 0;
}

static void sort_teardown(void *ctx)
{
    free(ctx);
}

/* Written over, so that the pages are there before the first task. */
static int sort_worker_enter(const void *ctx, void **local)
{
    const struct sort *sort = ctx;
    const size_t size = sort->keys * sizeof(uint64_t);
    *local = malloc(size);
    if (*local == NULL)
        return task_fail(
            ENOMEM, "no memory for a worker's %" PRIu64 " keys; lower keys", sort->keys);
    memset(*local, 1, size);
    return 0;
}

static void sort_worker_leave(const void *ctx, void *local)
{
    (void)ctx;
    free(local);
}

static uint64_t key_at(const struct sort *sort, uint64_t block, uint64_t position)
{
    return hash_mix(hash_mix(sort->seed, block), position);
}

/* One key's share of a fingerprint. */
static uint64_t mark_of(uint64_t key)
{
    return hash_mix(0, key);
}

static int by_size(const void *a, const void *b)
{
    uint64_t first = *(const uint64_t *)a, second = *(const uint64_t *)b;
    return (first > second) - (first < second);
}

static struct block look_through(const uint64_t *keys, uint64_t count)
{
    struct block block = {.median = keys[(count - 1) / 2]};
    for (uint64_t i = 0; i < count; i++) {
        block.disorder += i + 1 < count && keys[i] > keys[i + 1];
        block.fingerprint += mark_of(keys[i]);
    }
    return block;
}

static uint64_t block_value(const struct block *block)
{
    return hash_mix(hash_mix(block->disorder, block->fingerprint), block->median);
}

static int sort_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    const struct sort *sort = ctx;
    uint64_t *keys = local;
    for (uint64_t i = 0; i < sort->keys; i++)
        keys[i] = key_at(sort, index, i);
    task_checkpoint(); /* qsort has no place for one */
    qsort(keys, sort->keys, sizeof *keys, by_size);
    task_checkpoint();
    struct block block = look_through(keys, sort->keys);
    memcpy(result->bytes, &block, sizeof block);
    result->value = block_value(&block);
    return 0;
}

static struct block block_of(const struct task_result *result)
{
    struct block block;
    memcpy(&block, result->bytes, sizeof block);
    return block;
}

/* Half of the keys, the lower half of an odd number less one, must be smaller than the median. */
static int check_block(const struct sort *sort, uint64_t index, const struct task_result *result)
{
    const struct block block = block_of(result);
    uint64_t fingerprint = 0, below = 0;
    for (uint64_t i = 0; i < sort->keys; i++) {
        uint64_t key = key_at(sort, index, i);
        fingerprint += mark_of(key);
        below += key < block.median;
    }
    if (block.disorder != 0)
        return task_fail(EIO,
            "task %" PRIu64 ": %" PRIu64 " of %" PRIu64 " keys are before a smaller", index,
            block.disorder, sort->keys);
    if (block.fingerprint != fingerprint || result->value != block_value(&block))
        return task_fail(
            EIO, "task %" PRIu64 ": not the same keys as before they were sorted", index);
    if (below != (sort->keys - 1) / 2)
        return task_fail(EIO, "task %" PRIu64 ": %" PRIu64 " of %" PRIu64 " keys below the median",
            index, below, sort->keys);
    return 0;
}

static int sort_verify(const void *ctx, const struct case_results *results)
{
    for (uint64_t i = 0; i < case_tasks(results); i++) {
        int code = case_ok(results, i) ? check_block(ctx, i, case_result(results, i)) : 0;
        if (code != 0)
            return code;
    }
    return 0;
}

static void sort_answer(
    const void *ctx, const struct case_results *results, char *text, size_t size)
{
    const struct sort *sort = ctx;
    uint64_t sorted = 0, disorder = 0;
    for (uint64_t i = 0; i < case_tasks(results); i++) {
        if (!case_ok(results, i))
            continue;
        sorted++;
        disorder += block_of(case_result(results, i)).disorder;
    }
    snprintf(text, size, "%" PRIu64 " blocks of %" PRIu64 " keys, %" PRIu64 " out of order", sorted,
        sort->keys, disorder);
}

static const struct param sort_params[] = {
    {.name = "keys",
        .type = PARAM_COUNT,
        .value = "100k",
        .min = 1,
        .max = 100e6,
        .help = "keys of 8 bytes a block, 1 to 100M"},
    {.name = NULL},
};

const struct bench_case case_sort = {
    .name = "sort",
    .summary = "blocks of 100k keys sorted with qsort: even CPU work in the core's cache",
    .description =
        "Each task makes a block of keys by hash and sorts it with the C library's qsort, which "
        "compares through a function pointer. Branches that no one can predict limit it, and for "
        "blocks beyond the core's own cache the memory: a block and qsort's copy of it are 16 "
        "bytes a key. Expect speedup = workers up to the usable CPUs while the blocks of all "
        "workers fit the caches, less with keys=10M. glibc's qsort may allocate a copy for each "
        "call, so that threads may meet in the allocator, where processes do not.",
    .kind = CASE_CPU,
    .params = sort_params,
    .task = sort_task,
    .setup = sort_setup,
    .teardown = sort_teardown,
    .worker_enter = sort_worker_enter,
    .worker_leave = sort_worker_leave,
    .verify = sort_verify,
    .answer = sort_answer,
};
