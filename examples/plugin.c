/* A case of one's own: how many primes there are in each stretch of 1000 numbers. Build and run it:
 *   gcc -O2 -shared -fPIC -I. examples/plugin.c -o plugin.so && ./poolbench tune ./plugin.so */
#include "cases/case.h"
static int count_primes(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    result->value = 0;
    for (uint64_t n = index * 1000 + 2; n < index * 1000 + 1002; n++) {
        uint64_t factor = 2;
        while (factor * factor <= n && n % factor)
            factor++;
        result->value += factor * factor > n;
    }
    return 0;
}
static int setup(struct case_run *run)
{
    run->tasks = run->tasks ? run->tasks : 2000;
    return 0;
}
const struct bench_case case_plugin = {
    .name = "plugin", .summary = "primes, counted", .task = count_primes, .setup = setup};
BENCH_PLUGIN(case_plugin);
