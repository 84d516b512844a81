/* A heap in an array: the entry at i comes no later than those at 2i+1 and 2i+2. */
#include "agenda.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

int agenda_make(struct agenda *agenda, unsigned workers)
{
    *agenda = (struct agenda){.entries = malloc((workers + 1) * sizeof *agenda->entries)};
    return agenda->entries ? 0 : -1;
}

void agenda_free(struct agenda *agenda)
{
    free(agenda->entries);
}

static bool is_before(const struct agenda_entry *a, const struct agenda_entry *b)
{
    return a->at < b->at || (a->at <= b->at && a->order < b->order);
}

void agenda_add(struct agenda *agenda, double at, unsigned worker)
{
    const struct agenda_entry added = {at, agenda->orders++, worker};
    size_t i = agenda->count++;
    for (; i > 0 && is_before(&added, &agenda->entries[(i - 1) / 2]); i = (i - 1) / 2)
        agenda->entries[i] = agenda->entries[(i - 1) / 2];
    agenda->entries[i] = added;
}

double agenda_next(const struct agenda *agenda)
{
    return agenda->count ? agenda->entries[0].at : INFINITY;
}

unsigned agenda_take(struct agenda *agenda)
{
    struct agenda_entry *entries = agenda->entries;
    unsigned worker = entries[0].worker;
    const struct agenda_entry last = entries[--agenda->count];
    size_t i = 0, child;
    while ((child = 2 * i + 1) < agenda->count) {
        if (child + 1 < agenda->count && is_before(&entries[child + 1], &entries[child]))
            child++;
        if (is_before(&last, &entries[child]))
            break;
        entries[i] = entries[child];
        i = child;
    }
    entries[i] = last;
    return worker;
}
