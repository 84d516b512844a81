/* What a case was opened with, as bytes, and opening it by them. See reopen.h. */
#include "reopen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct again {
    uint64_t tasks, seed;
    char handed[CASE_HANDED_MAX];
    char texts[]; /* the name and each parameter's name=value, with their ends */
};

static const char *parameter(const struct workload_request *request, size_t i)
{
    return request->options ? param_many(request->options, "param", i) : NULL;
}

int reopen_note(struct workload *workload, const struct workload_request *request)
{
    const char *text;
    size_t length = strlen(request->name) + 1;
    for (size_t i = 0; (text = parameter(request, i)); i++)
        length += strlen(text) + 1;
    struct again *again = calloc(1, sizeof *again + length);
    if (!again)
        return -1;
    again->tasks = request->tasks;
    again->seed = request->seed;
    memcpy(again->handed, workload->run.handed, sizeof again->handed);
    char *end = stpcpy(again->texts, request->name) + 1;
    for (size_t i = 0; (text = parameter(request, i)); i++)
        end = stpcpy(end, text) + 1;
    workload->again = again;
    workload->again_size = sizeof *again + length;
    return 0;
}

/* ---- in the worker process ---- */

static struct workload reopened; /* the process's one */

const struct workload *reopen_case(const void *given, size_t size)
{
    static const struct param table[] = {{.name = "param", .type = PARAM_MANY}, {.name = NULL}};
    const struct again *again = given;
    const char *end = (const char *)given + size, *text = again->texts;
    char why[TASK_MESSAGE_MAX];
    struct param_values *options = param_new(table);
    while ((text += strlen(text) + 1) < end)
        param_set(options, "param", text, why, sizeof why); /* any text will do */
    const struct workload_request request = {.name = again->texts,
        .options = options,
        .tasks = again->tasks,
        .seed = again->seed,
        .handed = again->handed};
    enum status status = workload_open_case(&reopened, &request, why, sizeof why);
    param_free(options);
    if (status)
        task_fail(EIO, "%s", why);
    return status ? NULL : &reopened;
}

int reopen_enter(const void *ctx, void **local)
{
    int code = reopened.bench->worker_enter ? reopened.bench->worker_enter(ctx, local) : 0;
    if (code)
        workload_close_case(&reopened);
    return code;
}

void reopen_leave(const void *ctx, void *local)
{
    if (reopened.bench->worker_leave)
        reopened.bench->worker_leave(ctx, local);
    workload_close_case(&reopened);
}

int reopen_remake(const void *again, size_t size, struct pool_config *config)
{
    const struct workload *workload = reopen_case(again, size);
    if (!workload)
        return EIO;
    config->task = workload->bench->task;
    config->ctx = workload->run.ctx;
    config->worker_enter = reopen_enter;
    config->worker_leave = reopen_leave;
    return 0;
}
