/* Workers in line, first come, first served. The links stand in an array of one place a worker,
 * which is the caller's and which several lines may share: nobody stands in two. Not thread-safe.
 */
#ifndef SIM_LINE_H
#define SIM_LINE_H

#define LINE_NOBODY (~0u)

/* Empty: first is LINE_NOBODY. */
struct line {
    unsigned first, last;
};

/* Puts a worker that is in no line at the end. */
void line_push(struct line *line, unsigned *next, unsigned worker);

/* Takes the first one out; LINE_NOBODY: there is none. */
unsigned line_take(struct line *line, const unsigned *next);

#endif
