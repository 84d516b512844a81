/* Work of a fixed amount that stays in one register: a chain of multiplications, each of which
 * needs the one before. */
#ifndef SUPPORT_TOIL_H
#define SUPPORT_TOIL_H

#include <stdint.h>

/* Returns x times an odd number to the power of count, modulo 2^64. */
static inline uint64_t toil(uint64_t x, uint64_t count)
{
    for (; count > 0; count--) {
        x *= 0x9e3779b97f4a7c15u;       /* 2^64 / golden ratio */
        __asm__ volatile("" : "+r"(x)); /* keeps multiplications from being merged */
    }
    return x;
}

#endif
