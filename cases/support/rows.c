/* Reading two columns of a CSV file. The file is read whole and not mapped, because one that is cut
 * by somebody while it is mapped ends the process by SIGBUS. */
#include "rows.h"

#include "../../harness/pool/task.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SHOWN_PATH "%.120s"
#define SHOWN_NAME "%.40s"

static int read_text(struct rows *rows, const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return task_fail(EINVAL, "cannot read " SHOWN_PATH ": %s", path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return task_fail(EINVAL, "cannot read " SHOWN_PATH ": not a file; give a CSV file", path);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return task_fail(EINVAL, "cannot read " SHOWN_PATH ": %s", path, strerror(errno));
    const size_t size = (size_t)status.st_size;
    rows->text = malloc(size + 1);
    size_t got = rows->text != NULL ? fread(rows->text, 1, size, file) : 0;
    int error = ferror(file) != 0 ? errno : 0;
    fclose(file);
    if (rows->text == NULL)
        return task_fail(ENOMEM, "no memory for the %zu bytes of " SHOWN_PATH, size, path);
    if (error != 0)
        return task_fail(EINVAL, "cannot read " SHOWN_PATH ": %s", path, strerror(error));
    rows->text[got] = '\0';
    if (memchr(rows->text, '\0', got) != NULL)
        return task_fail(EINVAL, SHOWN_PATH " is no text: it has a zero byte in it", path);
    return 0;
}

/* Ends the line at *rest and moves *rest behind it; NULL where there is none. */
static char *next_line(char **rest)
{
    char *line = *rest;
    if (*line == '\0')
        return NULL;
    size_t length = strcspn(line, "\n");
    *rest = line + length + (line[length] == '\n');
    if (length > 0 && line[length - 1] == '\r')
        length--;
    line[length] = '\0';
    return line;
}

/* The number of the column of that name; -1: there is none. */
static int find_column(const char *header, const char *name)
{
    const size_t wanted = strlen(name);
    for (int column = 0;; column++) {
        size_t length = strcspn(header, ",");
        if (length == wanted && strncmp(header, name, length) == 0)
            return column;
        if (header[length] == '\0')
            return -1;
        header += length + 1;
    }
}

/* Ends the line's fields, and notes those of the two columns. */
static struct row split(char *line, int key, int value)
{
    struct row row = {0};
    for (int column = 0; line != NULL; column++) {
        const char *field = strsep(&line, ",");
        if (column == key)
            row.key = field;
        if (column == value)
            row.value = field;
    }
    return row;
}

static int read_rows(struct rows *rows, char *rest, const char *path, int key, int value)
{
    char *line;
    for (size_t number = 2; (line = next_line(&rest)) != NULL; number++) {
        if (strchr(line, '"') != NULL)
            return task_fail(
                EINVAL, SHOWN_PATH ":%zu: quotes are not understood; remove them", path, number);
        struct row row = split(line, key, value);
        if (row.key == NULL || *row.key == '\0')
            return task_fail(
                EINVAL, SHOWN_PATH ":%zu: the row has no key; add one or remove it", path, number);
        row.line = number;
        rows->all[rows->count++] = row;
    }
    return 0;
}

static size_t count_lines(const char *text)
{
    size_t count = 1;
    while ((text = strchr(text, '\n')) != NULL) {
        text++;
        count++;
    }
    return count;
}

static int read_table(struct rows *rows, const char *path, const char *key, const char *value)
{
    char *rest = rows->text;
    rows->all = malloc(count_lines(rest) * sizeof *rows->all);
    if (rows->all == NULL)
        return task_fail(ENOMEM, "no memory for the rows of " SHOWN_PATH, path);
    const char *header = next_line(&rest);
    if (header == NULL)
        return task_fail(EINVAL, SHOWN_PATH " is empty; give a CSV file", path);
    int keys = key != NULL ? find_column(header, key) : 0;
    int values = value != NULL ? find_column(header, value) : 1;
    if (value == NULL && strchr(header, ',') == NULL)
        return task_fail(EINVAL, SHOWN_PATH " has no second column; name one, or give a CSV", path);
    if (keys < 0 || values < 0)
        return task_fail(EINVAL,
            SHOWN_PATH " has no column \"" SHOWN_NAME "\"; its first line is "
                       "\"" SHOWN_NAME "\"",
            path, keys < 0 ? key : value, header);
    int code = read_rows(rows, rest, path, keys, values);
    if (code == 0 && rows->count == 0)
        return task_fail(EINVAL, SHOWN_PATH " has no rows below its first line", path);
    return code;
}

int rows_read(struct rows *rows, const char *path, const char *key, const char *value)
{
    *rows = (struct rows){0};
    int code = read_text(rows, path);
    if (code == 0)
        code = read_table(rows, path, key, value);
    if (code != 0)
        rows_free(rows);
    return code;
}

void rows_free(struct rows *rows)
{
    free(rows->text);
    free(rows->all);
    *rows = (struct rows){0};
}
