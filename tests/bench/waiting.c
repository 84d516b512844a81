/* Very many workers that all wait: each task says that it has begun and sleeps until all have. The
 * system's limits are read first, so that a refusal is told from a fault. */
#include "arm.h"

#include "harness/measure/clock.h"
#include "harness/measure/registry.h"
#include "harness/pool/backend.h"
#include "harness/util/futex.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

/* What the rest of the machine may need meanwhile. */
#define SPARE 200

/* Mappings of a thread: its stack and the guard page before it. */
#define MAPPINGS_A_THREAD 2

struct crowd {
    _Atomic uint32_t begun;
    _Atomic uint32_t all; /* 1: everybody has begun */
    uint32_t size;
};

static int wait_for_all(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)local;
    struct crowd *crowd = *(struct crowd *const *)ctx;
    result->value = index;
    if (atomic_fetch_add(&crowd->begun, 1) + 1 == crowd->size) {
        atomic_store(&crowd->all, 1);
        futex_wake(&crowd->all, INT_MAX, true);
    }
    while (!atomic_load(&crowd->all))
        futex_wait(&crowd->all, 0, NULL, true);
    return 0;
}

/* A number in a file; INFINITY: none there ("max"). */
static double read_limit(const char *path)
{
    char text[64] = "", *end;
    FILE *file = fopen(path, "re");
    if (!file)
        return INFINITY;
    if (!fgets(text, sizeof text, file))
        *text = '\0';
    fclose(file);
    double value = strtod(text, &end);
    return end == text ? INFINITY : value;
}

/* The path of this process's cgroup that counts processes, both versions; "" if not told. */
static void pids_cgroup(char *path, size_t size)
{
    char line[512];
    FILE *file = fopen("/proc/self/cgroup", "re");
    *path = '\0';
    while (file && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        char *pids = strstr(line, ":pids:");
        if (pids || strncmp(line, "0::", 3) == 0)
            snprintf(path, size, "/sys/fs/cgroup%s%.300s/pids.max", pids ? "/pids" : "",
                pids ? pids + strlen(":pids:") : line + 3);
        if (pids)
            break;
    }
    if (file)
        fclose(file);
}

static double process_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NPROC, &limit) || limit.rlim_cur == RLIM_INFINITY)
        return INFINITY;
    return (double)limit.rlim_cur;
}

/* Whether the limits leave room for so many workers; if not, the sample says which does not. */
static bool allowed(const struct pool_ops *ops, unsigned workers, struct sample *sample)
{
    char cgroup[512];
    pids_cgroup(cgroup, sizeof cgroup);
    const struct {
        const char *name;
        double value, needed;
    } limits[] = {
        {"RLIMIT_NPROC (ulimit -u)", process_limit(), workers + SPARE},
        {"kernel.threads-max", read_limit("/proc/sys/kernel/threads-max"), workers + SPARE},
        {"kernel.pid_max", read_limit("/proc/sys/kernel/pid_max"), workers + SPARE},
        {"pids.max of the cgroup", *cgroup ? read_limit(cgroup) : INFINITY, workers + SPARE},
        {"vm.max_map_count", read_limit("/proc/sys/vm/max_map_count"),
            ops->processes ? 0 : MAPPINGS_A_THREAD * (double)workers + SPARE},
    };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        if (limits[i].value >= limits[i].needed)
            continue;
        snprintf(sample->failure, sizeof sample->failure, "%s is %.0f; %u workers need %.0f",
            limits[i].name, limits[i].value, workers, limits[i].needed);
        sample->forbidden = true;
        return false;
    }
    return true;
}

/* Whether each worker's task is there. */
static bool all_done(const struct arena *arena, uint64_t tasks)
{
    for (uint64_t i = 0; i < tasks; i++)
        if (atomic_load(&arena->status[i]) != TASK_OK || arena_slot(arena, i)->value != i)
            return false;
    return true;
}

static int run_crowd(const struct arm *arm, const struct pool_config *config, struct sample *sample)
{
    uint64_t begin = clock_now();
    struct pool *pool =
        pool_start(registry_backend(arm->backend), config, sample->failure, sizeof sample->failure);
    if (!pool)
        return -1;
    int status = pool_map(pool, config->workers, 1);
    if (status)
        snprintf(sample->failure, sizeof sample->failure, "%s", task_message(EIO));
    pool_stop(pool);
    sample->seconds = clock_since(begin);
    if (status == 0 && all_done(config->arena, config->workers))
        return 0;
    if (status == 0)
        snprintf(sample->failure, sizeof sample->failure, "not every task has run");
    return -1;
}

int waiting_pool(const struct arm *arm, struct workload *workload, struct sample *sample)
{
    (void)workload;
    struct arena arena;
    if (!allowed(registry_backend(arm->backend), arm->workers, sample))
        return -1;
    struct crowd *crowd =
        mmap(NULL, sizeof *crowd, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (crowd == MAP_FAILED || arena_make(&arena, arm->workers, 0)) {
        snprintf(sample->failure, sizeof sample->failure, "no memory: %s", strerror(errno));
        return -1;
    }
    crowd->size = arm->workers;
    arena_reset(&arena, arm->workers);
    const struct pool_config config = {
        .workers = arm->workers, .task = wait_for_all, .ctx = &crowd, .arena = &arena};
    return run_crowd(arm, &config, sample); /* what is mapped ends with the process */
}
