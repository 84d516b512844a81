/* Worker processes that die: the region goes on without them, and nothing is left of anybody.
 * For every backend whose workers are processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "group.h"
#include "leftovers.h"
#include "pools.h"

#include <errno.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/resource.h>

#define WORKERS 5
#define TASKS 100
#define VICTIM 37
/* A region whose workers all die is to end within a second, and descendants with their owner
 * within a second too: ten times that. */
#define PATIENCE_SECONDS 10

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- ways to die ---- */

static void by_kill(void)
{
    kill(getpid(), SIGKILL);
}

/* A real fault, on a page that a sanitizer does not recognise as NULL. */
static void by_fault(void)
{
    signal(SIGSEGV, SIG_DFL); /* and not the sanitizer's handler */
    volatile char *page = mmap(NULL, 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    *page = 1;
}

static void by_abort(void)
{
    signal(SIGABRT, SIG_DFL);
    abort();
}

static void by_exit(void)
{
    _exit(3);
}

static void by_quiet_exit(void)
{
    _exit(0);
}

static const struct way {
    void (*die)(void);
    int code;
    const char *cause;
} ways[] = {
    {by_kill, SIGKILL, "was killed by signal 9"},
    {by_fault, SIGSEGV, "was killed by signal 11"},
    {by_abort, SIGABRT, "was killed by signal 6"},
    {by_exit, -3, "exited with status 3"},
    {by_quiet_exit, 0, "exited with status 0"},
};

/* What tasks share; `deadly` says which die, by `way`. */
struct scene {
    const struct way *way;
    bool (*deadly)(const struct scene *scene, uint64_t index);
    _Atomic bool peace;  /* nobody dies */
    sem_t waiting;       /* counts tasks that wait for their end ... */
    pid_t pids[WORKERS]; /* ... in these processes */
};

static int deadly_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    const struct scene *scene = ctx;
    (void)local;
    result->value = index + 1;
    if (!scene->peace && POOLS_HERE(scene->deadly)(scene, index))
        POOLS_HERE(scene->way)->die();
    return 0;
}

static struct scene *make_scene(bool (*deadly)(const struct scene *scene, uint64_t index))
{
    struct scene *scene = pools_shared(sizeof *scene);
    scene->way = &ways[0];
    scene->deadly = deadly;
    sem_init(&scene->waiting, 1, 0);
    return scene;
}

/* ---- what must hold ---- */

static void assert_region_done(const struct arena *arena, uint64_t tasks)
{
    assert_int_equal(*arena->failed, 0);
    for (uint64_t i = 0; i < tasks; i++) {
        assert_int_equal(arena->status[i], TASK_OK);
        assert_int_equal(arena_slot(arena, i)->value, i + 1);
    }
}

/* Those that are deadly are lost, each noted once with its worker's pid; all others are done, but
 * for what the other threads of a process that has died were running. */
static void assert_only_deadly_lost(
    const struct scene *scene, const struct pool *pool, uint64_t tasks)
{
    const struct arena *arena = pool->config.arena;
    uint64_t deadly = 0, beside = 0, most_beside = pool->config.threads_each - 1;
    for (uint64_t i = 0; i < tasks; i++) {
        bool lost = scene->deadly(scene, i);
        deadly += lost;
        if (!lost && most_beside > 0 && arena->status[i] == TASK_LOST) {
            beside++;
            continue;
        }
        assert_int_equal(arena->status[i], lost ? TASK_LOST : TASK_OK);
        if (!lost)
            assert_int_equal(arena_slot(arena, i)->value, i + 1);
    }
    assert_true(beside <= deadly * most_beside);
    assert_int_equal(*arena->failed, deadly + beside);
    for (uint64_t i = 0; i < deadly + beside; i++) {
        const struct task_failure *failure = &arena->failures[i];
        char expected[64];
        snprintf(expected, sizeof expected, "worker %u (pid ", failure->worker);
        assert_int_equal(arena->status[failure->index], TASK_LOST);
        assert_int_equal(failure->code, scene->way->code);
        if (strncmp(failure->message, expected, strlen(expected)) != 0 ||
            !strstr(failure->message, scene->way->cause))
            fail_msg("\"%s\" does not say \"%s\" and \"%s\"", failure->message, expected,
                scene->way->cause);
    }
}

static double seconds_since(const struct timespec *start)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) * 1e-9;
}

/* ---- a worker dies in its task ---- */

static bool is_victim(const struct scene *scene, uint64_t index)
{
    (void)scene;
    return index == VICTIM;
}

static void a_worker_that_dies_loses_only_its_own_task(void **state)
{
    static const uint64_t chunks[] = {0, 1, 50, TASKS};
    bool lasting = !((const struct pool_ops *)*state)->per_task;
    struct scene *scene = make_scene(is_victim);
    struct arena arena;
    assert_int_equal(arena_make(&arena, TASKS, 0), 0);
    for (size_t i = 0; i < COUNT(ways); i++) {
        for (size_t j = 0; j < COUNT(chunks); j++) {
            pid_t pids[WORKERS];
            char pid[32];
            scene->way = &ways[i];
            scene->peace = false;
            struct pool *pool = pools_start(*state, WORKERS, deadly_task, scene, &arena);
            for (unsigned k = 0; k < WORKERS; k++)
                pids[k] = pool_worker_pid(pool, k);
            assert_int_equal(pool_map(pool, TASKS, chunks[j]), 0);
            assert_only_deadly_lost(scene, pool, TASKS);
            unsigned dead = arena.failures[0].worker;
            snprintf(pid, sizeof pid, "(pid %d)", (int)pids[dead]);
            assert_true(!lasting || strstr(arena.failures[0].message, pid));
            unsigned threads = pool->config.threads_each;
            for (unsigned k = 0; k < WORKERS && lasting; k++)
                assert_int_equal(
                    pids[k] != pool_worker_pid(pool, k), k / threads == dead / threads);
            uint64_t ran = pools_worker_tasks(pool), done = TASKS - *arena.failed;
            if (threads == 1)
                assert_int_equal(ran, TASKS - 1);
            assert_true(ran <= done); /* less: what other threads had not yet counted */
            scene->peace = true;
            assert_int_equal(pool_map(pool, TASKS, chunks[j]), 0);
            assert_region_done(&arena, TASKS);
            assert_int_equal(pools_worker_tasks(pool), ran + TASKS);
            pool_stop(pool);
        }
    }
    arena_free(&arena);
    pools_unshare(scene, sizeof *scene);
}

static bool is_seventh(const struct scene *scene, uint64_t index)
{
    (void)scene;
    return index % 7 == 3;
}

static bool is_any(const struct scene *scene, uint64_t index)
{
    (void)scene;
    (void)index;
    return true;
}

static void lose(const struct pool_ops *ops, bool (*deadly)(const struct scene *, uint64_t),
    unsigned workers, uint64_t tasks)
{
    struct scene *scene = make_scene(deadly);
    struct arena arena;
    assert_int_equal(arena_make(&arena, tasks, 0), 0);
    struct pool *pool = pools_start(ops, workers, deadly_task, scene, &arena);
    for (uint64_t chunk = 0; chunk < 2; chunk++) {
        assert_int_equal(pool_map(pool, tasks, chunk), 0);
        assert_only_deadly_lost(scene, pool, tasks);
    }
    scene->peace = true;
    assert_int_equal(pool_map(pool, tasks, 0), 0);
    assert_region_done(&arena, tasks);
    pool_stop(pool);
    arena_free(&arena);
    pools_unshare(scene, sizeof *scene);
}

static void several_deaths_in_a_region_lose_several_tasks(void **state)
{
    lose(*state, is_seventh, WORKERS, TASKS);
    lose(*state, is_seventh, 1, 30);
}

static void tasks_that_all_kill_their_worker_are_all_lost(void **state)
{
    lose(*state, is_any, WORKERS, 2 * WORKERS);
    lose(*state, is_any, 2, 1);
}

/* ---- workers are killed from outside ---- */

/* The first tasks wait for their end, one in each worker; the others find nothing special. */
static int waiting_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    struct scene *scene = (struct scene *)ctx;
    (void)local;
    result->value = index + 1;
    if (index < WORKERS && !scene->peace) {
        scene->pids[index] = getpid();
        sem_post(&scene->waiting);
        for (;;)
            pause();
    }
    return 0;
}

static bool is_waiting(const struct scene *scene, uint64_t index)
{
    (void)scene;
    return index < WORKERS;
}

/* Forks a process that kills all workers as soon as each of them is in a task. */
static pid_t fork_killer(struct scene *scene)
{
    pid_t killer = fork();
    assert_true(killer >= 0);
    if (killer != 0)
        return killer;
    for (int i = 0; i < WORKERS; i++)
        while (sem_wait(&scene->waiting))
            ;
    for (unsigned i = 0; i < WORKERS; i++)
        kill(scene->pids[i], SIGKILL);
    _exit(0);
}

static void killing_all_workers_at_once_does_not_hang_the_region(void **state)
{
    struct scene *scene = make_scene(is_waiting);
    struct arena arena;
    struct timespec start;
    assert_int_equal(arena_make(&arena, TASKS, 0), 0);
    struct pool *pool = pools_start(*state, WORKERS, waiting_task, scene, &arena);
    pid_t killer = fork_killer(scene);
    clock_gettime(CLOCK_MONOTONIC, &start);
    assert_int_equal(pool_map(pool, TASKS, 1), 0);
    assert_true(seconds_since(&start) < PATIENCE_SECONDS);
    assert_only_deadly_lost(scene, pool, TASKS);
    assert_int_equal(waitpid(killer, NULL, 0), killer);
    scene->peace = true;
    assert_int_equal(pool_map(pool, TASKS, 1), 0);
    assert_region_done(&arena, TASKS);
    pool_stop(pool);
    arena_free(&arena);
    pools_unshare(scene, sizeof *scene);
}

/* Kills a worker that has nothing to do, and waits until it is dead, but not for it. */
static void kill_idle(const struct pool *pool, unsigned worker)
{
    siginfo_t info;
    pid_t pid = pool_worker_pid(pool, worker);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
}

static void a_worker_killed_between_regions_loses_nothing(void **state)
{
    struct scene *scene = make_scene(is_any);
    struct arena arena;
    scene->peace = true;
    assert_int_equal(arena_make(&arena, TASKS, 0), 0);
    struct pool *pool = pools_start(*state, WORKERS, deadly_task, scene, &arena);
    for (unsigned dead = 1; dead <= WORKERS; dead++) {
        for (unsigned i = 0; i < dead; i++)
            kill_idle(pool, i);
        assert_int_equal(pool_map(pool, TASKS, dead % 2), 0);
        assert_region_done(&arena, TASKS);
        assert_int_equal(pools_worker_tasks(pool), dead * TASKS);
    }
    pool_stop(pool);
    arena_free(&arena);
    pools_unshare(scene, sizeof *scene);
}

static void a_pool_with_dead_workers_stops(void **state)
{
    struct scene *scene = make_scene(is_any);
    struct arena arena;
    scene->peace = true;
    assert_int_equal(arena_make(&arena, TASKS, 0), 0);
    for (unsigned dead = 1; dead <= WORKERS; dead += WORKERS - 1) {
        struct pool *pool = pools_start(*state, WORKERS, deadly_task, scene, &arena);
        assert_int_equal(pool_map(pool, TASKS, 0), 0);
        for (unsigned i = 0; i < dead; i++)
            kill_idle(pool, i);
        pool_stop(pool);
    }
    arena_free(&arena);
    pools_unshare(scene, sizeof *scene);
}

/* ---- a worker dies before it is one ---- */

static int deadly_enter(const void *ctx, void **local)
{
    (void)ctx;
    (void)local;
    _exit(7);
}

static void a_worker_that_dies_on_entry_fails_the_start_with_the_reason(void **state)
{
    const struct pool_ops *ops = *state;
    struct scene *scene = make_scene(is_any);
    struct arena arena;
    char why[512] = "";
    assert_int_equal(arena_make(&arena, 1, 0), 0);
    const struct pool_config config = {.workers = WORKERS,
        .task = deadly_task,
        .ctx = scene,
        .worker_enter = deadly_enter,
        .arena = &arena};
    assert_null(pools_try(ops, &config, why, sizeof why));
    assert_int_equal(errno, ECHILD);
    if (!strstr(why, "exited with status 7"))
        fail_msg("\"%s\" does not tell the cause", why);
    arena_free(&arena);
    pools_unshare(scene, sizeof *scene);
}

/* ---- the owner dies ---- */

static void end_descendants(int signal)
{
    (void)signal;
}

/* Waits until the last descendant is gone. They are our children now: we are their subreaper. */
static void assert_all_gone(void)
{
    struct sigaction timeout = {.sa_handler = end_descendants}, before;
    sigaction(SIGALRM, &timeout, &before);
    alarm(PATIENCE_SECONDS);
    while (waitpid(-1, NULL, 0) > 0)
        ;
    int cause = errno;
    alarm(0);
    sigaction(SIGALRM, &before, NULL);
    assert_int_equal(cause, ECHILD);
}

static int outlive_parent(const void *ctx, void **local)
{
    (void)ctx;
    (void)local;
    return prctl(PR_SET_PDEATHSIG, 0) ? errno : 0;
}

static void killed_owner_leaves_no_descendant(
    const struct pool_ops *ops, bool busy, int (*enter)(const void *ctx, void **local))
{
    struct scene *scene = make_scene(is_waiting);
    struct arena arena;
    assert_int_equal(arena_make(&arena, TASKS, 0), 0);
    scene->peace = !busy;
    pid_t owner = fork();
    assert_true(owner >= 0);
    if (owner == 0) {
        char why[512];
        const struct pool_config config = {.workers = WORKERS,
            .task = waiting_task,
            .ctx = scene,
            .worker_enter = enter,
            .arena = &arena};
        struct pool *pool = pools_try(ops, &config, why, sizeof why);
        if (!pool || pool_map(pool, TASKS, 1))
            _exit(1);
        for (int i = 0; i < WORKERS; i++)
            sem_post(&scene->waiting);
        for (;;)
            pause();
    }
    for (int i = 0; i < WORKERS; i++)
        while (sem_wait(&scene->waiting))
            ;
    assert_int_equal(kill(owner, SIGKILL), 0);
    assert_all_gone();
    arena_free(&arena);
    pools_unshare(scene, sizeof *scene);
}

static void a_killed_owner_leaves_no_idle_worker(void **state)
{
    killed_owner_leaves_no_descendant(*state, false, NULL);
}

static void a_killed_owner_leaves_no_busy_worker(void **state)
{
    killed_owner_leaves_no_descendant(*state, true, NULL);
}

/* The signal of a parent's death is cleared when a process changes its user, for one. */
static void a_killed_owner_leaves_no_idle_worker_without_that_signal(void **state)
{
    killed_owner_leaves_no_descendant(*state, false, outlive_parent);
}

static void a_killed_owner_leaves_no_busy_worker_without_that_signal(void **state)
{
    killed_owner_leaves_no_descendant(*state, true, outlive_parent);
}

int main(void)
{
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    for (const struct pool_ops *const *ops = registry_backends; *ops; ops++) {
        if (!(*ops)->processes || ((*ops)->supported && (*ops)->supported()))
            continue;
        POOLS_ADD(a_worker_that_dies_loses_only_its_own_task, *ops);
        POOLS_ADD(several_deaths_in_a_region_lose_several_tasks, *ops);
        POOLS_ADD(tasks_that_all_kill_their_worker_are_all_lost, *ops);
        POOLS_ADD(killing_all_workers_at_once_does_not_hang_the_region, *ops);
        if (!(*ops)->per_task) {
            POOLS_ADD(a_worker_killed_between_regions_loses_nothing, *ops);
            POOLS_ADD(a_pool_with_dead_workers_stops, *ops);
            POOLS_ADD(a_killed_owner_leaves_no_idle_worker, *ops);
            POOLS_ADD(a_killed_owner_leaves_no_idle_worker_without_that_signal, *ops);
        }
        POOLS_ADD(a_worker_that_dies_on_entry_fails_the_start_with_the_reason, *ops);
        POOLS_ADD(a_killed_owner_leaves_no_busy_worker, *ops);
        POOLS_ADD(a_killed_owner_leaves_no_busy_worker_without_that_signal, *ops);
    }
    return group_run("deaths", NULL, NULL);
}
