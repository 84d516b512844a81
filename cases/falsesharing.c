/* Counters that nobody shares on cache lines that everybody does. Each worker counts in its own
 * number, by plain loads and stores; the numbers stand in one array, `padding` bytes apart. The
 * program is right with any padding: what differs is only who has to ask whom for a line. */
#include "case.h"

#include "support/seats.h"
#include "support/segment.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define DEFAULT_TASKS 200
#define PADDING_MAX 128
#define PIECE 50000 /* steps between two check points */

typedef _Atomic uint64_t number; /* one worker's; atomic, so that each step reaches memory */

struct shared {
    struct seat seat[SEATS];
    _Alignas(128) unsigned char numbers[SEATS * (sizeof(number) + PADDING_MAX)];
};

struct falsesharing {
    uint64_t seed, steps;
    size_t stride; /* from number to number */
    struct segment segment;
    struct shared *shared;
    struct seats seats;
};

static number *number_at(const struct falsesharing *falsesharing, size_t seat)
{
    return (number *)(void *)(falsesharing->shared->numbers + seat * falsesharing->stride);
}

static int open_shared(struct falsesharing *falsesharing, struct case_run *run)
{
    int code = segment_open(&falsesharing->segment, run, sizeof *falsesharing->shared);
    if (code)
        return code;
    falsesharing->shared = falsesharing->segment.memory;
    falsesharing->seats.seat = falsesharing->shared->seat;
    if (segment_is_mine(&falsesharing->segment))
        code = seats_init(falsesharing->shared->seat);
    if (code)
        segment_close(&falsesharing->segment);
    return code;
}

static int falsesharing_setup(struct case_run *run)
{
    uint64_t padding = param_count(run->params, "padding");
    if (padding % sizeof(number))
        return task_fail(EINVAL,
            "padding=%" PRIu64 " would put numbers of %zu bytes across two lines; give a multiple "
            "of %zu",
            padding, sizeof(number), sizeof(number));
    struct falsesharing *falsesharing = calloc(1, sizeof *falsesharing);
    if (!falsesharing)
        return task_fail(ENOMEM, "no memory for the parameters");
    falsesharing->seed = run->seed;
    falsesharing->steps = param_count(run->params, "steps");
    falsesharing->stride = sizeof(number) + padding;
    int code = open_shared(falsesharing, run);
    if (code) {
        free(falsesharing);
        return code;
    }
    if (run->tasks == 0)
        run->tasks = DEFAULT_TASKS;
    run->even = true;
    run->ctx = falsesharing;
    return 0;
}

static void falsesharing_teardown(void *ctx)
{
    struct falsesharing *falsesharing = ctx;
    segment_close(&falsesharing->segment);
    free(falsesharing);
}

static int falsesharing_worker_enter(const void *ctx, void **local)
{
    return seats_enter(&((const struct falsesharing *)ctx)->seats, local);
}

static void falsesharing_worker_leave(const void *ctx, void *local)
{
    (void)ctx;
    seats_leave(local);
}

/* Relaxed: nobody else writes it, and the pool's join publishes it. */
static void count_up(number *own, uint64_t steps)
{
    for (uint64_t i = 0; i < steps; i++)
        atomic_store_explicit(
            own, atomic_load_explicit(own, memory_order_relaxed) + 1, memory_order_relaxed);
}

static int falsesharing_task(
    const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    const struct falsesharing *falsesharing = ctx;
    struct seat *seat = local;
    number *own = number_at(falsesharing, seats_number(&falsesharing->seats, seat));
    seats_begin(seat);
    uint64_t before = atomic_load_explicit(own, memory_order_relaxed); /* see count_up */
    for (uint64_t left = falsesharing->steps; left > 0;) {
        uint64_t piece = left < PIECE ? left : PIECE;
        count_up(own, piece);
        left -= piece;
        task_checkpoint();
    }
    uint64_t made = atomic_load_explicit(own, memory_order_relaxed) - before;
    seats_end(seat);
    result->value = hash_mix(falsesharing->seed ^ made, index);
    return made == falsesharing->steps
               ? 0
               : task_fail(EIO, "%" PRIu64 " of %" PRIu64 " steps arrived in the worker's number",
                     made, falsesharing->steps);
}

static uint64_t sum_of_numbers(const struct falsesharing *falsesharing)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < SEATS; i++)
        sum += atomic_load(number_at(falsesharing, i));
    return sum;
}

/* Over all regions so far; where workers have died within a task, between those ended and begun. */
static int falsesharing_verify(const void *ctx, const struct case_results *results)
{
    (void)results;
    const struct falsesharing *falsesharing = ctx;
    struct seats_tasks tasks = seats_count(&falsesharing->seats);
    uint64_t sum = sum_of_numbers(falsesharing);
    if (sum < tasks.ended * falsesharing->steps || sum > tasks.begun * falsesharing->steps)
        return task_fail(EIO, "the workers' numbers sum up to %" PRIu64 ", not %" PRIu64, sum,
            tasks.ended * falsesharing->steps);
    return 0;
}

static void falsesharing_answer(
    const void *ctx, const struct case_results *results, char *text, size_t size)
{
    const struct falsesharing *falsesharing = ctx;
    uint64_t ok = 0;
    for (uint64_t i = 0; i < case_tasks(results); i++)
        ok += case_ok(results, i);
    snprintf(text, size, "%" PRIu64, ok * falsesharing->steps);
}

static const struct param falsesharing_params[] = {
    {.name = "padding",
        .type = PARAM_COUNT,
        .value = "0",
        .min = 0,
        .max = PADDING_MAX,
        .help = "bytes between two workers' numbers of 8 bytes, 0 to 128"},
    {.name = "steps",
        .type = PARAM_COUNT,
        .value = "3M",
        .min = 1,
        .max = 1e12,
        .help = "increments of a task"},
    {.name = NULL},
};

const struct bench_case case_falsesharing = {
    .name = "falsesharing",
    .summary = "workers' own counters on shared cache lines, by padding",
    .description =
        "Each worker counts in a number that only it uses. The numbers stand side by side, and a "
        "cache moves whole lines: as long as two numbers are on one line, each write takes the "
        "line away from the other's core, as if the number were shared. With padding=0 expect more "
        "workers to be hardly faster, or slower, than one, though nothing is shared in the "
        "program. From padding=56 each number has a line of 64 bytes to itself, and the curve is "
        "speedup = workers up to the usable CPUs; where cores fetch lines in pairs, only from "
        "padding=120. Processes on shared memory suffer as threads do. Cores that share their "
        "nearest cache (two threads of one core) may suffer less, or more: they do not move the "
        "line, but have to keep their stores in order.",
    .kind = CASE_SYNC,
    .params = falsesharing_params,
    .task = falsesharing_task,
    .setup = falsesharing_setup,
    .teardown = falsesharing_teardown,
    .worker_enter = falsesharing_worker_enter,
    .worker_leave = falsesharing_worker_leave,
    .verify = falsesharing_verify,
    .answer = falsesharing_answer,
};
