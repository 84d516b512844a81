/* Workers that die, or are stopped, at every numbered point (point.h) of a call's way through a
 * worker: every future ends, none but the call that the victim was running is lost, the pool goes
 * on. `make points` builds what this needs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "calls.h"

#include "harness/pool/point.h"

#ifdef POOL_POINTS

#include <sys/resource.h>

#define CALLS 200
#define PATIENCE_S 5 /* as test_pool_points.c has it */

extern const struct pool_ops pool_processes;

static const char *const names[] = {"NONE",
#define NAME(name, in_task) #name,
    POINT_LIST(NAME)
#undef NAME
};

static const bool in_call[] = {false,
#define IN_TASK(name, in_task) in_task,
    POINT_LIST(IN_TASK)
#undef IN_TASK
};

static unsigned reached[POINTS];

static struct point_plan *make_plan(void)
{
    struct point_plan *plan = pools_shared(sizeof *plan);
    plan->owner = getpid();
    return point_plan = plan;
}

static void arm(struct point_plan *plan, enum point point, int passes, enum point_way way)
{
    plan->way = way;
    plan->passes_left = passes;
    plan->armed = (int)point;
}

/* Returns how many of them were lost. */
static unsigned run_calls(struct pool *pool, const struct pool_options *options)
{
    struct future *futures[CALLS];
    unsigned lost = 0;
    for (uint64_t i = 0; i < CALLS; i++) {
        futures[i] = pool_submit(pool, square, &i, sizeof i, options);
        assert_non_null(futures[i]);
    }
    assert_int_equal(pool_wait(pool, futures, CALLS, POOL_WAIT_ALL, PATIENCE_S), 0);
    for (uint64_t i = 0; i < CALLS; i++) {
        if (future_status(futures[i]) == FUTURE_LOST)
            lost++;
        else
            assert_int_equal(number_of(futures[i]), i * i);
        future_free(futures[i]);
    }
    return lost;
}

static void die_at(enum point point, unsigned workers, int passes)
{
    struct point_plan *plan = make_plan();
    struct pool *pool = start(&pool_processes, workers);
    arm(plan, point, passes, (enum point_way)((unsigned)point + workers) % POINT_STOP);
    unsigned lost = run_calls(pool, NULL);
    assert_int_equal(lost, in_call[point] && plan->victims ? 1 : 0);
    reached[point] += plan->victims > 0;
    assert_int_equal(run_calls(pool, NULL), 0);
    plan->victims = 0; /* again, with a retry: none is lost */
    arm(plan, point, passes, POINT_KILL);
    const struct pool_options options = {.retries = 1};
    assert_int_equal(run_calls(pool, &options), 0);
    assert_int_equal(pool_calls_ended(pool), 3 * CALLS);
    pool_stop(pool);
    point_plan = NULL;
    pools_unshare(plan, sizeof *plan);
}

static void a_worker_may_die_at_this_point(void **state)
{
    static const unsigned sizes[] = {1, 2, 5};
    const enum point point = *(const enum point *)*state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int passes = 1; passes < 8; passes += 3)
            die_at(point, sizes[i], passes);
    if (!reached[point])
        fail_msg("no worker came to %s", names[point]);
}

/* What it holds the others have after 100 ms, by its death. */
static void a_worker_may_be_stopped_at_this_point(void **state)
{
    const enum point point = *(const enum point *)*state;
    for (unsigned workers = 1; workers < 4; workers++) {
        struct point_plan *plan = make_plan();
        struct pool *pool = start(&pool_processes, workers);
        arm(plan, point, 2, POINT_STOP);
        assert_int_equal(run_calls(pool, NULL), 0);
        assert_int_equal(run_calls(pool, NULL), 0);
        pool_stop(pool);
        point_plan = NULL;
        pools_unshare(plan, sizeof *plan);
    }
}

/* A death beside a call that runs on: what the dead had claimed does not wait for that one. */
static void what_the_dead_had_claimed_waits_for_no_other_call(void **state)
{
    const enum point point = *(const enum point *)*state;
    struct point_plan *plan = make_plan();
    struct pool *pool = start(&pool_processes, 2);
    atomic_store(&scene->open, 0);
    struct future *slow = submit(pool, gate, 1);
    wait_for(&scene->waiting, 1);
    arm(plan, point, 1, POINT_KILL);
    assert_int_equal(run_calls(pool, NULL), in_call[point] ? 1 : 0);
    assert_int_equal(plan->victims, 1);
    assert_int_equal(future_status(slow), FUTURE_PENDING);
    atomic_store(&scene->open, 1);
    assert_int_equal(number_of(slow), 1);
    assert_int_equal(run_calls(pool, NULL), 0);
    pool_stop(pool);
    point_plan = NULL;
    pools_unshare(plan, sizeof *plan);
}

int main(void)
{
    static enum point points[POINTS];
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    for (enum point i = POINT_CALL_CLAIMED; i < POINTS; i++) {
        points[i] = i;
        group_add(a_worker_may_die_at_this_point, set_up, tear_down, &points[i],
            "%s: a_worker_may_die_at_this_point", names[i]);
        if (!in_call[i])
            group_add(a_worker_may_be_stopped_at_this_point, set_up, tear_down, &points[i],
                "%s: a_worker_may_be_stopped_at_this_point", names[i]);
        group_add(what_the_dead_had_claimed_waits_for_no_other_call, set_up, tear_down, &points[i],
            "%s: what_the_dead_had_claimed_waits_for_no_other_call", names[i]);
    }
    return group_run("calls' points", NULL, NULL);
}

#else

static void workers_may_die_at_every_point_of_a_call(void **state)
{
    (void)state;
    print_message("built without -DPOOL_POINTS; `make points` has it\n");
    skip();
}

int main(void)
{
    group_add(workers_may_die_at_every_point_of_a_call, NULL, NULL, NULL,
        "workers_may_die_at_every_point_of_a_call");
    return group_run("calls' points", NULL, NULL);
}

#endif
