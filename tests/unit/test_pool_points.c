/* Workers that die, or are stopped, at every numbered point of the engine (point.h): each task is
 * decided exactly once, at most the task that the victim was running is lost, nothing hangs, the
 * pool refills, and nothing is left. `make points` builds what this needs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "group.h"
#include "leftovers.h"
#include "pools.h"

#include "harness/pool/point.h"

#ifdef POOL_POINTS

#include "harness/measure/clock.h"
#include "harness/pool/engine.h"
#include "harness/pool/processes.h"

#include <signal.h>
#include <sys/resource.h>

#define TASKS 300
#define REGIONS 3
/* Of a worker that is to be replaced after them. */
#define TASKS_EACH 10
#define TASK_NS 2000
/* Every so many tasks, one fails: the points of that are passed too. */
#define FAILS_EVERY 50
/* A call that waits for a death is to return after 100 ms; ten times that, and some for the rest.
 */
#define PATIENCE_S 5

static const char *const names[] = {"NONE",
#define NAME(name, in_task) #name,
    POINT_LIST(NAME)
#undef NAME
};

static const bool in_task[] = {false,
#define IN_TASK(name, in_task) in_task,
    POINT_LIST(IN_TASK)
#undef IN_TASK
};

static const int codes[] = {[POINT_KILL] = SIGKILL, [POINT_FAULT] = SIGSEGV, [POINT_EXIT] = -3};

static unsigned reached[POINTS]; /* how often a worker was ended there */

/* ---- tasks ---- */

struct scene {
    struct point_plan plan;
    _Atomic unsigned char runs[TASKS];
};

static int short_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    struct scene *scene = (struct scene *)ctx;
    (void)local;
    for (uint64_t start = clock_now(); clock_now() - start < TASK_NS;)
        ;
    scene->runs[index]++;
    result->value = index + 1;
    return index % FAILS_EVERY == 1 ? task_fail(EINVAL, "task %d", (int)index) : 0;
}

/* ---- what must hold ---- */

/* The failures noted are those that the statuses tell, each once. Returns how many were lost. */
static unsigned assert_failures_noted(const struct scene *scene, const struct arena *arena)
{
    unsigned lost = 0, errors = 0, noted[TASKS] = {0};
    for (uint64_t i = 0; i < TASKS; i++) {
        lost += arena->status[i] == TASK_LOST;
        errors += arena->status[i] == TASK_ERROR;
    }
    assert_int_equal(*arena->failed, lost + errors);
    for (uint64_t i = 0; i < lost + errors; i++) {
        const struct task_failure *failure = &arena->failures[i];
        char cause[64];
        assert_true(failure->index < TASKS);
        assert_int_equal(noted[failure->index]++, 0);
        if (arena->status[failure->index] == TASK_LOST) {
            snprintf(cause, sizeof cause, "(pid %d)", (int)scene->plan.victim);
            assert_int_equal(failure->code, codes[scene->plan.way]);
        } else {
            assert_int_equal(arena->status[failure->index], TASK_ERROR);
            snprintf(cause, sizeof cause, "task %d", (int)failure->index);
        }
        if (!strstr(failure->message, cause))
            fail_msg("\"%s\" does not say \"%s\"", failure->message, cause);
    }
    return lost;
}

/* Every task has run exactly once, but for those lost: those at most once. Returns how many. */
static unsigned assert_region_decided(const struct scene *scene, const struct arena *arena)
{
    for (uint64_t i = 0; i < TASKS; i++) {
        if (arena->status[i] == TASK_LOST) {
            assert_true(scene->runs[i] <= 1);
            continue;
        }
        assert_int_equal(arena->status[i], i % FAILS_EVERY == 1 ? TASK_ERROR : TASK_OK);
        assert_int_equal(arena_slot(arena, i)->value, i + 1);
        assert_int_equal(scene->runs[i], 1);
    }
    return assert_failures_noted(scene, arena);
}

static unsigned run_region(struct pool *pool, struct scene *scene, uint64_t chunk)
{
    memset((void *)scene->runs, 0, sizeof scene->runs);
    assert_int_equal(pool_map(pool, TASKS, chunk), 0);
    return assert_region_decided(scene, pool->config.arena);
}

static bool has_worker(const struct pool *pool, pid_t pid)
{
    for (unsigned i = 0; i < pool->config.workers; i++)
        if (pool_worker_pid(pool, i) == pid)
            return true;
    return false;
}

/* The victim is replaced, by the regions that follow. */
static void assert_refilled(struct pool *pool, struct scene *scene)
{
    for (uint64_t start = clock_now(); has_worker(pool, scene->plan.victim);) {
        assert_int_equal(run_region(pool, scene, 1), 0);
        if (clock_since(start) > PATIENCE_S)
            fail_msg("worker %d is dead and was not replaced", (int)scene->plan.victim);
    }
    for (unsigned i = 0; i < pool->config.workers; i++)
        assert_true(pool_worker_pid(pool, i) > 0);
}

/* Nor is the owner kept from sleeping by one that it takes for not replaced. */
static void assert_none_owed(struct pool *pool)
{
    for (uint64_t start = clock_now(); lane_any_recycled(pool->engine);) {
        assert_int_equal(processes_tend(pool), 0);
        if (clock_since(start) > PATIENCE_S)
            fail_msg("a worker that was replaced is still waited for");
    }
}

/* ---- the scenes ---- */

static bool is_entry(enum point point)
{
    return point <= POINT_ENTER_DONE;
}

static bool is_adoption(enum point point)
{
    return point >= POINT_ADOPT_BEGIN && point <= POINT_ADOPT_CLAIMED;
}

static bool is_spending(enum point point)
{
    return point >= POINT_SPENT_BEGIN && point <= POINT_SPENT_COUNTED;
}

static void arm(struct scene *scene, enum point point, int passes, enum point_way way)
{
    struct point_plan *plan = &scene->plan;
    plan->way = way;
    plan->passes_next = is_adoption(point) ? 1 : 0;
    plan->passes_left = passes;
    plan->armed_next = is_adoption(point) ? (int)point : POINT_NONE;
    /* there is something to adopt where one has died with a range of its own */
    plan->armed = is_adoption(point) ? POINT_TAKE_SEEN : (int)point;
}

static void disarm(struct scene *scene)
{
    scene->plan.armed = scene->plan.armed_next = POINT_NONE;
}

static struct scene *make_scene(void)
{
    struct scene *scene = pools_shared(sizeof *scene);
    scene->plan.owner = getpid();
    point_plan = &scene->plan;
    return scene;
}

static void free_scene(struct scene *scene)
{
    point_plan = NULL;
    pools_unshare(scene, sizeof *scene);
}

/* Long enough for the workers to fall asleep. */
static void let_sleep(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
}

static void note_reached(const struct scene *scene, enum point point)
{
    int wanted = is_adoption(point) ? 2 : 1;
    reached[point] += scene->plan.victims >= wanted;
}

/* Timed: with a limit for tasks that none of them reaches. */
static struct pool *start(
    enum point point, unsigned workers, bool timed, const struct scene *scene, struct arena *arena)
{
    char why[512];
    const struct pool_config config = {.workers = workers,
        .task = short_task,
        .ctx = scene,
        .arena = arena,
        .tasks_per_worker = is_spending(point) ? TASKS_EACH : 0,
        .task_timeout_s = timed ? 1000 : 0};
    struct pool *pool = pool_start(&pool_processes, &config, why, sizeof why);
    if (!pool)
        fail_msg("%s", why);
    return pool;
}

/* Starts a pool, has one worker end at the point, and looks at this region and the next ones. */
static void die_at(enum point point, unsigned workers, bool timed, uint64_t chunk, int passes)
{
    struct scene *scene = make_scene();
    struct arena arena;
    enum point_way way = (enum point_way)((unsigned)point + workers + chunk) % POINT_STOP;
    unsigned lost = 0;
    assert_int_equal(arena_make(&arena, TASKS, 0), 0);
    if (is_entry(point))
        arm(scene, point, passes, way);
    struct pool *pool = start(point, workers, timed, scene, &arena);
    if (!is_entry(point))
        arm(scene, point, passes, way);
    for (int region = 0; region < REGIONS; region++) {
        lost += run_region(pool, scene, chunk);
        let_sleep();
    }
    assert_int_equal(lost, in_task[point] && scene->plan.victims ? 1 : 0);
    if (point < POINT_LEAVE_BEGIN) {
        disarm(scene);
        assert_refilled(pool, scene);
    }
    assert_int_equal(run_region(pool, scene, chunk), 0);
    assert_none_owed(pool);
    pool_stop(pool);
    note_reached(scene, point);
    arena_free(&arena);
    free_scene(scene);
}

static void a_worker_may_die_at_this_point(void **state)
{
    static const unsigned sizes[] = {1, 2, 5, 13};
    const enum point point = *(const enum point *)*state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (uint64_t chunk = 0; chunk < 2; chunk++)
            die_at(point, sizes[i], false, chunk, 1 + 2 * (int)((i + chunk) % 2));
        die_at(point, sizes[i], true, 1, 1 + (int)i);
    }
    if (!reached[point])
        fail_msg("no worker came to %s", names[point]);
}

/* The others go on without it; what it holds they have after 100 ms, by its death. */
static void stop_at(enum point point, unsigned workers, bool timed, uint64_t chunk)
{
    struct scene *scene = make_scene();
    struct arena arena;
    assert_int_equal(arena_make(&arena, TASKS, 0), 0);
    struct pool *pool = start(point, workers, timed, scene, &arena);
    arm(scene, point, 1, POINT_STOP);
    for (int region = 0; region < REGIONS; region++) {
        uint64_t start = clock_now();
        assert_int_equal(run_region(pool, scene, chunk), 0);
        assert_true(clock_since(start) < PATIENCE_S);
        let_sleep();
    }
    pool_stop(pool);
    note_reached(scene, point);
    arena_free(&arena);
    free_scene(scene);
}

static void a_worker_may_be_stopped_at_this_point(void **state)
{
    const enum point point = *(const enum point *)*state;
    stop_at(point, 2, false, 0);
    stop_at(point, 5, false, 1);
    stop_at(point, 2, true, 1);
}

/* In a task it may take as long as it likes, and the last of a pool of one is nobody's concern. */
static bool may_be_stopped_at(enum point point)
{
    return !in_task[point] && !is_entry(point) && !is_adoption(point) && !is_spending(point) &&
           point < POINT_LEAVE_BEGIN;
}

int main(void)
{
    static enum point points[POINTS];
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    for (enum point i = POINT_NONE + 1; i < POINT_CALL_CLAIMED; i++) { /* test_calls_points.c */
        points[i] = i;
        group_add(a_worker_may_die_at_this_point, leftovers_mark, leftovers_check, &points[i],
            "%s: a_worker_may_die_at_this_point", names[i]);
        if (may_be_stopped_at(i))
            group_add(a_worker_may_be_stopped_at_this_point, leftovers_mark, leftovers_check,
                &points[i], "%s: a_worker_may_be_stopped_at_this_point", names[i]);
    }
    return group_run("points", NULL, NULL);
}

#else

static void workers_may_die_at_every_numbered_point(void **state)
{
    (void)state;
    print_message("built without -DPOOL_POINTS; `make points` has it\n");
    skip();
}

int main(void)
{
    group_add(workers_may_die_at_every_numbered_point, NULL, NULL, NULL,
        "workers_may_die_at_every_numbered_point");
    return group_run("points", NULL, NULL);
}

#endif
