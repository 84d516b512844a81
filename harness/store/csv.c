/* The reader. A line is first cut into fields, all of them, so that a file with other columns than
 * it seems to have is told from one that is truncated or mixed. */
#include "csv.h"

#include "../util/printable.h"
#include "../util/units.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS_MAX 256
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

struct reader {
    const struct csv_source *source;
    FILE *file;
    char line[CSV_LINE_MAX + 1];
    char *fields[FIELDS_MAX];
    size_t fields_count;
    size_t number;  /* of the line, from 1 on */
    char separator; /* 0: no line yet */
    size_t columns; /* of the first line */
    size_t picked[2];
    size_t rows;
    char *why;
    size_t size;
};

/* "PATH: line 3: cause"; returns -1. */
static int complain(struct reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static int complain(struct reader *reader, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length =
        snprintf(reader->why, reader->size, "%s: line %zu: ", reader->source->path, reader->number);
    if (length > 0 && (size_t)length < reader->size)
        vsnprintf(reader->why + length, reader->size - (size_t)length, format, arguments);
    va_end(arguments);
    printable_line(reader->why); /* it may quote the file */
    return -1;
}

static int complain_of_file(struct reader *reader, const char *cause)
{
    snprintf(reader->why, reader->size, "%s: %s", reader->source->path, cause);
    return -1;
}

/* ---- lines and fields ---- */

/* Reads the next line, without its end. Returns 1, 0 at the file's end, or -1 after a message. */
static int next_line(struct reader *reader)
{
    size_t length = 0;
    int byte;
    errno = 0;
    reader->number++;
    while ((byte = getc_unlocked(reader->file)) != EOF && byte != '\n') {
        if (byte == '\0')
            return complain(reader, "a byte 0; this is not a text file");
        if (length == CSV_LINE_MAX)
            return complain(
                reader, "longer than %d bytes; this is not a table of numbers", CSV_LINE_MAX);
        reader->line[length++] = (char)byte;
    }
    if (ferror(reader->file))
        return complain_of_file(reader, strerror(errno ? errno : EIO));
    if (length > 0 && reader->line[length - 1] == '\r')
        length--;
    reader->line[length] = '\0';
    reader->line[strcspn(reader->line, "#")] = '\0';
    if (byte == EOF && length > 0)
        return complain(reader, "the file ends within this line; if it is not truncated, end the "
                                "line with a line break");
    return byte != EOF;
}

static char *trimmed(char *text)
{
    while (isblank((unsigned char)*text))
        text++;
    size_t length = strlen(text);
    while (length > 0 && isblank((unsigned char)text[length - 1]))
        length--;
    if (length >= 2 && text[0] == '"' && text[length - 1] == '"') {
        text++;
        length -= 2;
    }
    text[length] = '\0';
    return text;
}

static char separator_of(const char *line)
{
    static const char candidates[] = ";\t,";
    for (const char *at = candidates; *at; at++)
        if (strchr(line, *at))
            return *at;
    return ' ';
}

/* Cuts the line into fields. Returns 0, or -1 after a message. */
static int cut(struct reader *reader, char *line)
{
    bool blanks = reader->separator == ' ';
    const char ends[] = {reader->separator, blanks ? '\t' : '\0', '\0'};
    reader->fields_count = 0;
    for (char *at = line; at;) {
        if (blanks)
            at += strspn(at, ends);
        if (reader->fields_count == FIELDS_MAX)
            return complain(reader, "more than %d columns", FIELDS_MAX);
        char *end = at + strcspn(at, ends);
        char *next = *end ? end + 1 : NULL;
        *end = '\0';
        if (!blanks || *at)
            reader->fields[reader->fields_count++] = trimmed(at);
        at = next;
    }
    return 0;
}

/* ---- the header, and which columns ---- */

/* Also of "nan" and "inf": a row that is wrong is no header. */
static bool is_number(const char *text)
{
    char *end;
    strtod(text, &end);
    return end != text && *end == '\0';
}

static bool is_header(const struct reader *reader)
{
    for (size_t i = 0; i < reader->fields_count; i++)
        if (is_number(reader->fields[i]))
            return false;
    return true;
}

/* The column of that number or, in a header, name; SIZE_MAX: none. */
static size_t column_of(const struct reader *reader, const char *name, bool header)
{
    uint64_t number;
    for (size_t i = 0; header && i < reader->fields_count; i++)
        if (strcmp(reader->fields[i], name) == 0)
            return i;
    if (units_parse_count(name, &number) == 0 && number >= 1 && number <= reader->fields_count)
        return (size_t)number - 1;
    return SIZE_MAX;
}

static int pick(struct reader *reader, bool header)
{
    const char *wanted = reader->source->columns;
    if (!wanted && reader->fields_count == 2) {
        reader->picked[1] = 1;
        return 0;
    }
    if (!wanted)
        return complain(reader, "%zu column%s, not 2; --columns says which two to take",
            reader->fields_count, reader->fields_count == 1 ? "" : "s");
    const char *comma = strchr(wanted, ',');
    if (!comma)
        return complain(reader,
            "--columns takes two, by name or number (workers,tps or 1,3), not \"%s\"", wanted);
    char names[2][128];
    snprintf(names[0], sizeof names[0], "%.*s", (int)strcspn(wanted, ","), wanted);
    snprintf(names[1], sizeof names[1], "%s", comma + 1);
    for (size_t i = 0; i < 2; i++) {
        reader->picked[i] = column_of(reader, names[i], header);
        if (reader->picked[i] == SIZE_MAX)
            return complain(reader,
                "no column \"%s\" among its %zu (--columns takes two, by name "
                "or number: workers,tps or 1,3)",
                names[i], reader->fields_count);
    }
    return 0;
}

/* ---- rows ---- */

static int read_number(
    struct reader *reader, const struct csv_column *column, const char *text, double *value)
{
    double number;
    if (units_parse_real(text, &number))
        return complain(reader,
            is_number(text) ? "%s %.40s is not a finite decimal number"
                            : "%s \"%.40s\" is not a number",
            column->name, text);
    if (column->whole && (number < column->least || number != floor(number)))
        return complain(reader, "%s %.40s is not a whole number of at least %g", column->name, text,
            column->least);
    if (number <= 0)
        return complain(reader, "%s %.40s is not above 0", column->name, text);
    if (number < column->least || number > column->most)
        return complain(reader, "%s %.40s is not between %g and %g", column->name, text,
            column->least, column->most);
    *value = number;
    return 0;
}

static int read_row(
    struct reader *reader, void (*add)(void *to, double first, double second), void *to)
{
    const struct csv_source *source = reader->source;
    double first = 0, second = 0;
    if (reader->fields_count != reader->columns)
        return complain(reader, "%zu column%s where the first line has %zu; is the file truncated?",
            reader->fields_count, reader->fields_count == 1 ? "" : "s", reader->columns);
    if (read_number(reader, &source->first, reader->fields[reader->picked[0]], &first) ||
        read_number(reader, &source->second, reader->fields[reader->picked[1]], &second))
        return -1;
    if (reader->rows++ == CSV_ROWS_MAX)
        return complain(reader, "more than %d rows", CSV_ROWS_MAX);
    add(to, first, second);
    return 0;
}

/* The first line that holds anything says what the others are like. Returns 1 if it is a header, 0
 * if it is a row, -1 after a message. */
static int begin(struct reader *reader, char *line)
{
    if (*line == '{')
        return complain(reader, "this looks like JSON; a result file's name ends with .json");
    reader->separator = separator_of(line);
    if (cut(reader, line))
        return -1;
    reader->columns = reader->fields_count;
    bool header = is_header(reader);
    return pick(reader, header) ? -1 : header;
}

static int read_all(
    struct reader *reader, void (*add)(void *to, double first, double second), void *to)
{
    int status;
    while ((status = next_line(reader)) > 0) {
        char *line = reader->line;
        if (reader->number == 1 && strncmp(line, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0)
            line += strlen(BYTE_ORDER_MARK);
        line += strspn(line, " ");
        if (line[strspn(line, " \t")] == '\0')
            continue;
        bool first = !reader->separator;
        status = first ? begin(reader, line) : cut(reader, line);
        if (status == 0)
            status = read_row(reader, add, to);
        if (status < 0)
            return -1;
    }
    if (status == 0 && reader->rows == 0)
        return complain_of_file(reader, "no row of numbers in it");
    return status;
}

int csv_read(const struct csv_source *source, void (*add)(void *to, double first, double second),
    void *to, char *why, size_t size)
{
    struct reader reader = {.source = source, .why = why, .size = size};
    reader.file = fopen(source->path, "re");
    if (!reader.file)
        return complain_of_file(&reader, strerror(errno));
    int status = read_all(&reader, add, to);
    fclose(reader.file);
    return status;
}
