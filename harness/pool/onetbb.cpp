/* oneTBB: parallel_for in an arena of its own. Work stealing; the caller is a worker too.
 * pkg-config: tbb
 *
 * oneTBB promises no number of threads, so a worker is a slot of the arena. At the start each slot
 * is entered by the thread that gets it; one that no thread has taken by ROUND_MS is entered at its
 * first range. At the stop each is left by the thread that has it then; where none comes for it by
 * ROUND_MS, by the owner, which ends the threads. Where the system refuses a thread, oneTBB ends
 * the process. */
#include "worker.h"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <new>
#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>
#include <thread>
#include <utility>

namespace
{
constexpr int ROUND_MS = 1000;

using range = tbb::blocked_range<uint64_t>;

/* What C cannot hold; made at the start, deleted at the stop. */
struct runtime {
    tbb::task_scheduler_handle handle{tbb::attach{}};
    tbb::global_control control;
    tbb::task_arena arena;

    explicit runtime(unsigned workers)
        : control(tbb::global_control::max_allowed_parallelism, workers),
          arena(static_cast<int>(workers))
    {
    }
};

struct onetbb {
    struct pool pool;
    runtime *tbb;
    struct worker workers[1]; /* ... of worker_size, behind it */
};

onetbb *of(struct pool *pool)
{
    return reinterpret_cast<onetbb *>(pool);
}

/* The calling thread's slot, entered. */
unsigned enter(onetbb *self)
{
    auto index = static_cast<unsigned>(tbb::this_task_arena::current_thread_index());
    struct worker *worker = &self->workers[index];
    if (!worker->entered && !*worker->error)
        worker_enter(&self->pool, worker, index);
    return index;
}

/* As many ranges as workers, each of which does its step and holds its thread until so many
 * threads as are `awaited` have done theirs; a step says whether it counts. */
template <typename Step> void go_round(onetbb *self, unsigned awaited, Step step)
{
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(ROUND_MS);
    std::atomic<unsigned> done{0};
    tbb::parallel_for(
        range(0, self->pool.config.workers, 1),
        [&](const range &) {
            if (step())
                ++done;
            while (done < awaited && std::chrono::steady_clock::now() < end)
                std::this_thread::yield();
        },
        tbb::simple_partitioner());
}

void enter_all(onetbb *self)
{
    go_round(self, self->pool.config.workers, [self] {
        enter(self);
        return true;
    });
}

/* The calling thread's slot is left. Returns whether it had been entered. */
bool leave(onetbb *self)
{
    struct worker *worker = &self->workers[tbb::this_task_arena::current_thread_index()];
    bool entered = worker->entered;
    worker_leave(&self->pool, worker);
    return entered;
}

void leave_all(onetbb *self)
{
    unsigned entered = 0;
    for (unsigned i = 0; i < self->pool.config.workers; i++)
        entered += self->workers[i].entered;
    go_round(self, entered, [self] { return leave(self); });
}

void run(onetbb *self, uint64_t tasks, uint64_t chunk)
{
    auto body = [self](const range &r) {
        unsigned index = enter(self);
        struct worker *worker = &self->workers[index];
        if (worker->entered)
            worker_run(&self->pool, worker, index, r.begin(), r.end());
    };
    if (chunk)
        tbb::parallel_for(range(0, tasks, chunk), body, tbb::simple_partitioner());
    else
        tbb::parallel_for(range(0, tasks), body, tbb::auto_partitioner());
}

void stop(struct pool *pool)
{
    onetbb *self = of(pool);
    try {
        self->tbb->arena.execute([self] { leave_all(self); });
    } catch (const std::exception &) { /* then the owner leaves them */
    }
    for (unsigned i = 0; i < pool->config.workers; i++)
        worker_leave(pool, &self->workers[i]);
    tbb::task_scheduler_handle handle = std::move(self->tbb->handle);
    delete self->tbb;
    tbb::finalize(handle, std::nothrow); /* best effort: the runtime may be another's too */
}

int start(struct pool *pool, char *why, size_t size)
{
    onetbb *self = of(pool);
    try {
        self->tbb = new runtime(pool->config.workers);
    } catch (const std::exception &) {
        return pool_start_error(why, size, pool, 0, ENOMEM, nullptr);
    }
    try {
        self->tbb->arena.execute([self] { enter_all(self); });
    } catch (const std::exception &) {
        stop(pool);
        return pool_start_error(why, size, pool, 0, EAGAIN, nullptr);
    }
    const char *error = worker_error(pool, self->workers);
    if (!error)
        return 0;
    int code = pool_start_error(why, size, pool, 0, 0, error);
    stop(pool);
    return code;
}

int map(struct pool *pool, uint64_t tasks, uint64_t chunk)
{
    onetbb *self = of(pool);
    try {
        self->tbb->arena.execute([=] { run(self, tasks, chunk); });
    } catch (const std::exception &exception) {
        return task_fail(EAGAIN, "onetbb: %s", exception.what());
    }
    const char *error = worker_error(pool, self->workers);
    return error ? task_fail(ECANCELED, "%s", error) : 0;
}

uint64_t worker_tasks(const struct pool *pool, unsigned worker)
{
    return reinterpret_cast<const onetbb *>(pool)->workers[worker].done;
}
} // namespace

extern "C" {
extern const struct pool_ops pool_onetbb;
}

const struct pool_ops pool_onetbb = {
    .name = "onetbb",
    .summary = "oneTBB's parallel_for: work stealing",
    .processes = false,
    .per_task = false,
    .keeps_threads = false,
    .aborts = true,
    .supported = pool_unless_tsan,
    .pool_size = sizeof(onetbb),
    .worker_size = sizeof(struct worker),
    .start = start,
    .map = map,
    .stop = stop,
    .worker_tasks = worker_tasks,
    .worker_pid = nullptr,
};
