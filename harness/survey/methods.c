/* methods: what each way to hand tasks to a pool costs and guarantees, in C and in Python.
 *
 * A method is two steps, as a program sees it: the call, and taking the results. Whether the call
 * waits for the tasks, and in which order results come, is tried out rather than claimed. Python's
 * are those of cases/peers/methods.py, which does the same. */
#include "../measure/answer.h"
#include "../measure/clock.h"
#include "../measure/peer.h"
#include "../measure/registry.h"
#include "../pool/pool.h"
#include "../util/tempdir.h"
#include "survey.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define WORKERS 2
#define READING_SECONDS 30
#define STEP_NS 10000000u /* between the ends of two tasks, where order is tried out */
#define ORDER_TASKS (2 * WORKERS)
#define WAIT_NS 50000000u /* of one task, where it is tried out whether the call waits */
#define MANY 1000000u     /* tasks of a region */
#define MANY_CALLS 100000u
#define FEW_CALLS 10000u
#define IMAP_CALLS 1024u

/* How long tasks sleep: first - index * step ns. Shared memory, between the owner and its workers.
 */
struct delay {
    uint64_t first, step;
};

/* One use of a pool by a method. */
struct use {
    struct pool *pool;
    struct arena *arena;
    uint64_t tasks, chunk;
    uint64_t came; /* results so far */
    bool in_order;
    struct future **futures;
    struct imap *imap;
    struct pool_completed *set;
};

struct method {
    const char *name;
    uint64_t chunk;
    uint64_t tasks;                   /* where time and memory are measured */
    int (*begin)(struct use *use);    /* the call */
    int (*take_all)(struct use *use); /* what came of it, in the order in which it comes */
    uint32_t calls;                   /* futures that it needs at once */
};

/* ---- tasks ---- */

static void work(const struct delay *delay, uint64_t index)
{
    uint64_t ns = delay->first - index * delay->step;
    if (delay->first)
        nanosleep(&(struct timespec){.tv_nsec = (long)ns}, NULL);
}

static int task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)local;
    work(ctx, index);
    result->value = index;
    return 0;
}

static int call(struct pool_call *call)
{
    uint64_t index;
    memcpy(&index, call->payload, sizeof index);
    work(call->ctx, index);
    memcpy(call->result, &index, sizeof index);
    call->result_size = sizeof index;
    return 0;
}

/* ---- methods ---- */

static void take(struct use *use, uint64_t index)
{
    use->in_order &= index == use->came++;
}

static int take_future(struct use *use, struct future *future)
{
    uint64_t index;
    const void *result;
    size_t size;
    int code = future_get(future, &result, &size, -1);
    if (code)
        return task_fail(code, "%s", future_message(future));
    memcpy(&index, result, sizeof index);
    future_free(future);
    take(use, index);
    return 0;
}

static int begin_map(struct use *use)
{
    return pool_map(use->pool, use->tasks, use->chunk) ? EIO : 0;
}

static int take_arena(struct use *use)
{
    for (uint64_t i = 0; i < use->tasks; i++)
        take(use, arena_slot(use->arena, i)->value);
    return 0;
}

static int begin_map_async(struct use *use)
{
    use->futures[0] = pool_map_async(use->pool, use->tasks, use->chunk);
    return use->futures[0] ? 0 : errno;
}

static int take_map_async(struct use *use)
{
    int code = future_get(use->futures[0], NULL, NULL, -1);
    if (code)
        return task_fail(code, "%s", future_message(use->futures[0]));
    future_free(use->futures[0]);
    return take_arena(use);
}

static int begin_apply(struct use *use)
{
    int code = 0;
    for (uint64_t i = 0; !code && i < use->tasks; i++) {
        uint64_t index;
        size_t size = sizeof index;
        code = pool_apply(use->pool, call, &i, sizeof i, &index, &size);
        take(use, index);
    }
    return code;
}

static int take_nothing(struct use *use)
{
    (void)use;
    return 0;
}

static int begin_submit(struct use *use)
{
    for (uint64_t i = 0; i < use->tasks; i++)
        if (!(use->futures[i] = pool_submit(use->pool, call, &i, sizeof i, NULL)))
            return errno;
    return 0;
}

static int take_futures(struct use *use)
{
    int code = 0;
    for (uint64_t i = 0; !code && i < use->tasks; i++)
        code = take_future(use, use->futures[i]);
    return code;
}

static int begin_as_completed(struct use *use)
{
    int code = begin_submit(use);
    if (code)
        return code;
    use->set = pool_as_completed(use->pool, use->futures, use->tasks);
    return use->set ? 0 : errno;
}

static int take_completed(struct use *use)
{
    int code = 0;
    struct future *future;
    while (!code && (future = pool_completed_next(use->set, -1)))
        code = take_future(use, future);
    pool_completed_end(use->set);
    return code;
}

static bool next_item(void *state, uint64_t number, void *payload, size_t *size)
{
    const struct use *use = state;
    memcpy(payload, &number, sizeof number);
    *size = sizeof number;
    return number < use->tasks;
}

static int begin_some_imap(struct use *use, bool ordered)
{
    use->imap = pool_imap(use->pool, call, next_item, use, 0, ordered);
    return use->imap ? 0 : errno;
}

static int begin_imap(struct use *use)
{
    return begin_some_imap(use, true);
}

static int begin_imap_unordered(struct use *use)
{
    return begin_some_imap(use, false);
}

static int take_imap(struct use *use)
{
    uint64_t index;
    while (pool_imap_next(use->imap, &index, -1))
        take(use, index);
    int code = errno;
    pool_imap_end(use->imap);
    return code;
}

static const struct method methods[] = {
    {"pool_map", 0, MANY, begin_map, take_arena, 0},
    {"pool_map chunk 1", 1, MANY, begin_map, take_arena, 0},
    {"pool_map chunk 64", 64, MANY, begin_map, take_arena, 0},
    {"pool_map_async", 0, MANY, begin_map_async, take_map_async, IMAP_CALLS},
    {"pool_apply", 0, FEW_CALLS, begin_apply, take_nothing, 1},
    {"pool_submit", 0, MANY_CALLS, begin_submit, take_futures, MANY_CALLS},
    {"pool_as_completed", 0, MANY_CALLS, begin_as_completed, take_completed, MANY_CALLS},
    {"pool_imap ordered", 0, MANY_CALLS, begin_imap, take_imap, IMAP_CALLS},
    {"pool_imap unordered", 0, MANY_CALLS, begin_imap_unordered, take_imap, IMAP_CALLS},
};
#define METHODS (sizeof methods / sizeof *methods)

static const char *const backends[] = {"threads", "processes"};
#define BACKENDS (sizeof backends / sizeof *backends)
#define OURS (BACKENDS * METHODS)

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

static double number_of(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static int read_peer(const char *folder, const struct peer *peer, struct survey_reading *reading)
{
    char why[TASK_MESSAGE_MAX];
    json_t *object;
    struct answer_words words = {0};
    const char *missing = peer_missing();
    if (missing)
        return task_fail(ENOTSUP, "%s", missing);
    peer_words(&words, "methods.py");
    answer_words_of(&words, peer->pool);
    answer_words_of(&words, peer->method);
    answer_word(&words, "--workers=%d", WORKERS);
    answer_word(&words, "--chunk=%u", peer->chunk);
    enum status status = answer_ask(&words, folder, READING_SECONDS - 1, &object, why, sizeof why);
    answer_words_free(&words);
    if (status != STATUS_DONE)
        return task_fail(ENOEXEC, "%s", why);
    reading->values[0] = number_of(object, "wall_s") / number_of(object, "tasks");
    reading->values[1] = number_of(object, "memory");
    reading->values[2] = number_of(object, "in_order");
    reading->values[3] = number_of(object, "blocks");
    json_decref(object);
    return 0;
}

/* ---- ours ---- */

/* The most memory that this process has had, in bytes. */
static double peak_memory(void)
{
    char line[128];
    double kilobytes = 0;
    FILE *file = fopen("/proc/self/status", "re");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, "VmHWM:", 6) == 0)
            kilobytes = strtod(line + 6, NULL);
    if (file)
        fclose(file);
    return kilobytes * 1024;
}

/* Everything that a method needs, for its number of tasks. */
static int start(struct use *use, const struct method *method, const char *backend,
    const struct delay *delay, char *why, size_t size)
{
    struct pool_config config = {.workers = WORKERS,
        .task = task,
        .ctx = delay,
        .arena = use->arena,
        .calls_max = method->calls,
        .call_size = sizeof(uint64_t)};
    use->futures = calloc(method->tasks, sizeof *use->futures);
    if (!use->futures || arena_make(use->arena, method->tasks, 0)) {
        snprintf(why, size, "no memory for %" PRIu64 " tasks", method->tasks);
        return -1;
    }
    use->pool = pool_start(registry_backend(backend), &config, why, size);
    return use->pool ? 0 : -1;
}

/* One use of the method; *begin_s is how long the call itself took, *all_s with the results. */
static int use_once(
    struct use *use, const struct method *method, uint64_t tasks, double *begin_s, double *all_s)
{
    use->tasks = tasks;
    use->chunk = method->chunk;
    use->came = 0;
    use->in_order = true;
    arena_reset(use->arena, tasks);
    uint64_t begin = clock_now();
    int code = method->begin(use);
    *begin_s = clock_since(begin);
    if (!code)
        code = method->take_all(use);
    *all_s = clock_since(begin);
    if (!code && use->came != tasks)
        return task_fail(EIO, "%" PRIu64 " of %" PRIu64 " results came", use->came, tasks);
    return code;
}

/* The first use is the one that warms up, and needs the memory. */
static int measure(struct use *use, const struct method *method, struct delay *delay, double before,
    struct survey_reading *reading)
{
    double begin_s, all_s;
    int code = use_once(use, method, method->tasks, &begin_s, &all_s);
    if (!code)
        code = use_once(use, method, method->tasks, &begin_s, &all_s);
    reading->values[0] = all_s / (double)method->tasks;
    reading->values[1] = (peak_memory() - before) / (double)method->tasks;
    *delay = (struct delay){.first = ORDER_TASKS * STEP_NS, .step = STEP_NS};
    if (!code)
        code = use_once(use, method, ORDER_TASKS, &begin_s, &all_s);
    reading->values[2] = use->in_order;
    *delay = (struct delay){.first = WAIT_NS};
    if (!code)
        code = use_once(use, method, 1, &begin_s, &all_s);
    reading->values[3] = begin_s >= WAIT_NS * 1e-9;
    return code;
}

static int read_method(
    const struct method *method, const char *backend, struct survey_reading *reading)
{
    char why[TASK_MESSAGE_MAX];
    struct arena arena;
    struct use use = {.arena = &arena};
    const double before = peak_memory();
    struct delay *delay =
        mmap(NULL, sizeof *delay, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (delay == MAP_FAILED)
        return task_fail(errno, "no memory for a delay: %s", strerror(errno));
    if (start(&use, method, backend, delay, why, sizeof why))
        return task_fail(EAGAIN, "%s", why);
    int code = measure(&use, method, delay, before, reading);
    pool_stop(use.pool);
    return code;
}

/* ---- the survey ---- */

static void name_probe(unsigned probe, char *subject, size_t size)
{
    const struct peer *peer = &peers[probe < OURS ? 0 : probe - OURS];
    if (probe < OURS)
        snprintf(
            subject, size, "%s %s (C)", backends[probe / METHODS], methods[probe % METHODS].name);
    else if (peer->chunk)
        snprintf(subject, size, "%s.%s chunk %u", peer->pool, peer->method, peer->chunk);
    else
        snprintf(subject, size, "%s.%s", peer->pool, peer->method);
}

static int methods_open(struct survey_run *run)
{
    char subject[RESULT_NAME_MAX], *folder = malloc(PATH_MAX);
    if (!folder)
        return task_fail(ENOMEM, "no memory for the survey");
    if (tempdir_make(folder, PATH_MAX, NULL, "survey")) {
        int code = errno;
        free(folder);
        return task_fail(code, "cannot make a temporary folder: %s; set TMPDIR", strerror(code));
    }
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
    tempdir_remove(run->ctx);
    free(run->ctx);
}

static int methods_read(
    const struct survey_run *run, unsigned probe, struct survey_reading *reading)
{
    if (probe >= OURS)
        return read_peer(run->ctx, &peers[probe - OURS], reading);
    return read_method(&methods[probe % METHODS], backends[probe / METHODS], reading);
}

const struct survey survey_methods = {
    .name = "methods",
    .title = "What each method of a pool costs and guarantees",
    .summary = "time and memory a task, order of results, and whether the call waits, C and Python",
    .description =
        "Empty tasks on two warm workers: the time of a task is that of the call and of taking all "
        "results, over their number (in C 10^4 to 10^6; in Python as many as take 0.1 s); memory "
        "is by how much the owner's peak grew for each (in Python over a second region of 0.4 s, "
        "at most 2.6 x 10^5 tasks). In order is 1 where results come in the order of items though "
        "later tasks end first, which is tried with four that sleep; blocks is 1 where the call "
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
