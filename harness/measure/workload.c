/* Opening and closing a case, and judging the results of a region. */
#include "workload.h"

#include "plugin.h"
#include "registry.h"
#include "reopen.h"
#include "simulated.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct case_results {
    const struct arena *arena;
    uint64_t tasks;
};

uint64_t case_tasks(const struct case_results *results)
{
    return results->tasks;
}

static enum task_status status_of(const struct arena *arena, uint64_t index)
{
    /* relaxed: whoever wrote it has been joined or waited for */
    return (enum task_status)atomic_load_explicit(&arena->status[index], memory_order_relaxed);
}

bool case_ok(const struct case_results *results, uint64_t index)
{
    return status_of(results->arena, index) == TASK_OK;
}

const struct task_result *case_result(const struct case_results *results, uint64_t index)
{
    return arena_slot(results->arena, index);
}

const char *workload_kind_name(enum case_kind kind)
{
    static const char *const names[] = {[CASE_CPU] = "cpu",
        [CASE_MEMORY] = "memory",
        [CASE_IO] = "io",
        [CASE_MIXED] = "mixed",
        [CASE_SYNC] = "sync",
        [CASE_OVERHEAD] = "overhead"};
    return names[kind];
}

static enum status find_case(struct workload *workload, const char *name, char *why, size_t size)
{
    const struct registry_case *entry = registry_case(name);
    if (!entry && plugin_is_path(name)) {
        workload->bench = plugin_load(name, why, size);
        return workload->bench ? STATUS_DONE : STATUS_USAGE;
    }
    if (!entry) {
        snprintf(why, size,
            "unknown case \"%s\"; `poolbench list` shows the cases, and a plug-in is given by its "
            "path, ./%s.so",
            name, name);
        return STATUS_USAGE;
    }
    if (!entry->bench) {
        snprintf(why, size, "case %s is not available here: %s", name, entry->missing);
        return STATUS_UNAVAILABLE;
    }
    workload->bench = entry->bench;
    return STATUS_DONE;
}

static enum status set_params(
    struct workload *workload, const struct workload_request *request, char *why, size_t size)
{
    const struct param_values *options = request->options;
    const char *pair;
    workload->params = param_new(workload->bench->params);
    for (size_t i = 0; options && (pair = param_many(options, "param", i)); i++) {
        char name[64], reason[512];
        size_t length = strcspn(pair, "=");
        if (pair[length] != '=' || length == 0 || length >= sizeof name) {
            snprintf(why, size, "--param \"%s\" is not of the form name=value", pair);
            return STATUS_USAGE;
        }
        memcpy(name, pair, length);
        name[length] = '\0';
        if (param_set(workload->params, name, pair + length + 1, reason, sizeof reason)) {
            snprintf(why, size, "case %s: %s; `poolbench list %s` shows its parameters",
                workload->bench->name, reason, request->name);
            return STATUS_USAGE;
        }
    }
    return STATUS_DONE;
}

static enum status set_up(struct workload *workload, char *why, size_t size)
{
    int code = workload->bench->setup ? workload->bench->setup(&workload->run) : 0;
    if (code == 0)
        return STATUS_DONE;
    snprintf(why, size, "case %s: %s", workload->bench->name, task_message(code));
    return code == EINVAL ? STATUS_USAGE : code == ENOPKG ? STATUS_UNAVAILABLE : STATUS_FAILED;
}

enum status workload_open_case(
    struct workload *workload, const struct workload_request *request, char *why, size_t size)
{
    *workload = (struct workload){0};
    enum status status = find_case(workload, request->name, why, size);
    if (status)
        return status;
    status = set_params(workload, request, why, size);
    workload->run = (struct case_run){
        .params = workload->params, .seed = request->seed, .tasks = request->tasks};
    if (request->handed)
        snprintf(workload->run.handed, sizeof workload->run.handed, "%s", request->handed);
    if (status == STATUS_DONE)
        status = set_up(workload, why, size);
    if (status)
        param_free(workload->params);
    return status;
}

void workload_close_case(struct workload *workload)
{
    if (workload->bench->teardown)
        workload->bench->teardown(workload->run.ctx);
    param_free(workload->params);
}

static int make_memory(struct workload *workload)
{
    uint64_t tasks = workload->run.tasks;
    workload->reference = calloc(tasks + 1, sizeof *workload->reference);
    workload->known = calloc(tasks + 1, sizeof *workload->known);
    if (!workload->reference || !workload->known)
        return -1;
    return arena_make(&workload->arena, tasks, workload->run.result_size);
}

static void free_memory(struct workload *workload)
{
    arena_free(&workload->arena);
    free(workload->reference);
    free(workload->known);
    free(workload->again);
    simulated_forget(workload);
}

enum status workload_open(
    struct workload *workload, const struct workload_request *request, char *why, size_t size)
{
    enum status status = workload_open_case(workload, request, why, size);
    if (status)
        return status;
    if (make_memory(workload) == 0 && reopen_note(workload, request) == 0)
        return STATUS_DONE;
    snprintf(why, size, "case %s: no memory for %llu tasks (%s); ask for fewer with -N",
        workload->bench->name, (unsigned long long)workload->run.tasks, strerror(errno));
    workload_close(workload);
    return STATUS_FAILED;
}

enum status workload_open_with(struct workload *workload, const char *name, const char *param,
    uint64_t tasks, char *why, size_t size)
{
    static const struct param table[] = {
        {.name = "param", .type = PARAM_MANY, .help = "a parameter of the case"}, {0}};
    struct param_values *options = param_new(table);
    enum status status = STATUS_DONE;
    if (param && param_set(options, "param", param, why, size))
        status = STATUS_USAGE;
    const struct workload_request request = {
        .name = name, .options = options, .tasks = tasks, .seed = WORKLOAD_SEED};
    if (status == STATUS_DONE)
        status = workload_open(workload, &request, why, size);
    param_free(options);
    return status;
}

void workload_close(struct workload *workload)
{
    workload_close_case(workload);
    free_memory(workload);
}

struct workload_outcome workload_outcome(
    const struct workload *workload, uint64_t tasks, const uint64_t *indices)
{
    struct workload_outcome outcome = {0};
    for (uint64_t i = 0; i < tasks; i++) {
        uint64_t index = indices ? indices[i] : i;
        enum task_status status = status_of(&workload->arena, i);
        if (status == TASK_OK) {
            uint64_t value = arena_slot(&workload->arena, i)->value;
            outcome.ok++;
            outcome.checksum += hash_mix(index, value);
            outcome.wrong |= workload->known[index] && workload->reference[index] != value;
        } else if (status == TASK_ERROR) {
            outcome.errors++;
        } else if (status == TASK_TIMEOUT) {
            outcome.timeout++;
        } else {
            outcome.lost++;
        }
    }
    return outcome;
}

void workload_learn(struct workload *workload, uint64_t tasks, const uint64_t *indices)
{
    for (uint64_t i = 0; i < tasks; i++) {
        uint64_t index = indices ? indices[i] : i;
        if (!workload->known[index] && status_of(&workload->arena, i) == TASK_OK) {
            workload->known[index] = true;
            workload->reference[index] = arena_slot(&workload->arena, i)->value;
        }
    }
}

int workload_verify(const struct workload *workload, char *why, size_t size)
{
    const struct case_results results = {&workload->arena, workload->run.tasks};
    int code = workload->bench->verify ? workload->bench->verify(workload->run.ctx, &results) : 0;
    if (code)
        snprintf(why, size, "%s", task_message(code));
    return code;
}

void workload_answer(const struct workload *workload, char *text, size_t size)
{
    const struct case_results results = {&workload->arena, workload->run.tasks};
    *text = '\0';
    if (workload->bench->answer)
        workload->bench->answer(workload->run.ctx, &results, text, size);
}

void workload_task_name(const struct workload *workload, uint64_t index, char *text, size_t size)
{
    if (workload->bench->task_name)
        workload->bench->task_name(workload->run.ctx, index, text, size);
    else
        snprintf(text, size, "task %llu", (unsigned long long)index);
}
