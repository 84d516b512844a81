/* The triad of STREAM (McCalpin 1995): a[i] = b[i] + q c[i] over arrays that no cache holds. A task
 * is one slice. The arrays are in memory that all workers share, since copies that a forked process
 * makes of each page that it writes would be measured instead; for the same reason a worker has all
 * pages mapped before its first task.
 *
 * What is counted is what the program moves, 24 bytes an element, as in STREAM. Where the cache
 * reads a line before it is written over, the memory moves a third more.
 *
 * pkg-config: hwloc */
#include "case.h"

#include "../harness/util/cgroup.h"
#include "support/segment.h"

#include <errno.h>
#include <hwloc.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define DEFAULT_TASKS 64
#define PIECE 65536               /* elements between two check points */
#define CACHES 4                  /* arrays of so many times all last-level caches: STREAM's rule */
#define UNKNOWN_CACHE (32u << 20) /* where there is no telling its size */
#define MEMORY_PART 4             /* of the memory that there is: all that arrays take by default */
#define ARRAYS 3
#define MOVED (ARRAYS * sizeof(double)) /* bytes an element */
#define VALUES 1024                     /* of b and c: small integers, so that results are exact */

struct stream {
    uint64_t seed, tasks;
    uint64_t elements; /* of an array */
    struct segment segment;
    double *a, *b, *c;
    uint64_t *passes;         /* of each slice so far; q is their number, so that each pass
                                 writes what was not there */
    _Atomic pid_t *populated; /* the process that has all pages mapped */
};

struct slice {
    uint64_t begin, end; /* end excluded */
};

static struct slice slice_at(const struct stream *stream, uint64_t index)
{
    uint64_t length = stream->elements / stream->tasks, longer = stream->elements % stream->tasks;
    uint64_t begin = index * length + (index < longer ? index : longer);
    return (struct slice){begin, begin + length + (index < longer)};
}

/* Bytes of all caches of the last level, which together hold what the threads have spread over
 * them; 0: not known. */
static uint64_t last_caches(void)
{
    static const hwloc_obj_type_t levels[] = {
        HWLOC_OBJ_L5CACHE, HWLOC_OBJ_L4CACHE, HWLOC_OBJ_L3CACHE, HWLOC_OBJ_L2CACHE};
    uint64_t sum = 0;
    hwloc_topology_t topology;
    if (hwloc_topology_init(&topology))
        return 0;
    hwloc_topology_set_all_types_filter(topology, HWLOC_TYPE_FILTER_KEEP_ALL);
    if (hwloc_topology_load(topology) == 0) {
        for (size_t i = 0; i < sizeof levels / sizeof *levels && sum == 0; i++) {
            int caches = hwloc_get_nbobjs_by_type(topology, levels[i]);
            for (int cache = 0; cache < caches; cache++)
                sum +=
                    hwloc_get_obj_by_type(topology, levels[i], (unsigned)cache)->attr->cache.size;
        }
    }
    hwloc_topology_destroy(topology);
    return sum;
}

/* Bytes of memory: the machine's, or what the cgroup leaves of it. */
static uint64_t usable_memory(void)
{
    uint64_t machine = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t limit = cgroup_memory();
    return machine < limit ? machine : limit;
}

/* Bytes of an array where none are given. */
static uint64_t default_size(void)
{
    uint64_t cache = last_caches(), most = usable_memory() / MEMORY_PART / ARRAYS;
    uint64_t size = CACHES * (cache ? cache : UNKNOWN_CACHE);
    return size < most ? size : most;
}

static double value_of(uint64_t seed, uint64_t i)
{
    return (double)(hash_mix(seed, i) % VALUES);
}

static void fill(const struct stream *stream)
{
    const uint64_t seed_b = hash_mix(stream->seed, 1), seed_c = hash_mix(stream->seed, 2);
    for (uint64_t i = 0; i < stream->elements; i++) {
        stream->a[i] = 0;
        stream->b[i] = value_of(seed_b, i);
        stream->c[i] = value_of(seed_c, i);
    }
}

static int open_arrays(struct stream *stream, struct case_run *run)
{
    uint64_t bytes = stream->elements * MOVED + stream->tasks * sizeof *stream->passes;
    if (bytes > usable_memory() / 2)
        return task_fail(EINVAL,
            "three arrays of %" PRIu64 " bytes are more than half of the memory; give a "
            "smaller size",
            stream->elements * sizeof(double));
    int code = segment_open(&stream->segment, run, bytes);
    if (code)
        return code;
    stream->a = stream->segment.memory;
    stream->b = stream->a + stream->elements;
    stream->c = stream->b + stream->elements;
    stream->passes = (uint64_t *)(void *)(stream->c + stream->elements);
    if (segment_is_mine(&stream->segment))
        fill(stream);
    return 0;
}

static int check_slices(const struct stream *stream)
{
    if (stream->tasks <= stream->elements)
        return 0;
    return task_fail(EINVAL,
        "%" PRIu64 " tasks for arrays of %" PRIu64 " elements; lower -N or raise size",
        stream->tasks, stream->elements);
}

static int stream_setup(struct case_run *run)
{
    bool given = param_given(run->params, "size");
    struct stream *stream = calloc(1, sizeof *stream);
    if (!stream || !(stream->populated = calloc(1, sizeof *stream->populated))) {
        free(stream);
        return task_fail(ENOMEM, "no memory for the parameters");
    }
    stream->seed = run->seed;
    stream->tasks = run->tasks ? run->tasks : DEFAULT_TASKS;
    stream->elements = (given ? param_count(run->params, "size") : default_size()) / sizeof(double);
    int code = check_slices(stream);
    if (!code)
        code = open_arrays(stream, run);
    if (code) {
        free(stream->populated);
        free(stream);
        return code;
    }
    run->tasks = stream->tasks;
    run->even = stream->elements % run->tasks == 0 || stream->elements / run->tasks >= 100;
    run->ctx = stream;
    return 0;
}

static void stream_teardown(void *ctx)
{
    struct stream *stream = ctx;
    segment_close(&stream->segment);
    free(stream->populated);
    free(stream);
}

/* Once a process, be it twice where two threads enter at once. Best effort: a kernel before 5.14
 * maps the pages as the tasks come to them. */
static int stream_worker_enter(const void *ctx, void **local)
{
    const struct stream *stream = ctx;
    (void)local;
    /* relaxed: it tells of the process's page table, not of memory */
    if (atomic_load_explicit(stream->populated, memory_order_relaxed) == getpid())
        return 0;
#ifdef MADV_POPULATE_WRITE
    madvise(stream->segment.memory, stream->segment.size, MADV_POPULATE_WRITE);
#endif
    atomic_store_explicit(stream->populated, getpid(), memory_order_relaxed);
    return 0;
}

static double factor(uint64_t passes)
{
    return (double)(passes % VALUES);
}

/* The loop alone, so that the compiler sees no call in it. */
static void triad(double *restrict a, const double *restrict b, const double *restrict c, double q,
    struct slice slice)
{
    for (uint64_t i = slice.begin; i < slice.end; i++)
        a[i] = b[i] + q * c[i];
}

static int stream_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)local;
    const struct stream *stream = ctx;
    uint64_t passes = stream->passes[index] + 1;
    const struct slice slice = slice_at(stream, index);
    for (uint64_t begin = slice.begin; begin < slice.end; begin += PIECE) {
        uint64_t end = begin + PIECE < slice.end ? begin + PIECE : slice.end;
        triad(stream->a, stream->b, stream->c, factor(passes), (struct slice){begin, end});
        task_checkpoint();
    }
    stream->passes[index] = passes;
    result->value = hash_mix(stream->seed, index);
    return 0;
}

static int check_slice(const struct stream *stream, uint64_t index)
{
    const struct slice slice = slice_at(stream, index);
    const double q = factor(stream->passes[index]);
    for (uint64_t i = slice.begin; i < slice.end; i++)
        if (stream->a[i] != stream->b[i] + q * stream->c[i])
            return task_fail(EIO, "task %" PRIu64 ": a[%" PRIu64 "] is %g, not %g + %g * %g", index,
                i, stream->a[i], stream->b[i], q, stream->c[i]);
    return 0;
}

static int stream_verify(const void *ctx, const struct case_results *results)
{
    const struct stream *stream = ctx;
    int code = 0;
    for (uint64_t i = 0; i < case_tasks(results) && !code; i++) {
        if (case_ok(results, i) && stream->passes[i] == 0)
            code = task_fail(EIO, "task %" PRIu64 ": its slice was never written", i);
        else if (case_ok(results, i))
            code = check_slice(stream, i);
    }
    return code;
}

static void stream_answer(
    const void *ctx, const struct case_results *results, char *text, size_t size)
{
    const struct stream *stream = ctx;
    uint64_t elements = 0;
    for (uint64_t i = 0; i < case_tasks(results); i++) {
        const struct slice slice = slice_at(stream, i);
        elements += case_ok(results, i) ? slice.end - slice.begin : 0;
    }
    snprintf(text, size, "%" PRIu64 " bytes moved", elements * MOVED);
}

static const struct param stream_params[] = {
    {.name = "size",
        .type = PARAM_COUNT,
        .min = sizeof(double),
        .max = 1e13,
        .help = "bytes of each of the three arrays (default: 4 times all last-level caches)"},
    {.name = NULL},
};

const struct bench_case case_stream = {
    .name = "stream",
    .summary = "the triad of STREAM, a = b + q c: limited by the bandwidth of memory",
    .description =
        "Each task goes once through its slice of three arrays: two are read, one is written, "
        "with two floating-point operations an element, which cost nothing beside the way from "
        "memory. Each array is 4 times as large as all last-level caches together, so what limits "
        "it is the bandwidth of memory; where a quarter of the memory, the cgroup's limit "
        "included, does not hold three of that size, they are smaller, and the caches may have a "
        "part in it. One core cannot use all of it, so expect speedup = workers for the "
        "first few, and then a flat line, often far below the number of CPUs, where the memory "
        "gives all it has: workers beyond that only wait. With arrays that fit into the caches "
        "(size=100k) the same loop scales with the cores. Bytes moved divided by the region's "
        "time is the bandwidth.",
    .kind = CASE_MEMORY,
    .params = stream_params,
    .task = stream_task,
    .setup = stream_setup,
    .teardown = stream_teardown,
    .worker_enter = stream_worker_enter,
    .verify = stream_verify,
    .answer = stream_answer,
};
