/* methods: what each way to hand tasks to a pool costs and guarantees, in C (method.h) and in
 * Python (cases/peers/methods.py, which does the same). */
#include "../measure/answer.h"
#include "../measure/peer.h"
#include "../pool/task.h"
#include "folder.h"
#include "method.h"
#include "survey.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define READING_SECONDS 30

static const char *const backends[] = {"threads", "processes"};
#define BACKENDS (sizeof backends / sizeof *backends)
#define OURS ((unsigned)(BACKENDS * method_count))

/* ---- Python's ---- */

static const struct peer {
    const char *pool, *method;
    unsigned chunk; /* 0: the library's choice */
} peers[] = {
#define POOL_METHODS(pool_)                                                                        \
    {pool_, "apply", 0}, {pool_, "apply_async", 0}, {pool_, "map", 0}, {pool_, "map", 1},          \
        {pool_, "map", 64}, {pool_, "map_async", 0}, {pool_, "starmap", 0},                        \
        {pool_, "starmap_async", 0}, {pool_, "imap", 0}, {pool_, "imap", 64},                      \
        {pool_, "imap_unordered", 0},                                                              \
    {                                                                                              \
        pool_, "imap_unordered", 64                                                                \
    }
    POOL_METHODS("ThreadPool"),
    POOL_METHODS("Pool-fork"),
    {"ThreadPoolExecutor", "submit", 0},
    {"ThreadPoolExecutor", "map", 0},
    {"ThreadPoolExecutor", "as_completed", 0},
    {"ProcessPoolExecutor", "submit", 0},
    {"ProcessPoolExecutor", "map", 0},
    {"ProcessPoolExecutor", "map", 64},
    {"ProcessPoolExecutor", "as_completed", 0},
    {"joblib-threading", "Parallel", 0},
    {"joblib-loky", "Parallel", 0},
    {"joblib-multiprocessing", "Parallel", 0},
};
#define PEERS (sizeof peers / sizeof *peers)

static int read_peer(const char *folder, const struct peer *peer, struct survey_reading *reading)
{
    char why[TASK_MESSAGE_MAX];
    json_t *object;
    struct answer_words words = {0};
    const char *missing = peer_missing();
    if (missing)
        return task_fail(ENOTSUP, "%s", missing);
    setenv("TMPDIR", folder, 1); /* this process's is the reading's */
    peer_words(&words, "methods.py");
    answer_words_of(&words, peer->pool);
    answer_words_of(&words, peer->method);
    answer_word(&words, "--workers=%d", METHOD_WORKERS);
    answer_word(&words, "--chunk=%u", peer->chunk);
    enum status status = answer_ask(&words, folder, READING_SECONDS - 1, &object, why, sizeof why);
    answer_words_free(&words);
    if (status != STATUS_DONE)
        return task_fail(ENOEXEC, "%s", why);
    reading->values[0] = answer_number(object, "wall_s") / answer_number(object, "tasks");
    reading->values[1] = answer_number(object, "memory");
    reading->values[2] = answer_number(object, "in_order");
    reading->values[3] = answer_number(object, "blocks");
    json_decref(object);
    return 0;
}

/* ---- the survey ---- */

static void name_probe(unsigned probe, char *subject, size_t size)
{
    const struct peer *peer = &peers[probe < OURS ? 0 : probe - OURS];
    if (probe < OURS)
        snprintf(subject, size, "%s %s (C)", backends[probe / method_count],
            method_names[probe % method_count]);
    else if (peer->chunk)
        snprintf(subject, size, "%s.%s chunk %u", peer->pool, peer->method, peer->chunk);
    else
        snprintf(subject, size, "%s.%s", peer->pool, peer->method);
}

static int methods_open(struct survey_run *run)
{
    char subject[RESULT_NAME_MAX];
    struct keeper *folder;
    int code = survey_folder_make(&folder);
    if (code)
        return code;
    run->ctx = folder;
    for (unsigned i = 0; i < OURS + PEERS; i++) {
        name_probe(i, subject, sizeof subject);
        survey_add_probe(run, subject, 0);
        survey_add_figure(run, "a task", "s");
        survey_add_figure(run, "memory a task", "bytes");
        survey_add_figure(run, "in order", "");
        survey_add_figure(run, "blocks", "");
    }
    return 0;
}

static void methods_close(struct survey_run *run)
{
    survey_folder_remove(run->ctx);
}

static int methods_read(
    const struct survey_run *run, unsigned probe, struct survey_reading *reading)
{
    if (probe >= OURS)
        return read_peer(survey_folder_path(run->ctx), &peers[probe - OURS], reading);
    struct method_figures figures;
    int code = method_measure(probe % method_count, backends[probe / method_count], &figures);
    reading->values[0] = figures.task_s;
    reading->values[1] = figures.memory;
    reading->values[2] = figures.in_order;
    reading->values[3] = figures.blocks;
    return code;
}

const struct survey survey_methods = {
    .name = "methods",
    .title = "What each method of a pool costs and guarantees",
    .summary = "time and memory a task, order of results, and whether the call waits, C and Python",
    .description =
        "Empty tasks on two warm workers: the time of a task is that of the call and of taking all "
        "results, over their number (in C 10^4 to 10^6; in Python as many as take 0.1 s); memory "
        "is by how much the owner's peak grew for each, the results included and the pool's start "
        "not (in Python over a second region of 0.4 s, "
        "at most 2.6 x 10^5 tasks). In order is 1 where results come in the order of items though "
        "the first ends behind another one, if that may run beside it; blocks is 1 where the call "
        "returns only when the result is there, tried with one that sleeps. In C, pool_map does "
        "what map and starmap do, pool_map_async what map_async and starmap_async do, pool_submit "
        "what apply_async and submit do. Expect chunks to matter most where a task goes through a "
        "pipe; handles (apply_async, submit) to cost memory for each task; and imap_unordered and "
        "as_completed to be the ones without order.",
    .rounds = 6,
    .reading_seconds = READING_SECONDS,
    .open = methods_open,
    .read = methods_read,
    .close = methods_close,
};
