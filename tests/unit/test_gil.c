/* The backend gil and its lock: one computes at a time, waits overlap, a turn ends on request. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "group.h"
#include "leftovers.h"
#include "pools.h"

#include "harness/pool/gate.h"

#include <errno.h>
#include <stdatomic.h>

#define WORKERS 4
#define TASKS 64
#define INTERVAL_S 1e-4 /* short, so that tests are quick */

/* What tests and tasks share; zeroed before each test. */
static struct {
    _Atomic unsigned inside, most, waiting, done;
} scene;

static const struct pool_ops *gil;

static struct pool *start(unsigned workers, task_fn *task, struct arena *arena, double interval)
{
    char why[512];
    const struct pool_config config = {
        .workers = workers, .task = task, .arena = arena, .switch_interval_s = interval};
    struct pool *pool = pool_start(gil, &config, why, sizeof why);
    if (!pool)
        fail_msg("%s", why);
    return pool;
}

/* A region of so many tasks, claimed one by one, all of which must succeed. */
static void run(unsigned workers, task_fn *task, uint64_t tasks)
{
    struct arena arena;
    memset(&scene, 0, sizeof scene);
    assert_int_equal(arena_make(&arena, tasks, 0), 0);
    struct pool *pool = start(workers, task, &arena, INTERVAL_S);
    assert_int_equal(pool_map(pool, tasks, 1), 0);
    assert_int_equal(*arena.failed, 0);
    assert_int_equal(pools_worker_tasks(pool), tasks);
    pool_stop(pool);
    arena_free(&arena);
}

static void come_in(void)
{
    unsigned inside = atomic_fetch_add(&scene.inside, 1) + 1, most = atomic_load(&scene.most);
    while (inside > most && !atomic_compare_exchange_weak(&scene.most, &most, inside))
        ;
}

static void go_out(void)
{
    atomic_fetch_sub(&scene.inside, 1);
}

static void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
}

/* A nap that is not marked counts as computing, and lets others run if anything does. */
static int computing_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)ctx;
    (void)local;
    for (int i = 0; i < 3; i++) {
        come_in();
        nap();
        go_out();
        if (i == 0)
            task_checkpoint();
        blocking_begin();
        nap();
        blocking_end();
    }
    result->value = index;
    return 0;
}

static void one_worker_computes_at_a_time(void **state)
{
    (void)state;
    run(WORKERS, computing_task, TASKS);
    assert_int_equal(scene.most, 1);
}

static int meeting_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)ctx;
    (void)local;
    blocking_begin();
    atomic_fetch_add(&scene.waiting, 1);
    while (atomic_load(&scene.waiting) < WORKERS)
        nap();
    blocking_end();
    result->value = index;
    return 0;
}

static void all_workers_wait_at_once(void **state)
{
    (void)state;
    run(WORKERS, meeting_task, WORKERS);
}

/* The first one computes until all others have ended. */
static int patient_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)ctx;
    (void)local;
    bool first = atomic_fetch_add(&scene.waiting, 1) == 0;
    while (first && atomic_load(&scene.done) < TASKS - 1)
        task_checkpoint();
    atomic_fetch_add(&scene.done, 1);
    result->value = index;
    return 0;
}

static void a_long_computation_hands_over_at_its_check_points(void **state)
{
    (void)state;
    run(2, patient_task, TASKS);
}

/* Nobody else comes in while one is at it for many intervals. */
static int selfish_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)ctx;
    (void)local;
    come_in();
    for (int i = 0; i < 20; i++)
        nap();
    go_out();
    result->value = index;
    return 0;
}

static void a_computation_without_check_points_keeps_its_turn(void **state)
{
    (void)state;
    run(WORKERS, selfish_task, WORKERS);
    assert_int_equal(scene.most, 1);
}

static int nesting_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)ctx;
    (void)local;
    blocking_begin();
    blocking_begin();
    blocking_end();
    task_checkpoint(); /* has no turn to end */
    atomic_fetch_add(&scene.waiting, 1);
    while (atomic_load(&scene.waiting) < WORKERS) /* still in the outer stretch */
        nap();
    errno = EDOM;
    blocking_end();
    result->value = index;
    return errno == EDOM ? 0 : task_fail(EIO, "errno is %d", errno);
}

static void stretches_nest_and_leave_errno_alone(void **state)
{
    (void)state;
    run(WORKERS, nesting_task, WORKERS);
}

static int inner_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)ctx;
    (void)local;
    while (atomic_load(&scene.waiting) < 2) /* both outer tasks have come so far */
        nap();
    result->value = index;
    return 0;
}

static int outer_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)local;
    atomic_fetch_add(&scene.waiting, 1);
    result->value = index;
    return pool_run(ctx, WORKERS, inner_task, NULL, WORKERS, NULL);
}

/* Its owner's wait is a blocking stretch of the outer pool. */
static void a_task_gives_its_turn_away_while_it_waits_for_a_pool_of_its_own(void **state)
{
    (void)state;
    struct arena arena;
    char why[512];
    memset(&scene, 0, sizeof scene);
    assert_int_equal(arena_make(&arena, 2, 0), 0);
    const struct pool_config config = {
        .workers = 2, .task = outer_task, .ctx = gil, .arena = &arena};
    struct pool *pool = pool_start(gil, &config, why, sizeof why);
    assert_non_null(pool);
    assert_int_equal(pool_map(pool, 2, 1), 0);
    assert_int_equal(*arena.failed, 0);
    pool_stop(pool);
    arena_free(&arena);
}

static int enter_alone(const void *ctx, void **local)
{
    (void)ctx;
    *local = NULL;
    return atomic_fetch_add(&scene.waiting, 1) > 0 ? task_fail(ENOMEM, "one is enough") : 0;
}

static void a_worker_that_cannot_enter_gives_its_turn_back(void **state)
{
    (void)state;
    char why[512];
    memset(&scene, 0, sizeof scene);
    const struct pool_config config = {
        .workers = WORKERS, .worker_enter = enter_alone, .calls_max = 1};
    assert_null(pool_start(gil, &config, why, sizeof why));
    assert_int_equal(errno, ECANCELED);
    assert_non_null(strstr(why, "one is enough"));
}

/* ---- the lock ---- */

#define ROUNDS 20

static struct gate *rivals;

static void *rival(void *argument)
{
    gate_enter(rivals);
    while (gate_switches(rivals) < ROUNDS)
        task_checkpoint();
    gate_leave(rivals);
    return argument;
}

static void rivals_have_turns_by_turns(void **state)
{
    (void)state;
    pthread_t threads[3];
    rivals = gate_make(INTERVAL_S);
    assert_non_null(rivals);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, rival, NULL), 0);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    assert_true(gate_switches(rivals) >= ROUNDS);
    gate_free(rivals);
}

static void a_thread_alone_never_switches_and_outside_a_pool_marks_do_nothing(void **state)
{
    (void)state;
    struct gate *gate = gate_make(INTERVAL_S);
    assert_null(task_gate);
    blocking_begin();
    blocking_end();
    gate_enter(gate);
    for (int i = 0; i < 1000; i++) {
        task_checkpoint();
        blocking_begin();
        blocking_end();
    }
    gate_leave(gate);
    assert_null(task_gate);
    assert_int_equal(gate_switches(gate), 1);
    gate_free(gate);
}

int main(void)
{
    gil = registry_backend("gil");
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, leftovers_mark, leftovers_check)
        TEST(one_worker_computes_at_a_time),
        TEST(all_workers_wait_at_once),
        TEST(a_long_computation_hands_over_at_its_check_points),
        TEST(a_computation_without_check_points_keeps_its_turn),
        TEST(stretches_nest_and_leave_errno_alone),
        TEST(a_task_gives_its_turn_away_while_it_waits_for_a_pool_of_its_own),
        TEST(a_worker_that_cannot_enter_gives_its_turn_back),
        TEST(rivals_have_turns_by_turns),
        TEST(a_thread_alone_never_switches_and_outside_a_pool_marks_do_nothing),
    };
    return cmocka_run_group_tests_name("gil", tests, NULL, NULL);
}
