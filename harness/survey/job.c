/* What C makes of a job, by its serial backend. */
#include "job.h"

#include "../measure/answer.h"
#include "../measure/registry.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static enum status open_workload(
    const struct job *job, const char *folder, struct workload *workload, char *why)
{
    static const struct param table[] = {{.name = "param", .type = PARAM_MANY}, {.name = NULL}};
    struct param_values *options = param_new(table);
    struct answer_words params = {0};
    answer_words_of(&params, job->params);
    if (strcmp(job->bench, "thumbnails") == 0)
        answer_word(&params, "output=%s/C", folder);
    int failed = 0;
    for (size_t i = 0; !failed && i < params.count; i++)
        failed = param_set(options, "param", params.list[i], why, TASK_MESSAGE_MAX);
    const struct workload_request request = {
        .name = job->bench, .options = options, .tasks = job->tasks, .seed = WORKLOAD_SEED};
    enum status status = STATUS_USAGE;
    if (!failed)
        status = workload_open(workload, &request, why, TASK_MESSAGE_MAX);
    answer_words_free(&params);
    param_free(options);
    return status;
}

static int run_serial(struct workload *workload, char *why, size_t size)
{
    const struct pool_config config = {.workers = 1,
        .task = workload->bench->task,
        .ctx = workload->run.ctx,
        .worker_enter = workload->bench->worker_enter,
        .worker_leave = workload->bench->worker_leave,
        .arena = &workload->arena};
    arena_reset(&workload->arena, workload->run.tasks);
    struct pool *pool = pool_start(registry_backend("serial"), &config, why, size);
    if (!pool)
        return -1;
    int failed = pool_map(pool, workload->run.tasks, 0);
    if (failed)
        snprintf(why, size, "%s", task_message(EIO));
    pool_stop(pool);
    return failed ? -1 : workload_verify(workload, why, size);
}

void job_expect(const struct job *job, const char *folder, struct job_expected *expected)
{
    struct workload *workload = &expected->workload;
    if (open_workload(job, folder, workload, expected->why) != STATUS_DONE)
        return;
    expected->open = true;
    if (run_serial(workload, expected->why, sizeof expected->why))
        return;
    struct workload_outcome outcome = workload_outcome(workload, workload->run.tasks, NULL);
    if (outcome.ok != workload->run.tasks) {
        snprintf(expected->why, sizeof expected->why, "%" PRIu64 " of its tasks have failed in C",
            workload->run.tasks - outcome.ok);
        return;
    }
    snprintf(expected->checksum, sizeof expected->checksum, "0x%016" PRIx64, outcome.checksum);
    workload_answer(workload, expected->answer, sizeof expected->answer);
    expected->answer[strcspn(expected->answer, ";")] = '\0'; /* what only one server can tell */
}

void job_forget(struct job_expected *expected)
{
    if (expected->open)
        workload_close(&expected->workload);
    expected->open = false;
}

int job_compare(const struct job_expected *expected, const json_t *answer)
{
    const char *checksum = json_string_value(json_object_get(answer, "checksum"));
    const char *result = json_string_value(json_object_get(answer, "result"));
    const size_t length = strlen(expected->answer);
    if (checksum && strcmp(checksum, expected->checksum) != 0)
        return task_fail(EBADMSG, "its checksum is %s, C's %s", checksum, expected->checksum);
    if (length > 0 && (!result || strncmp(result, expected->answer, length) != 0))
        return task_fail(EBADMSG, "its result is %.80s, C's %.80s", result ? result : "missing",
            expected->answer);
    return 0;
}
