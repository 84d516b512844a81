/* Pools that the system refuses, and what a pool costs it: a size that is too much for the user or
 * the memory fails whole, with the reason, or starts with less where that is allowed; starting
 * again and again takes no more memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "group.h"
#include "leftovers.h"
#include "pools.h"

#include "harness/util/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <malloc.h>
#include <sys/resource.h>

#define LIMITED_TASKS 300
#define UNABLE 2 /* a child's exit status where it cannot have the limit */

static int empty_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)ctx;
    (void)local;
    result->value = index;
    return 0;
}

/* Its workers are nobody but the caller. */
static bool is_alone(const struct pool_ops *ops)
{
    return strcmp(ops->name, "serial") == 0 || ops->simulated;
}

static void starting_again_and_again_takes_no_more_memory(void **state)
{
    const struct pool_ops *ops = *state;
    if (POOLS_SANITIZED) {
        print_message("a sanitizer keeps freed memory\n");
        skip();
    }
    struct arena arena;
    const uint64_t tasks = ops->per_task ? 10 : 100;
    const unsigned first = 20, repeats = first + pools_part(100);
    assert_int_equal(arena_make(&arena, tasks, 0), 0);
    uint64_t before = 0;
    for (unsigned repeat = 0; repeat < repeats; repeat++) {
        if (repeat == first)
            before = pools_virtual_size();
        struct pool *pool = pools_start(ops, is_alone(ops) ? 1 : 5, empty_task, NULL, &arena);
        assert_int_equal(pool_map(pool, tasks, 1), 0);
        pool_stop(pool);
    }
    if (ops->supported) /* a runtime's last threads may end after their pool: a stack each */
        assert_true(pools_virtual_size() < before + (64 << 20));
    else
        assert_int_equal(pools_virtual_size(), before);
    arena_free(&arena);
}

/* Where each task has a worker of its own, one that is refused waits until another has ended. */
static void make_do(struct pool *pool, char *wrong, size_t size)
{
    if (pool_map(pool, LIMITED_TASKS, 1))
        snprintf(wrong, size, "the region failed: %s", task_message(EIO));
    for (uint64_t i = 0; i < LIMITED_TASKS; i++)
        if (!*wrong && pool->config.arena->status[i] != TASK_OK)
            snprintf(wrong, size, "task %d was not done", (int)i);
    pool_stop(pool);
}

/* Run in a child with a limit of its own: what is wrong with how a pool of 64 is refused, or "". */
static void refuse(const struct pool_ops *ops, char *wrong, size_t size)
{
    struct arena arena;
    char why[512] = "", what[256];
    if (arena_make(&arena, LIMITED_TASKS, 0)) {
        snprintf(wrong, size, "no arena");
        return;
    }
    const struct pool_config config = {.workers = 64, .task = empty_task, .arena = &arena};
    struct leftovers before = leftovers_now();
    struct pool *pool = pool_start(ops, &config, why, sizeof why);
    int code = errno;
    unsigned number = 0, of = 0;
    const char *refuses = strstr(why, "the system refuses worker ");
    if (pool && ops->per_task)
        make_do(pool, wrong, size);
    else if (pool)
        snprintf(wrong, size, "the pool has started");
    else if (!refuses || sscanf(refuses, "the system refuses worker %u of %u", &number, &of) != 2 ||
             number < 1 || number > 64 || of != 64 || !strstr(why, "ask for fewer workers") ||
             (code != EAGAIN && code != ENOMEM) || !strstr(why, strerror(code)))
        snprintf(wrong, size, "\"%s\" does not tell the reason", why);
    else if (!leftovers_none(&before, what, sizeof what))
        snprintf(wrong, size, "%s", what);
}

/* What is wrong with a pool that has started with fewer workers than 64. */
static void check_shrunken(struct pool *pool, const char *why, char *wrong, size_t size)
{
    unsigned count = 0, of = 0;
    const char *after = strstr(why, ": ");
    bool whole = strstr(why, " workers in whole processes of 2 threads: ");
    if (!after || sscanf(after, ": %u of %u workers", &count, &of) != 2 ||
        !strstr(why, ": the system refuses more: ") || whole != (pool->config.threads_each > 1) ||
        count != pool_workers(pool) || of != 64 || count < 2 || count > 63 ||
        !(strstr(why, strerror(EAGAIN)) || strstr(why, strerror(ENOMEM))))
        snprintf(wrong, size, "%u workers, and \"%s\"", pool_workers(pool), why);
    else if (pool_workers(pool) % pool->config.threads_each)
        snprintf(wrong, size, "part of a process: %s", why);
    else if (pool_map(pool, LIMITED_TASKS, 1) || *pool->config.arena->failed > 0)
        snprintf(wrong, size, "the region failed");
    else if (pools_worker_tasks(pool) != LIMITED_TASKS)
        snprintf(wrong, size, "the workers do not count all tasks");
}

/* Run in a child with a limit of its own: a pool of 64 with fewer workers, or none. */
static void shrink(const struct pool_ops *ops, char *wrong, size_t size)
{
    struct arena arena;
    char why[512] = "", what[256];
    arena_make(&arena, LIMITED_TASKS, 0);
    struct pool_config config = {.workers = 64,
        .workers_min = 2,
        .threads_each = ops->threads_each ? 2 : 0,
        .task = empty_task,
        .arena = &arena};
    struct leftovers before = leftovers_now();
    struct pool *pool = pool_start(ops, &config, why, sizeof why);
    if (pool)
        check_shrunken(pool, why, wrong, size);
    else
        snprintf(wrong, size, "it has not started: %s", why);
    pool_stop(pool);
    config.workers_min = 63;
    pool = *wrong ? NULL : pool_start(ops, &config, why, sizeof why);
    if (pool)
        snprintf(wrong, size, "%u are less than 63", pool_workers(pool));
    else if (!*wrong && !strstr(why, "the system refuses worker "))
        snprintf(wrong, size, "\"%s\" does not tell the reason", why);
    pool_stop(pool);
    if (!*wrong && !leftovers_none(&before, what, sizeof what))
        snprintf(wrong, size, "%s", what);
}

/* Who has no other process, whatever runs beside this test. */
static uid_t nobody(void)
{
    return 20000 + (uid_t)getpid() % 40000;
}

/* Without root, whose processes the kernel does not count. */
static void limit_processes(void)
{
    uid_t user = nobody();
    struct rlimit few = {6, 6};
    if (getuid() != 0)
        few = (struct rlimit){0, 0};
    setrlimit(RLIMIT_NPROC, &few);
    if (getuid() == 0 && (setgroups(0, NULL) || setgid(user) || setuid(user)))
        _exit(2);              /* POOLS_SKIPPED */
    prctl(PR_SET_DUMPABLE, 1); /* else /proc/self is root's */
}

/* A few processes more than the user has, which only one who has none yet can be sure of. */
static void limit_to_few_processes(void)
{
    if (getuid() != 0)
        _exit(UNABLE);
    limit_processes();
}

static void limit_memory(void)
{
    struct rlimit little;
    getrlimit(RLIMIT_AS, &little);
    little.rlim_cur = pools_virtual_size() + (40 << 20); /* some stacks of 8 MiB */
    setrlimit(RLIMIT_AS, &little);
}

/* aborts: the runtime's own end is what comes of it. */
static void assert_limited_as(const struct pool_ops *ops, bool aborts, void (*limit)(void),
    void (*check)(const struct pool_ops *ops, char *wrong, size_t size))
{
    char *wrong = pools_shared(1024);
    int status = 0;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        leftovers_settle();
        limit();
        if (aborts) { /* with words of its own */
            setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
            dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
        }
        check(ops, wrong, 1024);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    bool unable = WIFEXITED(status) && WEXITSTATUS(status) == UNABLE;
    assert_true(unable || (status != 0) == aborts);
    if (*wrong)
        fail_msg("%s", wrong);
    pools_unshare(wrong, 1024);
    if (unable) {
        print_message("this takes root, and a user that it can become\n");
        skip();
    }
}

static void assert_limited(const struct pool_ops *ops, void (*limit)(void),
    void (*check)(const struct pool_ops *ops, char *wrong, size_t size))
{
    assert_limited_as(ops, ops->aborts, limit, check);
}

static void too_many_workers_for_the_user_are_refused_whole(void **state)
{
    assert_limited(*state, limit_processes, refuse);
}

static void too_many_workers_for_the_memory_are_refused_whole(void **state)
{
    if (POOLS_SANITIZED) {
        print_message("a sanitizer takes more address space than any limit leaves\n");
        skip();
    }
    assert_limited(*state, limit_memory, refuse);
}

/* More than there can be in all, which is not found out one by one. */
static void more_workers_than_the_system_can_have_are_refused_beforehand(void **state)
{
    const struct pool_ops *ops = *state;
    char why[512] = "", end[128];
    struct limit limit;
    assert_true(limits_tightest(&limit));
    if (limit.value > UINT_MAX - 2) {
        print_message("this system has no limit\n");
        skip();
    }
    const struct pool_config config = {.workers = (unsigned)limit.value + 2, .task = empty_task};
    assert_null(pool_start(ops, &config, why, sizeof why));
    assert_int_equal(errno, EAGAIN);
    snprintf(end, sizeof end, "(%s)", limit.raise);
    if (!strstr(why, limit.name) || !strstr(why, end) || !strstr(why, "ask for at most"))
        fail_msg("\"%s\" does not name the limit", why);
}

#define MANY 300 /* so many are not asked of the system one by one */

/* Run in a child as a user who may have a few processes. */
static void name_limit(const struct pool_ops *ops, char *wrong, size_t size)
{
    char why[512] = "", what[256];
    struct pool_config config = {
        .workers = MANY, .threads_each = ops->threads_each ? 2 : 0, .task = empty_task};
    struct leftovers before = leftovers_now();
    struct pool *pool = pool_start(ops, &config, why, sizeof why);
    if (pool || !strstr(why, "RLIMIT_NPROC is ") || !strstr(why, "(ulimit -u NUMBER)"))
        snprintf(wrong, size, "\"%s\" does not name the limit", why);
    config.workers_min = 2;
    pool = ops->shrinks && !*wrong ? pool_start(ops, &config, why, sizeof why) : NULL;
    if (pool && (pool_workers(pool) < 2 || pool_workers(pool) > 20 || !strstr(why, "of 300")))
        snprintf(wrong, size, "%u workers: \"%s\"", pool_workers(pool), why);
    else if (ops->shrinks && !pool && !*wrong)
        snprintf(wrong, size, "it has not started: %s", why);
    pool_stop(pool);
    if (!*wrong && !leftovers_none(&before, what, sizeof what))
        snprintf(wrong, size, "%s", what);
}

static void many_more_workers_than_the_user_may_have_are_refused_with_the_limit(void **state)
{
    assert_limited_as(*state, false, limit_to_few_processes, name_limit);
}

static void start_many(const struct pool_ops *ops, char *wrong, size_t size)
{
    const struct pool_config config = {.workers = MANY, .task = empty_task};
    struct pool *pool =
        pool_start(ops, &config, wrong, size); /* where it starts, it says nothing */
    pool_stop(pool);
}

static void simulated_workers_count_to_no_limit(void **state)
{
    assert_limited(*state, limit_to_few_processes, start_many);
}

static void a_pool_that_may_shrink_starts_with_what_the_user_gets(void **state)
{
    assert_limited(*state, limit_to_few_processes, shrink);
}

#define FIRST_THREADS 5 /* with the owner as many as limit_to_few_processes allows */

static _Atomic unsigned *forked; /* shared; NULL: nobody waits */
static unsigned forks;           /* by the owner, since then */

static void wait_for_all_forks(void)
{
    for (unsigned now = forked ? ++*forked : FIRST_THREADS; now < FIRST_THREADS; now = *forked)
        sched_yield();
}

/* So that each of them has been refused its second thread before the owner hears of one. */
static void look_away_after_the_last_fork(void)
{
    if (forked && ++forks == FIRST_THREADS)
        nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
}

/* Run in a child of its own: each process gets its first thread, and none a second one. */
static void shrink_by_seconds(const struct pool_ops *ops, char *wrong, size_t size)
{
    char why[512] = "";
    const struct pool_config config = {
        .workers = 2 * FIRST_THREADS, .workers_min = 2, .threads_each = 2, .task = empty_task};
    forked = pools_shared(sizeof *forked);
    struct pool *pool = pool_start(ops, &config, why, sizeof why);
    if (!pool || pool_workers(pool) != 4)
        snprintf(wrong, size, "%u workers: %s", pool ? pool_workers(pool) : 0, why);
    pool_stop(pool);
}

static void a_pool_none_of_whose_processes_gets_all_its_threads_shrinks_as_well(void **state)
{
    assert_limited(*state, limit_to_few_processes, shrink_by_seconds);
}

static void a_pool_that_may_shrink_starts_with_what_the_memory_gives(void **state)
{
    if (POOLS_SANITIZED) {
        print_message("a sanitizer takes more address space than any limit leaves\n");
        skip();
    }
    assert_limited(*state, limit_memory, shrink);
}

static void a_pool_that_gets_all_its_workers_has_nothing_to_say(void **state)
{
    const struct pool_ops *ops = *state;
    char why[512] = "nothing yet";
    const struct pool_config config = {.workers = 4, .workers_min = 1, .task = empty_task};
    struct pool *pool = pool_start(ops, &config, why, sizeof why);
    assert_non_null(pool);
    assert_string_equal(why, "");
    assert_int_equal(pool_workers(pool), 4);
    pool_stop(pool);
}

static void a_pool_that_cannot_shrink_refuses_to(void **state)
{
    const struct pool_ops *ops = *state;
    char why[512];
    const struct pool_config config = {
        .workers = 1, .workers_min = ops->shrinks ? 2 : 1, .task = empty_task};
    assert_null(pool_start(ops, &config, why, sizeof why));
    assert_int_equal(errno, EINVAL);
    assert_non_null(strstr(why, "workers_min is"));
}

static void add_backend(const struct pool_ops *ops)
{
    POOLS_ADD(starting_again_and_again_takes_no_more_memory, ops);
    POOLS_ADD(a_pool_that_cannot_shrink_refuses_to, ops);
    if (ops->simulated)
        POOLS_ADD(simulated_workers_count_to_no_limit, ops);
    if (is_alone(ops))
        return;
    POOLS_ADD(too_many_workers_for_the_user_are_refused_whole, ops);
    if (!ops->per_task) {
        POOLS_ADD(more_workers_than_the_system_can_have_are_refused_beforehand, ops);
        POOLS_ADD(many_more_workers_than_the_user_may_have_are_refused_with_the_limit, ops);
    }
    if (!ops->processes)
        POOLS_ADD(too_many_workers_for_the_memory_are_refused_whole, ops);
    if (!ops->shrinks)
        return;
    POOLS_ADD(a_pool_that_may_shrink_starts_with_what_the_user_gets, ops);
    if (ops->threads_each)
        POOLS_ADD(a_pool_none_of_whose_processes_gets_all_its_threads_shrinks_as_well, ops);
    POOLS_ADD(a_pool_that_gets_all_its_workers_has_nothing_to_say, ops);
    if (!ops->processes)
        POOLS_ADD(a_pool_that_may_shrink_starts_with_what_the_memory_gives, ops);
}

int main(void)
{
    mallopt(M_ARENA_MAX, 1); /* so that memory is the pools' alone */
    pthread_atfork(NULL, look_away_after_the_last_fork, wait_for_all_forks);
    for (const struct pool_ops *const *ops = registry_backends; *ops; ops++)
        if (pools_tested(*ops))
            add_backend(*ops);
    return group_run("limits", NULL, NULL);
}
