/* lifecycle: what a worker costs that does nothing: from its start to its end, and in memory.
 *
 * A single thread or process is started and awaited over and over; then one is kept alive to see
 * what the memory of all processes together has grown by (PSS, where a page that two share counts
 * half for each). How much the process holds that forks is the size in the subject's name: it
 * touches so much memory first, in pages of 4 kB whatever the system's setting for huge pages is,
 * as fork copies a table entry for each. A pool is started once, given a region of two empty
 * tasks, and stopped. */
#include "../analyze/stat.h"
#include "../measure/clock.h"
#include "../measure/memory.h"
#include "../measure/registry.h"
#include "../pool/backend.h"
#include "../pool/task.h"
#include "survey.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS 2 /* of a pool */
#define POOL_PREFIX "pool "

#define READING_NS                                                                                 \
    20000000u         /* at least, of starts and ends of one thread or process, unless ...         \
                       */
#define LIVES_LEAST 3 /* ... there are too few in it */
#define LIVES_MOST 1000

/* Of a thread or process, and of a pool: memory is last, for one that ends with its tasks has none.
 */
enum figure { START, WHOLE, MEMORY, STOP = MEMORY, POOL_MEMORY };

/* What is started. */
enum kind { THREAD, FORK, SPAWN };

struct life {
    pthread_t thread;
    pid_t pid;
    bool held; /* it sends back what it is sent, and ends at the end of that; else at once */
    int in[2], out[2]; /* pipes, of a held one */
};

static const struct way {
    const char *name;
    enum kind kind;
    size_t resident; /* bytes that the starter touches first */
} ways[] = {
    {"thread", THREAD, 0},
    {"fork at 10 MB", FORK, 10000000},
    {"fork at 100 MB", FORK, 100000000},
    {"fork at 1 GB", FORK, 1000000000},
    {"posix_spawn at 10 MB", SPAWN, 10000000},
    {"posix_spawn at 1 GB", SPAWN, 1000000000},
};
#define WAYS (sizeof ways / sizeof *ways)

/* ---- one thread or process ---- */

static void send_back(const struct life *life)
{
    char byte;
    while (read(life->in[0], &byte, 1) == 1)
        if (write(life->out[1], &byte, 1) != 1)
            return;
}

static void *live(void *argument)
{
    const struct life *life = argument;
    if (life->held)
        send_back(life);
    return NULL;
}

static int begin_fork(struct life *life)
{
    life->pid = fork();
    if (life->pid == 0) {
        if (life->held)
            close(life->in[1]);
        live(life);
        _exit(0);
    }
    return life->pid < 0 ? errno : 0;
}

/* A small program: true, or cat. */
static int begin_spawn(struct life *life)
{
    char *const words[] = {life->held ? "cat" : "true", NULL};
    posix_spawn_file_actions_t actions;
    int code = posix_spawn_file_actions_init(&actions);
    if (code)
        return code;
    if (life->held)
        code = posix_spawn_file_actions_adddup2(&actions, life->in[0], STDIN_FILENO);
    if (life->held && !code)
        code = posix_spawn_file_actions_adddup2(&actions, life->out[1], STDOUT_FILENO);
    if (!code)
        code = posix_spawnp(&life->pid, words[0], &actions, NULL, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    return code;
}

/* Returns 0 or errno. */
static int begin(enum kind kind, struct life *life)
{
    if (kind == THREAD)
        return pthread_create(&life->thread, NULL, live, life);
    return kind == FORK ? begin_fork(life) : begin_spawn(life);
}

static void await_end(enum kind kind, struct life *life)
{
    if (kind == THREAD)
        pthread_join(life->thread, NULL);
    else
        while (waitpid(life->pid, NULL, 0) < 0 && errno == EINTR)
            ;
}

static int time_lives(enum kind kind, struct survey_reading *reading)
{
    static double starts[LIVES_MOST], wholes[LIVES_MOST];
    struct life life = {.held = false};
    size_t n = 0;
    uint64_t first = clock_now();
    while (n < LIVES_MOST && (n < LIVES_LEAST || clock_now() - first < READING_NS)) {
        uint64_t start = clock_now();
        int code = begin(kind, &life);
        starts[n] = clock_since(start);
        if (code)
            return task_fail(code, "cannot start number %zu: %s", n + 1, strerror(code));
        await_end(kind, &life);
        wholes[n++] = clock_since(start);
    }
    reading->values[START] = stat_median(starts, n);
    reading->values[WHOLE] = stat_median(wholes, n);
    return 0;
}

static double memory_of_all(const pid_t *pids, size_t count)
{
    return (double)memory_pss(pids, count);
}

/* What all memory grows by with one alive: seen once it has answered, as it has then touched what
 * it needs. */
static int weigh_life(enum kind kind, struct survey_reading *reading)
{
    struct life life = {.held = true};
    char byte = 0;
    double before = memory_of_all(NULL, 0);
    if (pipe2(life.in, O_CLOEXEC) || pipe2(life.out, O_CLOEXEC))
        return task_fail(errno, "pipe: %s", strerror(errno));
    int code = begin(kind, &life);
    if (code)
        return task_fail(code, "cannot start one: %s", strerror(code));
    bool answers = write(life.in[1], &byte, 1) == 1 && read(life.out[0], &byte, 1) == 1;
    if (answers)
        reading->values[MEMORY] = memory_of_all(&life.pid, kind == THREAD ? 0 : 1) - before;
    close(life.in[1]);
    await_end(kind, &life);
    return answers ? 0 : task_fail(EIO, "it does not answer");
}

/* Takes memory into this process, page by page. */
static int touch(size_t bytes)
{
    if (bytes == 0)
        return 0;
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return task_fail(errno, "no memory for %zu bytes", bytes);
    madvise(memory, bytes, MADV_NOHUGEPAGE); /* best effort: a kernel without has none */
    memset(memory, 1, bytes);
    return 0;
}

static int read_way(const struct way *way, struct survey_reading *reading)
{
    int code = touch(way->resident);
    if (!code) /* first: a thread may get the stack of one that has ended */
        code = weigh_life(way->kind, reading);
    return code ? code : time_lives(way->kind, reading);
}

/* ---- a pool ---- */

static int do_nothing(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)ctx;
    (void)local;
    result->value = index;
    return 0;
}

/* The memory that each worker adds, which is there since the region has been run. */
static double weigh_workers(const struct pool *pool, double before)
{
    pid_t pids[WORKERS];
    for (unsigned i = 0; i < WORKERS; i++)
        pids[i] = pool->ops->processes ? pool_worker_pid(pool, i) : 0;
    return (memory_of_all(pids, pool->ops->processes ? WORKERS : 0) - before) / WORKERS;
}

static int read_pool(const struct pool_ops *ops, struct survey_reading *reading)
{
    struct arena arena;
    char why[TASK_MESSAGE_MAX];
    if (arena_make(&arena, WORKERS, 0))
        return task_fail(errno, "no memory for an arena: %s", strerror(errno));
    const struct pool_config config = {.workers = WORKERS, .task = do_nothing, .arena = &arena};
    arena_reset(&arena, WORKERS);
    double before = memory_of_all(NULL, 0);
    uint64_t start = clock_now();
    struct pool *pool = pool_start(ops, &config, why, sizeof why);
    if (!pool)
        return task_fail(EIO, "%s", why);
    reading->values[START] = clock_since(start);
    int code = pool_map(pool, WORKERS, 1);
    double whole = clock_since(start);
    if (!ops->per_task) /* whose workers have gone with their tasks */
        reading->values[POOL_MEMORY] = weigh_workers(pool, before);
    start = clock_now();
    pool_stop(pool);
    reading->values[STOP] = clock_since(start);
    reading->values[WHOLE] = whole + reading->values[STOP];
    arena_free(&arena);
    return code ? task_fail(EIO, "the region failed") : 0;
}

/* ---- the survey ---- */

static bool is_pool(const struct pool_ops *ops)
{
    bool serial = strcmp(ops->name, "serial") == 0;
    return !serial && !ops->simulated && !ops->events && !(ops->supported && ops->supported());
}

static void add_probe(struct survey_run *run, const char *subject, bool stopped, bool weighed)
{
    survey_add_probe(run, subject, 0);
    survey_add_figure(run, "start", "s");
    survey_add_figure(run, "start to end", "s");
    if (stopped)
        survey_add_figure(run, "stop", "s");
    if (weighed)
        survey_add_figure(run, "memory of one", "bytes");
}

static int lifecycle_open(struct survey_run *run)
{
    for (size_t i = 0; i < WAYS; i++)
        add_probe(run, ways[i].name, false, true);
    for (const struct pool_ops *const *ops = registry_backends; *ops; ops++) {
        char subject[RESULT_NAME_MAX];
        snprintf(subject, sizeof subject, POOL_PREFIX "%s", (*ops)->name);
        if (is_pool(*ops))
            add_probe(run, subject, true, !(*ops)->per_task);
    }
    return 0;
}

static int lifecycle_read(
    const struct survey_run *run, unsigned probe, struct survey_reading *reading)
{
    if (probe < WAYS)
        return read_way(&ways[probe], reading);
    return read_pool(registry_backend(survey_subject(run, probe) + strlen(POOL_PREFIX)), reading);
}

const struct survey survey_lifecycle = {
    .name = "lifecycle",
    .title = "Lives of threads, processes and pools",
    .summary = "what starting and ending a thread, a process and a pool costs, in time and memory",
    .description =
        "A thread is created and joined; a process is forked, exits and is waited for, with 10 MB "
        "to 1 GB resident in the process that forks; a small program (true) is started by "
        "posix_spawn, which shares the memory until the program begins (vfork) instead of copying "
        "its tables; and each pool of 2 workers is started, runs a first region of 2 empty tasks, "
        "and is stopped. Start is until the call returns, start to end all of it, and stop the "
        "pool's stop alone. The memory of "
        "one is what the PSS of all processes together grows by while it lives, a page that two "
        "share counting half for each; of posix_spawn that of cat, which waits. Expect fork to "
        "take time in proportion to what is resident, so fork early, and posix_spawn not to. "
        "Workers of `spawn` are the program started anew, with memory of their own. Page tables "
        "are the kernel's and not in the PSS: a fork at 1 GB takes some 2 MB of them.",
    .rounds = 8,
    .reading_seconds = 30,
    .open = lifecycle_open,
    .read = lifecycle_read,
};
