/* Regions without waiting: a region's chunks as calls, and one future for all of them. */
#include "call.h"
#include "future.h"

#include <errno.h>
#include <stdlib.h>

struct batch {
    struct future *whole;
    uint64_t next, tasks, chunk; /* tasks next .. tasks-1 are not submitted */
    uint32_t under_way;
};

struct piece {
    uint64_t begin, end;
};

static int run_piece(struct pool_call *call)
{
    const struct runner *me = calls_runner();
    const struct piece *piece = call->payload;
    pool_run_range(me->engine->pool, me->local, me->worker, piece->begin, piece->end, NULL);
    return 0;
}

static int piece_ended(struct future *future, void *argument);

/* Submits as much as there are free futures for; the rest follows as pieces end. */
static int submit_pieces(struct batch *batch)
{
    struct pool *pool = batch->whole->pool;
    const struct pool_options options = {.on_done = piece_ended, .argument = batch};
    while (batch->next < batch->tasks) {
        uint64_t left = batch->tasks - batch->next;
        const struct piece piece = {
            batch->next, batch->next + (batch->chunk < left ? batch->chunk : left)};
        if (!pool_submit(pool, run_piece, &piece, sizeof piece, &options))
            return batch->under_way > 0 && errno == EAGAIN ? 0 : errno;
        batch->next = piece.end;
        batch->under_way++;
    }
    return 0;
}

/* The worker died in the first task that has no status: that one is lost, the others are not. */
static uint64_t after_death(struct future *future, const struct piece *piece)
{
    const struct arena *arena = future->pool->config.arena;
    uint64_t lost = piece->begin; /* relaxed: the burial has synchronised */
    while (lost < piece->end &&
           atomic_load_explicit(&arena->status[lost], memory_order_relaxed) != TASK_PENDING)
        lost++;
    if (lost < piece->end)
        arena_fail(arena, lost, TASK_LOST, ECHILD, 0, future_message(future));
    return lost + 1;
}

static int piece_ended(struct future *future, void *argument)
{
    struct batch *batch = argument;
    const struct piece piece =
        *(const struct piece *)calls_payload(future->pool->engine->calls, future->slot);
    enum future_status status = future_status(future);
    const struct pool_options options = {.on_done = piece_ended, .argument = batch};
    batch->under_way--;
    if (status == FUTURE_LOST) {
        const struct piece rest = {after_death(future, &piece), piece.end};
        if (rest.begin < rest.end &&
            pool_submit(future->pool, run_piece, &rest, sizeof rest, &options))
            batch->under_way++;
    }
    future_free(future);
    if (submit_pieces(batch) == 0 && batch->under_way > 0)
        return 0;
    struct future *whole = batch->whole;
    free(batch);
    if (whole->status == FUTURE_PENDING) /* or the pool was terminated */
        future_end(whole, status == FUTURE_CANCELLED ? FUTURE_CANCELLED : FUTURE_OK);
    return 0;
}

struct future *pool_map_async(struct pool *pool, uint64_t tasks, uint64_t chunk)
{
    struct future *whole = future_make(pool, NULL);
    struct batch *batch = whole ? malloc(sizeof *batch) : NULL;
    if (!batch)
        return NULL;
    if (chunk == 0)
        chunk = pool_chunk(tasks, 0, pool->config.workers);
    *batch = (struct batch){.whole = whole, .tasks = tasks, .chunk = chunk};
    arena_reset(pool->config.arena, tasks);
    int code = submit_pieces(batch);
    if (code || tasks == 0) {
        free(batch);
        future_end(whole, code ? FUTURE_ERROR : FUTURE_OK);
    }
    return whole;
}
