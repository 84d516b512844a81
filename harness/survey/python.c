/* python: the same work by Python's pools and by ours, whole commands timed by hyperfine.
 *
 * A job is a case with its parameters, the same for both. What C's serial loop makes of it is
 * worked out once, when the survey is opened; a command that answers otherwise has failed. The
 * server of http and the folders of thumbnails are those of that one run. */
#include "../measure/answer.h"
#include "../measure/hyperfine.h"
#include "../measure/peer.h"
#include "../measure/registry.h"
#include "../measure/workload.h"
#include "../util/tempdir.h"
#include "survey.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define READING_SECONDS 40
#define BREAKEVEN_WORKERS 2

struct job {
    const char *name; /* of its subjects */
    const char *bench;
    uint64_t tasks;
    const char *params;     /* name=value texts, split at blanks */
    unsigned workers[4];    /* ends with 0 */
    const uint64_t *chunks; /* beside the default of each pool; ends with 0. NULL: none */
    const char *const *peers, *const *backends; /* end with NULL */
};

static const char *const all_peers[] = {"serial", "threading.Thread", "Thread-per-task",
    "ThreadPool", "Pool-fork", "Pool-spawn", "ThreadPoolExecutor", "ProcessPoolExecutor",
    "joblib-threading", "joblib-loky", "joblib-multiprocessing", NULL};
static const char *const chunk_peers[] = {
    "serial", "ThreadPool", "Pool-fork", "ProcessPoolExecutor", "joblib-loky", NULL};
static const char *const all_backends[] = {"serial", "threads", "processes", NULL};
static const char *const lock_backends[] = {"serial", "threads", "gil", NULL};
static const char *const none[] = {NULL};
static const uint64_t chunks[] = {1, 16, 256, 0};

static const struct job jobs[] = {
    {"powersum", "powersum", 64, "n=1M", {1, 2, 4}, NULL, all_peers, all_backends},
    {"primes", "primes", 0, "from=1000000000000 to=1000000000200", {2}, NULL, all_peers,
        all_backends},
    {"sleep", "sleep", 100, "duration=5ms", {4, 16}, NULL, all_peers, all_backends},
    {"http", "http", 100, "latency=5ms", {4, 16}, NULL, all_peers, all_backends},
    {"thumbnails", "thumbnails", 64, "", {2}, NULL, all_peers, all_backends},
    {"small tasks", "powersum", 4096, "n=400k", {2}, chunks, chunk_peers, all_backends},
    /* a case of C's own length: Python's would outlast the survey */
    {"powersum n=500M", "powersum", 100, "n=500M", {1, 2, 4}, NULL, none, lock_backends},
};
#define JOBS (sizeof jobs / sizeof *jobs)

/* What a job is to answer, and what its commands need to know of C's run of it. */
struct expected {
    bool open; /* the workload is, as long as the survey: http's server is its own */
    struct workload workload;
    char why[TASK_MESSAGE_MAX]; /* there is no checksum */
    char checksum[24], answer[128];
};

enum probe_kind { PEER, BACKEND, BREAKEVEN };

struct python_probe {
    enum probe_kind kind;
    const struct job *job; /* NULL for BREAKEVEN */
    const char *pool;
    unsigned workers;
    uint64_t chunk;
};

struct python {
    char folder[PATH_MAX - 64]; /* temporary */
    struct expected expected[JOBS];
    struct python_probe *probes;
    size_t count;
};

/* ---- what C makes of a job ---- */

static enum status open_workload(
    const struct python *python, const struct job *job, struct workload *workload, char *why)
{
    static const struct param table[] = {{.name = "param", .type = PARAM_MANY}, {.name = NULL}};
    struct param_values *options = param_new(table);
    struct answer_words params = {0};
    answer_words_of(&params, job->params);
    if (strcmp(job->bench, "thumbnails") == 0)
        answer_word(&params, "output=%s/C", python->folder);
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
    int failed = pool ? pool_map(pool, workload->run.tasks, 0) : -1;
    pool_stop(pool);
    return failed ? -1 : workload_verify(workload, why, size);
}

static void expect(const struct python *python, const struct job *job, struct expected *expected)
{
    struct workload *workload = &expected->workload;
    if (open_workload(python, job, workload, expected->why) != STATUS_DONE)
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

/* ---- probes ---- */

static void add_probe(struct survey_run *run, struct python *python, struct python_probe probe)
{
    char subject[RESULT_NAME_MAX], chunk[32] = "";
    python->probes = realloc(python->probes, (python->count + 1) * sizeof *python->probes);
    if (!python->probes)
        abort();
    python->probes[python->count++] = probe;
    if (probe.chunk)
        snprintf(chunk, sizeof chunk, " chunk %" PRIu64, probe.chunk);
    snprintf(subject, sizeof subject, "%s %s%s%s",
        probe.kind == BREAKEVEN ? "break-even" : probe.job->name, probe.pool,
        probe.kind == BACKEND ? " (C)" : "", chunk);
    survey_add_probe(run, subject, probe.workers);
    if (probe.kind == BREAKEVEN) {
        survey_add_figure(run, "break-even grain", "s");
        return;
    }
    survey_add_figure(run, "whole command", "s");
    survey_add_figure(run, "region", "s");
    survey_add_figure(run, "start", "s");
}

/* Workers that are interpreters of their own take a second or more to start, each of them. */
static unsigned most_workers(const char *pool)
{
    return strcmp(pool, "Pool-spawn") == 0 || strncmp(pool, "joblib", strlen("joblib")) == 0
               ? 4
               : UINT_MAX;
}

/* Of one pool at one size: with each chunk of the job. */
static void add_chunks(struct survey_run *run, struct python *python, struct python_probe probe)
{
    for (const uint64_t *chunk = probe.job->chunks; chunk && *chunk; chunk++) {
        probe.chunk = *chunk;
        add_probe(run, python, probe);
    }
    probe.chunk = 0;
    add_probe(run, python, probe);
}

/* Of one pool: at each size. */
static void add_probes(struct survey_run *run, struct python *python, struct python_probe probe)
{
    const unsigned *workers = probe.job->workers, most = most_workers(probe.pool);
    if (strcmp(probe.pool, "serial") == 0) {
        probe.workers = 1;
        add_probe(run, python, probe);
        return;
    }
    for (; *workers; workers++) {
        probe.workers = *workers;
        if (*workers <= most)
            add_chunks(run, python, probe);
    }
}

/* Whether any of its subjects can be wanted: others need not be worked out in C. */
static bool is_wanted(const struct survey_run *run, const struct job *job)
{
    return !run->only || strstr(run->only, job->name);
}

static int python_open(struct survey_run *run)
{
    struct python *python = calloc(1, sizeof *python);
    if (!python)
        return task_fail(ENOMEM, "no memory for the survey");
    if (tempdir_make(python->folder, sizeof python->folder, NULL, "survey")) {
        int code = errno;
        free(python);
        return task_fail(code, "cannot make a temporary folder: %s; set TMPDIR", strerror(code));
    }
    run->ctx = python;
    for (size_t i = 0; i < JOBS; i++) {
        if (is_wanted(run, &jobs[i]))
            expect(python, &jobs[i], &python->expected[i]);
        for (const char *const *pool = jobs[i].peers; *pool; pool++)
            add_probes(run, python, (struct python_probe){PEER, &jobs[i], *pool, 0, 0});
        for (const char *const *pool = jobs[i].backends; *pool; pool++)
            if (registry_backend(*pool))
                add_probes(run, python, (struct python_probe){BACKEND, &jobs[i], *pool, 0, 0});
    }
    for (const char *const *pool = all_peers + 1; *pool; pool++)
        add_probe(run, python, (struct python_probe){BREAKEVEN, NULL, *pool, BREAKEVEN_WORKERS, 0});
    return 0;
}

static void python_close(struct survey_run *run)
{
    struct python *python = run->ctx;
    for (size_t i = 0; i < JOBS; i++)
        if (python->expected[i].open)
            workload_close(&python->expected[i].workload);
    tempdir_remove(python->folder);
    free(python->probes);
    free(python);
}

/* ---- commands ---- */

static void add_params(struct answer_words *words, const char *params)
{
    struct answer_words list = {0};
    answer_words_of(&list, params);
    for (size_t i = 0; i < list.count; i++)
        answer_word(words, "--param"), answer_word(words, "%s", list.list[i]);
    answer_words_free(&list);
}

static void add_param(struct answer_words *words, const char *name, const char *value)
{
    answer_word(words, "--param");
    answer_word(words, "%s=%s", name, value);
}

/* What C's setup has made, for Python: the server, the photographs. The latency is the server's. */
static void add_made(
    struct answer_words *words, const struct python *python, const struct python_probe *probe)
{
    const struct expected *expected = &python->expected[probe->job - jobs];
    char text[PATH_MAX];
    if (strcmp(probe->job->bench, "http") == 0) {
        snprintf(text, sizeof text, "http://127.0.0.1:%.16s/", expected->workload.run.handed);
        add_param(words, "url", text);
    } else {
        add_params(words, probe->job->params);
    }
    if (strcmp(probe->job->bench, "thumbnails") == 0) {
        snprintf(text, sizeof text, "%s/C", python->folder);
        add_param(words, "against", text);
        snprintf(text, sizeof text, "%s/Python", python->folder);
        add_param(words, "output", text);
    }
}

static void peer_command(
    struct answer_words *words, const struct python *python, const struct python_probe *probe)
{
    peer_words(words, "run.py");
    answer_word(words, "%s", probe->job->bench);
    answer_words_of(words, "--pool");
    answer_word(words, "%s", probe->pool);
    add_made(words, python, probe);
}

static void backend_command(struct answer_words *words, const struct python_probe *probe)
{
    answer_program(words);
    answer_words_of(words, "run --json");
    answer_word(words, "%s", probe->job->bench);
    answer_words_of(words, "-b");
    answer_word(words, "%s", probe->pool);
    add_params(words, probe->job->params);
}

/* The words that both kinds of command have. */
static void add_sizes(struct answer_words *words, const struct python_probe *probe)
{
    answer_word(words, "--workers=%u", probe->workers);
    if (probe->job && probe->job->tasks)
        answer_word(words, "--tasks=%" PRIu64, probe->job->tasks);
    if (probe->chunk)
        answer_word(words, "--chunk=%" PRIu64, probe->chunk);
}

/* ---- readings ---- */

/* Where Python makes other bytes than C (thumbnails), it has no checksum and has compared sizes. */
static int compare(const struct expected *expected, const json_t *object)
{
    const char *checksum = json_string_value(json_object_get(object, "checksum"));
    const char *answer = json_string_value(json_object_get(object, "result"));
    const size_t length = strlen(expected->answer);
    if (checksum && strcmp(checksum, expected->checksum) != 0)
        return task_fail(EBADMSG, "its checksum is %s, C's %s", checksum, expected->checksum);
    if (length > 0 && (!answer || strncmp(answer, expected->answer, length) != 0))
        return task_fail(EBADMSG, "its result is %.80s, C's %.80s", answer ? answer : "missing",
            expected->answer);
    return 0;
}

static double number_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static int read_command(
    const struct python *python, const struct python_probe *probe, struct survey_reading *reading)
{
    const struct expected *expected = &python->expected[probe->job - jobs];
    char why[TASK_MESSAGE_MAX];
    json_t *object;
    struct answer_words words = {0};
    if (!*expected->checksum)
        return task_fail(ENOTSUP, "%s", expected->why);
    if (probe->kind == PEER)
        peer_command(&words, python, probe);
    else
        backend_command(&words, probe);
    add_sizes(&words, probe);
    enum status status =
        answer_time(&words, python->folder, &reading->values[0], &object, why, sizeof why);
    answer_words_free(&words);
    if (status != STATUS_DONE)
        return task_fail(ENOEXEC, "%s", why);
    int code = compare(expected, object);
    reading->values[1] = number_of(object, "wall_s");
    reading->values[2] = number_of(object, "start_s");
    json_decref(object);
    return code;
}

static int read_breakeven(
    const struct python *python, const struct python_probe *probe, struct survey_reading *reading)
{
    char why[TASK_MESSAGE_MAX];
    json_t *object;
    struct answer_words words = {0};
    peer_words(&words, "breakeven.py");
    answer_word(&words, "%s", probe->pool);
    add_sizes(&words, probe);
    enum status status =
        answer_ask(&words, python->folder, READING_SECONDS - 1, &object, why, sizeof why);
    answer_words_free(&words);
    if (status != STATUS_DONE)
        return task_fail(ENOEXEC, "%s", why);
    reading->values[0] = number_of(object, "breakeven_s");
    if (isnan(reading->values[0]))
        snprintf(reading->note, sizeof reading->note, "no gain with tasks of up to %g ms",
            1e3 * number_of(object, "longest_s"));
    json_decref(object);
    return 0;
}

static int python_read(const struct survey_run *run, unsigned probe, struct survey_reading *reading)
{
    const struct python *python = run->ctx;
    const struct python_probe *of = &python->probes[probe];
    return of->kind == BREAKEVEN ? read_breakeven(python, of, reading)
                                 : read_command(python, of, reading);
}

static const char *python_supported(void)
{
    static char why[TASK_MESSAGE_MAX];
    const char *missing = peer_missing();
    return !missing && hyperfine_check(why, sizeof why) != STATUS_DONE ? why : missing;
}

const struct survey survey_python = {
    .name = "python",
    .title = "The same work in Python",
    .summary = "cases written once in Python, on Python's pools, beside ours",
    .description =
        "Each case of cases/peers has the parameters and the results of the case in C of the same "
        "name, and each of Python's pools runs it. A reading is one command, timed whole by "
        "hyperfine: the interpreter, the imports, the pool's start, the tasks, and its end; "
        "region is the time of the tasks alone on a pool that is warm, as the command itself "
        "tells, and start that of the pool. A command whose checksum or result is not C's has "
        "failed (thumbnails: number and size in pixels of each, since two libraries do not make "
        "the same bytes). Expect threads to gain nothing where a task computes in Python "
        "(powersum, primes), because one lock lets one of them compute at a time, and as much as "
        "C's where it waits (sleep, http) or computes outside of the interpreter (thumbnails, in "
        "Pillow); processes to gain, once a task outweighs its way through a pipe: that is the "
        "break-even grain, the length of a task in a serial loop at which two workers of a warm "
        "pool, given one task at a time, take as long as the loop.",
    .axis = "workers",
    .rounds = 6,
    .reading_seconds = READING_SECONDS,
    .supported = python_supported,
    .open = python_open,
    .read = python_read,
    .close = python_close,
};
