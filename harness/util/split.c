/* "2x4" there and back. */
#include "split.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

/* Reads a number above 0 that is all digits. Returns where it ends, or NULL. */
static const char *read_number(const char *text, unsigned *number)
{
    char *end;
    if (!isdigit((unsigned char)*text))
        return NULL;
    unsigned long value = strtoul(text, &end, 10);
    *number = (unsigned)value;
    return value > 0 && value <= UINT_MAX ? end : NULL;
}

bool split_parse(const char *text, unsigned *processes, unsigned *threads)
{
    unsigned first, second;
    const char *at = read_number(text, &first);
    if (!at || *at != 'x' || !(at = read_number(at + 1, &second)) || *at)
        return false;
    if (first > UINT_MAX / second)
        return false;
    *processes = first;
    *threads = second;
    return true;
}

const char *split_write(char text[SPLIT_MAX], unsigned workers, unsigned threads)
{
    snprintf(text, SPLIT_MAX, "%ux%u", workers / threads, threads);
    return text;
}

unsigned split_threads(const char *text)
{
    unsigned processes, threads;
    return split_parse(text, &processes, &threads) ? threads : 0;
}
