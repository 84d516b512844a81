/* Aligned text tables on stdout, the numbers in them, and paragraphs. Rows are kept until their
 * columns' widths are known. */
#include "cli.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 24
#define WIDTH_MAX 120 /* of a line, where the last column can be broken */
#define ROOM_MIN 30
#define PARAGRAPH_WIDTH 78

struct cli_table {
    char **rows;
    size_t count;
    int widths[COLUMNS_MAX];
};

struct cli_table *cli_table_new(void)
{
    return calloc(1, sizeof(struct cli_table));
}

/* Characters, not bytes: UTF-8's continuation bytes do not count. */
static int width_of(const char *text, size_t bytes)
{
    int width = 0;
    for (size_t i = 0; i < bytes; i++)
        width += ((unsigned char)text[i] & 0xc0) != 0x80;
    return width;
}

void cli_table_row(struct cli_table *table, const char *format, ...)
{
    char *row;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&row, format, arguments);
    va_end(arguments);
    char **rows = length < 0 ? NULL : realloc(table->rows, (table->count + 1) * sizeof *rows);
    if (!rows)
        return;
    table->rows = rows;
    table->rows[table->count++] = row;
    const char *at = row;
    for (int column = 0; column < COLUMNS_MAX; column++) {
        size_t bytes = strcspn(at, "\t");
        int width = width_of(at, bytes);
        if (width > table->widths[column])
            table->widths[column] = width;
        at += bytes;
        if (*at++ != '\t')
            break;
    }
}

/* Bytes of `text`, of `bytes`, that fit `room` characters and end at a word's end. */
static size_t line_bytes(const char *text, size_t bytes, int room)
{
    size_t fit = 0;
    for (size_t i = 0; i <= bytes; i++)
        if (i == bytes || text[i] == ' ') {
            if (fit > 0 && width_of(text, i) > room)
                break;
            fit = i;
        }
    return fit;
}

/* Prints the last cell at `indent`, where the line stands at `from`; what does not fit goes on
 * below, unless so little room is left that nothing would be gained. */
static void print_last(const char *cell, size_t bytes, int from, int indent)
{
    int room = WIDTH_MAX - indent;
    while (bytes > 0) {
        size_t fit = room < ROOM_MIN ? bytes : line_bytes(cell, bytes, room);
        printf("%*s%.*s", indent - from, "", (int)fit, cell);
        fit += fit < bytes; /* the blank where the line is broken */
        cell += fit;
        bytes -= fit;
        from = 0;
        if (bytes > 0)
            putchar('\n');
    }
    putchar('\n');
}

/* Padding is printed in front of a cell, so that no line ends in blanks. */
static void print_row(const struct cli_table *table, const char *row)
{
    int at = 0, indent = 0;
    for (int column = 0;; column++) {
        size_t bytes = strcspn(row, "\t");
        if (row[bytes] == '\0' || column == COLUMNS_MAX - 1) {
            print_last(row, bytes, at, indent);
            return;
        }
        if (bytes > 0) {
            printf("%*s%.*s", indent - at, "", (int)bytes, row);
            at = indent + width_of(row, bytes);
        }
        indent += table->widths[column] + 2;
        row += bytes + 1;
    }
}

void cli_table_print(struct cli_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        print_row(table, table->rows[i]);
        free(table->rows[i]);
    }
    free(table->rows);
    free(table);
}

void cli_print_wrapped(const char *text, int indent)
{
    for (size_t bytes = strlen(text); bytes > 0;) {
        size_t fit = line_bytes(text, bytes, PARAGRAPH_WIDTH - indent);
        printf("%*s%.*s\n", indent, "", (int)fit, text);
        fit += strspn(text + fit, " ");
        text += fit;
        bytes -= fit;
    }
}

const char *cli_number(char *text, size_t size, double value)
{
    snprintf(text, size, isfinite(value) ? "%.2f" : "-", value);
    return text;
}

const char *cli_interval(char *text, size_t size, struct interval interval)
{
    char value[32], lo[32], hi[32];
    snprintf(text, size, "%s [%s, %s]", cli_number(value, sizeof value, interval.value),
        cli_number(lo, sizeof lo, interval.lo), cli_number(hi, sizeof hi, interval.hi));
    return text;
}
