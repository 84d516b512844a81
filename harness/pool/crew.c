/* Starting and joining the threads of a worker process. See crew.h. */
#include "crew.h"

#include "engine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct mate {
    struct engine *engine;
    pthread_t handle;
    unsigned worker;
};

static void work(struct engine *engine, unsigned worker)
{
    if (!engine_worker(engine, worker))
        _exit(0);
}

static void *mate_main(void *argument)
{
    struct mate *mate = argument;
    work(mate->engine, mate->worker);
    return NULL;
}

static _Noreturn void give_up(struct engine *engine, unsigned worker, int code)
{
    char why[TASK_MESSAGE_MAX];
    pool_refusal(why, sizeof why, engine->pool, worker, code);
    engine_refuse(engine, worker, why, code);
    _exit(0);
}

void crew_work(struct engine *engine, unsigned first, unsigned threads)
{
    struct mate *mates = calloc(threads, sizeof *mates); /* one more than there are: never none */
    if (!mates)
        give_up(engine, first, ENOMEM);
    for (unsigned i = 1; i < threads; i++) {
        mates[i] = (struct mate){.engine = engine, .worker = first + i};
        int code = pthread_create(&mates[i].handle, NULL, mate_main, &mates[i]);
        if (code)
            give_up(engine, first + i, code);
    }
    work(engine, first);
    for (unsigned i = 1; i < threads; i++)
        pthread_join(mates[i].handle, NULL);
    free(mates);
}

void crew_be(struct engine *engine, unsigned first)
{
    if (engine->pool->config.arena)
        arena_populate(engine->pool->config.arena);
    crew_work(engine, first, engine->pool->config.threads_each);
    fflush(stdout); /* what tasks have printed, and no more: input may be shared */
    _exit(0);
}
