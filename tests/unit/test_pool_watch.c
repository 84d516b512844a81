/* How an owner of worker processes notices that they die, and deals with those that are stopped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "group.h"
#include "leftovers.h"
#include "pools.h"

#include "harness/measure/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define WORKERS 5
#define TASKS 100
#define PATIENCE_S 10

static int empty_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)ctx;
    (void)local;
    result->value = index + 1;
    return 0;
}

static bool is_dead(pid_t pid)
{
    siginfo_t info = {.si_pid = 0};
    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT | WNOHANG) || info.si_pid == pid;
}

/* Waits until it is dead, but not for it. */
static void kill_idle(const struct pool *pool, unsigned worker)
{
    pid_t pid = pool_worker_pid(pool, worker);
    assert_int_equal(kill(pid, SIGKILL), 0);
    while (!is_dead(pid))
        sched_yield();
}

static void map_all(struct pool *pool)
{
    if (pool_map(pool, TASKS, 0))
        fail_msg("%s", task_message(0));
    assert_int_equal(*pool->config.arena->failed, 0);
    for (uint64_t i = 0; i < TASKS; i++)
        assert_int_equal(pool->config.arena->status[i], TASK_OK);
}

/* Maps until worker is another process than pid. */
static void map_until_replaced(struct pool *pool, unsigned worker, pid_t pid)
{
    for (uint64_t start = clock_now(); pool_worker_pid(pool, worker) == pid;) {
        map_all(pool);
        if (clock_since(start) > PATIENCE_S)
            fail_msg("worker %u is dead and was not replaced", worker);
    }
}

static void kill_and_replace(struct pool *pool)
{
    for (unsigned i = 0; i < WORKERS; i++) {
        pid_t pid = pool_worker_pid(pool, i);
        kill_idle(pool, i);
        map_until_replaced(pool, i, pid);
    }
}

static struct pool *start(struct arena *arena)
{
    assert_int_equal(arena_make(arena, TASKS, 0), 0);
    return pools_start(&pool_processes, WORKERS, empty_task, NULL, arena);
}

static void stop(struct pool *pool)
{
    struct arena arena = *pool->config.arena;
    pool_stop(pool);
    arena_free(&arena);
}

static void short_regions_replace_the_dead_too(void **state)
{
    struct arena arena;
    (void)state;
    struct pool *pool = start(&arena);
    kill_and_replace(pool);
    stop(pool);
}

static void the_dead_are_noticed_where_no_descriptor_is_left(void **state)
{
    struct arena arena;
    struct rlimit before, none;
    (void)state;
    getrlimit(RLIMIT_NOFILE, &before);
    none = before;
    none.rlim_cur = (rlim_t)open("/dev/null", O_RDONLY | O_CLOEXEC); /* the lowest that is free */
    close((int)none.rlim_cur);
    setrlimit(RLIMIT_NOFILE, &none);
    struct pool *pool = start(&arena);
    kill_and_replace(pool);
    stop(pool);
    setrlimit(RLIMIT_NOFILE, &before);
}

static void the_dead_are_noticed_where_nobody_need_wait_for_them(void **state)
{
    struct arena arena;
    (void)state;
    signal(SIGCHLD, SIG_IGN);
    struct pool *pool = start(&arena);
    kill_and_replace(pool);
    stop(pool);
    signal(SIGCHLD, SIG_DFL);
}

/* Echoes a byte, and ends when nobody can send it another. */
static _Noreturn void be_bystander(int in, int out)
{
    char byte;
    while (read(in, &byte, 1) == 1 && write(out, &byte, 1) == 1)
        ;
    _exit(0);
}

/* Forks a process with this number. Returns it, or -1 with errno where the system does not let. */
static pid_t fork_as(pid_t pid)
{
    struct clone_args arguments = {
        .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&pid, .set_tid_size = 1};
    long forked;
    do /* the number is given back a moment after its process */
        forked = syscall(SYS_clone3, &arguments, sizeof arguments);
    while (forked < 0 && errno == EEXIST);
    return (pid_t)forked;
}

static void who_has_a_dead_workers_number_is_left_alone(void **state)
{
    char why[512], byte = 7;
    int to[2], from[2];
    (void)state;
    signal(SIGCHLD, SIG_IGN); /* nobody keeps the number */
    const struct pool_config config = {.workers = 2, .calls_max = 1};
    struct pool *pool = pool_start(&pool_processes, &config, why, sizeof why);
    assert_non_null(pool);
    pid_t pid = pool_worker_pid(pool, 0);
    kill(pid, SIGKILL);
    while (kill(pid, 0) == 0)
        sched_yield();
    assert_int_equal(pipe2(to, O_CLOEXEC) | pipe2(from, O_CLOEXEC), 0);
    pid_t bystander = fork_as(pid);
    if (bystander == 0) {
        close(to[1]);
        be_bystander(to[0], from[1]);
    }
    close(to[0]);
    close(from[1]);
    if (bystander == pid) {
        pool_terminate(pool);
        assert_int_equal(write(to[1], &byte, 1), 1);
        assert_int_equal(read(from[0], &byte, 1), 1);
    }
    close(to[1]);
    assert_int_equal(read(from[0], &byte, 1), 0); /* it has ended */
    close(from[0]);
    pool_stop(pool);
    signal(SIGCHLD, SIG_DFL);
    if (bystander != pid) {
        print_message("this takes root, and the right to choose a process's number\n");
        skip();
    }
}

static void a_process_per_task_ends_where_nobody_need_wait_for_it(void **state)
{
    signal(SIGCHLD, SIG_IGN);
    assert_int_equal(pool_run(*state, 2, empty_task, NULL, TASKS, NULL), 0);
    signal(SIGCHLD, SIG_DFL);
}

/* Asked of the worker while it runs a task, since it opens files of its own between tasks. */
static int count_descriptors(
    const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)ctx;
    (void)local;
    (void)index;
    result->value = leftovers_entries("/proc/self/fd", "");
    return 0;
}

static void a_worker_has_no_descriptor_of_its_owner(void **state)
{
    struct arena arena;
    /* + the arena's, which is the user's; + its end of what ends it with its owner */
    unsigned ours = leftovers_entries("/proc/self/fd", "") + 2;
    (void)state;
    assert_int_equal(arena_make(&arena, TASKS, 0), 0);
    struct pool *pool = pools_start(&pool_processes, WORKERS, count_descriptors, NULL, &arena);
    kill_and_replace(pool);
    for (unsigned i = 0; i < WORKERS; i++)
        while (pool_worker_tasks(pool, i) == 0)
            map_all(pool);
    for (uint64_t i = 0; i < TASKS; i++)
        assert_int_equal(arena_slot(&arena, i)->value, ours);
    stop(pool);
}

static void a_pool_with_stopped_workers_stops(void **state)
{
    struct arena arena;
    (void)state;
    struct pool *pool = start(&arena);
    for (unsigned i = 0; i < WORKERS; i++)
        kill(pool_worker_pid(pool, i), SIGSTOP);
    stop(pool);
}

static void a_stopped_idle_worker_does_not_keep_the_others_asleep(void **state)
{
    struct arena arena;
    (void)state;
    struct pool *pool = start(&arena);
    for (unsigned i = 0; i + 1 < WORKERS; i++) {
        kill(pool_worker_pid(pool, i), SIGSTOP);
        for (int region = 0; region < 10; region++) {
            nanosleep(&(struct timespec){.tv_nsec = 300000}, NULL); /* so that all sleep */
            map_all(pool);
        }
    }
    stop(pool);
}

static void any_number_of_deaths_is_survived(void **state)
{
    struct arena arena;
    (void)state;
    struct pool *pool = start(&arena);
    for (int i = 0; i < 20; i++)
        kill_and_replace(pool);
    stop(pool);
}

/* Every second successor dies before it has entered. */
static int unsteady_enter(const void *ctx, void **local)
{
    _Atomic unsigned *entries = (_Atomic unsigned *)ctx;
    (void)local;
    if ((*entries)++ % 2 == 1)
        _exit(1);
    return 0;
}

static void deaths_on_entry_that_are_not_in_a_row_are_survived(void **state)
{
    _Atomic unsigned *entries = pools_shared(sizeof *entries);
    struct arena arena;
    char why[512];
    (void)state;
    assert_int_equal(arena_make(&arena, TASKS, 0), 0);
    const struct pool_config config = {.workers = 1,
        .task = empty_task,
        .ctx = entries,
        .worker_enter = unsteady_enter,
        .arena = &arena};
    struct pool *pool = pool_start(&pool_processes, &config, why, sizeof why);
    assert_non_null(pool);
    for (int i = 0; i < 30; i++) {
        kill_idle(pool, 0);
        map_all(pool);
    }
    assert_true(*entries > 60);
    stop(pool);
    pools_unshare(entries, sizeof *entries);
}

int main(void)
{
    const struct pool_ops *ops = &pool_processes;
    POOLS_ADD(short_regions_replace_the_dead_too, ops);
    POOLS_ADD(the_dead_are_noticed_where_no_descriptor_is_left, ops);
    POOLS_ADD(the_dead_are_noticed_where_nobody_need_wait_for_them, ops);
    POOLS_ADD(who_has_a_dead_workers_number_is_left_alone, ops);
    POOLS_ADD(a_process_per_task_ends_where_nobody_need_wait_for_it,
        registry_backend("process-per-task"));
    POOLS_ADD(a_worker_has_no_descriptor_of_its_owner, ops);
    POOLS_ADD(a_pool_with_stopped_workers_stops, ops);
    POOLS_ADD(a_stopped_idle_worker_does_not_keep_the_others_asleep, ops);
    POOLS_ADD(any_number_of_deaths_is_survived, ops);
    POOLS_ADD(deaths_on_entry_that_are_not_in_a_row_are_survived, ops);
    return group_run("watch", NULL, NULL);
}
