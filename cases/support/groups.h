/* Rows of a CSV file brought together by key. */
#ifndef SUPPORT_GROUPS_H
#define SUPPORT_GROUPS_H

#include "rows.h"

struct group {
    const char *key;
    size_t first, count; /* its rows: groups.rows[first] and on, in the file's order */
};

struct groups {
    struct group *all; /* in bytewise order of their keys */
    size_t count;
    struct row *rows;
};

/* Groups all rows; their texts stay those of `rows`, which must live on. Returns 0, or ENOMEM with
 * a message (task_fail) and nothing to free. Takes time in proportion to the rows, and sorts the
 * keys. */
int groups_make(struct groups *groups, const struct rows *rows);

/* The group of that key, or NULL. */
const struct group *groups_find(const struct groups *groups, const char *key);

/* Frees them; empty ones are allowed. */
void groups_free(struct groups *groups);

#endif
