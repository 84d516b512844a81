/* Two deadlocks that need no lock: tasks that wait for other tasks of their own full pool, and two
 * workers that hand work to each other through two queues with a bound. */
#include "../share/event.h"
#include "../share/queue.h"
#include "demo.h"
#include "support/must.h"
#include "support/pace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#define WORKERS 2 /* of each pool */
#define LOOK_S 0.02
#define LOOKS_STILL 5 /* in a row without a change, after which it is called a deadlock */

/* A worker process that is stuck is killed with its pool; a thread stays until the form ends. */
static void end_pool(struct pool *pool, const struct pool_ops *ops, bool stuck)
{
    if (stuck)
        pool_terminate(pool);
    if (!stuck || ops == &pool_processes)
        pool_stop(pool);
}

static struct queue *must_queue(const struct demo_run *run, size_t capacity)
{
    struct queue *queue = queue_make(QUEUE_FIFO, capacity, sizeof(uint32_t));
    if (!queue)
        demo_cannot(run, "no memory for a queue: %s", strerror(errno));
    return queue;
}

/* ---- a task that waits for a task of its own pool ---- */

/* Counts are relaxed. */
struct family {
    bool mended;
    struct pool *pool;
    struct queue *asked; /* who needs a child, for the owner */
    struct event *child_done[WORKERS];
    _Atomic unsigned refused, waiting, children, ended;
};

/* The payload: where the shared memory is, and which parent or child this is. */
struct member {
    struct family *family;
    uint32_t number;
};

static struct member member_of(const struct pool_call *call)
{
    struct member member;
    memcpy(&member, call->payload, sizeof member);
    return member;
}

static int child(struct pool_call *call)
{
    struct member member = member_of(call);
    atomic_fetch_add_explicit(&member.family->children, 1, memory_order_relaxed);
    event_set(member.family->child_done[member.number]);
    return 0;
}

/* What a parent does when its child has ended. */
static int second_half(struct pool_call *call)
{
    struct member member = member_of(call);
    atomic_fetch_add_explicit(&member.family->ended, 1, memory_order_relaxed);
    return 0;
}

/* Only the owner of a pool of ours may submit, so that a parent asks it to. */
static int parent(struct pool_call *call)
{
    struct member member = member_of(call);
    struct family *family = member.family;
    if (!pool_submit(family->pool, child, &member, sizeof member, NULL) && errno == EPERM)
        atomic_fetch_add_explicit(&family->refused, 1, memory_order_relaxed);
    queue_put(family->asked, &member.number, sizeof member.number, -1);
    if (family->mended)
        return 0;
    atomic_fetch_add_explicit(&family->waiting, 1, memory_order_relaxed);
    event_wait(family->child_done[member.number], -1);
    atomic_fetch_sub_explicit(&family->waiting, 1, memory_order_relaxed);
    return second_half(call);
}

static void prepare_family(const struct demo_run *run, struct family *family, bool mended)
{
    family->mended = mended;
    family->asked = must_queue(run, WORKERS);
    for (int i = 0; i < WORKERS; i++)
        if (!(family->child_done[i] = event_make()))
            demo_cannot(run, "no memory for an event: %s", strerror(errno));
}

static struct future *submit(
    const struct demo_run *run, struct family *family, pool_function *function, uint32_t number)
{
    struct member member = {family, number};
    return must_submit(run, family->pool, function, &member, sizeof member, NULL);
}

/* Waits for all calls, or until every worker has waited for a child for a while: no worker is left
 * that could run one. */
static bool all_end(const struct family *family, struct future *const *futures, size_t count)
{
    for (unsigned still = 0; still < LOOKS_STILL;) {
        if (pool_wait(family->pool, futures, count, POOL_WAIT_ALL, LOOK_S) == 0)
            return true;
        bool all = atomic_load_explicit(&family->waiting, memory_order_relaxed) == WORKERS;
        still = all ? still + 1 : 0;
    }
    return false;
}

/* Each parent's child, and in the mended form, when it has ended, the parent's second half. */
static bool run_family(const struct demo_run *run, struct family *family)
{
    struct future *futures[3 * WORKERS];
    size_t count = 0;
    for (uint32_t i = 0; i < WORKERS; i++)
        futures[count++] = submit(run, family, parent, i);
    for (uint32_t i = 0, number; i < WORKERS; i++) {
        if (queue_get(family->asked, &number, sizeof number, NULL, -1))
            demo_cannot(run, "a parent has not asked for its child");
        struct future *ends = futures[count++] = submit(run, family, child, number);
        if (!family->mended)
            continue;
        future_wait(ends, -1);
        futures[count++] = submit(run, family, second_half, number);
    }
    return all_end(family, futures, count);
}

static void family_on(
    const struct demo_run *run, const struct pool_ops *ops, const char *where, bool mended)
{
    struct family *family = must_memory(run, sizeof *family);
    prepare_family(run, family, mended);
    family->pool = must_pool(run, ops,
        &(struct pool_config){
            .workers = WORKERS, .calls_max = 3 * WORKERS, .call_size = sizeof(struct member)});
    bool ended = run_family(run, family);
    unsigned parents = atomic_load_explicit(&family->ended, memory_order_relaxed);
    unsigned children = atomic_load_explicit(&family->children, memory_order_relaxed);
    unsigned refused = atomic_load_explicit(&family->refused, memory_order_relaxed);
    end_pool(family->pool, ops, !ended);
    demo_figure(run, parents, "", "parents ended of %d, own pool, %s", WORKERS, where);
    demo_figure(run, children, "", "children run, own pool, %s", where);
    demo_figure(run, refused, "", "tasks' own submissions refused, %s", where);
    if (!ended)
        demo_showed(run,
            "all %d workers (%s) wait for tasks of their own pool, and those for a worker", WORKERS,
            where);
}

/* ---- two workers and two queues ---- */

#define CAPACITY 4u
#define LINKS 3u /* on a page */
#define DEPTH 4u
#define PAGES (1u + 3u + 9u + 27u + 81u)

/* Counts are relaxed. */
struct crawler {
    struct queue *urls, *pages; /* an item is how deep the page lies */
    _Atomic unsigned downloaded, parsed;
};

static struct crawler *crawler_of(const struct pool_call *call)
{
    struct crawler *crawler;
    memcpy(&crawler, call->payload, sizeof crawler);
    return crawler;
}

static int download(struct pool_call *call)
{
    struct crawler *crawler = crawler_of(call);
    uint32_t depth;
    while (queue_get(crawler->urls, &depth, sizeof depth, NULL, -1) == 0) {
        queue_put(crawler->pages, &depth, sizeof depth, -1);
        atomic_fetch_add_explicit(&crawler->downloaded, 1, memory_order_relaxed);
    }
    return 0;
}

/* When all pages are parsed, there is nothing left for either. */
static int parse(struct pool_call *call)
{
    struct crawler *crawler = crawler_of(call);
    uint32_t depth, below;
    while (queue_get(crawler->pages, &depth, sizeof depth, NULL, -1) == 0) {
        below = depth + 1;
        for (unsigned i = 0; i < LINKS && below <= DEPTH; i++)
            queue_put(crawler->urls, &below, sizeof below, -1);
        if (atomic_fetch_add_explicit(&crawler->parsed, 1, memory_order_relaxed) + 1 == PAGES) {
            queue_close(crawler->urls);
            queue_close(crawler->pages);
        }
    }
    return 0;
}

static unsigned progress(const struct crawler *crawler)
{
    return atomic_load_explicit(&crawler->downloaded, memory_order_relaxed) +
           atomic_load_explicit(&crawler->parsed, memory_order_relaxed);
}

/* Waits for both, or until both queues have been full for a while and nothing got on. */
static bool both_end(
    struct pool *pool, struct future *const *futures, const struct crawler *crawler)
{
    unsigned before = 0;
    for (unsigned still = 0; still < LOOKS_STILL;) {
        if (pool_wait(pool, futures, WORKERS, POOL_WAIT_ALL, LOOK_S) == 0)
            return true;
        unsigned now = progress(crawler);
        bool full = queue_is_full(crawler->urls) && queue_is_full(crawler->pages);
        still = full && now == before ? still + 1 : 0;
        before = now;
    }
    return false;
}

static void crawl_on(
    const struct demo_run *run, const struct pool_ops *ops, const char *where, bool mended)
{
    struct crawler *crawler = must_memory(run, sizeof *crawler);
    crawler->urls = must_queue(run, mended ? QUEUE_UNBOUNDED : CAPACITY);
    crawler->pages = must_queue(run, CAPACITY);
    struct pool *pool = must_pool(run, ops,
        &(struct pool_config){
            .workers = WORKERS, .calls_max = WORKERS, .call_size = sizeof crawler});
    queue_put(crawler->urls, &(uint32_t){0}, sizeof(uint32_t), -1);
    struct future *futures[WORKERS] = {
        must_submit(run, pool, download, &crawler, sizeof crawler, NULL),
        must_submit(run, pool, parse, &crawler, sizeof crawler, NULL)};
    bool ended = both_end(pool, futures, crawler);
    unsigned parsed = atomic_load_explicit(&crawler->parsed, memory_order_relaxed);
    size_t urls = queue_size(crawler->urls), pages = queue_size(crawler->pages);
    end_pool(pool, ops, !ended);
    demo_figure(run, parsed, "", "pages parsed of %u, two queues, %s", PAGES, where);
    demo_figure(run, (double)(urls + pages), "", "items left in the two queues, %s", where);
    if (!ended)
        demo_showed(run,
            "both queues are full (%zu and %zu), and both workers (%s) wait for the other to make "
            "room, at %u of %u pages",
            urls, pages, where, parsed, PAGES);
}

/* ---- the forms ---- */

static void pool_deadlock(const struct demo_run *run, bool mended)
{
    family_on(run, &pool_processes, "processes", mended);
    crawl_on(run, &pool_processes, "processes", mended);
    family_on(run, &pool_threads, "threads", mended);
    crawl_on(run, &pool_threads, "threads", mended);
}

static void unmended(const struct demo_run *run)
{
    pool_deadlock(run, false);
}

static void mended(const struct demo_run *run)
{
    pool_deadlock(run, true);
}

const struct demo demo_pool_deadlock = {
    .name = "pool-deadlock",
    .summary = "tasks wait for tasks of their own full pool, or for room in each other's queues",
    .description =
        "A task that needs the result of another one waits for it. If that one is in the same pool "
        "and all workers wait in this way, none is left to run what they wait for. Our pools "
        "refuse a task's own submissions (EPERM), which makes one ask the owner, and the deadlock "
        "is the same. A larger pool only moves it to a larger load. Two workers that feed each "
        "other through two queues with a bound, as a downloader and a parser that finds new links "
        "do, get into it as well: when both queues are full, each waits for the other to make "
        "room. Mended by waiting outside: a task ends where it would wait, and the owner submits "
        "its second half when what it needs is there; and by a bound in one direction only: the "
        "way back is unbounded, or drops what it has no room for.",
    .kind = DEMO_LIVENESS,
    .unmended = {"parents wait for children in their pool; two queues, both with a bound",
        unmended},
    .mended = {"the owner waits for the children; the queue back has no bound", mended},
};
