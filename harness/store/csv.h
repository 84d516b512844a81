/* Two columns of numbers from a text file, as spreadsheets, R and gnuplot write them: fields
 * separated by commas, semicolons, tabs or blanks (by the first line that holds any, in the order
 * ; tab , blank), quoted or not; a header or none; '#' begins a comment; empty lines, CRLF and a
 * byte order mark are passed over. Row by row, so that memory does not grow with the file. */
#ifndef STORE_CSV_H
#define STORE_CSV_H

#include <stdbool.h>
#include <stddef.h>

#define CSV_ROWS_MAX 10000000
#define CSV_LINE_MAX 4096 /* bytes */

/* What a column must hold: finite numbers from least (above 0) to most. */
struct csv_column {
    const char *name; /* in messages: "workers" */
    bool whole;       /* whole numbers only */
    double least, most;
};

struct csv_source {
    const char *path;
    const char *columns; /* which two, by the header's names or numbers from 1 on, as "workers,tps"
                            or "1,3"; NULL: the file has exactly two */
    struct csv_column first, second;
};

/* Calls add for each row. Returns 0, or -1 with one line in why (path, line, cause): the file
 * cannot be read or is no text; it has no row, or more than CSV_ROWS_MAX; a line has other columns
 * than the first, is longer than CSV_LINE_MAX or has no line break at its end (half a number is a
 * number, too); a field is no number or not what its column must hold. add may have been called by
 * then. Safe from several threads. */
int csv_read(const struct csv_source *source, void (*add)(void *to, double first, double second),
    void *to, char *why, size_t size);

#endif
