/* The table of rows. The targets are those of the pools' specification, for 2 workers on 2 usable
 * CPUs; where it names several peers, the quickest of them in the same run is the reference. */
#include "rows.h"

#define WARM(backend_, chunk_)                                                                     \
    {                                                                                              \
        .time = pools_warm, .backend = (backend_), .chunk = (chunk_)                               \
    }
#define SIZED(backend_, workers_)                                                                  \
    {                                                                                              \
        .time = pools_warm, .backend = (backend_), .workers = (workers_), .chunk = 1               \
    }
#define ABOVE(backend_)                                                                            \
    {                                                                                              \
        .time = pools_warm, .backend = (backend_), .above_ideal = true                             \
    }
#define MEGABYTES 1000000

/* clang-format off */
#define EMPTY_ONE(ours_) \
    {.name = "empty-one-" ours_, .what = "empty task, one at a time", .kind = ROW_RATIO, \
     .unit = UNIT_NS_TASK, .tasks = 1000000, .ours = WARM(ours_, 1), \
     .peers = {WARM("onetbb", 1)}, .target = 0.35}

#define EMPTY_DEFAULT(ours_) \
    {.name = "empty-default-" ours_, .what = "empty task, default chunking", .kind = ROW_RATIO, \
     .unit = UNIT_NS_TASK, .tasks = 1000000, .ours = WARM(ours_, 0), \
     .peers = {WARM("openmp", 0), \
               WARM("openmp-static", 0), \
               WARM("onetbb", 0)}, \
     .target = 1.25}

#define HOT_ABOVE(label_, grain_) \
    {.name = "hot-" label_, .what = "hot region of 2 tasks of " grain_ ", time above ideal", \
     .kind = ROW_RATIO, .unit = UNIT_US_REGION, .bench = "spin", .param = "grain=" grain_, \
     .tasks = 2, .ours = ABOVE("threads"), \
     .peers = {ABOVE("openmp-static"), ABOVE("onetbb")}, .target = 0.8}

#define OVER_EMPTY(ours_, workers_, label_) \
    {.name = "over-" label_ "-empty-" ours_, .what = label_ " workers on 2 CPUs, empty tasks", \
     .kind = ROW_RATIO, .unit = UNIT_NS_TASK, .tasks = 1000000, .ours = SIZED(ours_, workers_), \
     .peers = {SIZED(ours_, 2)}, .target = 1.2}

#define OVER_SPIN(ours_, workers_, label_) \
    {.name = "over-" label_ "-spin-" ours_, .what = label_ " workers on 2 CPUs, tasks of 10us", \
     .kind = ROW_RATIO, .unit = UNIT_NS_TASK, .bench = "spin", .param = "grain=10us", \
     .tasks = 2000, .ours = SIZED(ours_, workers_), .peers = {SIZED(ours_, 2)}, .target = 1.2}

/* The case sets its workers' timer slack to 1 ns itself. */
#define SLEEPS(ours_, target_) \
    {.name = "sleeps-" ours_, .what = "1000 sleeps of 1 ms, 256 workers", \
     .kind = ROW_RATIO, .unit = UNIT_MS_REGION, .bench = "sleep", .param = "duration=1ms", \
     .tasks = 1000, \
     .ours = {.time = pools_warm, .backend = ours_, .workers = 256, .chunk = 1}, \
     .peers = {{.time = bare_sleeps, .name = "ideal", .workers = 256}}, .target = target_}

#define BREAKEVEN(ours_) \
    {.name = "breakeven-" ours_, .what = "break-even by grain, warm", .kind = ROW_SEARCH, \
     .unit = UNIT_NS_TASK, .tasks = 1, .ours = WARM(ours_, 1), .target = 20}

#define WAITING(ours_, workers_, label_) \
    {.name = "waiting-" ours_, .what = label_ " workers waiting at once", .kind = ROW_WORKS, \
     .unit = UNIT_MS_REGION, .tasks = 1, \
     .ours = {.time = waiting_pool, .backend = ours_, .workers = workers_, .checks_itself = true}, \
     .blocks_max = 1}

/* One worker, at the case's defaults; the peers' settings are in thumbnails.py. */
#define THUMBNAILS(label_, peer_, target_) \
    {.name = "thumbnails-" label_, .what = "photographs, one worker against " peer_, \
     .kind = ROW_RATIO, .unit = UNIT_NS_TASK, .bench = "thumbnails", .tasks = 300, \
     .ours = {.time = pools_warm, .backend = "serial", .workers = 1}, \
     .peers = {{.time = python_thumbnails, .name = peer_}}, .target = target_}

#define FIGURE(name_, what_, unit_, tasks_, ...) \
    {.name = name_, .what = what_, .unit = unit_, .tasks = tasks_, .ours = {__VA_ARGS__}}

#define PYTHON(name_, pool_, tasks_) \
    {.name = "python-" name_, .what = "Python's " pool_ ", chunk 1, empty task", \
     .unit = UNIT_NS_TASK, .tasks = tasks_, .ours = {.time = python_pool, .name = pool_}, \
     .blocks_max = 3}

#define COST_ON(name_, what_, time_, backend_, ...) \
    {.name = name_ "-" backend_, .what = what_, .unit = UNIT_NS, .tasks = 2, \
     .ours = {.time = time_, .backend = backend_, __VA_ARGS__}, .blocks_max = 3}

#define COST(name_, what_, time_) \
    COST_ON(name_, what_, time_, "threads", .checks_itself = true), \
    COST_ON(name_, what_, time_, "processes", .checks_itself = true)

#define SHARE(name_, what_, time_) \
    {.name = name_, .what = what_, .unit = UNIT_NS, .tasks = 1, \
     .ours = {.time = time_, .name = "1 use"}, .blocks_max = 3}

const struct row rows[] = {
    EMPTY_ONE("threads"),
    EMPTY_ONE("processes"),
    EMPTY_DEFAULT("threads"),
    EMPTY_DEFAULT("processes"),
    HOT_ABOVE("500ns", "500ns"),
    HOT_ABOVE("1us", "1us"),
    HOT_ABOVE("5us", "5us"),
    {.name = "hot-empty-threads", .what = "hot region of 2 empty tasks", .kind = ROW_RATIO,
     .unit = UNIT_US_REGION, .tasks = 2, .ours = WARM("threads", 0),
     .peers = {WARM("onetbb", 0)}, .target = 2},
    {.name = "hot-empty-processes", .what = "hot region of 2 empty tasks", .kind = ROW_RATIO,
     .unit = UNIT_US_REGION, .tasks = 2, .ours = WARM("processes", 0),
     .peers = {{.time = pipes_warm, .name = "processes over pipes"}}, .target = 0.5},
    {.name = "hot-25us-processes", .what = "hot region of 2 tasks of 25us", .kind = ROW_RATIO,
     .unit = UNIT_US_REGION, .bench = "spin", .param = "grain=25us", .tasks = 2,
     .ours = WARM("processes", 0),
     .peers = {{.time = bare_task, .name = "ideal (1 task alone)"}}, .target = 1.5},
    {.name = "apart-threads", .what = "region 300us after the last, 2 tasks of 5us",
     .kind = ROW_RATIO, .unit = UNIT_US_REGION, .bench = "spin", .param = "grain=5us", .tasks = 2,
     .ours = {.time = pools_apart, .backend = "threads"},
     .peers = {{.time = pools_apart, .backend = "onetbb"}}, .target = 1},
    {.name = "beside-threads", .what = "2 tasks of 5us with a CPU busy", .kind = ROW_RATIO,
     .unit = UNIT_US_REGION, .bench = "spin", .param = "grain=5us", .tasks = 2,
     .ours = {.time = pools_beside, .backend = "threads"},
     .peers = {{.time = pools_beside, .backend = "onetbb"}}, .target = 1},
    {.name = "beside-p99-threads", .what = "the same, 99th percentile", .kind = ROW_ABSOLUTE,
     .unit = UNIT_US_REGION, .bench = "spin", .param = "grain=5us", .tasks = 2,
     .ours = {.time = pools_beside, .backend = "threads", .quantile = 0.99}, .target = 50},
    OVER_EMPTY("threads", 4, "4"),
    OVER_EMPTY("threads", 8, "8"),
    OVER_EMPTY("processes", 4, "4"),
    OVER_EMPTY("processes", 8, "8"),
    OVER_SPIN("threads", 4, "4"),
    OVER_SPIN("threads", 8, "8"),
    OVER_SPIN("processes", 4, "4"),
    OVER_SPIN("processes", 8, "8"),
    {.name = "create-threads", .what = "create, 2 empty tasks, destroy", .kind = ROW_RATIO,
     .unit = UNIT_US_REGION, .tasks = 2, .ours = {.time = pools_cold, .backend = "threads"},
     .peers = {{.time = pools_cold, .backend = "glib"}}, .target = 1},
    {.name = "create-processes", .what = "the same, 10 MB resident", .kind = ROW_RATIO,
     .unit = UNIT_US_REGION, .tasks = 2,
     .ours = {.time = pools_cold, .backend = "processes", .resident = 10 * MEGABYTES},
     .peers = {{.time = bare_forks, .name = "fork, _exit, wait of 2", .resident = 10 * MEGABYTES}},
     .target = 1.3},
    SLEEPS("threads", 1.7),
    SLEEPS("processes", 2.5),
    {.name = "submit-threads", .what = "submit, future, get: a million empty calls",
     .kind = ROW_RATIO, .unit = UNIT_NS_TASK, .tasks = 1000000,
     .ours = {.time = calls_submit, .backend = "threads", .checks_itself = true},
     .peers = {{.time = tbb_group, .name = "onetbb task_group"}}, .target = 1},
    {.name = "submit-processes", .what = "the same, 256 bytes there and back",
     .kind = ROW_ABSOLUTE, .unit = UNIT_NS_TASK, .tasks = 1000000,
     .ours = {.time = calls_submit, .backend = "processes", .payload = 256, .checks_itself = true},
     .target = 2000},
    {.name = "imap-memory", .what = "imap_unordered over 10^8 items, growth",
     .kind = ROW_ABSOLUTE, .unit = UNIT_KILOBYTES, .tasks = 1,
     .ours = {.time = calls_imap_growth, .backend = "threads", .payload = 8, .checks_itself = true},
     .target = 1000, .blocks_max = 6},
    THUMBNAILS("vips", "vipsthumbnail", 1 / 1.5),
    THUMBNAILS("pillow", "Pillow", 1),
    BREAKEVEN("threads"),
    BREAKEVEN("processes"),
    WAITING("threads", 10000, "10,000"),
    WAITING("processes", 1000, "1,000"),

    /* what stands beside, bare */
    FIGURE("bare-loop", "a loop that calls the empty task", UNIT_NS_TASK, 1000000,
           .time = bare_loop, .name = "loop"),
    FIGURE("bare-serial", "the same through the contract", UNIT_NS_TASK, 1000000,
           .time = pools_warm, .backend = "serial", .workers = 1),
    FIGURE("bare-tbb", "parallel_for over a lambda, grain 1", UNIT_NS_TASK, 1000000,
           .time = tbb_loop, .name = "onetbb, bare"),
    FIGURE("hot-empty-owner", "hot region of 2 empty tasks, the owner works", UNIT_US_REGION, 2,
           .time = pools_warm, .backend = "processes", .name = "processes, owner works",
           .owner_works = true),
    FIGURE("bare-threads", "pthread_create and join of 2", UNIT_US_REGION, 2,
           .time = bare_threads, .name = "pthreads"),
    FIGURE("bare-forks", "fork, _exit and wait of 2", UNIT_US_REGION, 2,
           .time = bare_forks, .name = "fork"),
    FIGURE("bare-pipes", "process pool over pipes, empty task", UNIT_NS_TASK, 10000,
           .time = pipes_warm, .name = "pipes"),
    FIGURE("glib-one", "empty task, one at a time", UNIT_NS_TASK, 100000,
           .time = pools_warm, .backend = "glib", .chunk = 1),
    FIGURE("libuv-one", "empty task, one at a time", UNIT_NS_TASK, 100000,
           .time = pools_warm, .backend = "libuv", .chunk = 1),
    FIGURE("openmp-one", "empty task, one at a time", UNIT_NS_TASK, 1000000,
           .time = pools_warm, .backend = "openmp", .chunk = 1),

    /* what one use costs: docs/crosswalk.md; a call carries 8 bytes there and back */
    COST("apply", "apply, one after the other", cost_apply),
    COST("submit-one", "submit and get, one after the other", cost_submit_one),
    COST_ON("map-async", "map_async of 2 empty tasks, get", cost_map_async, "threads", .chunk = 1),
    COST_ON("map-async", "map_async of 2 empty tasks, get", cost_map_async, "processes",
            .chunk = 1),
    COST("imap", "imap, an item", cost_imap),
    COST("imap-unordered", "imap_unordered, an item", cost_imap_unordered),
    COST("wait-all", "submit and wait for all 256, each", cost_wait_all),
    COST("as-completed", "submit and as_completed of 256, each", cost_completed),
    COST("callback", "wait-all with a done callback, each", cost_callback),
    COST_ON("cancel", "cancel of a waiting call", cost_cancel, "threads", .workers = 1,
            .checks_itself = true),
    COST_ON("cancel", "cancel of a waiting call", cost_cancel, "processes", .workers = 1,
            .checks_itself = true),
    SHARE("queue-fifo", "put and get of 64 bytes, one process", share_queue),
    SHARE("queue-lifo", "the same, last in first out", share_queue_lifo),
    SHARE("queue-priority", "the same, smallest priority first", share_queue_priority),
    SHARE("queue-processes", "64 bytes from process to process, a stream", share_queue_processes),
    SHARE("lock", "acquire and release, uncontended", share_lock),
    SHARE("semaphore", "acquire and release, uncontended", share_semaphore),
    SHARE("value-add", "add under the value's lock", share_value),
    SHARE("array-get", "get an element under the array's lock", share_array),
    SHARE("event", "set, and another process's answer", share_event),
    SHARE("pipe", "64 bytes to another process and back", share_pipe),
    SHARE("manager-get", "get 64 bytes of a manager's map", share_manager),
    PYTHON("threadpool", "ThreadPool.map", 20000),
    PYTHON("thread-executor", "ThreadPoolExecutor.map", 5000),
    PYTHON("pool", "Pool-fork.map", 5000),
    PYTHON("pool-unordered", "Pool-fork.imap_unordered", 5000),
    PYTHON("process-executor", "ProcessPoolExecutor.map", 2000),
    PYTHON("joblib-threading", "joblib-threading.Parallel", 2000),
    PYTHON("joblib-loky", "joblib-loky.Parallel", 1000),
    {0},
};
/* clang-format on */

const char *row_unit(const struct row *row)
{
    static const char *const names[] = {"ns/task", "us/region", "ms/region", "ns", "kB"};
    return names[row->unit];
}

double row_scaled(const struct row *row, double seconds)
{
    switch (row->unit) {
    case UNIT_NS_TASK:
        return seconds * 1e9 / (double)row->tasks;
    case UNIT_US_REGION:
        return seconds * 1e6;
    case UNIT_MS_REGION:
        return seconds * 1e3;
    case UNIT_NS:
        return seconds * 1e9;
    case UNIT_KILOBYTES:
        break;
    }
    return seconds;
}
