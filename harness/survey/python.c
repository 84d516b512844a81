/* python: the same work by Python's pools and by ours, whole commands timed by hyperfine.
 *
 * What C makes of each job (job.h) is worked out once, when the survey is opened; a command that
 * answers otherwise has failed. */
#include "../measure/answer.h"
#include "../measure/hyperfine.h"
#include "../measure/peer.h"
#include "../measure/registry.h"
#include "folder.h"
#include "job.h"
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
    {"long powersum", "powersum", 100, "n=100M", {1, 2, 4}, NULL, none, lock_backends},
};
#define JOBS (sizeof jobs / sizeof *jobs)

enum probe_kind { PEER, BACKEND, BREAKEVEN };

struct python_probe {
    enum probe_kind kind;
    const struct job *job; /* NULL for BREAKEVEN */
    const char *pool;
    unsigned workers;
    uint64_t chunk;
};

struct python {
    struct keeper *keeper; /* of the folder */
    const char *folder;    /* temporary */
    struct job_expected expected[JOBS];
    struct python_probe *probes;
    size_t count;
};

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
    int code = survey_folder_make(&python->keeper);
    if (code) {
        free(python);
        return code;
    }
    python->folder = survey_folder_path(python->keeper);
    run->ctx = python;
    for (size_t i = 0; i < JOBS; i++) {
        if (is_wanted(run, &jobs[i]))
            job_expect(&jobs[i], python->folder, &python->expected[i]);
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
        job_forget(&python->expected[i]);
    survey_folder_remove(python->keeper);
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
    const struct job_expected *expected = &python->expected[probe->job - jobs];
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
    answer_word(words, "--limit=%d", READING_SECONDS); /* hyperfine has none */
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

static int read_command(
    const struct python *python, const struct python_probe *probe, struct survey_reading *reading)
{
    const struct job_expected *expected = &python->expected[probe->job - jobs];
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
    int code = job_compare(expected, object);
    const char *versions = json_string_value(json_object_get(object, "versions")); /* Python's */
    snprintf(reading->note, sizeof reading->note, "%s", versions ? versions : "");
    reading->values[1] = answer_number(object, "wall_s");
    reading->values[2] = answer_number(object, "start_s");
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
    reading->values[0] = answer_number(object, "breakeven_s");
    if (isnan(reading->values[0]))
        snprintf(reading->note, sizeof reading->note, "no gain with tasks of up to %g ms",
            1e3 * answer_number(object, "longest_s"));
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
