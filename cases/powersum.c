/* Exact sum of i + i^2 + i^3 for i < n in 128-bit integers. Every range is really added up: an
 * empty asm hides each i from the compiler, which would otherwise replace the loop by its closed
 * form. The closed form is the known answer that verify holds each partial sum against. */
#include "case.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_TASKS 100

/* The sum is below n^4/4 + n^3, so the largest total, 1000 * 2.5e35, stays below 2^128 = 3.4e38. */
#define N_MAX 1e9
#define REPEAT_MAX 1000

#define PIECE 65536 /* numbers between two check points */

__extension__ typedef unsigned __int128 uint128;

struct powersum {
    uint64_t n, repeat;
    uint64_t tasks;
};

struct range {
    uint64_t begin, end; /* end excluded */
};

/* The first n % tasks ranges are longer by one, so that lengths differ by at most that. */
static struct range range_at(const struct powersum *powersum, uint64_t index)
{
    uint64_t length = powersum->n / powersum->tasks;
    uint64_t longer = powersum->n % powersum->tasks;
    struct range range;
    range.begin = index * length + (index < longer ? index : longer);
    range.end = range.begin + length + (index < longer);
    return range;
}

static int powersum_setup(struct case_run *run)
{
    struct powersum *powersum = malloc(sizeof *powersum);
    if (powersum == NULL)
        return task_fail(ENOMEM, "no memory for the parameters");
    if (run->tasks == 0)
        run->tasks = DEFAULT_TASKS;
    powersum->n = param_count(run->params, "n");
    powersum->repeat = param_count(run->params, "repeat");
    powersum->tasks = run->tasks;
    /* The one addition that a range may have more matters only where ranges are short. */
    run->even = powersum->n % run->tasks == 0 || powersum->n / run->tasks >= 100;
    run->result_size = sizeof(uint128);
    run->ctx = powersum;
    return 0;
}

static void powersum_teardown(void *ctx)
{
    free(ctx);
}

/* Not inlined, since all registers are its own then. */
static __attribute__((noinline)) uint128 add_up(struct range range)
{
    uint128 sum = 0;
    for (uint64_t i = range.begin; i < range.end; i++) {
        uint64_t term = i;
        __asm__ volatile("" : "+r"(term));
        uint64_t square = term * term;
        sum += (uint128)square * term + square + term;
    }
    return sum;
}

static uint128 add_up_in_pieces(struct range range)
{
    uint128 sum = 0;
    while (range.begin < range.end) {
        struct range piece = range;
        if (piece.end - piece.begin > PIECE)
            piece.end = piece.begin + PIECE;
        sum += add_up(piece);
        range.begin = piece.end;
        task_checkpoint();
    }
    return sum;
}

static uint64_t sum_value(uint128 sum)
{
    return hash_mix((uint64_t)(sum >> 64), (uint64_t)sum);
}

static int powersum_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)local;
    const struct powersum *powersum = ctx;
    struct range range = range_at(powersum, index);
    uint128 sum = 0;
    for (uint64_t i = 0; i < powersum->repeat; i++)
        sum += add_up_in_pieces(range);
    memcpy(result->bytes, &sum, sizeof sum);
    result->value = sum_value(sum);
    return 0;
}

/* n(n-1)/2, (n-1)n(2n-1)/6 and the square of the first (Faulhaber). */
static uint128 closed_form(uint64_t n)
{
    if (n == 0)
        return 0;
    uint128 ones = (uint128)n * (n - 1) / 2;
    uint128 squares = (uint128)n * (n - 1) * (2 * n - 1) / 6;
    return ones + squares + ones * ones;
}

static uint128 partial_sum(const struct task_result *result)
{
    uint128 sum;
    memcpy(&sum, result->bytes, sizeof sum);
    return sum;
}

static int powersum_verify(const void *ctx, const struct case_results *results)
{
    const struct powersum *powersum = ctx;
    for (uint64_t i = 0; i < case_tasks(results); i++) {
        if (!case_ok(results, i))
            continue;
        struct range range = range_at(powersum, i);
        uint128 sum = (closed_form(range.end) - closed_form(range.begin)) * powersum->repeat;
        const struct task_result *result = case_result(results, i);
        if (partial_sum(result) != sum || result->value != sum_value(sum))
            return task_fail(EIO,
                "task %" PRIu64 ": the sum over i from %" PRIu64 " to %" PRIu64
                ", excluded, differs from the closed form",
                i, range.begin, range.end);
    }
    return 0;
}

/* printf knows no 128-bit integers; 39 digits hold the largest. */
static void print_decimal(uint128 number, char *text, size_t size)
{
    char digits[40];
    char *first = digits + sizeof digits - 1;
    *first = '\0';
    do {
        *--first = (char)('0' + (int)(number % 10));
        number /= 10;
    } while (number != 0);
    snprintf(text, size, "%s", first);
}

static void powersum_answer(
    const void *ctx, const struct case_results *results, char *text, size_t size)
{
    (void)ctx;
    uint128 total = 0;
    for (uint64_t i = 0; i < case_tasks(results); i++)
        if (case_ok(results, i))
            total += partial_sum(case_result(results, i));
    print_decimal(total, text, size);
}

static const struct param powersum_params[] = {
    {.name = "n",
        .type = PARAM_COUNT,
        .value = "500M",
        .min = 0,
        .max = N_MAX,
        .help = "sum over i < n, at most 1G"},
    {.name = "repeat",
        .type = PARAM_COUNT,
        .value = "1",
        .min = 1,
        .max = REPEAT_MAX,
        .help = "add the whole sum up that many times, 1 to 1000"},
    {.name = NULL},
};

const struct bench_case case_powersum = {
    .name = "powersum",
    .summary = "exact sum of i + i^2 + i^3 for i < n: even CPU work with a known answer",
    .description =
        "The numbers below n are split into one range a task; each task adds its range up in "
        "registers, a few cycles a number, and leaves a 128-bit partial sum. Only the cores' "
        "arithmetic limits it, and all ranges cost the same. Expect speedup = workers up to the "
        "usable CPUs, with steps where the tasks do not divide evenly among the workers, and a "
        "bend down only when n is so small that a range costs less than handing it out.",
    .kind = CASE_CPU,
    .params = powersum_params,
    .task = powersum_task,
    .setup = powersum_setup,
    .teardown = powersum_teardown,
    .verify = powersum_verify,
    .answer = powersum_answer,
};
