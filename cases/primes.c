/* Trial division: is this large number prime? The algorithm is the simplest there is, since its
 * honest cost is the point: millions of divisions that depend on nothing outside the registers. A
 * task's value is the smallest factor, which proves more than a yes or no would. */
#include "case.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define DEFAULT_TASKS 48
#define NUMBER_MAX 1e18 /* divisors stay below 2^30, so that their squares cannot overflow */
#define PIECE 16384     /* what the divisor grows by between two check points; a power of 2 */

/* The list that Python's concurrent.futures documentation made known, with smallest factors. */
static const struct {
    uint64_t number, factor;
} known[] = {
    {112272535095293, 112272535095293},
    {112582705942171, 112582705942171},
    {112272535095293, 112272535095293},
    {115280095190773, 115280095190773},
    {115797848077099, 115797848077099},
    {1099726899285419, 3306091},
};
#define KNOWN_COUNT (sizeof known / sizeof known[0])

struct primes {
    bool range; /* every number from `from` on instead of the known ones in turn */
    uint64_t from;
};

static uint64_t number_at(const struct primes *primes, uint64_t index)
{
    return primes->range ? primes->from + index : known[index % KNOWN_COUNT].number;
}

static int range_setup(struct case_run *run, struct primes *primes)
{
    if (!param_given(run->params, "from") || !param_given(run->params, "to"))
        return task_fail(EINVAL, "from and to belong together; give both or neither");
    uint64_t from = param_count(run->params, "from");
    uint64_t to = param_count(run->params, "to");
    if (from >= to)
        return task_fail(EINVAL,
            "from=%" PRIu64 " to=%" PRIu64 " holds no number (to is excluded);"
            " give a larger to",
            from, to);
    if (run->tasks != 0)
        return task_fail(EINVAL,
            "-N %" PRIu64 " does not go with from and to, which make %" PRIu64
            " tasks; leave -N out",
            run->tasks, to - from);
    primes->range = true;
    primes->from = from;
    run->tasks = to - from;
    return 0;
}

static int primes_setup(struct case_run *run)
{
    struct primes *primes = calloc(1, sizeof *primes);
    if (primes == NULL)
        return task_fail(ENOMEM, "no memory for the parameters");
    int code = 0;
    if (param_given(run->params, "from") || param_given(run->params, "to"))
        code = range_setup(run, primes);
    else if (run->tasks == 0)
        run->tasks = DEFAULT_TASKS;
    if (code != 0) {
        free(primes);
        return code;
    }
    run->even = false;
    run->ctx = primes;
    return 0;
}

static void primes_teardown(void *ctx)
{
    free(ctx);
}

/* The number itself if it is prime; 0 below 2, where there is none. */
static uint64_t smallest_factor(uint64_t number)
{
    if (number < 2)
        return 0;
    if (number % 2 == 0)
        return 2;
    for (uint64_t divisor = 3; divisor * divisor <= number; divisor += 2) {
        if (number % divisor == 0)
            return divisor;
        if (divisor % PIECE == 1)
            task_checkpoint();
    }
    return number;
}

static int primes_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)local;
    result->value = smallest_factor(number_at(ctx, index));
    return 0;
}

/* Any factor must divide its number; the known numbers' factors are known. */
static bool plausible(const struct primes *primes, uint64_t index, uint64_t factor)
{
    if (!primes->range)
        return factor == known[index % KNOWN_COUNT].factor;
    uint64_t number = number_at(primes, index);
    return factor == 0 ? number < 2 : number % factor == 0;
}

static int primes_verify(const void *ctx, const struct case_results *results)
{
    for (uint64_t i = 0; i < case_tasks(results); i++) {
        if (!case_ok(results, i))
            continue;
        uint64_t factor = case_result(results, i)->value;
        if (!plausible(ctx, i, factor))
            return task_fail(EIO,
                "task %" PRIu64 ": %" PRIu64 " is not the smallest factor of %" PRIu64, i, factor,
                number_at(ctx, i));
    }
    return 0;
}

static void primes_answer(
    const void *ctx, const struct case_results *results, char *text, size_t size)
{
    uint64_t count = 0;
    for (uint64_t i = 0; i < case_tasks(results); i++) {
        if (!case_ok(results, i))
            continue;
        uint64_t factor = case_result(results, i)->value;
        count += factor != 0 && factor == number_at(ctx, i);
    }
    snprintf(text, size, "%" PRIu64, count);
}

static const struct param primes_params[] = {
    {.name = "from",
        .type = PARAM_COUNT,
        .min = 0,
        .max = NUMBER_MAX,
        .help = "first number to test (default: six known large ones in turn)"},
    {.name = "to",
        .type = PARAM_COUNT,
        .min = 0,
        .max = NUMBER_MAX,
        .help = "end of the numbers to test, itself excluded"},
    {.name = NULL},
};

const struct bench_case case_primes = {
    .name = "primes",
    .summary = "trial division of large numbers: uneven CPU work; counts the primes",
    .description =
        "Each task divides one number by 2 and every odd number up to its root or its first "
        "factor; the result is how many are prime. The divider of one core is the only limit: no "
        "memory is touched and nothing shared. Expect speedup = workers up to the usable CPUs and "
        "flat behind. With few tasks the curve has steps, because tasks are long and uneven and "
        "the last ones leave workers idle. Numbers given by from and to cost less each and differ "
        "more, since most have a small factor; there chunks have to be large enough.",
    .kind = CASE_CPU,
    .params = primes_params,
    .task = primes_task,
    .setup = primes_setup,
    .teardown = primes_teardown,
    .verify = primes_verify,
    .answer = primes_answer,
};
