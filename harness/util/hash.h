/* Hashing for checksums and for everything random in a task. Pure; safe from any thread. */
#ifndef UTIL_HASH_H
#define UTIL_HASH_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

/* Mixes two words into one, a fixed bijection of b for every a: splitmix64's finaliser
 * (Steele, Lea, Flood 2014; constants by Stafford's mix 13). hash_mix(seed, index) is the
 * random number of a task. */
static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
    uint64_t z = b + (a + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* A number in [0, 1) from a hash, 53 bits of it. */
static inline double hash_unit(uint64_t hash)
{
    return (double)(hash >> 11) * 0x1p-53;
}

/* The index-th standard normal number of a seed (Box and Muller 1958). */
static inline double hash_normal(uint64_t seed, uint64_t index)
{
    double radius = sqrt(-2 * log(1 - hash_unit(hash_mix(seed, 2 * index))));
    return radius * cos(2 * M_PI * hash_unit(hash_mix(seed, 2 * index + 1)));
}

/* FNV-1a over size bytes (Fowler, Noll, Vo 1991). Continues from `hash`; start with HASH_START. */
#define HASH_START 0xcbf29ce484222325u
static inline uint64_t hash_bytes(uint64_t hash, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 0x100000001b3u;
    return hash;
}

#endif
