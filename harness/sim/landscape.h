/* Random machines and workloads, by seed, whose throughput at every pool size is known exactly: the
 * ground on which a search for the best size can be judged. Pure; safe from any thread. */
#ifndef SIM_LANDSCAPE_H
#define SIM_LANDSCAPE_H

#include "model.h"

#include <stdint.h>

struct landscape {
    struct sim_model model; /* what simulate_region takes, with the two lengths beside it */
    double cpu, blocking;   /* ns of each task */
    unsigned sizes_max;     /* pool sizes from 1 to this are worth a look: 8 to 512 */
    double noise;           /* standard deviation of ln(sample / truth): 0.005 to 0.05 */
    uint64_t seed;
};

/* Every seed is another landscape: 2 to 128 cores; tasks that compute, block or both; a common
 * lock; a memory of limited bandwidth; coherence that makes large pools slower again. */
struct landscape landscape_make(uint64_t seed);

/* Tasks a second of a long region on a warm pool of n workers, n >= 1: the least of what the
 * workers, the cores, memory and the lock allow. With tasks all alike, which queue in a fixed
 * order, these asymptotic bounds (Denning and Buzen 1978) are reached. */
double landscape_truth(const struct landscape *landscape, unsigned n);

/* A measurement of it: the truth with lognormal noise, another for each draw (0, 1, ...). */
double landscape_sample(const struct landscape *landscape, unsigned n, uint64_t draw);

#endif
