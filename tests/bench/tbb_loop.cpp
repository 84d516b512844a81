/* The bare figure of oneTBB: a loop over an inline lambda, as its users write it. */
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>

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
