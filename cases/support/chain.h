/* Computing as a fixed amount of work that nothing can shorten: a chain of multiplications, each of
 * which needs the one before, in one register. Fixed time would be dishonest, as a pre-empted task
 * would count the time in which it did nothing.
 *
 * Multiplied by an odd number n times and then by the known inverse of that power (modulo 2^64) a
 * number comes back if, and only if, the whole chain was run. */
#ifndef SUPPORT_CHAIN_H
#define SUPPORT_CHAIN_H

#include "../../harness/pool/task.h"

#include <stdint.h>

#define CHAIN_FACTOR 0x9e3779b97f4a7c15u /* any odd number; this is 2^64 / golden ratio */
#define CHAIN_PIECE 32768                /* iterations between two check points */

/* x times the factor to the power of iterations: some CHAIN_PIECE of them at most, or any number
 * where a lock is held, which is no place for a check point. */
static inline uint64_t chain_multiply(uint64_t x, uint64_t iterations)
{
    for (; iterations > 0; iterations--) {
        x *= CHAIN_FACTOR;
        __asm__ volatile("" : "+r"(x)); /* keeps multiplications from being merged */
    }
    return x;
}

/* The same for any number of them, with check points. */
static inline uint64_t chain_run(uint64_t x, uint64_t iterations)
{
    for (; iterations > CHAIN_PIECE; iterations -= CHAIN_PIECE) {
        x = chain_multiply(x, CHAIN_PIECE);
        task_checkpoint();
    }
    return chain_multiply(x, iterations);
}

/* What leads back: x == chain_run(x, n) * chain_inverse(n). */
uint64_t chain_inverse(uint64_t iterations);

/* What an iteration takes on this machine, in ns: the minimum of many runs in 20 ms, since whatever
 * disturbs a run makes it longer. */
double chain_iteration_ns(void);

#endif
