/* The bare figures of oneTBB: a loop over an inline lambda and a task_group, as its users write
 * them. */
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_group.h>

#include <chrono>
#include <cstdint>

extern "C" double tbb_time(
    std::uint64_t *slots, std::uint64_t tasks, unsigned workers, double least);

/* Seconds of a parallel_for that stores into each of the slots, over at least `least` seconds. */
double tbb_time(std::uint64_t *slots, std::uint64_t tasks, unsigned workers, double least)
{
    using clock = std::chrono::steady_clock;
    tbb::global_control limit(tbb::global_control::max_allowed_parallelism, workers);
    const tbb::blocked_range<std::uint64_t> range(0, tasks, 1);
    const auto body = [slots](const tbb::blocked_range<std::uint64_t> &part) {
        for (std::uint64_t i = part.begin(); i != part.end(); ++i)
            slots[i] = i;
    };
    double total = 0;
    std::uint64_t regions = 0;
    tbb::parallel_for(range, body, tbb::simple_partitioner());
    while (total < least) {
        const auto start = clock::now();
        tbb::parallel_for(range, body, tbb::simple_partitioner());
        total += std::chrono::duration<double>(clock::now() - start).count();
        regions++;
    }
    return total / static_cast<double>(regions);
}

extern "C" double tbb_group_time(std::uint64_t tasks, unsigned workers);

/* Seconds of `tasks` tasks that do nothing but write a result of their own. */
double tbb_group_time(std::uint64_t tasks, unsigned workers)
{
    using clock = std::chrono::steady_clock;
    tbb::global_control limit(tbb::global_control::max_allowed_parallelism, workers);
    const std::uint64_t window = 4096;
    std::uint64_t results[window];
    clock::time_point start;
    for (std::uint64_t done = 0; done < tasks + window; done += window) {
        if (done == window) /* the first ones have warmed it up */
            start = clock::now();
        tbb::task_group group;
        for (std::uint64_t i = 0; i < window; i++)
            group.run([&results, i] { results[i] = i; });
        group.wait();
    }
    return std::chrono::duration<double>(clock::now() - start).count();
}
