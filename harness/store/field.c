/* What both directions share: messages and ranges, so that what is written can be read; and the
 * memory of rows. */
#include "field.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int field_complain(struct field_trouble *trouble, const char *key, const char *format, ...)
{
    char place[96] = "";
    if (trouble->list)
        snprintf(place, sizeof place, "%s[%zu].", trouble->list, trouble->row);
    else if (trouble->group)
        snprintf(place, sizeof place, "%s.", trouble->group);
    int length = snprintf(trouble->why, trouble->size, "%s: %s%s: ", trouble->path, place, key);
    if (length < 0 || (size_t)length >= trouble->size)
        return -1;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(trouble->why + length, trouble->size - (size_t)length, format, arguments);
    va_end(arguments);
    return -1;
}

void *field_must(void *memory)
{
    if (!memory) {
        fputs("poolbench: out of memory\n", stderr);
        abort();
    }
    return memory;
}

size_t *field_count(const struct field *field, const void *record)
{
    return (size_t *)(void *)((char *)(uintptr_t)record + field->count_offset);
}

int field_choice(const struct field *field, const char *text)
{
    for (int i = 0; field->choices[i]; i++)
        if (strcmp(field->choices[i], text) == 0)
            return i;
    return -1;
}

/* ---- ranges ---- */

int field_check_real(const struct field *field, double value, struct field_trouble *trouble)
{
    if (!isfinite(value))
        return field_complain(trouble, field->key, "not a finite number");
    if (value < field->min)
        return field_complain(trouble, field->key, "%g is below %g", value, field->min);
    return 0;
}

int field_check_integer(const struct field *field, json_int_t value, json_int_t min, json_int_t max,
    struct field_trouble *trouble)
{
    if (value < min || value > max)
        return field_complain(trouble, field->key,
            "%" JSON_INTEGER_FORMAT " is not in %" JSON_INTEGER_FORMAT " to %" JSON_INTEGER_FORMAT,
            value, min, max);
    return 0;
}

int field_check_name(const struct field *field, const char *text, struct field_trouble *trouble)
{
    size_t length = strlen(text);
    if ((double)length < field->min)
        return field_complain(trouble, field->key, "empty");
    if (length >= field->size)
        return field_complain(
            trouble, field->key, "%zu bytes, longer than %zu", length, field->size - 1);
    if (field->choices && field_choice(field, text) < 0)
        return field_complain(trouble, field->key, "'%.40s' is not known", text);
    return 0;
}

/* ---- memory ---- */

size_t field_capacity(size_t count)
{
    size_t capacity = 1;
    while (capacity < count)
        capacity *= 2;
    return capacity;
}

/* Doubles the array whenever its count reaches a power of two; see field_capacity. */
static char *grown(char *rows, size_t count, size_t size)
{
    if (count & (count - 1))
        return rows;
    return field_must(reallocarray(rows, count ? 2 * count : 1, size));
}

size_t field_append(const struct field *rows, void *record, const void *row)
{
    char **array = (char **)(void *)((char *)record + rows->offset);
    size_t index = (*field_count(rows, record))++;
    *array = grown(*array, index, rows->size);
    char *copy = memcpy(*array + index * rows->size, row, rows->size);
    for (const struct field *field = rows->fields; field->key; field++) {
        char **text = (char **)(void *)(copy + field->offset);
        if (field->type == FIELD_TEXT && *text)
            *text = field_must(strdup(*text));
    }
    return index;
}

void field_free(const struct field *fields, void *record)
{
    for (const struct field *field = fields; field->key; field++) {
        void *member = (char *)record + field->offset;
        if (field->type == FIELD_TEXT)
            free(*(char **)member);
        else if (field->type == FIELD_OBJECT)
            json_decref(*(json_t **)member);
        else if (field->type == FIELD_GROUP)
            field_free(field->fields, member);
        else if (field->type == FIELD_ROWS) {
            for (size_t i = 0; i < *field_count(field, record); i++)
                field_free(field->fields, *(char **)member + i * field->size);
            free(*(char **)member);
        }
    }
}
