/* How many threads the calling process has. */
#ifndef UTIL_OWN_THREADS_H
#define UTIL_OWN_THREADS_H

/* A thread that was joined counts, in /proc and against the system's limits, for a moment longer:
 * waits up to 50 ms until there are at most `most`. Returns how many there are; 1 without /proc. */
unsigned own_threads(unsigned most);

#endif
