/* Methods of our own pools, as functions that call and functions that take the results. */
#include "method.h"

#include "../measure/clock.h"
#include "../measure/registry.h"
#include "../pool/pool.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define ORDER_TASKS (2 * METHOD_WORKERS)
#define OTHER_NS 999000000u /* how long a task waits for another one, where order is tried out */
#define LOOK_NS 1000000u
#define BEHIND_NS 50000000u /* then, for that one's result to arrive */
#define WAIT_NS 50000000u   /* of one task, where it is tried out whether the call waits */
#define MANY 1000000u       /* tasks of a region */
#define MANY_CALLS 100000u
#define FEW_CALLS 10000u
#define IMAP_CALLS 1024u

/* What tasks wait for. Shared memory, between the owner and its workers; it changes between uses.
 */
struct delay {
    uint64_t sleep;     /* ns, of each task */
    bool behind;        /* task 0 is to end behind another one, if that comes to run beside it */
    _Atomic bool other; /* which has run */
};

/* One use of a pool by a method. */
struct use {
    struct pool *pool;
    struct arena *arena;
    uint64_t tasks, chunk;
    uint64_t came; /* results so far */
    double before; /* the peak of memory without results, but with the pool, as in methods.py */
    bool in_order;
    struct future **futures;
    struct imap *imap;
    struct pool_completed *set;
};

struct method {
    uint64_t chunk;
    uint64_t tasks;                   /* where time and memory are measured */
    int (*begin)(struct use *use);    /* the call */
    int (*take_all)(struct use *use); /* what came of it, in the order in which it comes */
    uint32_t calls;                   /* futures that it needs at once */
};

/* ---- tasks ---- */

static void sleep_ns(uint64_t ns)
{
    nanosleep(&(struct timespec){.tv_nsec = (long)ns}, NULL);
}

static void work(struct delay *delay, uint64_t index)
{
    if (delay->sleep)
        sleep_ns(delay->sleep);
    if (!delay->behind)
        return;
    if (index > 0)
        atomic_store(&delay->other, true);
    for (uint64_t ns = 0; index == 0 && !atomic_load(&delay->other) && ns < OTHER_NS; ns += LOOK_NS)
        sleep_ns(LOOK_NS);
    if (index == 0)
        sleep_ns(BEHIND_NS);
}

static int task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)local;
    work(*(struct delay *const *)ctx, index);
    result->value = index;
    return 0;
}

static int call(struct pool_call *call)
{
    uint64_t index;
    memcpy(&index, call->payload, sizeof index);
    work(*(struct delay *const *)call->ctx, index);
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
        if (!code)
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

const char *const method_names[] = {
    "pool_map",
    "pool_map chunk 1",
    "pool_map chunk 64",
    "pool_map_async",
    "pool_apply",
    "pool_submit",
    "pool_as_completed",
    "pool_imap ordered",
    "pool_imap unordered",
};
const size_t method_count = sizeof method_names / sizeof *method_names;

/* In the order of names. */
static const struct method methods[] = {
    {0, MANY, begin_map, take_arena, 0},
    {1, MANY, begin_map, take_arena, 0},
    {64, MANY, begin_map, take_arena, 0},
    {0, MANY, begin_map_async, take_map_async, IMAP_CALLS},
    {0, FEW_CALLS, begin_apply, take_nothing, 1},
    {0, MANY_CALLS, begin_submit, take_futures, MANY_CALLS},
    {0, MANY_CALLS, begin_as_completed, take_completed, MANY_CALLS},
    {0, MANY_CALLS, begin_imap, take_imap, IMAP_CALLS},
    {0, MANY_CALLS, begin_imap_unordered, take_imap, IMAP_CALLS},
};
_Static_assert(sizeof methods / sizeof *methods == sizeof method_names / sizeof *method_names,
    "a method, a name");

/* ---- figures ---- */

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
    struct delay *const *delay, char *why, size_t size)
{
    struct pool_config config = {.workers = METHOD_WORKERS,
        .task = task,
        .ctx = delay, /* a pointer to it, since a ctx is read-only */
        .arena = use->arena,
        .calls_max = method->calls,
        .call_size = sizeof(uint64_t)};
    use->before = peak_memory();
    use->futures = calloc(method->tasks, sizeof *use->futures);
    if (!use->futures || arena_make(use->arena, method->tasks, 0)) {
        snprintf(why, size, "no memory for %" PRIu64 " tasks", method->tasks);
        return -1;
    }
    const double results = peak_memory() - use->before;
    use->pool = pool_start(registry_backend(backend), &config, why, size);
    use->before = peak_memory() - results;
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
static int measure(struct use *use, const struct method *method, struct delay *delay,
    struct method_figures *figures)
{
    double begin_s, all_s;
    int code = use_once(use, method, method->tasks, &begin_s, &all_s);
    if (!code)
        code = use_once(use, method, method->tasks, &begin_s, &all_s);
    figures->task_s = all_s / (double)method->tasks;
    figures->memory = (peak_memory() - use->before) / (double)method->tasks;
    delay->behind = true;
    if (!code)
        code = use_once(use, method, ORDER_TASKS, &begin_s, &all_s);
    figures->in_order = use->in_order;
    delay->behind = false;
    delay->sleep = WAIT_NS;
    if (!code)
        code = use_once(use, method, 1, &begin_s, &all_s);
    figures->blocks = begin_s >= WAIT_NS * 1e-9;
    return code;
}

int method_measure(size_t method, const char *backend, struct method_figures *figures)
{
    char why[TASK_MESSAGE_MAX];
    struct arena arena;
    struct use use = {.arena = &arena};
    struct delay *delay =
        mmap(NULL, sizeof *delay, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (delay == MAP_FAILED)
        return task_fail(errno, "no memory for a delay: %s", strerror(errno));
    int code = EAGAIN;
    *figures = (struct method_figures){0};
    if (start(&use, &methods[method], backend, &delay, why, sizeof why))
        task_fail(code, "%s", why);
    else
        code = measure(&use, &methods[method], delay, figures);
    pool_stop(use.pool);
    free(use.futures);
    munmap(delay, sizeof *delay);
    return code;
}
