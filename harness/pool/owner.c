/* The owner's side of the engine: putting a region in, doing a share of it, waiting for its end.
 * See engine.h. */
#include "../measure/clock.h"
#include "call.h"
#include "engine.h"
#include "idle.h"
#include "timed.h"

/* Below this a region is not worth the cache misses of showing it to others. */
#define SHOW_NS 500

/* The owner's share of a region that it has put in or, while `shown` is false, holds on its own
 * because it looks too short to share. Until somebody was woken it looks at the clock after 1, 2,
 * 4, ... tasks, in case they take longer than in the last region. */
struct share {
    struct runner me;
    uint32_t tasks, left; /* left: while not shown, those at the region's end */
    bool shown, woken;
    uint64_t start, ran;
};

static void show(struct share *share)
{
    range_put(&share->me.lane->range, (struct range){share->tasks - share->left, share->tasks});
    share->shown = true;
}

static void wake_first(struct share *share)
{
    share->woken = true; /* relaxed: a hint */
    atomic_store_explicit(&share->me.engine->common->eager, true, memory_order_relaxed);
    idle_wake_one(share->me.engine);
}

/* Shows and wakes as far as what is left seems worth it. */
static void weigh(struct share *share)
{
    double each = (double)(clock_now() - share->start) / (double)share->ran;
    double ns = each * (double)(share->tasks - share->ran);
    if (!share->shown && share->left > 0 && ns > SHOW_NS)
        show(share);
    if (share->shown && !share->woken && idle_worth_waking(share->me.engine, ns))
        wake_first(share);
}

static bool anything_left(struct share *share)
{
    return share->shown ? !range_is_empty(&share->me.lane->range) : share->left > 0;
}

static bool take_hidden(struct share *share, uint32_t count, struct range *claimed)
{
    if (count > share->left)
        count = share->left;
    claimed->begin = share->tasks - share->left;
    claimed->end = claimed->begin + count;
    share->left -= count;
    return count > 0;
}

/* Until somebody was woken: at most as many tasks as were run so far, and a quarter of what is
 * left, since those may take longer than the others did. */
static bool take(struct share *share, struct range *claimed)
{
    struct engine *engine = share->me.engine;
    uint32_t most = share->ran ? (uint32_t)share->ran : 1;
    if (!share->shown)
        return take_hidden(share, most, claimed);
    uint32_t quarter = (uint32_t)((share->tasks - share->ran) / 4);
    if (most > quarter)
        most = quarter ? quarter : 1;
    return lane_take(engine, share->me.lane, engine->common->region.chunk,
        share->woken ? UINT32_MAX : most, claimed);
}

static void do_share(struct share *share)
{
    struct engine *engine = share->me.engine;
    const struct region region = engine->common->region;
    struct range claimed;
    lane_set_active(share->me.lane, true);
    for (uint64_t look = 1; take(share, &claimed);) {
        runner_run(&share->me, &region, claimed);
        share->ran += range_count(claimed);
        if (!share->woken && share->ran >= look && anything_left(share)) {
            weigh(share);
            look = 2 * share->ran;
        }
    }
    engine->last_end = clock_now();
    if (share->ran) /* else others have taken all of it at once */
        engine->task_ns = (double)(engine->last_end - share->start) / (double)share->ran;
    lane_add_finished(share->me.lane, share->ran);
}

/* Short regions that follow each other closely may together be worth the wake-up that each alone is
 * not: a worker once awake stays so from one to the next. It is bought when as much has been spent
 * without it as it costs (the ski-rental rule: Karlin et al. 1988). */
static bool worth_together(struct share *share, double ns)
{
    struct engine *engine = share->me.engine;
    if (!engine->may_spin || idle_is_crowded(engine, share->start))
        return false;
    if (share->start - engine->last_end > IDLE_SPIN_NS)
        engine->spent_alone_ns = 0;
    engine->spent_alone_ns += ns;
    if (!idle_worth_waking(engine, engine->spent_alone_ns))
        return false;
    engine->spent_alone_ns = 0;
    return true;
}

/* A hint that seldom changes, on a line that all workers read. */
static void set_hint(_Atomic bool *hint, bool value)
{
    if (atomic_load_explicit(hint, memory_order_relaxed) != value)
        atomic_store_explicit(hint, value, memory_order_relaxed);
}

/* What goes with every put; relaxed: published with the range, or hints. */
static void put_in(struct engine *engine, uint64_t tasks, bool calls)
{
    engine->expected += tasks;
    atomic_store_explicit(&engine->common->target, engine->expected, memory_order_relaxed);
    set_hint(&engine->common->eager, calls);
    set_hint(&engine->common->few_at_once, calls);
}

void engine_begin(
    struct engine *engine, uint64_t begin, uint64_t end, uint64_t chunk, bool only_pending)
{
    uint32_t tasks = (uint32_t)(end - begin);
    double ns = engine->task_ns * tasks; /* of all of them; 0: not known */
    bool worth = !engine->owner_works || ns == 0 || idle_worth_waking(engine, ns);
    bool timed = timed_regions(engine->pool);
    if (timed) /* one by one: nobody waits for a slow one */
        chunk = 1;
    engine->common->region = (struct region){
        .base = begin,
        .chunk = chunk < tasks ? (uint32_t)chunk : tasks,
        .only_pending = only_pending || timed,
    };
    put_in(engine, tasks, false);
    struct share share = {
        .me = {.engine = engine, .lane = &engine->lanes[engine->workers], .local = engine->local},
        .tasks = tasks,
        .left = tasks,
        .start = clock_now(),
    };
    if (!engine->owner_works || (tasks > 1 && (worth || ns > SHOW_NS)))
        show(&share);
    if (share.shown && (worth || worth_together(&share, ns)))
        wake_first(&share);
    if (engine->owner_works)
        do_share(&share);
}

bool engine_call(struct engine *engine, uint32_t slot)
{
    bool first = !engine->common->region.calls;
    if (!calls_have_place(engine))
        return false;
    if (first)
        engine->common->region = (struct region){.calls = true, .chunk = 1};
    put_in(engine, 1, true);
    calls_put(engine, slot, first);
    idle_wake_one(engine);
    return true;
}

/* Others still have tasks when the owner has done its share: they take longer than it looked. */
static void weigh_rest(struct engine *engine)
{
    double ns = (double)(clock_now() - engine->last_end);
    if (idle_worth_waking(engine, ns)) { /* relaxed: a hint */
        atomic_store_explicit(&engine->common->eager, true, memory_order_relaxed);
        idle_wake_one(engine);
    }
}

bool engine_wait(struct engine *engine, bool once)
{
    const struct runner me = {
        .engine = engine, .lane = &engine->lanes[engine->workers], .local = engine->local};
    for (;;) {
        if (engine->owner_works && lane_any_work(engine)) {
            weigh_rest(engine);
            runner_work(&me);
        }
        if (!lane_all_finished(engine, engine->expected))
            idle_owner(engine);
        bool done = lane_all_finished(engine, engine->expected);
        if (done || once)
            return done;
    }
}

/* ---- starting and stopping ---- */

static bool all_entered(struct engine *engine)
{
    for (unsigned i = engine->owner_works; i < engine->workers; i++)
        if (!atomic_load(&engine->lanes[i].entered))
            return false;
    return true;
}

bool engine_wait_entered(struct engine *engine, bool once)
{
    while (!all_entered(engine)) {
        idle_owner_until(engine, all_entered, clock_now() + ENGINE_RECHECK_MS * 1000000ull);
        if (once)
            return all_entered(engine);
    }
    return true;
}

const char *engine_entry_error(const struct engine *engine)
{
    for (unsigned i = 0; i < engine->workers; i++)
        if (atomic_load(&engine->lanes[i].entered) < 0)
            return engine->lanes[i].error;
    return NULL;
}

int engine_refusal(const struct engine *engine, unsigned first, unsigned count)
{
    for (unsigned i = first; i < first + count; i++)
        if (atomic_load(&engine->lanes[i].entered) < 0 && engine->lanes[i].refusal)
            return engine->lanes[i].refusal;
    return 0;
}

uint64_t engine_ran(const struct engine *engine, unsigned worker)
{
    uint64_t ran = atomic_load_explicit(&engine->lanes[worker].ran, memory_order_relaxed);
    if (worker == 0) /* relaxed, both: statistics */
        ran += atomic_load_explicit(&engine->lanes[engine->workers].ran, memory_order_relaxed);
    return ran;
}

void engine_stop(struct engine *engine)
{
    atomic_store(&engine->common->stopping, 1);
    idle_wake_all(engine);
}
