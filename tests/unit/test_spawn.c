/* Workers that are the program started anew: what they cannot have is refused with a way out, and
 * what they are given is what they get. What they have in common with forked ones is tested where
 * all backends are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "group.h"
#include "leftovers.h"
#include "pools.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <signal.h>

#define TASKS 40
#define WORKERS 3

static int number_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    const uint64_t *offset = ctx;
    (void)local;
    result->value = index + (offset ? *offset : 0);
    return 0;
}

static int square(struct pool_call *call)
{
    uint64_t number;
    memcpy(&number, call->payload, sizeof number);
    number *= number;
    memcpy(call->result, &number, sizeof number);
    call->result_size = sizeof number;
    return 0;
}

/* A function that lies in the C library. */
static void *elsewhere(void)
{
    void *found = dlsym(RTLD_NEXT, "getppid");
    assert_non_null(found);
    return found;
}

static void assert_values(const struct arena *arena, uint64_t offset)
{
    assert_int_equal(*arena->failed, 0);
    for (uint64_t i = 0; i < TASKS; i++) {
        assert_int_equal(arena->status[i], TASK_OK);
        assert_int_equal(arena_slot(arena, i)->value, i + offset);
    }
}

/* Runs a region on a pool with this configuration. */
static void run(const struct pool_config *config, uint64_t offset)
{
    char why[512];
    struct pool *pool = pool_start(&pool_spawn, config, why, sizeof why);
    if (!pool)
        fail_msg("%s", why);
    assert_int_equal(pool_map(pool, TASKS, 1), 0);
    assert_values(config->arena, offset);
    pool_stop(pool);
}

static void assert_refused(const struct pool_config *config, const char *what, const char *advice)
{
    char why[512] = "";
    assert_null(pool_start(&pool_spawn, config, why, sizeof why));
    assert_int_equal(errno, strstr(what, "could not begin") ? ECANCELED : EINVAL);
    if (!strstr(why, what) || !strstr(why, advice))
        fail_msg("\"%s\" does not say \"%s\" and \"%s\"", why, what, advice);
}

/* ---- what is made again ---- */

static int remake_offset(const void *bytes, size_t size, struct pool_config *config)
{
    static uint64_t offset;
    if (size != sizeof offset)
        return task_fail(EINVAL, "%zu bytes", size);
    memcpy(&offset, bytes, size);
    config->ctx = &offset;
    return 0;
}

static void a_context_is_made_again_from_bytes(void **state)
{
    struct arena arena;
    uint64_t offset = 1000;
    (void)state;
    assert_int_equal(arena_make(&arena, TASKS, 0), 0);
    const struct pool_config config = {.workers = WORKERS,
        .task = number_task,
        .ctx = &offset,
        .arena = &arena,
        .remake = remake_offset,
        .remake_bytes = &offset,
        .remake_size = sizeof offset};
    run(&config, offset);
    arena_free(&arena);
}

static int remake_task(const void *bytes, size_t size, struct pool_config *config)
{
    (void)bytes;
    (void)size;
    if (config->task || config->worker_leave)
        return task_fail(EINVAL, "a function of another object was left in");
    config->task = number_task;
    return 0;
}

static void functions_of_other_objects_can_be_found_again(void **state)
{
    struct arena arena;
    (void)state;
    assert_int_equal(arena_make(&arena, TASKS, 0), 0);
    const struct pool_config config = {
        .workers = WORKERS, .task = (task_fn *)elsewhere(), .arena = &arena, .remake = remake_task};
    run(&config, 0);
    arena_free(&arena);
}

/* The owner's file has what the worker is to say. */
static int remake_from_file(const void *bytes, size_t size, struct pool_config *config)
{
    static uint64_t offset;
    (void)bytes;
    (void)size;
    if (pread(config->remake_fd, &offset, sizeof offset, 0) != sizeof offset)
        return task_fail(EIO, "no file");
    config->ctx = &offset;
    return 0;
}

static void a_descriptor_goes_along(void **state)
{
    struct arena arena;
    uint64_t offset = 70;
    FILE *file = tmpfile();
    (void)state;
    assert_non_null(file);
    assert_int_equal(fwrite(&offset, sizeof offset, 1, file), 1);
    fflush(file);
    assert_int_equal(arena_make(&arena, TASKS, 0), 0);
    const struct pool_config config = {.workers = WORKERS,
        .task = number_task,
        .arena = &arena,
        .remake = remake_from_file,
        .remake_fd = fileno(file)};
    run(&config, offset);
    arena_free(&arena);
    fclose(file);
}

/* Yields how many descriptors from 100 on the worker has. */
static int count_descriptors(
    const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)ctx;
    (void)local;
    (void)index;
    for (int fd = 100; fd < 200; fd++)
        result->value += fcntl(fd, F_GETFD) >= 0;
    return 0;
}

static void descriptors_of_the_owner_are_not_inherited(void **state)
{
    struct arena arena;
    char why[512];
    int file = fcntl(STDIN_FILENO, F_DUPFD, 100); /* not closed on exec */
    (void)state;
    assert_true(file >= 0);
    assert_int_equal(arena_make(&arena, 1, 0), 0);
    const struct pool_config config = {.workers = 1, .task = count_descriptors, .arena = &arena};
    struct pool *pool = pool_start(&pool_spawn, &config, why, sizeof why);
    assert_non_null(pool);
    assert_int_equal(pool_map(pool, 1, 0), 0);
    assert_int_equal(arena_slot(&arena, 0)->value, 0);
    pool_stop(pool);
    arena_free(&arena);
    close(file);
}

/* ---- what is refused ---- */

static void a_context_that_nothing_makes_again_is_refused(void **state)
{
    struct arena arena;
    uint64_t offset = 1;
    (void)state;
    assert_int_equal(arena_make(&arena, TASKS, 0), 0);
    const struct pool_config config = {
        .workers = 1, .task = number_task, .ctx = &offset, .arena = &arena};
    assert_refused(&config, "does not have what ctx points to", "give pool_config.remake");
    arena_free(&arena);
}

static void functions_of_other_objects_are_refused_by_name(void **state)
{
    struct arena arena;
    (void)state;
    assert_int_equal(arena_make(&arena, TASKS, 0), 0);
    struct pool_config config = {.workers = 1, .task = (task_fn *)elsewhere(), .arena = &arena};
    assert_refused(&config, "task lies in /", "libc.so");
    config.task = number_task;
    config.worker_leave = (void (*)(const void *, void *))elsewhere();
    assert_refused(&config, "worker_leave lies in /", "libc.so");
    config.worker_leave = NULL;
    config.remake = (int (*)(const void *, size_t, struct pool_config *))elsewhere();
    assert_refused(&config, "remake lies in /", "the program's own");
    arena_free(&arena);
}

static void a_call_of_another_objects_function_is_refused_alone(void **state)
{
    char why[512];
    uint64_t number = 12, result = 0;
    size_t size = sizeof result;
    (void)state;
    const struct pool_config config = {.workers = 2, .calls_max = 4, .call_size = sizeof number};
    struct pool *pool = pool_start(&pool_spawn, &config, why, sizeof why);
    assert_non_null(pool);
    assert_null(pool_submit(pool, (pool_function *)elsewhere(), NULL, 0, NULL));
    assert_int_equal(errno, EINVAL);
    assert_non_null(strstr(task_message(EINVAL), "libc.so"));
    assert_int_equal(pool_apply(pool, square, &number, sizeof number, &result, &size), 0);
    assert_int_equal(result, 144);
    pool_stop(pool);
}

static int fail_to_remake(const void *bytes, size_t size, struct pool_config *config)
{
    (void)bytes;
    (void)size;
    (void)config;
    return task_fail(ENOENT, "no recipe");
}

static int forget_the_task(const void *bytes, size_t size, struct pool_config *config)
{
    (void)bytes;
    (void)size;
    config->task = NULL;
    return 0;
}

static void a_worker_that_cannot_be_made_again_fails_the_start(void **state)
{
    struct arena arena;
    (void)state;
    assert_int_equal(arena_make(&arena, TASKS, 0), 0);
    struct pool_config config = {
        .workers = 2, .task = number_task, .arena = &arena, .remake = fail_to_remake};
    assert_refused(&config, "a worker could not begin", "no recipe");
    config.remake = forget_the_task;
    assert_refused(&config, "a worker could not begin", "left the task function out");
    arena_free(&arena);
}

static void whoever_uses_the_word_for_workers_is_told(void **state)
{
    char said[256] = "";
    (void)state;
    fflush(NULL);
    FILE *program = popen("/proc/$PPID/exe --pool-worker-of 0 2>&1", "re");
    assert_non_null(program);
    said[fread(said, 1, sizeof said - 1, program)] = '\0';
    assert_int_equal(WEXITSTATUS(pclose(program)), 1);
    assert_non_null(strstr(said, "only a pool starts worker processes\n"));
}

/* ---- beside threads ---- */

static sem_t leave;

static void *wait_to_leave(void *argument)
{
    while (sem_wait(&leave))
        ;
    return argument;
}

static void workers_are_started_and_replaced_beside_threads(void **state)
{
    struct arena arena;
    char why[512];
    pthread_t thread;
    siginfo_t info;
    (void)state;
    assert_int_equal(arena_make(&arena, TASKS, 0), 0);
    sem_init(&leave, 0, 0);
    assert_int_equal(pthread_create(&thread, NULL, wait_to_leave, NULL), 0);
    const struct pool_config config = {.workers = 2, .task = number_task, .arena = &arena};
    struct pool *pool = pool_start(&pool_spawn, &config, why, sizeof why);
    if (!pool)
        fail_msg("%s", why);
    assert_int_equal(pool_map(pool, TASKS, 1), 0);
    pid_t pid = pool_worker_pid(pool, 1);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    assert_int_equal(pool_map(pool, TASKS, 1), 0);
    assert_values(&arena, 0);
    for (int i = 0; pool_worker_pid(pool, 1) == pid && i < 1000; i++)
        assert_int_equal(pool_map(pool, TASKS, 1), 0);
    sem_post(&leave);
    pthread_join(thread, NULL);
    pool_stop(pool);
    arena_free(&arena);
}

int main(void)
{
    const struct pool_ops *ops = &pool_spawn;
    POOLS_ADD(a_context_is_made_again_from_bytes, ops);
    POOLS_ADD(functions_of_other_objects_can_be_found_again, ops);
    POOLS_ADD(a_descriptor_goes_along, ops);
    POOLS_ADD(descriptors_of_the_owner_are_not_inherited, ops);
    POOLS_ADD(a_context_that_nothing_makes_again_is_refused, ops);
    POOLS_ADD(functions_of_other_objects_are_refused_by_name, ops);
    POOLS_ADD(a_call_of_another_objects_function_is_refused_alone, ops);
    POOLS_ADD(a_worker_that_cannot_be_made_again_fails_the_start, ops);
    POOLS_ADD(whoever_uses_the_word_for_workers_is_told, ops);
    POOLS_ADD(workers_are_started_and_replaced_beside_threads, ops);
    return group_run("spawn", NULL, NULL);
}
