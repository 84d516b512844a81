/* What a pool is not for: pools within pools beyond the second, forking beside threads, a task that
 * uses the pool that runs it, regions on a closed pool. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "pools.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>

#define TASKS 6

/* What the innermost start said; shared with worker processes. */
struct story {
    const struct pool_ops *inner;
    _Atomic int started, refused, code; /* code: errno */
    char why[512];
};

static int plain(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)ctx;
    (void)local;
    result->value = index + 1;
    return 0;
}

/* Runs a region on an inner pool and adds its values up. */
static int run_inner(struct story *story, task_fn *task, uint64_t *sum)
{
    char why[512];
    struct arena arena;
    const struct pool_config config = {.workers = 2, .task = task, .ctx = story, .arena = &arena};
    if (arena_make(&arena, TASKS, 0))
        return task_fail(errno, "arena: %s", strerror(errno));
    struct pool *pool = pool_start(story->inner, &config, why, sizeof why);
    int code = errno, failed = !pool || pool_map(pool, TASKS, 1);
    for (uint64_t i = 0; i < TASKS && !failed; i++)
        *sum += arena_slot(&arena, i)->value;
    if (pool) {
        atomic_fetch_add(&story->started, 1);
        pool_stop(pool);
    } else if (atomic_fetch_add(&story->refused, 1) == 0) {
        memcpy(story->why, why, sizeof why);
        story->code = code;
    }
    arena_free(&arena);
    return failed ? task_fail(EPERM, "%s", pool ? "a region failed" : why) : 0;
}

static int nests_once(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)local;
    (void)index;
    return run_inner((struct story *)ctx, plain, &result->value);
}

static int nests_twice(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)local;
    (void)index;
    return run_inner((struct story *)ctx, nests_once, &result->value);
}

static struct story *run_outer(
    const struct pool_ops *outer, const struct pool_ops *inner, task_fn *task, uint64_t *errors)
{
    struct story *story = pools_shared(sizeof *story);
    struct arena arena;
    story->inner = inner;
    assert_int_equal(arena_make(&arena, 3, 0), 0);
    struct pool *pool = pools_start(outer, 2, task, story, &arena);
    assert_int_equal(pool_map(pool, 3, 1), 0);
    *errors = *arena.failed;
    for (uint64_t i = 0; i < 3 && task == nests_once; i++)
        assert_int_equal(arena_slot(&arena, i)->value, TASKS * (TASKS + 1) / 2);
    pool_stop(pool);
    arena_free(&arena);
    return story;
}

static void a_task_may_have_a_pool_of_its_own(void **state)
{
    uint64_t errors;
    struct story *story = run_outer(*state, registry_backend("threads"), nests_once, &errors);
    assert_int_equal(errors, 0);
    assert_int_equal(story->started, 3);
    pools_unshare(story, sizeof *story);
}

static void pools_nest_no_deeper_than_that(void **state)
{
    uint64_t errors;
    struct story *story = run_outer(*state, registry_backend("threads"), nests_twice, &errors);
    assert_int_equal(errors, 0); /* the inner region ends, with each of its tasks refused */
    assert_int_equal(story->refused, 3 * TASKS);
    assert_non_null(strstr(story->why, "no deeper"));
    assert_int_equal(story->code, EPERM);
    pools_unshare(story, sizeof *story);
}

static void processes_within_processes_work(void **state)
{
    uint64_t errors;
    (void)state;
    struct story *story = run_outer(
        registry_backend("processes"), registry_backend("processes"), nests_once, &errors);
    assert_int_equal(errors, 0);
    assert_int_equal(story->started, 3);
    pools_unshare(story, sizeof *story);
}

/* ---- forking beside threads ---- */

static sem_t leave;

static void *wait_to_leave(void *argument)
{
    while (sem_wait(&leave))
        ;
    return argument;
}

static void processes_are_not_forked_beside_threads(void **state)
{
    char why[512] = "";
    struct arena arena;
    pthread_t thread;
    assert_int_equal(arena_make(&arena, TASKS, 0), 0);
    const struct pool_config config = {.workers = 2, .task = plain, .arena = &arena};
    sem_init(&leave, 0, 0);
    assert_int_equal(pthread_create(&thread, NULL, wait_to_leave, NULL), 0);
    assert_null(pool_start(*state, &config, why, sizeof why));
    assert_int_equal(errno, EBUSY);
    if (!strstr(why, "2 threads"))
        fail_msg("\"%s\" does not tell the cause", why);
    sem_post(&leave);
    pthread_join(thread, NULL);
    struct pool *pool = pool_start(*state, &config, why, sizeof why);
    if (!pool)
        fail_msg("%s", why);
    pool_stop(pool);
    arena_free(&arena);
}

/* ---- a convenience, and what it says ---- */

static int odd_fails(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)ctx;
    (void)local;
    result->value = index;
    return index % 2 ? task_fail(ENOENT, "%d is odd", (int)index) : 0;
}

static void a_run_gives_the_values_and_the_first_failure(void **state)
{
    uint64_t values[5] = {9, 9, 9, 9, 9};
    assert_int_equal(pool_run(*state, 2, plain, NULL, 5, values), 0);
    assert_int_equal(values[4], 5);
    assert_int_equal(pool_run(*state, 2, odd_fails, NULL, 2, values), ENOENT);
    assert_string_equal(task_message(0), "1 is odd");
    assert_int_equal(values[1], 0);
    assert_int_equal(values[4], 5);
    assert_int_equal(pool_run(*state, 0, plain, NULL, 5, NULL), EAGAIN);
    assert_non_null(strstr(task_message(0), "0 workers"));
    pool_stop(NULL);
}

/* ---- output ---- */

static int prints(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)local;
    (void)result;
    fprintf((FILE *)ctx, "task %d\n", (int)index);
    return 0;
}

static int passes_on(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    uint64_t values[TASKS];
    (void)ctx;
    (void)local;
    (void)index;
    (void)result;
    int code = pool_run(registry_backend("threads"), 2, odd_fails, NULL, TASKS, values);
    return code ? task_fail(code, "inside: %s", task_message(code)) : 0;
}

static void a_failures_message_can_be_passed_on(void **state)
{
    uint64_t values[1];
    int code = pool_run(*state, 1, passes_on, NULL, 1, values);
    assert_int_equal(code, ENOENT);
    const char *message = task_message(code);
    assert_non_null(strstr(message, "inside: "));
    assert_non_null(strstr(message, " is odd"));
}

static void regions_without_a_task_are_refused_at_the_start(void **state)
{
    const struct pool_ops *ops = *state;
    char why[256];
    struct arena arena;
    assert_int_equal(arena_make(&arena, TASKS, 0), 0);
    const struct pool_config config = {.workers = 2, .arena = &arena};
    assert_null(pool_start(ops, &config, why, sizeof why));
    assert_int_equal(errno, EINVAL);
    assert_non_null(strstr(why, "need a task"));
    arena_free(&arena);
}

static void what_was_printed_before_a_pool_is_printed_once(void **state)
{
    char text[256] = "";
    FILE *file = tmpfile();
    assert_non_null(file);
    fprintf(file, "before\n");
    assert_int_equal(pool_run(*state, 2, prints, file, 0, NULL), 0);
    fprintf(file, "after\n");
    fflush(file);
    rewind(file);
    size_t length = fread(text, 1, sizeof text - 1, file);
    text[length] = '\0';
    assert_string_equal(text, "before\nafter\n");
    fclose(file);
}

static int prints_out(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)ctx;
    return prints(stdout, local, index, result);
}

static void what_tasks_print_is_printed_once(void **state)
{
    char line[64];
    unsigned lines = 0;
    FILE *file = tmpfile();
    assert_non_null(file);
    fflush(stdout);
    int before = dup(STDOUT_FILENO);
    assert_int_equal(dup2(fileno(file), STDOUT_FILENO), STDOUT_FILENO);
    int code = pool_run(*state, 2, prints_out, NULL, TASKS, NULL);
    fflush(stdout);
    dup2(before, STDOUT_FILENO);
    close(before);
    assert_int_equal(code, 0);
    rewind(file);
    while (fgets(line, sizeof line, file))
        lines += strncmp(line, "task ", 5) == 0;
    assert_int_equal(lines, TASKS);
    fclose(file);
}

int main(void)
{
    static const char *const names[] = {"threads", "processes"};
    for (size_t i = 0; i < 2; i++) {
        const struct pool_ops *ops = registry_backend(names[i]);
        POOLS_ADD(a_task_may_have_a_pool_of_its_own, ops);
        POOLS_ADD(pools_nest_no_deeper_than_that, ops);
        POOLS_ADD(a_run_gives_the_values_and_the_first_failure, ops);
        POOLS_ADD(a_failures_message_can_be_passed_on, ops);
        POOLS_ADD(regions_without_a_task_are_refused_at_the_start, ops);
        POOLS_ADD(what_was_printed_before_a_pool_is_printed_once, ops);
        POOLS_ADD(what_tasks_print_is_printed_once, ops);
    }
    const struct pool_ops *processes = registry_backend("processes");
    const struct pool_ops *per_task = registry_backend("process-per-task");
    POOLS_ADD(processes_within_processes_work, processes);
    POOLS_ADD(processes_are_not_forked_beside_threads, processes);
    POOLS_ADD(processes_are_not_forked_beside_threads, per_task);
    POOLS_ADD(what_was_printed_before_a_pool_is_printed_once, per_task);
    POOLS_ADD(what_tasks_print_is_printed_once, per_task);
    return group_run("misuse", NULL, NULL);
}
