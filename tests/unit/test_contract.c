/* Every available case on every available backend gives serial's values: pools of 5 workers, one
 * task and all, guided and one by one. What depends on the backend alone is tried with a few cases:
 * pools of 1, 2, 5 and 13 workers over no, one, fewer and more tasks than workers, in chunks of
 * every kind. Both lists come from the registry, so a new case or backend is tested without a
 * change here; only a case whose default tasks are slow wants a line in `quick`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "drive.h"
#include "group.h"
#include "leftovers.h"
#include "pools.h"
#include "private_postgres.h"

#include "harness/measure/plan.h"
#include "harness/measure/reopen.h"
#include "harness/measure/runner.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#define TASKS 31 /* more than any pool has workers */
#define REGION_SECONDS 2e-3

#if POOLS_SANITIZED /* slow */
static const unsigned sizes[] = {1, 5};
#else
static const unsigned sizes[] = {1, 2, 5, 13};
#endif
static const uint64_t chunks[] = {0, 1, 3, TASKS + 9};
#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Cases of each kind that are tried in every size and chunk. */
static const char *const thorough[] = {"null", "primes", "sleep", "spin"};

/* Parameters with which 31 tasks take milliseconds. */
static const struct quick {
    const char *name;
    uint64_t tasks; /* -N; 0: the parameters decide */
    const char *params[4];
} quick[] = {
    {"spin", TASKS, {"grain=1us", "shape=straggler"}},
    {"primes", 0, {"from=1000000007", "to=1000000038"}},
    {"powersum", TASKS, {"n=10k"}},
    {"sleep", TASKS, {"duration=100us"}},
    {"files", TASKS, {"size=1k", "fsync=no"}},
    {"http", TASKS, {"latency=1ms"}},
    {"sha256", TASKS, {"size=1k"}},
    {"compress", TASKS, {"size=1k"}},
    {"mandelbrot", TASKS, {"width=40", "iterations=100"}},
    {"selfpower", TASKS, {"largest=1k"}},
    {"sort", TASKS, {"keys=100"}},
    {"groupby", 0, {"rows=310", "group=10"}},
    {"sqlite", TASKS, {"rows=100", "fsync=no"}},
    {"postgres", TASKS, {"rows=100", "latency=0", private_postgres_url}},
    {"copy", TASKS, {"size=1k"}},
    {"pipeline", TASKS, {"latency=100us"}},
    {"mixed", TASKS, {"compute=20us", "ratio=2"}},
    {"matmul", TASKS, {"n=40"}},
    {"stream", TASKS, {"size=64k"}},
    {"counter", TASKS, {"steps=10", "work=100"}},
    {"falsesharing", TASKS, {"steps=1000"}},
    {"rwlock", TASKS, {"operations=10", "scan=100"}},
    {"account", TASKS, {"transfers=10", "work=100"}},
};

static char scratch[PATH_MAX], temporary[PATH_MAX]; /* temporary: TMPDIR */

struct pair {
    const struct bench_case *bench;
    const struct pool_ops *ops;
    bool owner_works;
};

static const struct quick *parameters_of(const char *name)
{
    static const struct quick others = {.tasks = TASKS};
    for (size_t i = 0; i < COUNT(quick); i++)
        if (strcmp(quick[i].name, name) == 0)
            return &quick[i];
    return &others;
}

static void open_pair(struct workload *workload, const struct pair *pair)
{
    const struct quick *parameters = parameters_of(pair->bench->name);
    drive_open(workload, pair->bench->name, parameters->tasks, parameters->params);
    assert_true(workload->run.tasks >= TASKS);
}

static void close_pair(struct workload *workload)
{
    workload_close(workload);
    assert_int_equal(leftovers_entries(temporary, ""), 0);
}

/* What a pair is tried with: sizes first .. end-1, and so many of the chunks. */
struct matrix {
    bool thorough;
    size_t first, end, chunks;
};

static bool is_thorough(const struct bench_case *bench)
{
    size_t i = 0;
    while (i < COUNT(thorough) && strcmp(thorough[i], bench->name) != 0)
        i++;
    return i < COUNT(thorough);
}

/* Serial has one worker. A process for one size alone (pools.h) may have none to try. */
static struct matrix matrix_of(const struct pair *pair)
{
    size_t count = strcmp(pair->ops->name, "serial") == 0 ? 1 : COUNT(sizes);
    struct matrix matrix = {.first = pools_first, .end = pools_end(count), .chunks = COUNT(chunks)};
    matrix.thorough = is_thorough(pair->bench);
    if (!matrix.thorough) {
        size_t only = count / 2; /* 5 workers */
        matrix.end = pools_apart && pools_first != only ? pools_first : only + 1;
        matrix.first = pools_apart ? pools_first : only;
        matrix.chunks = 2;
    }
    return matrix;
}

/* No task, one, fewer than workers (where that is another number), more; or one and all. */
static size_t counts_of(
    const struct matrix *matrix, unsigned workers, uint64_t all, uint64_t counts[4])
{
    size_t n = 0;
    if (matrix->thorough)
        counts[n++] = 0;
    counts[n++] = 1;
    if (matrix->thorough && workers > 3)
        counts[n++] = workers - 2;
    counts[n++] = all;
    return n;
}

/* Serial's value of every task; the caller frees them. */
static uint64_t *serial_values(struct workload *workload)
{
    uint64_t tasks = workload->run.tasks, *values = calloc(tasks, sizeof *values);
    assert_non_null(values);
    assert_int_equal(drive_run(workload, "serial", 1).ok, tasks);
    for (uint64_t i = 0; i < tasks; i++)
        values[i] = arena_slot(&workload->arena, i)->value;
    return values;
}

static uint64_t checksum_of(const uint64_t *values, const uint64_t *indices, uint64_t tasks)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < tasks; i++) {
        uint64_t index = indices ? indices[i] : i;
        sum += hash_mix(index, values[index]);
    }
    return sum;
}

static void assert_sample(
    const struct result_sample *sample, const struct runner_spec *spec, const uint64_t *values)
{
    if (*sample->failure)
        fail_msg("%u workers, %llu tasks, chunk %llu: %s", spec->workers,
            (unsigned long long)spec->tasks, (unsigned long long)spec->chunk, sample->failure);
    assert_int_equal(sample->tasks, spec->tasks);
    assert_int_equal(sample->ok, spec->tasks);
    assert_int_equal(sample->errors + sample->lost, 0);
    assert_false(sample->checksum_wrong);
    assert_int_equal(sample->checksum, checksum_of(values, spec->indices, spec->tasks));
}

static void samples_have_the_checksum_of_serial(void **state)
{
    const struct pair *pair = *state;
    struct workload workload;
    open_pair(&workload, pair);
    uint64_t *values = serial_values(&workload), counts[4];
    const struct matrix matrix = matrix_of(pair);
    for (size_t i = matrix.first; i < matrix.end; i++) {
        size_t n = counts_of(&matrix, sizes[i], workload.run.tasks, counts);
        for (size_t j = 0; j < n; j++) {
            for (size_t k = 0; k < matrix.chunks; k++) {
                const struct runner_spec spec = {
                    .ops = pair->ops, .workers = sizes[i], .tasks = counts[j], .chunk = chunks[k]};
                struct result_sample sample = {0};
                assert_int_equal(runner_measure(&workload, &spec, &sample, NULL), 0);
                assert_sample(&sample, &spec, values);
                assert_int_equal(sample.regions, 1);
            }
        }
    }
    free(values);
    close_pair(&workload);
}

/* A random subset, warmed up and repeated, with tasks timed and memory read; and cold. */
static void subsets_and_cold_samples_have_it_too(void **state)
{
    const struct pair *pair = *state;
    struct workload workload;
    uint64_t subset[TASKS / 2];
    open_pair(&workload, pair);
    uint64_t *values = serial_values(&workload);
    plan_subset(1, 2, subset, COUNT(subset), workload.run.tasks);
    const struct matrix matrix = matrix_of(pair);
    for (int cold = 0; cold < 2 && matrix.first < matrix.end; cold++) {
        const struct runner_spec spec = {.ops = pair->ops,
            .workers = sizes[(matrix.first + matrix.end) / 2],
            .tasks = COUNT(subset),
            .indices = subset,
            .least_seconds = REGION_SECONDS,
            .cold = cold,
            .warm_up = true,
            .memory = true,
            .task_times = true};
        struct result_sample sample = {0};
        struct runner_detail detail;
        assert_int_equal(runner_measure(&workload, &spec, &sample, &detail), 0);
        free(detail.pids);
        assert_sample(&sample, &spec, values);
        assert_true(sample.wall_s >= REGION_SECONDS);
        assert_true(sample.regions >= 1);
        assert_int_equal(detail.task_times_count, COUNT(subset));
        assert_int_equal(sample.peak_memory > 0, !cold);
    }
    free(values);
    close_pair(&workload);
}

/* One pool after the other runs region after region in this very process. */
static void workers_counts_add_up_over_regions(void **state)
{
    const struct pair *pair = *state;
    struct workload workload;
    open_pair(&workload, pair);
    uint64_t *values = serial_values(&workload), counts[4];
    const struct matrix matrix = matrix_of(pair);
    for (size_t i = matrix.first; i < matrix.end; i++) {
        const struct pool_config config = {.workers = sizes[i],
            .task = pair->bench->task,
            .ctx = workload.run.ctx,
            .worker_enter = pair->bench->worker_enter,
            .worker_leave = pair->bench->worker_leave,
            .events = pair->bench->events,
            .arena = &workload.arena,
            .owner_works = pair->owner_works,
            .remake = reopen_remake,
            .remake_bytes = workload.again,
            .remake_size = workload.again_size};
        struct pool *pool = pool_start(pair->ops, &config, drive_why, sizeof drive_why);
        if (!pool)
            fail_msg("%s", drive_why);
        uint64_t sum = 0;
        size_t n = counts_of(&matrix, sizes[i], workload.run.tasks, counts);
        for (size_t j = 0; j < n; j++) {
            for (size_t k = 0; k < matrix.chunks; k++) {
                assert_int_equal(pool_map(pool, counts[j], chunks[k]), 0);
                sum += counts[j];
                assert_int_equal(pools_worker_tasks(pool), sum);
                struct workload_outcome outcome = workload_outcome(&workload, counts[j], NULL);
                assert_int_equal(outcome.ok, counts[j]);
                assert_int_equal(outcome.checksum, checksum_of(values, NULL, counts[j]));
            }
        }
        if (workload_verify(&workload, drive_why, sizeof drive_why))
            fail_msg("%s", drive_why);
        pool_stop(pool);
    }
    free(values);
    close_pair(&workload);
}

/* All that the cases keep or leave goes below a folder of our own. */
static int make_folders(void **state)
{
    (void)state;
    private_postgres_start(); /* where there is none, its case is skipped */
    if (tempdir_make(scratch, sizeof scratch, NULL, "contract"))
        return -1;
    snprintf(temporary, sizeof temporary, "%.*s/tmp", PATH_MAX - 8, scratch);
    if (mkdir(temporary, 0700))
        return -1;
    return setenv("XDG_CACHE_HOME", scratch, 1) || setenv("TMPDIR", temporary, 1);
}

static int remove_folders(void **state)
{
    (void)state;
    private_postgres_stop();
    return tempdir_remove(scratch);
}

static struct pair *make_pair(struct pair pair)
{
    static struct pair pairs[2048];
    static size_t count;
    assert(count < COUNT(pairs));
    pairs[count] = pair;
    return &pairs[count++];
}

static void add_pair(const struct bench_case *bench, const struct pool_ops *ops)
{
    struct pair *pair = make_pair((struct pair){bench, ops, false});
#define ADD(test) POOLS_ADD_AS(test, ops, pair, "%s on %s: " #test, bench->name, ops->name)
    ADD(samples_have_the_checksum_of_serial);
    if (POOLS_SANITIZED && !is_thorough(bench)) /* slow; the case's own code has run by now */
        return;
    ADD(subsets_and_cold_samples_have_it_too);
    if (!is_thorough(bench)) /* what follows is about the backend */
        return;
    ADD(workers_counts_add_up_over_regions);
    if (!ops->owner_may_work)
        return;
    pair = make_pair((struct pair){bench, ops, true});
#undef ADD
#define ADD(test)                                                                                  \
    POOLS_ADD_AS(test, ops, pair, "%s on %s whose owner works: " #test, bench->name, ops->name)
    ADD(workers_counts_add_up_over_regions);
#undef ADD
}

int main(void)
{
    pools_sizes = COUNT(sizes);
    for (const struct registry_case *entry = registry_cases; entry->name; entry++)
        for (const struct pool_ops *const *ops = registry_backends; *ops; ops++)
            if (entry->bench && !((*ops)->supported && (*ops)->supported()) &&
                (!(*ops)->events || entry->bench->events))
                add_pair(entry->bench, *ops);
    return group_run("contract", make_folders, remove_folders);
}
