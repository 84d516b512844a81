/* One thread and a loop: tasks in their non-blocking form (events.h), as many in flight as the pool
 * has workers. The owner is the thread, so that to start the pool is to make the loop; a worker is
 * a place among those in flight. What chunk says means nothing: a place takes the next task when
 * its last one has ended.
 *
 * Tasks begin between two turns of the loop, never inside what the loop calls, so that one that
 * ends at once does not lead ever deeper. */
#include "backend.h"
#include "event_loop.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct place {
    struct event event;
    uint64_t task; /* of the region, whatever the event's index is made */
    uint64_t done;
    struct place *next_free;
    struct events *events;
};

struct events {
    struct pool pool;
    struct event_loop *loop;
    void *local;
    struct place *free; /* those with no task */
    unsigned in_flight;
    struct place places[];
};

static void note_outcome(const struct pool *pool, const struct place *place, int code)
{
    if (code) /* relaxed: all is the owner's, in one thread */
        pool_task_failed(pool, place->event.worker, place->task, code);
    else
        atomic_store_explicit(
            &pool->config.arena->status[place->task], TASK_OK, memory_order_relaxed);
}

void event_end(struct event *event, int code)
{
    struct place *place = (struct place *)event; /* its first member */
    struct events *events = place->events;
    note_outcome(&events->pool, place, code);
    if (event->ended)
        event->ended(event);
    place->done++;
    place->next_free = events->free;
    events->free = place;
    events->in_flight--;
}

static void begin(struct events *events, uint64_t task)
{
    const struct pool_config *config = &events->pool.config;
    struct place *place = events->free;
    events->free = place->next_free;
    events->in_flight++;
    place->task = task;
    place->event = (struct event){
        .loop = events->loop,
        .worker = (unsigned)(place - events->places),
        .index = task,
        .result = arena_slot(config->arena, task),
    };
    config->events->begin(config->ctx, events->local, &place->event);
}

static int events_map(struct pool *pool, uint64_t tasks, uint64_t chunk)
{
    struct events *events = (struct events *)pool;
    uint64_t next = 0;
    (void)chunk;
    for (;;) {
        while (next < tasks && events->free)
            begin(events, next++);
        if (next == tasks && events->in_flight == 0)
            return 0;
        int code = event_loop_turn(events->loop);
        if (code)
            return code;
    }
}

static void events_stop(struct pool *pool)
{
    struct events *events = (struct events *)pool;
    const struct pool_config *config = &pool->config;
    if (config->events->leave)
        config->events->leave(config->ctx, events->loop, events->local);
    event_loop_free(events->loop);
}

static void make_places(struct events *events)
{
    for (unsigned i = events->pool.config.workers; i-- > 0;) {
        events->places[i].events = events;
        events->places[i].next_free = events->free;
        events->free = &events->places[i];
    }
}

static int events_start(struct pool *pool, char *why, size_t size)
{
    struct events *events = (struct events *)pool;
    const struct pool_config *config = &pool->config;
    if (!config->events) {
        snprintf(
            why, size, "events: not implemented for this task: it has no form that does not block");
        return ENOTSUP;
    }
    events->loop = event_loop_make();
    if (!events->loop) {
        int error = errno;
        snprintf(why, size, "events: no event loop: %s", strerror(error));
        return error;
    }
    make_places(events);
    int code = config->events->enter ? config->events->enter(config->ctx, events->loop,
                                           config->workers, &events->local)
                                     : 0;
    if (code == 0)
        return 0;
    event_loop_free(events->loop);
    return pool_start_error(why, size, pool, 0, 0, task_message(code));
}

static uint64_t events_worker_tasks(const struct pool *pool, unsigned worker)
{
    return ((const struct events *)pool)->places[worker].done;
}

const struct pool_ops pool_events = {
    .name = "events",
    .summary = "one thread and an event loop; workers are tasks in flight (io cases)",
    .events = true,
    .pool_size = sizeof(struct events),
    .worker_size = sizeof(struct place),
    .start = events_start,
    .map = events_map,
    .stop = events_stop,
    .worker_tasks = events_worker_tasks,
};
