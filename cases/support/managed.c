/* A connection and a key for each worker. With the manager dead each task fails, one by one. */
#include "managed.h"

#include "../../harness/share/manager.h"
#include "message.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAP "ipc"

struct managed {
    struct echo_plan plan;
    struct manager *manager;
};

struct managed_worker {
    struct manager_client *client; /* NULL: it broke */
    char key[48];
    unsigned char *message;
};

static int find_manager(struct managed *managed, struct case_run *run, bool tcp)
{
    char why[160] = "cannot find the manager";
    if (*run->handed) {
        managed->manager = manager_at(run->handed);
        return managed->manager ? 0 : task_fail(errno, "%s: %s", why, strerror(errno));
    }
    managed->manager = tcp ? manager_start_tcp(why, sizeof why) : manager_start(why, sizeof why);
    if (!managed->manager)
        return task_fail(ECHILD, "%s", why);
    manager_write_address(managed->manager, run->handed, sizeof run->handed);
    return 0;
}

int managed_setup(struct case_run *run, bool tcp)
{
    struct managed *managed = calloc(1, sizeof *managed);
    if (!managed)
        return task_fail(ENOMEM, "out of memory");
    managed->plan = echo_plan(run, 0);
    int code = find_manager(managed, run, tcp);
    if (code) {
        free(managed);
        return code;
    }
    run->ctx = managed;
    return 0;
}

void managed_teardown(void *ctx)
{
    struct managed *managed = ctx;
    manager_stop(managed->manager);
    free(managed);
}

static int join_manager(const struct managed *managed, struct managed_worker *worker)
{
    if (!worker->client)
        worker->client = manager_connect(managed->manager);
    return worker->client ? 0
                          : task_fail(errno, "cannot connect to the manager: %s; was it killed?",
                                strerror(errno));
}

/* The message goes with the worker, so that thousands of short-lived ones leave none behind. */
void managed_worker_leave(const void *ctx, void *local)
{
    struct managed_worker *worker = local;
    (void)ctx;
    if (worker->client)
        manager_map_delete(worker->client, MAP, worker->key);
    manager_disconnect(worker->client);
    free(worker->message);
    free(worker);
}

int managed_worker_enter(const void *ctx, void **local)
{
    static _Atomic unsigned entered; /* tells workers of one process apart; orders nothing */
    const struct managed *managed = ctx;
    struct managed_worker *worker = calloc(1, sizeof *worker);
    if (!worker)
        return task_fail(ENOMEM, "no memory for a worker");
    snprintf(worker->key, sizeof worker->key, "%d-%u", (int)getpid(),
        atomic_fetch_add_explicit(&entered, 1, memory_order_relaxed));
    worker->message = malloc(managed->plan.size);
    int code = worker->message
                   ? join_manager(managed, worker)
                   : task_fail(ENOMEM, "no memory for messages of %zu bytes", managed->plan.size);
    if (code) {
        managed_worker_leave(ctx, worker);
        return code;
    }
    message_fill(worker->message, managed->plan.size);
    *local = worker;
    return 0;
}

/* Each returns 0, or a status of the manager's; EBADMSG: something else came than was sent. */

static int send_message(const struct managed *managed, const struct managed_worker *worker)
{
    return manager_map_set(worker->client, MAP, worker->key, worker->message, managed->plan.size);
}

static int get_back(
    const struct managed *managed, const struct managed_worker *worker, uint64_t *hash)
{
    void *value;
    size_t size;
    int code = manager_map_get(worker->client, MAP, worker->key, &value, &size);
    if (code)
        return code;
    if (size == managed->plan.size)
        *hash = message_hash(value, size);
    if (size != managed->plan.size || *hash != message_hash(worker->message, size))
        code = EBADMSG;
    free(value);
    return code;
}

static int run_messages(
    const struct managed *managed, struct managed_worker *worker, uint64_t index, uint64_t *value)
{
    const struct echo_plan *plan = &managed->plan;
    for (uint64_t i = 0; i < plan->messages; i++) {
        message_stamp(worker->message, plan->size, echo_key(plan, index, i));
        uint64_t hash = message_hash(worker->message, plan->size);
        int code = send_message(managed, worker);
        if (!code && (!plan->oneway || i + 1 == plan->messages))
            code = get_back(managed, worker, &hash);
        if (code)
            return code;
        *value = hash_mix(*value, hash);
    }
    return 0;
}

int managed_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    const struct managed *managed = ctx;
    struct managed_worker *worker = local;
    uint64_t value = 0;
    blocking_begin();
    int apart = join_manager(managed, worker);
    int code = apart ? 0 : run_messages(managed, worker, index, &value);
    blocking_end();
    if (apart)
        return apart;
    if (code == MANAGER_GONE) {
        manager_disconnect(worker->client);
        worker->client = NULL;
        return task_fail(EPIPE, "the manager has ended; was it killed?");
    }
    if (code)
        return task_fail(code, "cannot send a message through the manager: %s", strerror(code));
    result->value = value;
    return 0;
}

int managed_verify(const void *ctx, const struct case_results *results)
{
    const struct managed *managed = ctx;
    return echo_check(&managed->plan, results);
}

void managed_answer(const void *ctx, const struct case_results *results, char *text, size_t size)
{
    const struct managed *managed = ctx;
    echo_tell(&managed->plan, results, text, size);
}
