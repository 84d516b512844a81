/* Workers that a zygote forks because the owner has more than one thread: at the start and in place
 * of the dead, and what ends with what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "group.h"
#include "leftovers.h"
#include "pools.h"

#include "harness/pool/zygote.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>

#define TASKS 40
#define WORKERS 4
#define PATIENCE_SECONDS 10 /* ten times what is promised */

static int plus_one(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)ctx;
    (void)local;
    result->value = index + 1;
    return 0;
}

static int echo(struct pool_call *call)
{
    memcpy(call->result, call->payload, call->payload_size);
    call->result_size = call->payload_size;
    return 0;
}

static int sleep_on(struct pool_call *call)
{
    (void)call;
    while (pause())
        ;
    return 0;
}

/* ---- another thread ---- */

static sem_t leave;
static pthread_t thread;

static void *wait_to_leave(void *argument)
{
    while (sem_wait(&leave))
        ;
    return argument;
}

static void begin_thread(void)
{
    sem_init(&leave, 0, 0);
    assert_int_equal(pthread_create(&thread, NULL, wait_to_leave, NULL), 0);
}

static void end_thread(void)
{
    sem_post(&leave);
    pthread_join(thread, NULL);
}

static void begin_zygote(void)
{
    char why[512] = "";
    if (pool_zygote_start(why, sizeof why))
        fail_msg("%s", why);
}

/* ---- pools ---- */

static struct pool *start(const struct pool_ops *ops, struct arena *arena)
{
    char why[512];
    assert_int_equal(arena_make(arena, TASKS, 0), 0);
    const struct pool_config config = {.workers = WORKERS,
        .task = plus_one,
        .arena = arena,
        .calls_max = 8,
        .call_size = sizeof(uint64_t)};
    struct pool *pool = pools_try(ops, &config, why, sizeof why);
    if (!pool)
        fail_msg("%s", why);
    return pool;
}

static void stop(struct pool *pool, struct arena *arena)
{
    pool_stop(pool);
    arena_free(arena);
}

static void assert_region(struct pool *pool)
{
    const struct arena *arena = pool->config.arena;
    if (pool_map(pool, TASKS, 1))
        fail_msg("%s", task_message(EIO));
    assert_int_equal(*arena->failed, 0);
    for (uint64_t i = 0; i < TASKS; i++)
        assert_int_equal(arena_slot(arena, i)->value, i + 1);
}

/* Whose child a process is. */
static pid_t parent_of(pid_t pid)
{
    char path[64], line[512] = "";
    int parent = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (file && fgets(line, sizeof line, file) && strrchr(line, ')'))
        sscanf(strrchr(line, ')'), ") %*c %d", &parent);
    if (file)
        fclose(file);
    return parent;
}

/* Kills a worker's process and waits until another one has its place. */
static void replace(struct pool *pool, unsigned worker)
{
    pid_t pid = pool_worker_pid(pool, worker);
    assert_int_equal(kill(pid, SIGKILL), 0);
    while (pool_worker_pid(pool, worker) == pid)
        assert_region(pool);
}

/* ---- what it makes possible ---- */

static void a_pool_is_started_beside_threads(void **state)
{
    struct arena arena;
    begin_zygote();
    begin_thread();
    struct pool *pool = start(*state, &arena);
    pid_t zygote = parent_of(pool_worker_pid(pool, 0));
    char name[32] = "";
    assert_int_not_equal(zygote, getpid());
    assert_int_equal(parent_of(zygote), getpid());
    pools_read_name(zygote, name, sizeof name);
    assert_string_equal(name, "pb-zygote\n");
    assert_region(pool);
    replace(pool, 1);
    assert_int_equal(parent_of(pool_worker_pid(pool, 1)), zygote);
    stop(pool, &arena);
    end_thread();
    pool_zygote_stop();
}

static void a_worker_is_replaced_beside_threads_that_came_later(void **state)
{
    struct arena arena;
    begin_zygote();
    struct pool *pool = start(*state, &arena);
    assert_int_equal(parent_of(pool_worker_pid(pool, 0)), getpid());
    assert_region(pool);
    begin_thread();
    replace(pool, 0);
    assert_int_not_equal(parent_of(pool_worker_pid(pool, 0)), getpid());
    assert_region(pool);
    end_thread();
    replace(pool, 0);
    assert_int_equal(parent_of(pool_worker_pid(pool, 0)), getpid());
    stop(pool, &arena);
    pool_zygote_stop();
}

static void calls_run_and_time_out_there_too(void **state)
{
    struct arena arena;
    const struct pool_options options = {.timeout_s = 0.02};
    uint64_t number = 7, result = 0;
    size_t size = sizeof result;
    begin_zygote();
    begin_thread();
    struct pool *pool = start(*state, &arena);
    struct future *future = pool_submit(pool, sleep_on, NULL, 0, &options);
    assert_non_null(future);
    assert_int_equal(future_get(future, NULL, NULL, -1), ETIME);
    assert_int_equal(pool_apply(pool, echo, &number, sizeof number, &result, &size), 0);
    assert_int_equal(result, number);
    stop(pool, &arena);
    end_thread();
    pool_zygote_stop();
}

struct scene {
    _Atomic uint32_t tasks;
};

static int count_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    struct scene *scene = (struct scene *)ctx;
    scene->tasks++;
    return plus_one(ctx, local, index, result);
}

static void a_context_is_made_again_there(void **state)
{
    struct arena arena;
    begin_zygote();
    begin_thread();
    struct scene *scene = pools_shared(sizeof *scene); /* after the fork of the zygote */
    assert_int_equal(arena_make(&arena, TASKS, 0), 0);
    struct pool *pool = pools_start(*state, 2, count_task, scene, &arena);
    assert_region(pool);
    assert_int_equal(scene->tasks, TASKS);
    stop(pool, &arena);
    pools_unshare(scene, sizeof *scene);
    end_thread();
    pool_zygote_stop();
}

/* ---- what is refused ---- */

static void a_context_that_nothing_makes_again_is_refused_beside_threads(void **state)
{
    struct arena arena;
    char why[512] = "";
    int ctx = 0;
    assert_int_equal(arena_make(&arena, TASKS, 0), 0);
    const struct pool_config config = {
        .workers = WORKERS, .task = plus_one, .ctx = &ctx, .arena = &arena};
    begin_zygote();
    struct pool *pool = pool_start(*state, &config, why, sizeof why); /* one thread: forked */
    assert_non_null(pool);
    assert_region(pool);
    pool_stop(pool);
    begin_thread();
    assert_null(pool_start(*state, &config, why, sizeof why));
    assert_int_equal(errno, EINVAL);
    if (!strstr(why, "pool_config.remake"))
        fail_msg("\"%s\" does not say what to do", why);
    end_thread();
    arena_free(&arena);
    pool_zygote_stop();
}

static void without_a_zygote_a_pool_breaks_where_it_would_fork_beside_threads(void **state)
{
    struct arena arena;
    char said[TASK_MESSAGE_MAX] = "";
    siginfo_t info;
    struct pool *pool = start(*state, &arena);
    begin_thread();
    pid_t pid = pool_worker_pid(pool, 0);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    while (pool_map(pool, TASKS, 1) == 0)
        ;
    snprintf(said, sizeof said, "%s", task_message(EIO));
    if (!strstr(said, "has now 2 threads") || !strstr(said, "pool_zygote_start"))
        fail_msg("\"%s\" does not tell why and what to do", said);
    stop(pool, &arena);
    end_thread();
}

static void a_zygote_is_not_forked_beside_threads(void **state)
{
    char why[512] = "";
    (void)state;
    begin_thread();
    assert_int_equal(pool_zygote_start(why, sizeof why), -1);
    if (!strstr(why, "this one has 2"))
        fail_msg("\"%s\" does not tell why", why);
    end_thread();
    begin_zygote();
    begin_thread();
    begin_zygote(); /* there is one */
    end_thread();
    pool_zygote_stop();
    pool_zygote_stop();
}

/* ---- what ends with what ---- */

static void a_zygotes_death_breaks_the_pool_with_a_message(void **state)
{
    struct arena arena;
    begin_zygote();
    begin_thread();
    struct pool *pool = start(*state, &arena);
    assert_region(pool);
    assert_int_equal(kill(parent_of(pool_worker_pid(pool, 0)), SIGKILL), 0);
    while (pool_map(pool, TASKS, 1) == 0)
        ;
    const char *said = task_message(EIO);
    if (!strstr(said, "zygote"))
        fail_msg("\"%s\" does not tell why", said);
    stop(pool, &arena);
    end_thread();
    begin_zygote(); /* another one */
    pool_zygote_stop();
}

/* Stops the zygote, whom somebody asks then. */
static void stop_zygote(pid_t zygote)
{
    assert_int_equal(kill(zygote, SIGSTOP), 0);
    assert_int_equal(waitpid(zygote, NULL, WUNTRACED), zygote);
}

static void a_stopped_zygote_breaks_the_pool_instead_of_hanging_it(void **state)
{
    struct arena arena;
    begin_zygote();
    begin_thread();
    struct pool *pool = start(*state, &arena);
    stop_zygote(parent_of(pool_worker_pid(pool, 0)));
    assert_region(pool);
    assert_int_equal(kill(pool_worker_pid(pool, 0), SIGKILL), 0);
    while (pool_map(pool, TASKS, 1) == 0)
        ;
    const char *said = task_message(EIO);
    if (!strstr(said, "the zygote") || !strstr(said, "was stopped"))
        fail_msg("\"%s\" does not tell why", said);
    stop(pool, &arena);
    end_thread();
    begin_zygote(); /* another one */
    pool_zygote_stop();
}

static void a_stopped_zygote_is_ended_before_or_after_its_pools(void **state)
{
    struct arena arena;
    for (int before = 0; before < 2; before++) {
        begin_zygote();
        begin_thread();
        struct pool *pool = start(*state, &arena);
        pid_t zygote = parent_of(pool_worker_pid(pool, 0));
        if (before)
            stop_zygote(zygote);
        stop(pool, &arena);
        if (!before)
            stop_zygote(zygote);
        pool_zygote_stop();
        end_thread();
    }
}

static void a_zygote_that_died_unseen_fails_the_start(void **state)
{
    char why[512] = "";
    siginfo_t info;
    const struct pool_config config = {.workers = 1, .calls_max = 1};
    begin_zygote();
    begin_thread();
    struct pool *pool = pool_start(*state, &config, why, sizeof why);
    assert_non_null(pool);
    pid_t zygote = parent_of(pool_worker_pid(pool, 0));
    pool_stop(pool);
    assert_int_equal(kill(zygote, SIGKILL), 0);
    assert_int_equal(waitid(P_PID, (id_t)zygote, &info, WEXITED | WNOWAIT), 0);
    assert_null(pool_start(*state, &config, why, sizeof why));
    assert_int_equal(errno, ECHILD);
    if (!strstr(why, "the zygote is gone"))
        fail_msg("\"%s\" does not tell why", why);
    end_thread();
    pool_zygote_stop();
}

static int outlive_parent(const void *ctx, void **local)
{
    (void)ctx;
    (void)local;
    return prctl(PR_SET_PDEATHSIG, 0) ? errno : 0;
}

static void *ask_whether_it_is_on(void *argument)
{
    while (zygote_is_on())
        ;
    return argument;
}

static void its_end_may_come_while_others_ask_for_it(void **state)
{
    (void)state;
    begin_zygote();
    assert_int_equal(pthread_create(&thread, NULL, ask_whether_it_is_on, NULL), 0);
    pool_zygote_stop();
    pthread_join(thread, NULL);
}

static _Noreturn void be_owner(const struct pool_ops *ops, int ready)
{
    char why[512];
    const struct pool_config config = {
        .workers = WORKERS, .worker_enter = outlive_parent, .calls_max = 1};
    sem_init(&leave, 0, 0);
    if (pool_zygote_start(why, sizeof why) || pthread_create(&thread, NULL, wait_to_leave, NULL) ||
        !pool_start(ops, &config, why, sizeof why) || write(ready, "", 1) != 1)
        _exit(1);
    for (;;)
        pause();
}

static void no_handler(int signal)
{
    (void)signal;
}

static void a_killed_owner_leaves_neither_zygote_nor_worker(void **state)
{
    int ready[2];
    char byte;
    struct sigaction timeout = {.sa_handler = no_handler}, before;
    assert_int_equal(pipe(ready), 0);
    pid_t owner = fork();
    assert_true(owner >= 0);
    if (owner == 0)
        be_owner(*state, ready[1]);
    close(ready[1]);
    ssize_t length = read(ready[0], &byte, 1);
    close(ready[0]);
    assert_int_equal(kill(owner, SIGKILL), 0);
    sigaction(SIGALRM, &timeout, &before);
    alarm(PATIENCE_SECONDS);
    while (waitpid(-1, NULL, 0) > 0) /* this is their subreaper */
        ;
    assert_int_equal(errno, ECHILD);
    alarm(0);
    sigaction(SIGALRM, &before, NULL);
    assert_int_equal(length, 1);
}

int main(void)
{
    static const struct pool_ops *const all[] = {&pool_processes, &pool_hybrid};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const struct pool_ops *ops = all[i];
        POOLS_ADD(a_pool_is_started_beside_threads, ops);
        POOLS_ADD(a_worker_is_replaced_beside_threads_that_came_later, ops);
        POOLS_ADD(calls_run_and_time_out_there_too, ops);
        POOLS_ADD(a_context_is_made_again_there, ops);
        POOLS_ADD(a_context_that_nothing_makes_again_is_refused_beside_threads, ops);
        POOLS_ADD(without_a_zygote_a_pool_breaks_where_it_would_fork_beside_threads, ops);
        POOLS_ADD(a_zygotes_death_breaks_the_pool_with_a_message, ops);
        POOLS_ADD(a_stopped_zygote_breaks_the_pool_instead_of_hanging_it, ops);
        POOLS_ADD(a_stopped_zygote_is_ended_before_or_after_its_pools, ops);
        POOLS_ADD(a_zygote_that_died_unseen_fails_the_start, ops);
        POOLS_ADD(a_killed_owner_leaves_neither_zygote_nor_worker, ops);
    }
    POOLS_ADD(a_zygote_is_not_forked_beside_threads, &pool_processes);
    POOLS_ADD(its_end_may_come_while_others_ask_for_it, &pool_processes);
    return group_run("zygote", NULL, NULL);
}
