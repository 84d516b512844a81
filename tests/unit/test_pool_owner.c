/* Processes whose owner works: it is worker 0 and runs tasks while it waits. Every case on such
 * pools is test_contract.c's, a thousand kills are test_pool_kills.c's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "group.h"
#include "leftovers.h"
#include "pools.h"

#include <signal.h>

#define WORKERS 5
#define TASKS 2000
#define DEATHS 3
#define REGIONS 50

/* What tasks and hooks share. */
struct scene {
    pid_t owner;
    _Atomic unsigned entered, left, by_owner, deaths_left;
    _Atomic unsigned char runs[TASKS];
};

static int note_enter(const void *ctx, void **local)
{
    (void)local;
    ((struct scene *)ctx)->entered++;
    return 0;
}

static void note_leave(const void *ctx, void *local)
{
    (void)local;
    ((struct scene *)ctx)->left++;
}

/* Dies, where it is not the owner's, as long as deaths are left. */
static int mortal_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    struct scene *scene = (struct scene *)ctx;
    bool mine = getpid() == scene->owner;
    (void)local;
    scene->runs[index]++;
    scene->by_owner += mine;
    result->value = index + 1;
    unsigned left = scene->deaths_left;
    while (!mine && left > 0)
        if (atomic_compare_exchange_weak(&scene->deaths_left, &left, left - 1))
            raise(SIGKILL);
    return 0;
}

static struct scene *make_scene(void)
{
    struct scene *scene = pools_shared(sizeof *scene);
    scene->owner = getpid();
    return scene;
}

static struct pool *start(unsigned workers, struct scene *scene, struct arena *arena)
{
    char why[512];
    const struct pool_config config = {.workers = workers,
        .owner_works = true,
        .task = mortal_task,
        .ctx = scene,
        .worker_enter = note_enter,
        .worker_leave = note_leave,
        .arena = arena};
    assert_int_equal(arena_make(arena, TASKS, 0), 0);
    struct pool *pool = pool_start(&pool_processes, &config, why, sizeof why);
    if (!pool)
        fail_msg("%s", why);
    return pool;
}

/* Runs a region. Every task has run exactly once, but for those lost: those at most once. Returns
 * how many. */
static unsigned run_region(struct pool *pool, struct scene *scene, uint64_t chunk)
{
    const struct arena *arena = pool->config.arena;
    unsigned lost = 0;
    memset((void *)scene->runs, 0, sizeof scene->runs);
    assert_int_equal(pool_map(pool, TASKS, chunk), 0);
    for (uint64_t i = 0; i < TASKS; i++) {
        lost += arena->status[i] == TASK_LOST;
        assert_true(scene->runs[i] == 1 || (scene->runs[i] == 0 && arena->status[i] == TASK_LOST));
        assert_true(arena->status[i] == TASK_LOST || arena_slot(arena, i)->value == i + 1);
    }
    assert_int_equal(*arena->failed, lost);
    return lost;
}

static void an_owner_that_works_is_worker_0_and_the_others_are_processes(void **state)
{
    struct scene *scene = make_scene();
    struct arena arena;
    (void)state;
    for (unsigned workers = 1; workers <= WORKERS; workers++) {
        scene->entered = scene->left = scene->by_owner = 0;
        struct pool *pool = start(workers, scene, &arena);
        siginfo_t child;
        assert_int_equal(leftovers_child(&child), workers > 1);
        assert_int_equal(pool_worker_pid(pool, 0), getpid());
        for (unsigned i = 1; i < workers; i++)
            assert_int_not_equal(pool_worker_pid(pool, i), getpid());
        for (uint64_t chunk = 0; chunk < 3; chunk++)
            assert_int_equal(run_region(pool, scene, chunk), 0);
        assert_true(workers > 1 || scene->by_owner == 3 * TASKS);
        assert_int_equal(pool_worker_tasks(pool, 0), scene->by_owner);
        assert_int_equal(pools_worker_tasks(pool), 3 * TASKS);
        assert_int_equal(scene->entered, workers);
        pool_stop(pool);
        assert_int_equal(scene->left, workers);
        arena_free(&arena);
    }
    pools_unshare(scene, sizeof *scene);
}

static void a_death_beside_a_working_owner_costs_one_task(void **state)
{
    struct scene *scene = make_scene();
    struct arena arena;
    (void)state;
    for (unsigned workers = 2; workers <= WORKERS; workers++) {
        unsigned lost = 0;
        struct pool *pool = start(workers, scene, &arena);
        scene->deaths_left = DEATHS;
        for (uint64_t region = 0; scene->deaths_left > 0; region++)
            lost += run_region(pool, scene, region % 3);
        for (uint64_t region = 0; region < REGIONS; region++)
            lost += run_region(pool, scene, region % 3);
        assert_int_equal(lost, DEATHS);
        pool_stop(pool);
        arena_free(&arena);
    }
    pools_unshare(scene, sizeof *scene);
}

static void note_progress(void *argument, uint64_t ended, uint64_t tasks)
{
    (void)argument;
    (void)ended;
    (void)tasks;
}

static void assert_start_refused(const struct pool_ops *ops, struct pool_config config)
{
    char why[512] = "";
    config.owner_works = true;
    config.task = mortal_task;
    assert_null(pool_start(ops, &config, why, sizeof why));
    assert_non_null(strstr(why, "owner_works is for processes"));
}

static void an_owner_works_only_for_regions_of_processes(void **state)
{
    (void)state;
    assert_start_refused(&pool_processes, (struct pool_config){.workers = 2, .calls_max = 1});
    assert_start_refused(
        &pool_processes, (struct pool_config){.workers = 2, .tasks_per_worker = 1});
    assert_start_refused(
        &pool_processes, (struct pool_config){.workers = 2, .progress = note_progress});
    for (const struct pool_ops *const *ops = registry_backends; *ops; ops++)
        if (*ops != &pool_processes && !((*ops)->supported && (*ops)->supported()))
            assert_start_refused(*ops, (struct pool_config){.workers = 1});
}

int main(void)
{
    POOLS_ADD(an_owner_that_works_is_worker_0_and_the_others_are_processes, &pool_processes);
    POOLS_ADD(a_death_beside_a_working_owner_costs_one_task, &pool_processes);
    POOLS_ADD(an_owner_works_only_for_regions_of_processes, &pool_processes);
    return group_run("owner", NULL, NULL);
}
