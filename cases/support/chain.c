/* What is not on the way of a task: the inverse, and the calibration. */
#include "chain.h"

#include <math.h>
#include <time.h>

#define INVERSE 0xf1de83e19937733du /* CHAIN_FACTOR * INVERSE = 1 modulo 2^64 */
#define LONG_CHAIN 10000            /* the clock's reading is nothing beside it */
#define WARM_UP_NS 20e6             /* an idle core needs that long to reach its speed */

uint64_t chain_inverse(uint64_t iterations)
{
    uint64_t power = 1;
    for (uint64_t square = INVERSE; iterations > 0; iterations >>= 1, square *= square)
        if (iterations & 1)
            power *= square;
    return power;
}

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

double chain_iteration_ns(void)
{
    double best = INFINITY, start = now_ns(), end = start + WARM_UP_NS;
    for (uint64_t x = 1; start < end;) {
        x = chain_multiply(x, LONG_CHAIN);
        double now = now_ns();
        best = fmin(best, now - start);
        start = now;
    }
    return best / LONG_CHAIN;
}
