/* A collection of made photographs (scene.h) for those who have no folder of their own: numbered,
 * the same for the same seed, kept in a cache folder between runs and made where they are missing.
 *
 * Both functions return 0, or an errno with a one-line message (task_fail). */
#ifndef SUPPORT_PHOTOGRAPHS_H
#define SUPPORT_PHOTOGRAPHS_H

#include <stddef.h>
#include <stdint.h>

#define PHOTOGRAPHS_MAX 100000 /* about 5 GB */

/* Where the seed's photographs are kept: photographs-v1-SEED below `cache`; where that is NULL,
 * below poolbench in $XDG_CACHE_HOME or ~/.cache. Writes the path; makes nothing. */
int photographs_folder(const char *cache, uint64_t seed, char *path, size_t size);

/* Sees to it that photographs 0 to count - 1 (at most PHOTOGRAPHS_MAX) are in the folder; makes the
 * folder too. Others that are there are left alone. Several processes may do so at the same time,
 * and at any moment be ended: a photograph is there whole or not at all. Forks children, a few at
 * most, that are all reaped on return and end with the caller, which must have one thread. */
int photographs_make(const char *path, uint64_t seed, uint64_t count);

/* The file name of a photograph; the order of names is that of numbers. */
#define PHOTOGRAPHS_NAME_SIZE 40
void photographs_name(uint64_t number, char name[PHOTOGRAPHS_NAME_SIZE]);

#endif
