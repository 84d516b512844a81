/* Every backend directly through pool.h, with task functions of our own: order, failures, hooks,
 * many and few tasks. What befalls worker processes is test_pool_deaths.c's, what the system
 * refuses test_pool_limits.c's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "group.h"
#include "leftovers.h"
#include "pools.h"

#include "harness/util/hash.h"

#include <errno.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const unsigned sizes[] = {1, 2, 5, 13, 64};
static const uint64_t chunks[] = {0, 1, 7, 1000000};

/* How many of the sizes a backend takes: serial has one worker. */
static size_t sizes_of(const struct pool_ops *ops)
{
    return pools_end(strcmp(ops->name, "serial") == 0 ? 1 : COUNT(sizes));
}

/* ---- order ---- */

#define NOTE_BYTES 32

/* ctx: how often each task ran */
static int note_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    _Atomic uint64_t *runs = (_Atomic uint64_t *)ctx;
    (void)local;
    runs[index]++;
    result->value = hash_mix(1, index);
    snprintf((char *)result->bytes, NOTE_BYTES, "task %llu", (unsigned long long)index);
    return 0;
}

static void results_are_in_task_order_and_each_task_runs_once(void **state)
{
    const struct pool_ops *ops = *state;
    const uint64_t tasks = pools_part(ops->per_task ? 200 : 1000);
    _Atomic uint64_t *runs = pools_shared(tasks * sizeof *runs);
    struct arena arena;
    assert_int_equal(arena_make(&arena, tasks, NOTE_BYTES), 0);
    uint64_t regions = 0;
    for (size_t i = pools_first; i < sizes_of(ops); i++) {
        struct pool *pool = pools_start(ops, sizes[i], note_task, runs, &arena);
        for (size_t j = 0; j < COUNT(chunks); j++) {
            assert_int_equal(pool_map(pool, tasks, chunks[j]), 0);
            regions++;
            for (uint64_t k = 0; k < tasks; k++) {
                char text[NOTE_BYTES];
                snprintf(text, sizeof text, "task %llu", (unsigned long long)k);
                assert_int_equal(arena.status[k], TASK_OK);
                assert_int_equal(arena_slot(&arena, k)->value, hash_mix(1, k));
                assert_string_equal(arena_slot(&arena, k)->bytes, text);
                assert_int_equal(runs[k], regions);
            }
        }
        pool_stop(pool);
    }
    arena_free(&arena);
    pools_unshare(runs, tasks * sizeof *runs);
}

static void no_tasks_call_nothing_and_one_worker_suffices_for_one(void **state)
{
    const struct pool_ops *ops = *state;
    _Atomic uint64_t *runs = pools_shared(sizeof *runs);
    struct arena arena;
    assert_int_equal(arena_make(&arena, 1, NOTE_BYTES), 0);
    for (size_t i = pools_first; i < sizes_of(ops); i++) {
        *runs = 0;
        struct pool *pool = pools_start(ops, sizes[i], note_task, runs, &arena);
        for (int repeat = 0; repeat < 3; repeat++)
            assert_int_equal(pool_map(pool, 0, 0), 0);
        assert_int_equal(*runs, 0);
        assert_int_equal(pool_map(pool, 1, 0), 0);
        assert_int_equal(pool_map(pool, 0, 0), 0);
        assert_int_equal(*runs, 1);
        assert_int_equal(pools_worker_tasks(pool), 1);
        pool_stop(pool);
    }
    arena_free(&arena);
    pools_unshare(runs, sizeof *runs);
}

static int empty_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)ctx;
    (void)local;
    result->value = index;
    return 0;
}

/* A chunk for a million tasks: not a million threads or processes, and a million requests to a
 * runtime's queue with one of the sizes alone. */
static uint64_t affordable(const struct pool_ops *ops, unsigned workers, uint64_t chunk)
{
    uint64_t least = ops->per_task ? 9999 : ops->supported && workers != 5 && chunk ? 100 : 0;
    return chunk > least ? chunk : least;
}

static void very_many_empty_tasks_are_all_done(void **state)
{
    const struct pool_ops *ops = *state;
    const uint64_t tasks = pools_part(POOLS_SANITIZED ? 100000 : 1000000);
    struct arena arena;
    assert_int_equal(arena_make(&arena, tasks, 0), 0);
    for (size_t i = pools_first; i < sizes_of(ops); i++) {
        struct pool *pool = pools_start(ops, sizes[i], empty_task, NULL, &arena);
        uint64_t done = 0;
        for (size_t j = 0; j < COUNT(chunks); j++) {
            assert_int_equal(pool_map(pool, tasks, affordable(ops, sizes[i], chunks[j])), 0);
            uint64_t right = 0;
            for (uint64_t k = 0; k < tasks; k++)
                right += arena.status[k] == TASK_OK && arena_slot(&arena, k)->value == k;
            assert_int_equal(right, tasks);
            done += tasks;
            assert_int_equal(pools_worker_tasks(pool), done);
        }
        pool_stop(pool);
    }
    arena_free(&arena);
}

static void regions_of_all_lengths_follow_each_other_on_one_pool(void **state)
{
    const struct pool_ops *ops = *state;
    struct arena arena;
    assert_int_equal(arena_make(&arena, 20, 0), 0);
    for (size_t i = pools_first; i < sizes_of(ops); i++) {
        struct pool *pool = pools_start(ops, sizes[i], empty_task, NULL, &arena);
        uint64_t sum = 0;
        for (uint64_t region = 0; region < pools_part(ops->per_task ? 100 : 500); region++) {
            uint64_t tasks = hash_mix(2, region) % 21;
            assert_int_equal(pool_map(pool, tasks, region % 4), 0);
            for (uint64_t k = 0; k < tasks; k++)
                assert_int_equal(arena.status[k], TASK_OK);
            sum += tasks;
        }
        assert_int_equal(pools_worker_tasks(pool), sum);
        pool_stop(pool);
    }
    arena_free(&arena);
}

/* ---- failures ---- */

static int picky_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)ctx;
    (void)local;
    result->value = index;
    if (index % 10 == 3)
        return task_fail(ENOENT, "no number %llu", (unsigned long long)index);
    return index % 10 == 7 ? EACCES : 0;
}

static void assert_failure(const struct task_failure *failure, unsigned workers)
{
    char message[TASK_MESSAGE_MAX];
    bool told = failure->index % 10 == 3;
    assert_true(told || failure->index % 10 == 7);
    snprintf(message, sizeof message, "no number %llu", (unsigned long long)failure->index);
    assert_int_equal(failure->code, told ? ENOENT : EACCES);
    assert_string_equal(failure->message, told ? message : strerror(EACCES));
    assert_true(failure->worker < workers);
}

static void a_failing_task_is_noted_and_costs_no_other(void **state)
{
    const struct pool_ops *ops = *state;
    struct arena arena;
    assert_int_equal(arena_make(&arena, 100, 0), 0);
    for (size_t i = pools_first; i < sizes_of(ops); i++) {
        struct pool *pool = pools_start(ops, sizes[i], picky_task, NULL, &arena);
        for (size_t j = 0; j < COUNT(chunks); j++) {
            assert_int_equal(pool_map(pool, 100, chunks[j]), 0);
            assert_int_equal(*arena.failed, 20);
            uint64_t seen = 0;
            for (uint64_t k = 0; k < 20; k++) {
                assert_failure(&arena.failures[k], sizes[i]);
                seen += arena.failures[k].index;
            }
            assert_int_equal(seen, 2 * 450 + 10 * 10); /* 3 + 13 + ... and 7 + 17 + ... */
            for (uint64_t k = 0; k < 100; k++)
                assert_int_equal(
                    arena.status[k], k % 10 == 3 || k % 10 == 7 ? TASK_ERROR : TASK_OK);
        }
        assert_int_equal(pool_map(pool, 3, 0), 0);
        assert_int_equal(*arena.failed, 0); /* those of the last region are forgotten */
        pool_stop(pool);
    }
    arena_free(&arena);
}

static int failing_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)ctx;
    (void)local;
    (void)result;
    return task_fail(EIO, "number %llu", (unsigned long long)index);
}

static void failures_beyond_the_list_are_counted(void **state)
{
    const struct pool_ops *ops = *state;
    const uint64_t tasks = 70000;
    struct arena arena;
    assert_int_equal(arena_make(&arena, tasks, 0), 0);
    assert_true(arena.failures_max < tasks);
    struct pool *pool = pools_start(ops, sizes[sizes_of(ops) / 2], failing_task, NULL, &arena);
    assert_int_equal(pool_map(pool, tasks, ops->per_task ? 999 : 0), 0);
    assert_int_equal(*arena.failed, tasks);
    for (uint64_t i = 0; i < arena.failures_max; i++) {
        char message[TASK_MESSAGE_MAX];
        snprintf(
            message, sizeof message, "number %llu", (unsigned long long)arena.failures[i].index);
        assert_string_equal(arena.failures[i].message, message);
    }
    pool_stop(pool);
    arena_free(&arena);
}

/* ---- a worker's entry and exit ---- */

struct hooks {
    _Atomic uint64_t entered, left, tasks;
    uint64_t fail_at; /* the entry that fails, counted from 1; 0: none */
    bool silent;      /* without a message */
};

static int hooks_enter(const void *ctx, void **local)
{
    struct hooks *hooks = (struct hooks *)ctx;
    uint64_t number = ++hooks->entered;
    if (number == hooks->fail_at)
        return hooks->silent ? EMFILE : task_fail(EPERM, "no badge for visitor %d", (int)number);
    uint64_t *own = calloc(1, sizeof *own);
    *local = own;
    return own ? 0 : ENOMEM;
}

static void hooks_leave(const void *ctx, void *local)
{
    struct hooks *hooks = (struct hooks *)ctx;
    hooks->left++;
    hooks->tasks += *(uint64_t *)local;
    free(local);
}

static int hooks_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)ctx;
    ++*(uint64_t *)local; /* not atomic: nobody else may have this one */
    result->value = index;
    return 0;
}

static struct pool *start_hooks(const struct pool_ops *ops, unsigned workers, struct hooks *hooks,
    struct arena *arena, char *why, size_t size)
{
    const struct pool_config config = {.workers = workers,
        .task = hooks_task,
        .ctx = hooks,
        .worker_enter = hooks_enter,
        .worker_leave = hooks_leave,
        .arena = arena};
    return pools_try(ops, &config, why, size);
}

static void each_worker_enters_and_leaves_once_with_a_local_of_its_own(void **state)
{
    const struct pool_ops *ops = *state;
    struct hooks *hooks = pools_shared(sizeof *hooks);
    struct arena arena;
    char why[512];
    assert_int_equal(arena_make(&arena, 5000, 0), 0);
    for (size_t i = pools_first; i < sizes_of(ops); i++) {
        hooks->entered = hooks->left = hooks->tasks = 0;
        struct pool *pool = start_hooks(ops, sizes[i], hooks, &arena, why, sizeof why);
        assert_non_null(pool);
        assert_int_equal(hooks->entered, sizes[i]);
        assert_int_equal(pool_map(pool, 5000, 1), 0);
        assert_int_equal(pool_map(pool, 5000, 0), 0);
        assert_int_equal(hooks->left, 0);
        pool_stop(pool);
        assert_int_equal(hooks->left, sizes[i]);
        assert_int_equal(hooks->tasks, 10000);
    }
    arena_free(&arena);
    pools_unshare(hooks, sizeof *hooks);
}

static void each_chunk_has_a_worker_that_enters_and_leaves(void **state)
{
    const struct pool_ops *ops = *state;
    struct hooks *hooks = pools_shared(sizeof *hooks);
    struct arena arena;
    char why[512];
    const unsigned tasks = pools_part(500);
    assert_int_equal(arena_make(&arena, tasks, 0), 0);
    for (size_t i = pools_first; i < sizes_of(ops); i++) {
        hooks->entered = hooks->left = hooks->tasks = 0;
        struct pool *pool = start_hooks(ops, sizes[i], hooks, &arena, why, sizeof why);
        assert_non_null(pool);
        assert_int_equal(hooks->entered, 1); /* a trial */
        for (uint64_t chunk = 0; chunk < 8; chunk += 7) {
            hooks->entered = hooks->left = 0;
            assert_int_equal(pool_map(pool, tasks, chunk), 0);
            assert_int_equal(hooks->entered, chunk ? (tasks + 6) / 7 : tasks);
            assert_int_equal(hooks->left, hooks->entered);
        }
        pool_stop(pool);
        assert_int_equal(hooks->tasks, 2 * tasks);
    }
    arena_free(&arena);
    pools_unshare(hooks, sizeof *hooks);
}

static void a_worker_that_cannot_enter_fails_the_region_with_its_message(void **state)
{
    const struct pool_ops *ops = *state;
    struct hooks *hooks = pools_shared(sizeof *hooks);
    struct arena arena;
    char why[512], what[256];
    assert_int_equal(arena_make(&arena, 100, 0), 0);
    struct leftovers before = leftovers_now();
    for (size_t i = pools_first; i < sizes_of(ops); i++) {
        hooks->entered = 0;
        hooks->fail_at = 40;
        struct pool *pool = start_hooks(ops, sizes[i], hooks, &arena, why, sizeof why);
        assert_non_null(pool);
        assert_int_equal(pool_map(pool, 100, 1), -1);
        assert_string_equal(task_message(EIO), "no badge for visitor 40");
        pool_stop(pool);
        if (!leftovers_none(&before, what, sizeof what))
            fail_msg("%u workers: %s", sizes[i], what);
    }
    arena_free(&arena);
    pools_unshare(hooks, sizeof *hooks);
}

static void a_worker_that_cannot_enter_fails_the_start_with_its_message(void **state)
{
    const struct pool_ops *ops = *state;
    struct hooks *hooks = pools_shared(sizeof *hooks);
    struct arena arena;
    assert_int_equal(arena_make(&arena, 1, 0), 0);
    struct leftovers before = leftovers_now();
    for (size_t i = pools_first; i < sizes_of(ops); i++) {
        for (int first = 0; first < 2; first++) {
            char why[512] = "", what[256];
            hooks->entered = 0;
            hooks->fail_at = first || ops->per_task ? 1 : sizes[i];
            hooks->silent = first;
            assert_null(start_hooks(ops, sizes[i], hooks, &arena, why, sizeof why));
            assert_int_equal(errno, ECANCELED);
            if (!strstr(why, ops->name) || !strstr(why, first ? strerror(EMFILE) : "no badge"))
                fail_msg("\"%s\" does not tell the cause", why);
            assert_null(strchr(why, '\n'));
            if (!ops->keeps_threads && !leftovers_none(&before, what, sizeof what))
                fail_msg("%u workers: %s", sizes[i], what);
        }
    }
    arena_free(&arena);
    pools_unshare(hooks, sizeof *hooks);
}

/* ---- the default chunk ---- */

#define EQUAL_WORKERS 64
#define EQUAL_ROUNDS 3
#define EQUAL_TASKS (EQUAL_ROUNDS * EQUAL_WORKERS)

static int enter_counting(const void *ctx, void **local)
{
    (void)ctx;
    *local = calloc(1, sizeof(uint32_t));
    return *local ? 0 : ENOMEM;
}

static void leave_counting(const void *ctx, void *local)
{
    (void)ctx;
    free(local);
}

/* A worker's n-th task ends when n tasks a worker have begun, as with tasks that all wait equally
 * long: a worker that holds more than its share keeps the others from ever beginning them. */
static int equal_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    _Atomic uint32_t *begun = (_Atomic uint32_t *)ctx;
    uint32_t round = ++*(uint32_t *)local;
    result->value = index;
    ++*begun;
    for (int ms = 0; *begun < round * EQUAL_WORKERS; ms++) {
        if (ms == 3000) { /* nobody has to wait any more */
            *begun = EQUAL_TASKS * EQUAL_WORKERS;
            return task_fail(ETIMEDOUT, "a worker holds more than its share");
        }
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return 0;
}

static void by_default_no_worker_holds_more_than_its_share(void **state)
{
    _Atomic uint32_t *begun = pools_shared(sizeof *begun);
    struct arena arena;
    char why[512];
    assert_int_equal(arena_make(&arena, EQUAL_TASKS, 0), 0);
    const struct pool_config config = {.workers = EQUAL_WORKERS,
        .task = equal_task,
        .ctx = begun,
        .worker_enter = enter_counting,
        .worker_leave = leave_counting,
        .arena = &arena};
    struct pool *pool = pools_try(*state, &config, why, sizeof why);
    assert_non_null(pool);
    assert_int_equal(pool_map(pool, EQUAL_TASKS, 0), 0);
    if (*arena.failed > 0)
        fail_msg("%s", arena.failures[0].message);
    for (unsigned i = 0; i < EQUAL_WORKERS; i++)
        assert_int_equal(pool_worker_tasks(pool, i), EQUAL_ROUNDS);
    pool_stop(pool);
    arena_free(&arena);
    pools_unshare(begun, sizeof *begun);
}

/* ---- progress ---- */

struct progress {
    uint64_t reports, last, tasks;
    bool backwards;
};

static void note_progress(void *argument, uint64_t ended, uint64_t tasks)
{
    struct progress *progress = argument;
    progress->backwards |= ended < progress->last || ended > tasks;
    progress->reports++;
    progress->last = ended;
    progress->tasks = tasks;
}

static int slow_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    return empty_task(ctx, local, index, result);
}

static void progress_grows_to_all_tasks(void **state)
{
    const struct pool_ops *ops = *state;
    struct progress progress = {0};
    struct arena arena;
    char why[512];
    assert_int_equal(arena_make(&arena, 100, 0), 0);
    const struct pool_config config = {.workers = sizes_of(ops) > 1 ? 2 : 1,
        .task = slow_task,
        .arena = &arena,
        .progress = note_progress,
        .progress_argument = &progress};
    struct pool *pool = pools_try(ops, &config, why, sizeof why);
    assert_non_null(pool);
    for (int region = 0; region < 2; region++) {
        progress = (struct progress){0};
        assert_int_equal(pool_map(pool, 100, 1), 0);
        assert_int_equal(progress.last, 100);
        assert_int_equal(progress.tasks, 100);
        assert_false(progress.backwards);
        if (strcmp(ops->name, "threads") == 0 || strcmp(ops->name, "processes") == 0)
            assert_true(progress.reports > 3);
    }
    pool_stop(pool);
    arena_free(&arena);
}

/* ---- workers seen from outside ---- */

static void workers_are_the_processes_that_they_say(void **state)
{
    const struct pool_ops *ops = *state;
    struct arena arena;
    assert_int_equal(arena_make(&arena, 1, 0), 0);
    for (size_t i = pools_first; i < sizes_of(ops); i++) {
        struct pool *pool = pools_start(ops, sizes[i], empty_task, NULL, &arena);
        for (unsigned j = 0; j < sizes[i]; j++) {
            pid_t pid = pool_worker_pid(pool, j);
            if (!ops->processes || ops->per_task) {
                assert_int_equal(pid, ops->processes ? 0 : getpid());
                continue;
            }
            char expected[64], name[64] = "";
            unsigned threads = pool->config.threads_each, first = j - j % threads;
            snprintf(expected, sizeof expected, "pb-%.7s-%u\n", ops->name, first);
            pools_read_name(pid, name, sizeof name);
            assert_string_equal(name, expected);
            for (unsigned k = 0; k < j; k++)
                assert_int_equal(pid == pool_worker_pid(pool, k), k >= first);
        }
        pool_stop(pool);
    }
    arena_free(&arena);
}

/* ---- refused sizes: the system's limits are test_pool_limits.c's ---- */

static void serial_refuses_a_second_worker(void **state)
{
    struct arena arena;
    char why[512] = "";
    assert_int_equal(arena_make(&arena, 1, 0), 0);
    const struct pool_config config = {.workers = 2, .task = empty_task, .arena = &arena};
    assert_null(pools_try(*state, &config, why, sizeof why));
    assert_int_equal(errno, EINVAL);
    assert_string_equal(why, "serial has exactly 1 worker, not 2");
    arena_free(&arena);
}

static void add_backend(const struct pool_ops *ops)
{
#define ADD(test) POOLS_ADD(test, ops)
    ADD(results_are_in_task_order_and_each_task_runs_once);
    ADD(no_tasks_call_nothing_and_one_worker_suffices_for_one);
    ADD(very_many_empty_tasks_are_all_done);
    ADD(regions_of_all_lengths_follow_each_other_on_one_pool);
    ADD(a_failing_task_is_noted_and_costs_no_other);
    ADD(failures_beyond_the_list_are_counted);
    if (ops->per_task) {
        ADD(each_chunk_has_a_worker_that_enters_and_leaves);
        ADD(a_worker_that_cannot_enter_fails_the_region_with_its_message);
    } else {
        ADD(each_worker_enters_and_leaves_once_with_a_local_of_its_own);
    }
    ADD(a_worker_that_cannot_enter_fails_the_start_with_its_message);
    if (ops->tend || strcmp(ops->name, "threads") == 0)
        ADD(by_default_no_worker_holds_more_than_its_share);
    ADD(progress_grows_to_all_tasks);
    ADD(workers_are_the_processes_that_they_say);
    if (sizes_of(ops) == 1)
        ADD(serial_refuses_a_second_worker);
#undef ADD
}

int main(void)
{
    pools_sizes = COUNT(sizes);
    for (const struct pool_ops *const *ops = registry_backends; *ops; ops++)
        if (pools_tested(*ops))
            add_backend(*ops);
    return group_run("pool", NULL, NULL);
}
