/* x to the power of x, exactly, with GMP. pkg-config: gmp
 *
 * The tutorials' favourite task for a process pool, and a trap: the results are large, and each has
 * to come back from its worker. Here as there, every digit does: a result's bytes hold the whole
 * number, so that what crosses grows with x.
 *
 * The value is the number's remainder by 2^61 - 1. verify computes it twice more without GMP: from
 * the bytes that have come back, and from x by modular exponentiation. */
#include "case.h"

#include <errno.h>
#include <gmp.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_TASKS 200
#define PRIME ((UINT64_C(1) << 61) - 1)
#define RESULTS_MAX (UINT64_C(4) << 30) /* bytes of all results */
#define LAST_DIGITS 10

__extension__ typedef unsigned __int128 uint128;

struct selfpower {
    uint64_t largest;
    uint64_t tasks;
};

static uint64_t number_at(const struct selfpower *selfpower, uint64_t index)
{
    return (uint64_t)((uint128)(index + 1) * selfpower->largest / selfpower->tasks);
}

/* Whole words that hold x^x. The logarithm's last digits do not matter: a word is added. */
static size_t words_for(uint64_t x)
{
    return (size_t)((double)x * log2((double)x) / 64) + 2;
}

/* A result is a count of words and then the words, the lowest first. */
static size_t result_size(uint64_t largest)
{
    return (1 + words_for(largest)) * sizeof(uint64_t);
}

static int selfpower_setup(struct case_run *run)
{
    uint64_t largest = param_count(run->params, "largest");
    if (run->tasks == 0)
        run->tasks = largest < DEFAULT_TASKS ? largest : DEFAULT_TASKS;
    if (run->tasks > largest)
        return task_fail(EINVAL,
            "%" PRIu64 " tasks for the numbers up to largest=%" PRIu64
            "; lower -N or raise largest",
            run->tasks, largest);
    if (run->tasks > RESULTS_MAX / result_size(largest))
        return task_fail(EINVAL,
            "%" PRIu64
            " tasks with results of up to %zu bytes: more than 4 GB; lower -N or largest",
            run->tasks, result_size(largest));
    struct selfpower *selfpower = malloc(sizeof *selfpower);
    if (selfpower == NULL)
        return task_fail(ENOMEM, "no memory for the parameters");
    *selfpower = (struct selfpower){.largest = largest, .tasks = run->tasks};
    run->even = false;
    run->result_size = result_size(largest);
    run->ctx = selfpower;
    return 0;
}

static void selfpower_teardown(void *ctx)
{
    free(ctx);
}

/* What mpz_ui_pow_ui wants to have room for: x bits of x for each multiplication, rounded up, and a
 * few words. */
static size_t room_for(uint64_t x)
{
    size_t bits = 64 - (size_t)__builtin_clzll(x);
    return bits * x / 64 + 8;
}

/* A number that never has to grow. GMP still takes as much again while it multiplies, and ends the
 * process where there is no memory for that. */
static int selfpower_worker_enter(const void *ctx, void **local)
{
    const struct selfpower *selfpower = ctx;
    mpz_t *power = malloc(sizeof *power);
    if (power == NULL)
        return task_fail(ENOMEM, "no memory for a worker");
    mpz_init2(*power, 64 * room_for(selfpower->largest));
    *local = power;
    return 0;
}

static void selfpower_worker_leave(const void *ctx, void *local)
{
    (void)ctx;
    mpz_t *power = local;
    mpz_clear(*power);
    free(power);
}

static int selfpower_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    const uint64_t x = number_at(ctx, index);
    mpz_t *power = local;
    size_t words = 0;
    mpz_ui_pow_ui(*power, x, x);
    mpz_export(result->bytes + sizeof(uint64_t), &words, -1, sizeof(uint64_t), 0, 0, *power);
    const uint64_t count = words;
    memcpy(result->bytes, &count, sizeof count);
    result->value = mpz_fdiv_ui(*power, PRIME);
    return 0;
}

/* --- known answers, without GMP --------------------------------------------------------------- */

static uint64_t word_at(const struct task_result *result, uint64_t position)
{
    uint64_t word;
    memcpy(&word, result->bytes + (1 + position) * sizeof word, sizeof word);
    return word;
}

static uint64_t words_of(const struct task_result *result)
{
    uint64_t count;
    memcpy(&count, result->bytes, sizeof count);
    return count;
}

/* The remainder of a result's number, from its highest word down (Horner). */
static uint64_t remainder_of(const struct task_result *result, uint64_t modulus)
{
    uint64_t remainder = 0;
    for (uint64_t i = words_of(result); i > 0; i--)
        remainder = (uint64_t)((((uint128)remainder << 64) + word_at(result, i - 1)) % modulus);
    return remainder;
}

/* base^exponent by squaring. */
static uint64_t power_modulo(uint64_t base, uint64_t exponent, uint64_t modulus)
{
    uint128 power = 1, square = base % modulus;
    for (; exponent > 0; exponent /= 2) {
        if (exponent % 2 == 1)
            power = power * square % modulus;
        square = square * square % modulus;
    }
    return (uint64_t)(power % modulus);
}

static int selfpower_verify(const void *ctx, const struct case_results *results)
{
    const struct selfpower *selfpower = ctx;
    for (uint64_t i = 0; i < case_tasks(results); i++) {
        if (!case_ok(results, i))
            continue;
        const struct task_result *result = case_result(results, i);
        const uint64_t x = number_at(selfpower, i), known = power_modulo(x, x, PRIME);
        if (words_of(result) > words_for(x) || result->value != known ||
            remainder_of(result, PRIME) != known)
            return task_fail(EIO,
                "task %" PRIu64 ": the number that came back is not %" PRIu64 "^%" PRIu64
                ", whose remainder by 2^61 - 1 is %" PRIu64,
                i, x, x, known);
    }
    return 0;
}

/* Project Euler's problem 48 asks for these digits. */
static void selfpower_answer(
    const void *ctx, const struct case_results *results, char *text, size_t size)
{
    (void)ctx;
    const uint64_t modulus = 10000000000; /* 10^LAST_DIGITS */
    uint64_t sum = 0, bytes = 0;
    for (uint64_t i = 0; i < case_tasks(results); i++) {
        if (!case_ok(results, i))
            continue;
        const struct task_result *result = case_result(results, i);
        sum = (sum + remainder_of(result, modulus)) % modulus;
        bytes += words_of(result) * sizeof(uint64_t);
    }
    snprintf(
        text, size, "sum ...%0*" PRIu64 ", %" PRIu64 " bytes of results", LAST_DIGITS, sum, bytes);
}

static const struct param selfpower_params[] = {
    {.name = "largest",
        .type = PARAM_COUNT,
        .value = "99999",
        .min = 1,
        .max = 1e6,
        .help = "x of the last task, 1 to 1M; the others are spaced evenly below"},
    {.name = NULL},
};

const struct bench_case case_selfpower = {
    .name = "selfpower",
    .summary = "x to the power of x with GMP: results that grow with the task",
    .description =
        "Each task computes the power exactly and hands all of it back: up to 208 KB at the "
        "default "
        "size. The core's multiplier limits the computing, and the last tasks cost most. Results "
        "go into memory that the workers share, one copy each, so expect speedup = workers up to "
        "the usable CPUs on threads and processes alike, flattened a little by long tasks at the "
        "end. A pool that sends results through a pipe (as Python's do) copies and encodes each "
        "twice more, in the owner, one after the other; that share of the time is what Amdahl's "
        "law then multiplies.",
    .kind = CASE_CPU,
    .params = selfpower_params,
    .task = selfpower_task,
    .setup = selfpower_setup,
    .teardown = selfpower_teardown,
    .worker_enter = selfpower_worker_enter,
    .worker_leave = selfpower_worker_leave,
    .verify = selfpower_verify,
    .answer = selfpower_answer,
};
