/* Describing a pool, and being a worker of a pool that was described. See handover.h. */
#include "handover.h"

#include "call.h"
#include "crew.h"
#include "engine.h"
#include "lifeline.h"
#include "mapping.h"
#include "program.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC 0x72657665646e6168ull

struct handover {
    uint64_t magic, size; /* what it is, and sizeof: the reader's must be the same */
    pid_t owner;
    uintptr_t base; /* of the owner's program */
    size_t calls_size;
    /* as the owner has them */
    struct pool pool;
    struct arena arena;
    struct engine engine;
    _Alignas(CACHE_LINE) unsigned char remake_bytes[]; /* config.remake_size */
};

/* ---- the owner's side ---- */

#define FUNCTIONS 4

/* The addresses that stand in a configuration, for good or until remake has replaced them. */
static void list_functions(const struct pool_config *config, uintptr_t addresses[FUNCTIONS])
{
    addresses[0] = (uintptr_t)config->remake;
    addresses[1] = (uintptr_t)config->task;
    addresses[2] = (uintptr_t)config->worker_enter;
    addresses[3] = (uintptr_t)config->worker_leave;
}

int handover_check(const struct pool *pool, char *why, size_t size)
{
    static const char *const names[FUNCTIONS] = {"remake", "task", "worker_enter", "worker_leave"};
    const struct pool_config *config = &pool->config;
    uintptr_t addresses[FUNCTIONS];
    list_functions(config, addresses);
    if (config->ctx && !config->remake) {
        snprintf(why, size,
            "%s: a worker process that is not forked does not have what ctx points to; give "
            "pool_config.remake, which makes it anew there, or no ctx",
            pool->ops->name);
        return EINVAL;
    }
    for (int i = 0; i < (config->remake ? 1 : FUNCTIONS); i++) {
        if (addresses[i] == 0 || program_has(addresses[i]))
            continue;
        snprintf(why, size,
            "%s: %s lies in %s, which a worker process that is not forked may not have; %s",
            pool->ops->name, names[i], program_object(addresses[i]),
            i == 0 ? "let it be the program's own" : "give pool_config.remake, which finds it");
        return EINVAL;
    }
    return 0;
}

int handover_check_call(pool_function *function)
{
    uintptr_t address = (uintptr_t)function;
    if (program_has(address))
        return 0;
    return task_fail(EINVAL,
        "the function lies in %s, which a worker process that is not forked may not have; call one "
        "of the program's own",
        program_object(address));
}

int handover_make(const struct pool *pool)
{
    const struct pool_config *config = &pool->config;
    int fd;
    struct handover *made = mapping_make(sizeof *made + config->remake_size, true, &fd);
    if (!made)
        return -1;
    *made = (struct handover){
        .magic = MAGIC,
        .size = sizeof *made,
        .owner = getpid(),
        .base = program_base(),
        .calls_size = pool->engine->calls ? pool->engine->calls->size : 0,
        .pool = *pool,
        .engine = *pool->engine,
    };
    if (config->arena)
        made->arena = *config->arena;
    if (config->remake_size > 0)
        memcpy(made->remake_bytes, config->remake_bytes, config->remake_size);
    munmap(made, sizeof *made + config->remake_size);
    if (fd < 0)
        errno = EMFILE;
    return fd;
}

int handover_parts(const struct pool *pool, int made, int parts[HANDOVER_PARTS])
{
    const struct pool_config *config = &pool->config;
    parts[HANDOVER_ITSELF] = made;
    parts[HANDOVER_COMMON] = pool->engine->common_fd;
    parts[HANDOVER_ARENA] = config->arena ? config->arena->fd : -1;
    parts[HANDOVER_CALLS] = pool->engine->calls_fd;
    parts[HANDOVER_LIFELINE] = lifeline_end();
    parts[HANDOVER_USERS] = config->remake_fd > 0 ? config->remake_fd : -1;
    bool whole = parts[HANDOVER_COMMON] >= 0 && (!config->arena || parts[HANDOVER_ARENA] >= 0) &&
                 (!pool->engine->calls || parts[HANDOVER_CALLS] >= 0);
    return whole ? 0 : EMFILE;
}

/* ---- the worker's side ---- */

/* What the worker knows of the pool: filled in once, by the process's first thread. */
static struct pool pool;
static struct arena arena;
static struct engine engine;

static _Noreturn void reject(const char *what)
{
    fprintf(stderr, "pool_worker_main: %s; only a pool starts worker processes\n", what);
    _exit(1);
}

static const struct handover *read_handover(int fd)
{
    struct stat file;
    if (fd < 0 || fstat(fd, &file) || (size_t)file.st_size < sizeof(struct handover))
        reject("there is no description of a pool");
    const struct handover *given = mapping_open((size_t)file.st_size, fd);
    if (!given)
        reject(strerror(errno));
    if (given->magic != MAGIC || given->size != sizeof *given)
        reject("the pool's owner is another version of this program");
    return given;
}

/* A function of the owner's program as it is here; 0: none that this process could call. */
static uintptr_t shifted(uintptr_t address)
{
    uintptr_t here = address ? address + engine.code_shift : 0;
    return program_has(here) ? here : 0;
}

static void shift_all(struct pool_config *config)
{
    config->remake =
        (int (*)(const void *, size_t, struct pool_config *))shifted((uintptr_t)config->remake);
    config->task = (task_fn *)shifted((uintptr_t)config->task);
    config->worker_enter = (int (*)(const void *, void **))shifted((uintptr_t)config->worker_enter);
    config->worker_leave = (void (*)(const void *, void *))shifted((uintptr_t)config->worker_leave);
}

static void fill_pool(const struct handover *given, int users_fd)
{
    pool = given->pool;
    pool.ops = (const struct pool_ops *)((uintptr_t)pool.ops + engine.code_shift);
    pool.engine = &engine;
    pool.futures = NULL;
    pool.config.arena = pool.config.arena ? &arena : NULL;
    pool.config.ctx = NULL;
    pool.config.progress = NULL;
    pool.config.progress_argument = NULL;
    pool.config.remake_bytes = given->remake_bytes;
    pool.config.remake_fd = users_fd > 0 ? users_fd : 0;
    shift_all(&pool.config);
}

static int attach(const struct handover *given, const int parts[HANDOVER_PARTS])
{
    engine = given->engine;
    engine.code_shift = program_base() - given->base;
    fill_pool(given, parts[HANDOVER_USERS]);
    if (engine_attach(&engine, &pool, parts[HANDOVER_COMMON],
            given->calls_size ? parts[HANDOVER_CALLS] : -1, given->calls_size))
        return -1;
    arena = given->arena;
    return pool.config.arena ? arena_attach(&arena, parts[HANDOVER_ARENA]) : 0;
}

static _Noreturn void refuse(unsigned first, const char *why)
{
    engine_refuse(&engine, first, why, 0);
    _exit(0);
}

/* Lets the user make again what was not inherited; only that is taken. */
static void remake(unsigned first)
{
    struct pool_config *config = &pool.config, made = *config;
    int code =
        config->remake ? config->remake(config->remake_bytes, config->remake_size, &made) : 0;
    if (code)
        refuse(first, task_message(code));
    config->task = made.task;
    config->ctx = made.ctx;
    config->worker_enter = made.worker_enter;
    config->worker_leave = made.worker_leave;
    if (config->arena && !config->task)
        refuse(first, "pool_config.remake has left the task function out");
}

void handover_work(const int parts[HANDOVER_PARTS], unsigned first, pid_t parent)
{
    const struct handover *given = read_handover(parts[HANDOVER_ITSELF]);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != (parent ? parent : given->owner)) /* it died before the line above */
        _exit(1);
    if (parts[HANDOVER_LIFELINE] >= 0)
        lifeline_join_by(parts[HANDOVER_LIFELINE]);
    if (attach(given, parts))
        reject(strerror(errno));
    remake(first);
    crew_be(&engine, first);
}
