/* A linked list by number, so that a worker in line takes no memory of its own. */
#include "line.h"

void line_push(struct line *line, unsigned *next, unsigned worker)
{
    next[worker] = LINE_NOBODY;
    if (line->first == LINE_NOBODY)
        line->first = worker;
    else
        next[line->last] = worker;
    line->last = worker;
}

unsigned line_take(struct line *line, const unsigned *next)
{
    unsigned worker = line->first;
    if (worker != LINE_NOBODY)
        line->first = next[worker];
    return worker;
}
