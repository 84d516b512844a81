/* Transfers between accounts. Whatever happens, no money comes or goes: the sum over all accounts
 * is that of the beginning, after any number of regions. Transfers commute, as accounts can be
 * overdrawn, so nothing depends on the order in which workers get the locks. */
#include "case.h"

#include "support/bank.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_TASKS 200
#define ACCOUNTS_MAX 100000
#define AMOUNT_MAX 100

struct account {
    uint64_t seed, transfers, work;
    struct bank bank;
};

static enum bank_locking locking_named(const char *name)
{
    return strcmp(name, "one") == 0         ? BANK_ONE
           : strcmp(name, "recursive") == 0 ? BANK_RECURSIVE
                                            : BANK_ORDERED;
}

static int account_setup(struct case_run *run)
{
    struct account *account = calloc(1, sizeof *account);
    if (!account)
        return task_fail(ENOMEM, "no memory for the parameters");
    account->seed = run->seed;
    account->transfers = param_count(run->params, "transfers");
    account->work = param_count(run->params, "work");
    int code = bank_open(&account->bank, run, (unsigned)param_count(run->params, "accounts"),
        locking_named(param_text(run->params, "how")));
    if (code) {
        free(account);
        return code;
    }
    if (run->tasks == 0)
        run->tasks = DEFAULT_TASKS;
    run->even = true;
    run->result_size = sizeof(uint64_t);
    run->ctx = account;
    return 0;
}

static void account_teardown(void *ctx)
{
    struct account *account = ctx;
    bank_close(&account->bank);
    free(account);
}

static int account_worker_enter(const void *ctx, void **local)
{
    return seats_enter(&((const struct account *)ctx)->bank.seats, local);
}

static void account_worker_leave(const void *ctx, void *local)
{
    (void)ctx;
    seats_leave(local);
}

static struct transfer transfer_from_hash(const struct account *account, uint64_t hash)
{
    unsigned accounts = account->bank.accounts, from = (unsigned)(hash % accounts);
    unsigned apart = 1 + (unsigned)((hash >> 20) % (accounts - 1));
    return (struct transfer){.from = from,
        .to = (from + apart) % accounts,
        .amount = 1 + (int64_t)((hash >> 40) % AMOUNT_MAX)};
}

static int account_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    const struct account *account = ctx;
    uint64_t seed = hash_mix(account->seed, index), x = seed, moved = 0;
    for (uint64_t i = 0; i < account->transfers; i++) {
        struct transfer transfer = transfer_from_hash(account, hash_mix(seed, i));
        x = bank_transfer(&account->bank, local, &transfer, x, account->work);
        moved += (uint64_t)transfer.amount;
        task_checkpoint();
    }
    memcpy(result->bytes, &moved, sizeof moved);
    result->value = hash_mix(x, moved);
    return 0;
}

static int account_verify(const void *ctx, const struct case_results *results)
{
    (void)results;
    const struct account *account = ctx;
    int64_t sum = bank_sum(&account->bank);
    int64_t paid_in = (int64_t)account->bank.accounts * BANK_PAID_IN;
    if (sum != paid_in)
        return task_fail(EIO,
            "the accounts hold %" PRId64 ", but %" PRId64 " was paid in: money was %s", sum,
            paid_in, sum < paid_in ? "lost" : "made");
    return 0;
}

static void account_answer(
    const void *ctx, const struct case_results *results, char *text, size_t size)
{
    const struct account *account = ctx;
    uint64_t moved = 0;
    for (uint64_t i = 0; i < case_tasks(results); i++) {
        uint64_t of_task = 0;
        if (case_ok(results, i))
            memcpy(&of_task, case_result(results, i)->bytes, sizeof of_task);
        moved += of_task;
    }
    snprintf(text, size, "%" PRIu64 " moved, %" PRId64 " in the accounts", moved,
        bank_sum(&account->bank));
}

static const struct param account_params[] = {
    {.name = "how",
        .type = PARAM_CHOICE,
        .value = "ordered",
        .choices = "one|recursive|ordered",
        .help = "one lock, one that can be taken again, or one for each account, in order"},
    {.name = "accounts",
        .type = PARAM_COUNT,
        .value = "100",
        .min = 2,
        .max = ACCOUNTS_MAX,
        .help = "how many accounts, 2 to 100k"},
    {.name = "work",
        .type = PARAM_COUNT,
        .value = "1000",
        .min = 0,
        .max = 1e12,
        .help = "multiplications within a transfer, one after the other"},
    {.name = "transfers",
        .type = PARAM_COUNT,
        .value = "1000",
        .min = 1,
        .max = 1e9,
        .help = "transfers of a task"},
    {.name = NULL},
};

const struct bench_case case_account = {
    .name = "account",
    .summary = "transfers between accounts, by one lock or one for each: the sum never changes",
    .description =
        "Each task moves amounts between accounts that it picks at random, with some work between "
        "withdrawing and depositing, all of it under lock. With how=one the whole is one critical "
        "section: no number of workers is faster than one, and more than one pay for handing the "
        "lock over. how=recursive is the same with a lock that its holder can take again, which "
        "lets withdrawing and depositing lock for themselves; it costs two more lock calls, not "
        "more waiting. With how=ordered each account has a lock, and only transfers that meet at "
        "an account wait: w workers with a accounts meet with a chance near 4 (w - 1) / a, so "
        "expect speedup = workers up to the usable CPUs with many accounts, and how=one's curve "
        "with two. Taking the two locks in the order of the accounts is what keeps transfers in "
        "opposite directions from waiting for each other for ever.",
    .kind = CASE_SYNC,
    .params = account_params,
    .task = account_task,
    .setup = account_setup,
    .teardown = account_teardown,
    .worker_enter = account_worker_enter,
    .worker_leave = account_worker_leave,
    .verify = account_verify,
    .answer = account_answer,
};
