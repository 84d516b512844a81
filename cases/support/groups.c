/* Grouping rows: a hash table finds the group of each row, the groups are sorted by key, and every
 * row goes to its group's next place. */
#include "groups.h"

#include "../../harness/pool/task.h"
#include "../../harness/util/hash.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* What is needed while grouping. */
struct work {
    size_t *slots; /* of the hash table: a group's number plus 1; 0: free */
    size_t mask;   /* slots - 1, their number being a power of two above twice the rows */
    size_t *owner; /* each row's group, numbered as they came up in the file */
    size_t *place; /* where the next row of that group goes */
};

static size_t table_size(size_t rows)
{
    size_t size = 2;
    while (size < 2 * rows)
        size *= 2;
    return size;
}

/* The number of the key's group, a new one where it has none yet. */
static size_t number_of(struct groups *groups, struct work *work, const char *key)
{
    size_t at = (size_t)hash_mix(0, hash_bytes(HASH_START, key, strlen(key))) & work->mask;
    for (; work->slots[at] != 0; at = (at + 1) & work->mask)
        if (strcmp(groups->all[work->slots[at] - 1].key, key) == 0)
            return work->slots[at] - 1;
    groups->all[groups->count] = (struct group){.key = key, .first = groups->count};
    work->slots[at] = ++groups->count;
    return groups->count - 1;
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct group *)a)->key, ((const struct group *)b)->key);
}

/* While groups are being sorted, `first` holds the number that each had before. */
static void order_groups(struct groups *groups, struct work *work)
{
    qsort(groups->all, groups->count, sizeof *groups->all, by_key);
    size_t next = 0;
    for (size_t i = 0; i < groups->count; i++) {
        struct group *group = &groups->all[i];
        work->place[group->first] = next;
        group->first = next;
        next += group->count;
    }
}

static void group_rows(struct groups *groups, struct work *work, const struct rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        work->owner[i] = number_of(groups, work, rows->all[i].key);
        groups->all[work->owner[i]].count++;
    }
    order_groups(groups, work);
    for (size_t i = 0; i < rows->count; i++)
        groups->rows[work->place[work->owner[i]]++] = rows->all[i];
}

int groups_make(struct groups *groups, const struct rows *rows)
{
    const size_t count = rows->count, slots = table_size(count);
    struct work work = {.mask = slots - 1,
        .slots = calloc(slots, sizeof *work.slots),
        .owner = malloc(count * sizeof *work.owner),
        .place = calloc(count, sizeof *work.place)};
    *groups = (struct groups){
        .all = malloc(count * sizeof *groups->all), .rows = malloc(count * sizeof *groups->rows)};
    bool enough = work.slots != NULL && work.owner != NULL && work.place != NULL &&
                  groups->all != NULL && groups->rows != NULL;
    if (enough)
        group_rows(groups, &work, rows);
    free(work.slots);
    free(work.owner);
    free(work.place);
    if (enough)
        return 0;
    groups_free(groups);
    return task_fail(ENOMEM, "no memory to group %zu rows", count);
}

const struct group *groups_find(const struct groups *groups, const char *key)
{
    const struct group wanted = {.key = key};
    return bsearch(&wanted, groups->all, groups->count, sizeof wanted, by_key);
}

void groups_free(struct groups *groups)
{
    free(groups->all);
    free(groups->rows);
    *groups = (struct groups){0};
}
