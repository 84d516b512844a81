/* Two columns of a CSV file, read into memory: a key and a value a row. For plain files: a line of
 * names, then a line a row, fields parted by commas, without quotes. */
#ifndef SUPPORT_ROWS_H
#define SUPPORT_ROWS_H

#include <stddef.h>

struct row {
    const char *key, *value; /* value NULL: the line ends before it */
    size_t line;             /* in the file, from 1 */
};

struct rows {
    char *text; /* the file, its fields ended by zeros */
    struct row *all;
    size_t count;
};

/* Reads the columns of these names (key NULL: the first; value NULL: the second). Returns 0, or a
 * code with a message (task_fail) that names the file, and an empty table: EINVAL where the file is
 * no such CSV (no regular file, unreadable, no such column, quotes, a line without a key, no row at
 * all), ENOMEM. A value may be missing, or be anything. */
int rows_read(struct rows *rows, const char *path, const char *key, const char *value);

/* Frees it; an empty one is allowed. */
void rows_free(struct rows *rows);

#endif
