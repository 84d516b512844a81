/* How a pool's workers are split into processes and threads, written "2x4": 2 processes of 4
 * threads each. */
#ifndef UTIL_SPLIT_H
#define UTIL_SPLIT_H

#include <stdbool.h>

/* The longest, "4294967295x4294967295", with its end. */
#define SPLIT_MAX 24

/* Reads a whole text. Returns false, with nothing set, where it is none, a number is 0, or there
 * are more workers than an unsigned counts. */
bool split_parse(const char *text, unsigned *processes, unsigned *threads);

/* Writes the split of so many workers into processes of `threads`, a divisor. Returns text. */
const char *split_write(char text[SPLIT_MAX], unsigned workers, unsigned threads);

/* The threads of a process; 0 where text is no split. */
unsigned split_threads(const char *text);

#endif
