/* A worker's messages to its partner. A link that failed is dropped, and the next task of that
 * worker asks for another partner, so that a partner's death costs one task. */
#include "echo.h"

#include "chain.h"
#include "echo_host.h"
#include "message.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A serial region takes about so long, by these rough costs. */
#define REGION_NS 300000000u
#define MESSAGE_NS 15000u

const struct param echo_params[] = {
    {.name = "grain",
        .type = PARAM_DURATION,
        .value = "0",
        .max = 1e10,
        .help = "CPU time that the partner computes for with each message, 0 to 10s"},
    {.name = "size",
        .type = PARAM_COUNT,
        .value = "64",
        .min = 1,
        .max = MESSAGE_MAX,
        .help = "bytes of a message, 1 to 16M"},
    {.name = "mode",
        .type = PARAM_CHOICE,
        .value = "roundtrip",
        .choices = "roundtrip|oneway",
        .help = "each message comes back, or only the last is acknowledged"},
    {.name = "messages",
        .type = PARAM_COUNT,
        .value = "1",
        .min = 1,
        .max = 1e6,
        .help = "messages of a task, 1 to 1M"},
    {.name = NULL},
};

struct echo {
    struct echo_plan plan;
    struct echo_options options;
    struct echo_host *host;          /* NULL: another process's */
    struct sigaction sigpipe_before; /* what setup changes in the process, for teardown */
    char address[ECHO_ADDRESS_MAX];
};

struct echo_worker {
    struct echo_link link;
    bool linked;
    bool compared; /* one message was held against what was sent byte by byte */
    unsigned char *sent, *received;
};

/* ---- what is sent ---- */

struct echo_plan echo_plan(struct case_run *run, uint64_t grain)
{
    struct echo_plan plan = {.seed = run->seed,
        .size = param_count(run->params, "size"),
        .oneway = strcmp(param_text(run->params, "mode"), "oneway") == 0,
        .messages = param_count(run->params, "messages")};
    if (run->tasks == 0)
        run->tasks = 1 + REGION_NS / (plan.messages * (MESSAGE_NS + plan.size + grain));
    run->even = true;
    return plan;
}

/* A task's value: a hash of what came back, or came over. */
static uint64_t value_of(const struct echo_plan *plan, uint64_t index, unsigned char *message)
{
    uint64_t value = 0;
    for (uint64_t i = 0; i < plan->messages; i++) {
        message_stamp(message, plan->size, echo_key(plan, index, i));
        value = hash_mix(value, message_hash(message, plan->size));
    }
    return value;
}

int echo_check(const struct echo_plan *plan, const struct case_results *results)
{
    unsigned char *message = malloc(plan->size);
    int code = message ? 0 : task_fail(ENOMEM, "no memory for a message");
    if (message)
        message_fill(message, plan->size);
    for (uint64_t i = 0; !code && i < case_tasks(results); i++)
        if (case_ok(results, i) && case_result(results, i)->value != value_of(plan, i, message))
            code = task_fail(EBADMSG, "task %" PRIu64 ": what came over is not what was sent", i);
    free(message);
    return code;
}

void echo_tell(
    const struct echo_plan *plan, const struct case_results *results, char *text, size_t size)
{
    uint64_t done = 0;
    for (uint64_t i = 0; i < case_tasks(results); i++)
        done += case_ok(results, i);
    snprintf(text, size, "%" PRIu64 " %s of %zu bytes, %" PRIu64 " tasks failed",
        done * plan->messages, plan->oneway ? "messages one way" : "round trips", plan->size,
        case_tasks(results) - done);
}

/* ---- setup and workers ---- */

/* The partners are of the process that has the host, so only that one needs to know how much work a
 * grain is. */
static int find_host(struct echo *echo, struct case_run *run, uint64_t grain)
{
    if (!*run->handed) {
        if (grain > 0)
            echo->options.iterations = (uint64_t)((double)grain / chain_iteration_ns() + 0.5);
        int code = echo_host_start(&echo->host, &echo->options);
        if (code)
            return code;
        snprintf(run->handed, sizeof run->handed, "%s", echo_host_address(echo->host));
    }
    snprintf(echo->address, sizeof echo->address, "%.*s", ECHO_ADDRESS_MAX - 1, run->handed);
    return 0;
}

int echo_setup(struct case_run *run, const struct echo_transport *transport)
{
    struct echo *echo = calloc(1, sizeof *echo);
    if (!echo)
        return task_fail(ENOMEM, "out of memory");
    uint64_t grain = param_duration(run->params, "grain");
    echo->plan = echo_plan(run, grain);
    echo->options = (struct echo_options){.transport = transport,
        .size = echo->plan.size,
        .oneway = echo->plan.oneway,
        .messages = echo->plan.messages};
    int code = find_host(echo, run, grain);
    if (code) {
        free(echo);
        return code;
    }
    /* A pipe whose partner is dead is then an error of the task. */
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, &echo->sigpipe_before);
    run->ctx = echo;
    return 0;
}

void echo_teardown(void *ctx)
{
    struct echo *echo = ctx;
    echo_host_stop(echo->host);
    sigaction(SIGPIPE, &echo->sigpipe_before, NULL);
    free(echo);
}

void echo_worker_leave(const void *ctx, void *local)
{
    const struct echo *echo = ctx;
    struct echo_worker *worker = local;
    if (worker->linked)
        echo_disconnect(&echo->options, &worker->link);
    free(worker->sent);
    free(worker->received);
    free(worker);
}

static int find_partner(const struct echo *echo, struct echo_worker *worker)
{
    if (worker->linked)
        return 0;
    int code = echo_connect(echo->address, &echo->options, &worker->link);
    worker->linked = code == 0;
    return code;
}

int echo_worker_enter(const void *ctx, void **local)
{
    const struct echo *echo = ctx;
    size_t size = echo->plan.size;
    struct echo_worker *worker = calloc(1, sizeof *worker);
    if (!worker)
        return task_fail(ENOMEM, "no memory for a worker");
    worker->sent = malloc(size);
    worker->received = calloc(1, size);
    int code = worker->sent && worker->received
                   ? find_partner(echo, worker)
                   : task_fail(ENOMEM, "no memory for messages of %zu bytes", size);
    if (code) {
        echo_worker_leave(ctx, worker);
        return code;
    }
    message_fill(worker->sent, size);
    *local = worker;
    return 0;
}

/* ---- a task ---- */

static bool is_same(struct echo_worker *worker, size_t size, uint64_t hash)
{
    bool all = !worker->compared;
    worker->compared = true;
    return message_hash(worker->received, size) == hash &&
           (!all || memcmp(worker->sent, worker->received, size) == 0);
}

/* Each returns 0 and the value, or errno; EBADMSG: something else came than what was sent. */

static int run_round_trips(
    const struct echo *echo, struct echo_worker *worker, uint64_t index, uint64_t *value)
{
    const struct echo_transport *transport = echo->options.transport;
    size_t size = echo->plan.size;
    for (uint64_t i = 0; i < echo->plan.messages; i++) {
        message_stamp(worker->sent, size, echo_key(&echo->plan, index, i));
        uint64_t hash = message_hash(worker->sent, size);
        int code = transport->send(&worker->link, worker->sent, size);
        if (!code)
            code = transport->receive(&worker->link, worker->received, size);
        if (!code && !is_same(worker, size, hash))
            code = EBADMSG;
        if (code)
            return code;
        *value = hash_mix(*value, message_hash(worker->received, size));
    }
    return 0;
}

static int run_one_way(
    const struct echo *echo, struct echo_worker *worker, uint64_t index, uint64_t *value)
{
    const struct echo_transport *transport = echo->options.transport;
    size_t size = echo->plan.size;
    uint64_t sent = 0;
    int code = 0;
    for (uint64_t i = 0; i < echo->plan.messages && !code; i++) {
        message_stamp(worker->sent, size, echo_key(&echo->plan, index, i));
        sent = hash_mix(sent, message_hash(worker->sent, size));
        code = transport->send(&worker->link, worker->sent, size);
    }
    if (!code)
        code = transport->receive(&worker->link, value, sizeof *value);
    return !code && *value != sent ? EBADMSG : code;
}

static int fail_exchange(const struct echo *echo, int code)
{
    const char *what = echo->options.transport->what;
    if (code == EPIPE || code == ECONNRESET)
        return task_fail(
            EPIPE, "the partner at the other end of the %s has ended; was it killed?", what);
    if (code == EBADMSG)
        return task_fail(
            EBADMSG, "another message than the one that was sent came through the %s", what);
    return task_fail(code, "cannot use the %s: %s", what, strerror(code));
}

int echo_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    const struct echo *echo = ctx;
    struct echo_worker *worker = local;
    uint64_t value = 0;
    blocking_begin();
    int lost = find_partner(echo, worker);
    int code = lost                ? 0
               : echo->plan.oneway ? run_one_way(echo, worker, index, &value)
                                   : run_round_trips(echo, worker, index, &value);
    blocking_end();
    if (lost)
        return lost;
    if (code) {
        echo_disconnect(&echo->options, &worker->link);
        worker->linked = false;
        return fail_exchange(echo, code);
    }
    result->value = value;
    return 0;
}

int echo_verify(const void *ctx, const struct case_results *results)
{
    const struct echo *echo = ctx;
    return echo_check(&echo->plan, results);
}

void echo_answer(const void *ctx, const struct case_results *results, char *text, size_t size)
{
    const struct echo *echo = ctx;
    echo_tell(&echo->plan, results, text, size);
}
