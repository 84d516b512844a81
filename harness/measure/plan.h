/* Order and choice by seed: what runs when in a block, and which tasks stand for all. */
#ifndef MEASURE_PLAN_H
#define MEASURE_PLAN_H

#include <stdint.h>

/* Writes a random permutation of 0 .. n-1, a function of seed and block alone (Fisher and Yates
 * 1938, with hash_mix as the source). */
void plan_order(uint64_t seed, uint64_t block, unsigned *order, unsigned n);

/* Writes `count` different indices below `tasks` in ascending order, a function of seed and block
 * alone (selection sampling: Knuth, TAOCP 3.4.2, algorithm S). count <= tasks. */
void plan_subset(uint64_t seed, uint64_t block, uint64_t *indices, uint64_t count, uint64_t tasks);

#endif
