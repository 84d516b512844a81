/* What happens next: workers by the moment at which something happens to them, those of one moment
 * in the order in which they were put in. Each worker stands in it at most once. Not thread-safe.
 */
#ifndef SIM_AGENDA_H
#define SIM_AGENDA_H

#include <stddef.h>
#include <stdint.h>

struct agenda_entry {
    double at;
    uint64_t order;
    unsigned worker;
};

/* A binary heap (Williams 1964): the first entry is the next. */
struct agenda {
    struct agenda_entry *entries;
    size_t count;
    uint64_t orders;
};

/* Room for so many workers. Returns 0, or -1 without memory. */
int agenda_make(struct agenda *agenda, unsigned workers);
void agenda_free(struct agenda *agenda);

void agenda_add(struct agenda *agenda, double at, unsigned worker);

/* When the next entry is; infinite: there is none. */
double agenda_next(const struct agenda *agenda);

/* Takes the next entry out, which must be there. */
unsigned agenda_take(struct agenda *agenda);

#endif
