/* What the tests of pools share: starting one, shared memory for task functions, what a process
 * looks like from outside. To be included after cmocka.h by one test program each. */
#ifndef UNIT_POOLS_H
#define UNIT_POOLS_H

#include "group.h"
#include "leftovers.h"

#include "harness/measure/registry.h"
#include "harness/pool/backend.h"
#include "harness/pool/mapping.h"
#include "harness/pool/program.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define POOLS_SANITIZED true
#elif defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define POOLS_SANITIZED true
#endif
#endif
#ifndef POOLS_SANITIZED
#define POOLS_SANITIZED false
#endif

/* Adds a test of one backend, with the backend as its state. */
#define POOLS_ADD(test, ops) POOLS_ADD_AS(test, ops, (void *)(ops), "%s: " #test, (ops)->name)

/* Adds a test of one backend with another state, named as by printf. */
#define POOLS_ADD_AS(test, ops, state, ...)                                                        \
    group_add(pools_wrapper(ops) ? pools_wrapper(ops) : (test), leftovers_mark, leftovers_check,   \
        pools_state(test, ops, state), __VA_ARGS__)

/* The sizes of pools that a test goes through: from pools_first to before pools_end(count), where
 * count is how many the program has; it tells that in pools_sizes. */
static size_t pools_sizes = 1;
static size_t pools_first;
static bool pools_apart; /* this is a process for one size alone */

static inline size_t pools_end(size_t count)
{
    return pools_apart && pools_first < count ? pools_first + 1 : count;
}

/* The thread sanitizer does not see what happens between processes. */
static inline bool pools_followed(const struct pool_ops *ops)
{
    return !ops->processes || !getenv("POOLBENCH_TSAN");
}

static inline void pools_not_followed(void **state)
{
    (void)state;
    print_message("workers are processes, which the thread sanitizer does not follow\n");
    skip();
}

struct pools_test {
    CMUnitTestFunction test;
    void *state;
};

static inline _Noreturn void pools_child(const struct pools_test *test, size_t size, FILE *said)
{
    const struct CMUnitTest alone = {
        .name = "apart", .test_func = test->test, .initial_state = test->state};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    alarm(LEFTOVERS_SECONDS);
    pools_first = size;
    pools_apart = true;
    dup2(fileno(said), STDOUT_FILENO);
    dup2(fileno(said), STDERR_FILENO);
    int failed = _cmocka_run_group_tests("apart", &alone, 1, NULL, NULL);
    fflush(NULL);
    _exit(failed ? 1 : 0);
}

/* A test of a runtime that keeps its threads: a process for each size, as samples have. */
static inline void pools_run_apart(void **state)
{
    for (size_t i = 0; i < pools_sizes; i++) {
        int status = -1;
        char text[4096] = "";
        FILE *said = tmpfile();
        assert_non_null(said);
        fflush(NULL);
        pid_t pid = fork();
        if (pid == 0)
            pools_child(*state, i, said);
        waitpid(pid, &status, 0);
        rewind(said);
        text[fread(text, 1, sizeof text - 1, said)] = '\0';
        fclose(said);
        if (status)
            fail_msg("size number %zu, wait status %#x: %s", i, (unsigned)status, text);
    }
}

/* What cmocka calls in the test's place, or NULL. */
static inline CMUnitTestFunction pools_wrapper(const struct pool_ops *ops)
{
    if (!pools_followed(ops))
        return pools_not_followed;
    return ops->keeps_threads ? pools_run_apart : NULL;
}

/* The state that goes with it. */
static inline void *pools_state(CMUnitTestFunction test, const struct pool_ops *ops, void *state)
{
    static struct pools_test tests[4096];
    static size_t count;
    if (!ops->keeps_threads)
        return state;
    if (count == sizeof tests / sizeof *tests)
        abort();
    tests[count] = (struct pools_test){test, state};
    return &tests[count++];
}

/* A worker of `spawn` is this program started anew, and never reaches its main. */
static inline __attribute__((constructor)) void pools_worker(int argc, char **argv)
{
    pool_worker_main(argc, argv);
}

/* Zeroed memory that processes share. Those that are not forked have the first piece, which all
 * map at the same address, where nothing else is. */
#define POOLS_SHARED_AT 0x200000000000

static struct pools_scene {
    void *memory;
    size_t size;
    uintptr_t base; /* of the program whose addresses stand in it */
    int fd;
} pools_scene;
static uintptr_t pools_shift; /* from there to this process's program */

/* How many to take: `count`, or a part of it where tests/soak.sh repeats the test many times. */
static inline unsigned pools_part(unsigned count)
{
    const char *given = getenv("POOLBENCH_TEST_PART"); /* 10: a tenth */
    unsigned part = given ? (unsigned)strtoul(given, NULL, 10) : 1;
    return part > 1 ? (count + part - 1) / part : count;
}

/* Whether the backend is there and to be tested with plain tasks: all of them, but only our own in
 * a soak. */
static inline bool pools_tested(const struct pool_ops *ops)
{
    bool ours = !ops->supported || ops->tend;
    return !ops->events && (ours || pools_part(2) == 2) && !(ops->supported && ops->supported());
}

/* The address of something of the program's, read from shared memory. */
#define POOLS_HERE(pointer) ((__typeof__(pointer))((uintptr_t)(pointer) + pools_shift))

static inline void *pools_shared(size_t size)
{
    int fd;
    void *memory = mapping_make(size, true, &fd);
    assert_non_null(memory);
    if (pools_scene.memory || getenv("POOLBENCH_TSAN")) { /* which has its own idea of addresses */
        close(fd);
        return memory;
    }
    void *wanted = (void *)POOLS_SHARED_AT;
    memory = mremap(memory, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, wanted);
    assert_ptr_equal(memory, wanted);
    pools_scene = (struct pools_scene){memory, size, program_base(), fd};
    return memory;
}

static inline void pools_unshare(void *memory, size_t size)
{
    bool first = memory == pools_scene.memory;
    mapping_free(memory, size, first ? pools_scene.fd : -1);
    if (first)
        pools_scene.memory = NULL;
}

static inline int pools_remake(const void *bytes, size_t size, struct pool_config *config)
{
    pools_scene = *(const struct pools_scene *)bytes;
    (void)size;
    pools_shift = program_base() - pools_scene.base;
    config->ctx = mmap(pools_scene.memory, pools_scene.size, PROT_READ | PROT_WRITE,
        MAP_SHARED | MAP_FIXED_NOREPLACE, config->remake_fd, 0);
    return config->ctx == pools_scene.memory ? 0 : task_fail(ENOMEM, "the scene is elsewhere");
}

/* pool_start, for workers that are not forked with the shared memory as ctx. */
static inline struct pool *pools_try(
    const struct pool_ops *ops, const struct pool_config *config, char *why, size_t size)
{
    struct pool_config remade = *config;
    if (pools_scene.memory) {
        remade.remake = remade.remake ? remade.remake : pools_remake;
        remade.remake_bytes = &pools_scene;
        remade.remake_size = sizeof pools_scene;
        remade.remake_fd = pools_scene.fd;
    }
    return pool_start(ops, &remade, why, size);
}

static inline struct pool *pools_start(const struct pool_ops *ops, unsigned workers, task_fn *task,
    const void *ctx, struct arena *arena)
{
    char why[512];
    const struct pool_config config = {
        .workers = workers, .task = task, .ctx = ctx, .arena = arena};
    struct pool *pool = pools_try(ops, &config, why, sizeof why);
    if (!pool)
        fail_msg("%s", why);
    return pool;
}

static inline uint64_t pools_worker_tasks(const struct pool *pool)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < pool->config.workers; i++)
        sum += pool_worker_tasks(pool, i);
    return sum;
}

/* A process's name as `top` shows it, with the line's end. */
static inline void pools_read_name(pid_t pid, char *name, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
    FILE *file = fopen(path, "re");
    if (file && !fgets(name, (int)size, file))
        *name = '\0';
    if (file)
        fclose(file);
}

/* Bytes of address space of this process. */
static inline uint64_t pools_virtual_size(void)
{
    unsigned long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file && fscanf(file, "%llu", &pages) != 1)
        pages = 0;
    if (file)
        fclose(file);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

#endif
