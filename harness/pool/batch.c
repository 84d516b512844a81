/* Regions without waiting: a region's chunks as calls, and one future for all of them. What deaths
 * have left is done in another pass, when all chunks have ended. */
#include "call.h"
#include "future.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct batch {
    struct future *whole;
    uint64_t next, tasks, chunk; /* tasks next .. tasks-1 are not submitted in this pass */
    uint32_t under_way;
    bool filling;   /* pieces are being submitted: those that end meanwhile leave it at that */
    bool lost;      /* a worker has died in this pass */
    bool again;     /* this is a further pass: some tasks are decided already */
    bool cancelled; /* a piece was */
    int code;       /* why no more could be submitted */
};

struct piece {
    uint64_t begin, end;
    bool again;
};

_Static_assert(sizeof(struct piece) <= CACHE_LINE, "there is room for so much in any pool");

static bool is_pending(const struct arena *arena, uint64_t index)
{
    return atomic_load_explicit(&arena->status[index], memory_order_relaxed) == TASK_PENDING;
}

static int run_piece(struct pool_call *call)
{
    const struct runner *me = calls_runner();
    const struct pool *pool = me->engine->pool;
    const struct piece *piece = call->payload;
    if (!piece->again)
        pool_run_range(pool, me->local, me->worker, piece->begin, piece->end, NULL);
    for (uint64_t i = piece->begin; piece->again && i < piece->end; i++)
        if (is_pending(pool->config.arena, i))
            pool_run_range(pool, me->local, me->worker, i, i + 1, NULL);
    return 0;
}

static int piece_ended(struct future *future, void *argument);

/* Submits as much as there are free futures for; the rest follows as pieces end. */
static void submit_pieces(struct batch *batch)
{
    const struct pool_options options = {.on_done = piece_ended, .argument = batch};
    batch->filling = true;
    while (batch->next < batch->tasks && !batch->code) {
        uint64_t left = batch->tasks - batch->next;
        const struct piece piece = {.begin = batch->next,
            .end = batch->next + (batch->chunk < left ? batch->chunk : left),
            .again = batch->again};
        if (!future_submit(batch->whole->pool, run_piece, &piece, sizeof piece, &options)) {
            if (errno != EAGAIN || batch->under_way == 0)
                batch->code = errno;
            break;
        }
        batch->next = piece.end;
        batch->under_way++;
    }
    batch->filling = false;
}

/* The worker died in the first task that has no status, or before it: that one is lost. */
static void lose_one(struct future *future, const struct piece *piece)
{
    const struct pool *pool = future->pool;
    const struct call *call = &pool->engine->calls->slots[future->slot];
    unsigned worker = CALL_WORKER(atomic_load_explicit(&call->state, memory_order_relaxed));
    uint64_t lost = piece->begin;
    while (lost < piece->end && !is_pending(pool->config.arena, lost))
        lost++;
    if (lost < piece->end)
        arena_lose(pool->config.arena, lost, call->code, worker, future_message(future));
}

static enum future_status outcome(struct batch *batch)
{
    struct future *whole = batch->whole;
    struct calls *calls = whole->pool->engine->calls;
    if (*whole->pool->broken) {
        whole->orphaned = true;
        return FUTURE_CANCELLED;
    }
    if (batch->cancelled || batch->code == EPIPE)
        return FUTURE_CANCELLED;
    if (batch->code == 0)
        return FUTURE_OK;
    calls->slots[whole->slot].code = batch->code;
    snprintf(calls_message(calls, whole->slot), TASK_MESSAGE_MAX,
        "not all tasks could be submitted: %s", strerror(batch->code));
    return FUTURE_ERROR;
}

static void end(struct batch *batch)
{
    struct future *whole = batch->whole;
    enum future_status status = outcome(batch);
    arena_tidy(whole->pool->config.arena);
    whole->pool->futures->region = NULL;
    if (!pool_is_terminated(whole->pool)) /* else a thread may be at it until the pool is stopped */
        arena_give(whole->pool->config.arena, whole->pool->user);
    free(batch);
    if (whole->status == FUTURE_PENDING) /* or the pool was terminated */
        future_end(whole, status);
}

static void go_on(struct batch *batch)
{
    submit_pieces(batch);
    while (batch->under_way == 0 && batch->lost && !batch->code) {
        batch->lost = false;
        batch->again = true;
        batch->next = 0;
        submit_pieces(batch);
    }
    if (batch->under_way == 0)
        end(batch);
}

static int piece_ended(struct future *future, void *argument)
{
    struct batch *batch = argument;
    const struct piece *piece = calls_payload(future->pool->engine->calls, future->slot);
    batch->under_way--;
    batch->cancelled = batch->cancelled || future->status == FUTURE_CANCELLED;
    if (future->status == FUTURE_LOST) {
        lose_one(future, piece);
        batch->lost = true;
    }
    future_free(future);
    if (!batch->filling)
        go_on(batch);
    return 0;
}

/* For a first piece there is a place; else the region cannot begin. */
static bool has_place(struct pool *pool)
{
    struct future *probe = future_make(pool, NULL);
    if (probe)
        future_abandon(probe);
    return probe;
}

/* A piece has several tasks, and a stuck thread would still write to the arena. */
static bool is_refused(const struct pool *pool, uint64_t tasks)
{
    if (pool_refuses_region(pool, tasks))
        return true;
    bool special = pool->config.task_timeout_s > 0 || pool->config.task_retries > 0;
    if (special)
        errno = task_fail(ENOTSUP, "a pool with task_timeout_s or task_retries has pool_map only");
    return special;
}

struct future *pool_map_async(struct pool *pool, uint64_t tasks, uint64_t chunk)
{
    struct future *whole = is_refused(pool, tasks) ? NULL : future_make(pool, NULL);
    bool possible =
        whole && has_place(pool) && !pool_refuses_region(pool, tasks) && !pool_takes_arena(pool);
    struct batch *batch = possible ? malloc(sizeof *batch) : NULL;
    if (!batch) {
        if (possible)
            arena_give(pool->config.arena, pool->user);
        if (whole)
            future_abandon(whole);
        return NULL;
    }
    if (chunk == 0)
        chunk = pool_chunk(tasks, 0, pool->config.workers);
    *batch = (struct batch){.whole = whole, .tasks = tasks, .chunk = chunk};
    pool->futures->region = batch;
    arena_reset(pool->config.arena, tasks);
    go_on(batch);
    return whole;
}
