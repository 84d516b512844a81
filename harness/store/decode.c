/* JSON to structs, by tables. Nothing in a file is trusted: every value has its type and range
 * checked, and every key must be one of the table's. */
#include "field.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The member gets the value in its own type. */
static int decode_whole(
    const struct field *field, const json_t *value, void *member, struct field_trouble *trouble)
{
    json_int_t number = json_integer_value(value);
    json_int_t min = field->type == FIELD_INTEGER ? INT_MIN : 0;
    json_int_t max = field->type == FIELD_INTEGER    ? INT_MAX
                     : field->type == FIELD_UNSIGNED ? UINT_MAX
                                                     : INT64_MAX;
    if (!json_is_integer(value))
        return field_complain(trouble, field->key, "not a whole number");
    if (field_check_integer(field, number, min, max, trouble))
        return -1;
    if (field->type == FIELD_INTEGER)
        *(int *)member = (int)number;
    else if (field->type == FIELD_UNSIGNED)
        *(unsigned *)member = (unsigned)number;
    else
        *(uint64_t *)member = (uint64_t)number;
    return 0;
}

static int decode_hex(
    const struct field *field, const json_t *value, uint64_t *number, struct field_trouble *trouble)
{
    const char *text = json_string_value(value);
    if (!text || strlen(text) != FIELD_HEX_SIZE - 1 || strncmp(text, "0x", 2) != 0 ||
        strspn(text + 2, "0123456789abcdef") != FIELD_HEX_SIZE - 3)
        return field_complain(trouble, field->key, "not a text of 0x and 16 hexadecimal digits");
    *number = strtoull(text, NULL, 16);
    return 0;
}

static int decode_real(
    const struct field *field, const json_t *value, double *number, struct field_trouble *trouble)
{
    if (!json_is_number(value))
        return field_complain(trouble, field->key, "not a number");
    *number = json_number_value(value);
    return field_check_real(field, *number, trouble);
}

static int decode_text(
    const struct field *field, const json_t *value, void *member, struct field_trouble *trouble)
{
    const char *text = json_string_value(value);
    if (!text && !(field->type == FIELD_TEXT && json_is_null(value)))
        return field_complain(trouble, field->key, "not a text");
    if (field->type == FIELD_TEXT)
        *(char **)member = text ? field_must(strdup(text)) : NULL;
    else if (field_check_name(field, text, trouble))
        return -1;
    else
        memcpy(member, text, strlen(text) + 1);
    return 0;
}

/* Returns the choice, or -1 with a message. */
static int decode_choice(
    const struct field *field, const json_t *value, struct field_trouble *trouble)
{
    const char *text = json_string_value(value);
    int choice = text ? field_choice(field, text) : -1;
    if (choice < 0)
        field_complain(trouble, field->key, "%.40s, not '%s'%s", text ? text : "not a text",
            field->choices[0], field->choices[1] ? " or another that is known" : "");
    return choice;
}

static int decode_flag(
    const struct field *field, const json_t *value, bool *flag, struct field_trouble *trouble)
{
    *flag = json_is_true(value);
    return json_is_boolean(value) ? 0 : field_complain(trouble, field->key, "not true or false");
}

static int decode_enum(
    const struct field *field, const json_t *value, unsigned *member, struct field_trouble *trouble)
{
    int choice = decode_choice(field, value, trouble);
    *member = choice < 0 ? 0 : (unsigned)choice;
    return choice < 0 ? -1 : 0;
}

static int decode_object(
    const struct field *field, const json_t *value, json_t **member, struct field_trouble *trouble)
{
    if (!json_is_object(value))
        return field_complain(trouble, field->key, "not an object");
    *member = json_incref((json_t *)(uintptr_t)value);
    return 0;
}

static int decode_group(
    const struct field *field, const json_t *value, void *member, struct field_trouble *trouble)
{
    trouble->group = field->key;
    int status = field_decode(field->fields, value, member, trouble);
    trouble->group = NULL;
    return status;
}

static int decode_rows(
    const struct field *field, const json_t *value, void *record, struct field_trouble *trouble)
{
    if (!json_is_array(value))
        return field_complain(trouble, field->key, "not an array");
    size_t count = json_array_size(value);
    if (count == 0)
        return 0;
    char *rows = field_must(calloc(field_capacity(count), field->size));
    *(void **)(void *)((char *)record + field->offset) = rows;
    *field_count(field, record) = count;
    trouble->list = field->key;
    for (size_t i = 0; i < count; i++) {
        trouble->row = i;
        if (field_decode(field->fields, json_array_get(value, i), rows + i * field->size, trouble))
            return -1;
    }
    trouble->list = NULL;
    return 0;
}

static int decode_field(
    const struct field *field, const json_t *value, void *record, struct field_trouble *trouble)
{
    void *member = (char *)record + field->offset;
    switch (field->type) {
    case FIELD_CONSTANT:
        return decode_choice(field, value, trouble) < 0 ? -1 : 0;
    case FIELD_UNSIGNED:
    case FIELD_COUNT:
    case FIELD_INTEGER:
        return decode_whole(field, value, member, trouble);
    case FIELD_HEX:
        return decode_hex(field, value, member, trouble);
    case FIELD_REAL:
        return decode_real(field, value, member, trouble);
    case FIELD_FLAG:
        return decode_flag(field, value, member, trouble);
    case FIELD_CHOICE:
        return decode_enum(field, value, member, trouble);
    case FIELD_NAME:
    case FIELD_TEXT:
        return decode_text(field, value, member, trouble);
    case FIELD_OBJECT:
        return decode_object(field, value, member, trouble);
    case FIELD_GROUP:
        return decode_group(field, value, member, trouble);
    case FIELD_ROWS:
        return decode_rows(field, value, record, trouble);
    }
    return -1;
}

static const struct field *find_field(const struct field *fields, const char *key)
{
    const struct field *field = fields;
    while (field->key && strcmp(field->key, key) != 0)
        field++;
    return field->key ? field : NULL;
}

int field_decode(
    const struct field *fields, const json_t *object, void *record, struct field_trouble *trouble)
{
    if (!json_is_object(object))
        return field_complain(trouble, "value", "not an object");
    for (const struct field *field = fields; field->key; field++) {
        const json_t *value = json_object_get(object, field->key);
        if (!value && field->optional)
            continue;
        if (!value)
            return field_complain(trouble, field->key, "missing");
        if (decode_field(field, value, record, trouble))
            return -1;
    }
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)(uintptr_t)object, key, value)
        if (!find_field(fields, key))
            return field_complain(trouble, key, "not a key of this format");
    return 0;
}
