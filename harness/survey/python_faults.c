/* python-faults: what becomes of a region in which a worker is killed or a task fails, on Python's
 * pools and on ours.
 *
 * Where workers are threads, a kill ends the whole program. So ours run in a process of their own
 * as well, as a reading's process has to tell of it; the results are in shared memory, but they
 * count only where the program is still there to see them. */
#include "../measure/answer.h"
#include "../measure/clock.h"
#include "../measure/peer.h"
#include "../measure/registry.h"
#include "../pool/backend.h"
#include "../pool/mapping.h"
#include "folder.h"
#include "survey.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TASKS 1000
#define TASK_NS 1000000
#define WORKERS 2
#define LIMIT_S 5 /* what has not ended by then hangs */
#define READING_SECONDS 20

enum fault { KILL, FAIL, FAULTS };

static const char *const fault_words[FAULTS] = {"kill", "fail"};
static const char *const fault_names[FAULTS] = {"worker killed", "task fails"};

static const struct peer {
    const char *pool, *method;
} peers[] = {
    {"threading.Thread", "map"},
    {"Thread-per-task", "map"},
    {"ThreadPool", "map"},
    {"ThreadPool", "imap_unordered"},
    {"Pool-fork", "map"},
    {"Pool-fork", "map_async"},
    {"Pool-fork", "starmap"},
    {"Pool-fork", "apply_async"},
    {"Pool-fork", "imap_unordered"},
    {"Pool-spawn", "map"},
    {"ThreadPoolExecutor", "map"},
    {"ThreadPoolExecutor", "submit"},
    {"ProcessPoolExecutor", "map"},
    {"ProcessPoolExecutor", "submit"},
    {"joblib-threading", "Parallel"},
    {"joblib-loky", "Parallel"},
    {"joblib-multiprocessing", "Parallel"},
};
#define PEERS (sizeof peers / sizeof *peers)

static const char *const backends[] = {
    "threads", "queue", "processes", "spawn", "hybrid", "thread-per-task", "process-per-task"};
#define BACKENDS (sizeof backends / sizeof *backends)

/* Probes are numbered by pool, ours behind Python's, and by fault within. */
static int faults_open(struct survey_run *run)
{
    char subject[RESULT_NAME_MAX];
    struct keeper *folder;
    int code = survey_folder_make(&folder);
    if (code)
        return code;
    run->ctx = folder;
    for (size_t i = 0; i < (PEERS + BACKENDS) * FAULTS; i++) {
        const size_t pool = i / FAULTS;
        if (pool < PEERS)
            snprintf(subject, sizeof subject, "%s: %s.%s", fault_names[i % FAULTS],
                peers[pool].pool, peers[pool].method);
        else
            snprintf(subject, sizeof subject, "%s: %s (C)", fault_names[i % FAULTS],
                backends[pool - PEERS]);
        survey_add_probe(run, subject, 0);
        survey_add_figure(run, "results of 1000", "");
        survey_add_figure(run, "tasks run", "");
        survey_add_figure(run, "hang", "");
        survey_add_figure(run, "until the end", "s");
    }
    return 0;
}

static void faults_close(struct survey_run *run)
{
    survey_folder_remove(run->ctx);
}

/* ---- Python's ---- */

static int read_peer(
    const char *folder, const struct peer *peer, enum fault fault, struct survey_reading *reading)
{
    char why[TASK_MESSAGE_MAX];
    json_t *object;
    struct answer_words words = {0};
    peer_words(&words, "faults.py");
    answer_words_of(&words, peer->pool);
    answer_words_of(&words, peer->method);
    answer_words_of(&words, fault_words[fault]);
    answer_word(&words, "--workers=%d", WORKERS);
    answer_word(&words, "--tasks=%d", TASKS);
    answer_word(&words, "--limit=%d", LIMIT_S);
    enum status status = answer_ask(&words, folder, READING_SECONDS - 1, &object, why, sizeof why);
    answer_words_free(&words);
    if (status != STATUS_DONE)
        return task_fail(ENOEXEC, "%s", why);
    reading->values[0] = answer_number(object, "results");
    reading->values[1] = answer_number(object, "ran");
    reading->values[2] = answer_number(object, "hang");
    reading->values[3] = answer_number(object, "seconds");
    snprintf(reading->note, sizeof reading->note, "%s",
        json_string_value(json_object_get(object, "note")));
    json_decref(object);
    return 0;
}

/* ---- ours ---- */

/* What the process that has the pool tells, and its tasks, in memory that all of them share. */
struct told {
    _Atomic unsigned ran; /* tasks that have begun */
    bool ended;
    unsigned ok;
    double seconds;
    char note[SURVEY_NOTE_MAX];
};

/* In a worker that is not forked. */
static int find_told(const void *bytes, size_t size, struct pool_config *config)
{
    (void)bytes;
    (void)size;
    config->ctx = mapping_open(sizeof(struct told), config->remake_fd);
    return config->ctx ? 0 : task_fail(errno, "no memory to tell in: %s", strerror(errno));
}

static void work(const void *ctx)
{
    struct told *told = (struct told *)(uintptr_t)ctx;
    atomic_fetch_add_explicit(&told->ran, 1, memory_order_relaxed); /* read when all have ended */
    nanosleep(&(struct timespec){.tv_nsec = TASK_NS}, NULL);
}

static int task_kill(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)local;
    work(ctx);
    if (index == TASKS / 2)
        kill(getpid(), SIGKILL);
    result->value = index;
    return 0;
}

static int task_failing(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)local;
    work(ctx);
    if (index == TASKS / 2)
        return task_fail(EIO, "it fails");
    result->value = index;
    return 0;
}

static void count_results(const struct arena *arena, struct told *told)
{
    uint64_t failed = *arena->failed;
    for (uint64_t i = 0; i < TASKS; i++)
        told->ok += arena->status[i] == TASK_OK;
    for (uint64_t i = 0; i < failed && i < arena->failures_max; i++)
        snprintf(told->note, sizeof told->note, "task %" PRIu64 ": %s%.120s",
            arena->failures[i].index,
            arena->status[arena->failures[i].index] == TASK_LOST ? "lost: " : "",
            arena->failures[i].message);
}

static _Noreturn void run_region(
    const struct pool_ops *ops, enum fault fault, struct told *told, int fd)
{
    struct arena arena;
    struct pool_config config = {.workers = WORKERS,
        .task = fault == KILL ? task_kill : task_failing,
        .ctx = told,
        .remake = find_told,
        .remake_bytes = "",
        .remake_size = 1,
        .remake_fd = fd,
        .arena = &arena};
    struct pool *pool = NULL;
    if (arena_make(&arena, TASKS, 0) == 0) {
        arena_reset(&arena, TASKS);
        pool = pool_start(ops, &config, told->note, sizeof told->note);
    }
    if (!pool)
        _exit(1);
    uint64_t begin = clock_now();
    if (pool_map(pool, TASKS, 1))
        snprintf(told->note, sizeof told->note, "%s", task_message(EIO));
    told->seconds = clock_since(begin);
    count_results(&arena, told);
    pool_stop(pool);
    told->ended = true;
    _exit(0);
}

/* Waits for the process, at most the limit, and kills it then, which is to hang. Returns 0, or
 * errno where there is no waiting for it: it is killed at once. */
static int wait_for(pid_t pid, int *status, bool *hung)
{
    struct pollfd end = {.fd = pidfd_open(pid, 0), .events = POLLIN};
    int code = end.fd < 0 ? errno : 0;
    *hung = !code && poll(&end, 1, LIMIT_S * 1000) == 0;
    if (code || *hung)
        kill(pid, SIGKILL);
    if (!code)
        close(end.fd);
    waitpid(pid, status, 0);
    return code;
}

static int read_backend(
    const struct pool_ops *ops, enum fault fault, struct survey_reading *reading)
{
    int status;
    bool hung;
    int fd;
    struct told *told = mapping_make(sizeof *told, true, &fd);
    if (!told)
        return task_fail(errno, "no memory for a result: %s", strerror(errno));
    uint64_t begin = clock_now();
    pid_t pid = survey_fork();
    if (pid == 0)
        run_region(ops, fault, told, fd);
    if (pid < 0)
        return task_fail(errno, "fork: %s", strerror(errno));
    int code = wait_for(pid, &status, &hung);
    if (code)
        return task_fail(code, "pidfd_open: %s", strerror(code));
    if (WIFEXITED(status) && WEXITSTATUS(status))
        return task_fail(ECHILD, "%s", told->note);
    reading->values[0] = told->ok;
    reading->values[1] = told->ran;
    reading->values[2] = hung;
    reading->values[3] = told->ended ? told->seconds : clock_since(begin);
    snprintf(reading->note, sizeof reading->note, "%s",
        told->ended || hung ? told->note : "the whole process was killed: its workers are threads");
    return 0;
}

/* ---- the survey ---- */

static int faults_read(const struct survey_run *run, unsigned probe, struct survey_reading *reading)
{
    const enum fault fault = probe % FAULTS;
    const size_t pool = probe / FAULTS;
    if (pool < PEERS)
        return read_peer(survey_folder_path(run->ctx), &peers[pool], fault, reading);
    const struct pool_ops *ops = registry_backend(backends[pool - PEERS]);
    return read_backend(ops, fault, reading);
}

const struct survey survey_python_faults = {
    .name = "python-faults",
    .title = "A killed worker and a failing task, in Python and in C",
    .summary = "what comes of a region when a worker is killed, or one task of a thousand fails",
    .description =
        "A thousand tasks of 1 ms on two workers; the one in the middle sends SIGKILL to its own "
        "process, or raises an exception (in C: returns an error). The figures are how many "
        "results have come to the caller, how many tasks have begun, by their own count, whether "
        "it was still waiting after 5 s (hang), and how "
        "long it took; the note has the pool's own words. Where a method gives handles or results "
        "one by one, each is asked for, and an exception of one is passed over. Where fewer tasks "
        "have begun than there are, "
        "the fault has stopped others: for map_async and starmap, the rest of its chunk. Expect "
        "multiprocessing.Pool to hang for ever when a worker dies, since it replaces the worker "
        "but not its task; executors and joblib's loky to raise an exception and to lose what was "
        "still to come; and a map to give no result at all when a single task fails. Ours report "
        "the lost or failed task and go on. Where workers are threads, a kill ends the program.",
    .rounds = 2,
    .reading_seconds = READING_SECONDS,
    .supported = peer_missing,
    .open = faults_open,
    .read = faults_read,
    .close = faults_close,
};
