/* What is not on the way of a task: the inverse, and the calibration. */
#include "chain.h"

#include "../../harness/measure/clock.h"

#include <math.h>

#define INVERSE 0xf1de83e19937733du /* CHAIN_FACTOR * INVERSE = 1 modulo 2^64 */
#define LONG_CHAIN 10000            /* the clock's reading is nothing beside it */
#define WARM_UP_NS 20000000u        /* an idle core needs that long to reach its speed */

uint64_t chain_inverse(uint64_t iterations)
{
    uint64_t power = 1;
    for (uint64_t square = INVERSE; iterations > 0; iterations >>= 1, square *= square)
        if (iterations & 1)
            power *= square;
    return power;
}

double chain_iteration_ns(void)
{
    double best = INFINITY;
    uint64_t start = clock_now(), end = start + WARM_UP_NS;
    for (uint64_t x = 1; start < end;) {
        x = chain_multiply(x, LONG_CHAIN);
        uint64_t now = clock_now();
        best = fmin(best, (double)(now - start));
        start = now;
    }
    return best / LONG_CHAIN;
}
