/* The link to tbb_loop.cpp, which is compiled only where the library is found. */
#include "arm.h"

extern double tbb_time(uint64_t *slots, uint64_t tasks, unsigned workers, double least)
    __attribute__((weak));

extern double tbb_group_time(uint64_t tasks, unsigned workers) __attribute__((weak));

const char *tbb_missing(void)
{
    return tbb_time ? NULL : "needs tbb (apt-get install libtbb-dev)";
}

int tbb_loop(const struct arm *arm, struct workload *workload, struct sample *sample)
{
    (void)arm;
    uint64_t *slots = (uint64_t *)(void *)workload->arena.slots; /* 8 bytes apart: no result */
    arena_populate(&workload->arena);
    sample->seconds = tbb_time(slots, workload->run.tasks, BENCH_WORKERS, SAMPLE_SECONDS);
    return 0;
}

int tbb_group(const struct arm *arm, struct workload *workload, struct sample *sample)
{
    (void)arm;
    sample->seconds = tbb_group_time(workload->run.tasks, BENCH_WORKERS);
    return 0;
}
