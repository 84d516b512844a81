/* Structs to JSON, by tables. */
#include "field.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const void *member_of(const struct field *field, const void *record)
{
    return (const char *)record + field->offset;
}

/* How many bytes the UTF-8 sequence at text has; 0: it is none that jansson takes. */
static size_t sequence_length(const char *text)
{
    for (size_t length = 1; length <= 4 && text[length - 1]; length++) {
        json_t *probe = json_stringn(text, length);
        json_decref(probe);
        if (probe)
            return length;
    }
    return 0;
}

/* Text from file names and from cut messages need not be UTF-8. */
static json_t *encode_text(const char *text)
{
    json_t *string = json_string(text);
    if (string)
        return string;
    char *copy = field_must(strdup(text));
    for (char *at = copy; *at;) {
        size_t length = sequence_length(at);
        if (length == 0)
            *at = '?';
        at += length ? length : 1;
    }
    string = json_string(copy);
    free(copy);
    return string;
}

static json_t *encode_name(
    const struct field *field, const char *text, struct field_trouble *trouble)
{
    return field_check_name(field, text, trouble) ? NULL : encode_text(text);
}

static json_t *encode_count(
    const struct field *field, uint64_t value, struct field_trouble *trouble)
{
    if (value > INT64_MAX) {
        field_complain(trouble, field->key, "%" PRIu64 " is too large", value);
        return NULL;
    }
    return json_integer((json_int_t)value);
}

static json_t *encode_hex(uint64_t value)
{
    char text[FIELD_HEX_SIZE];
    snprintf(text, sizeof text, "0x%016" PRIx64, value);
    return json_string(text);
}

static json_t *encode_group(
    const struct field *field, const void *member, struct field_trouble *trouble)
{
    trouble->group = field->key;
    json_t *object = field_encode(field->fields, member, trouble);
    trouble->group = NULL;
    return object;
}

static json_t *encode_rows(
    const struct field *field, const void *record, struct field_trouble *trouble)
{
    const char *rows = *(const char *const *)member_of(field, record);
    size_t count = *field_count(field, record);
    json_t *array = field_must(json_array());
    trouble->list = field->key;
    for (size_t i = 0; i < count; i++) {
        trouble->row = i;
        json_t *row = field_encode(field->fields, rows + i * field->size, trouble);
        if (!row) {
            json_decref(array);
            return NULL;
        }
        json_array_append_new(array, row);
    }
    trouble->list = NULL;
    return array;
}

static json_t *encode_field(
    const struct field *field, const void *record, struct field_trouble *trouble)
{
    const void *member = member_of(field, record);
    switch (field->type) {
    case FIELD_CONSTANT:
        return json_string(field->choices[0]);
    case FIELD_UNSIGNED:
        return json_integer(*(const unsigned *)member);
    case FIELD_COUNT:
        return encode_count(field, *(const uint64_t *)member, trouble);
    case FIELD_HEX:
        return encode_hex(*(const uint64_t *)member);
    case FIELD_INTEGER:
        return json_integer(*(const int *)member);
    case FIELD_REAL:
        return field_check_real(field, *(const double *)member, trouble)
                   ? NULL
                   : json_real(*(const double *)member);
    case FIELD_FLAG:
        return json_boolean(*(const bool *)member);
    case FIELD_CHOICE:
        return json_string(field->choices[*(const unsigned *)member]);
    case FIELD_NAME:
        return encode_name(field, member, trouble);
    case FIELD_TEXT:
        return *(char *const *)member ? encode_text(*(char *const *)member) : json_null();
    case FIELD_OBJECT:
        return *(json_t *const *)member ? json_incref(*(json_t *const *)member) : json_object();
    case FIELD_GROUP:
        return encode_group(field, member, trouble);
    case FIELD_ROWS:
        return encode_rows(field, record, trouble);
    }
    return NULL;
}

static bool is_left_out(const struct field *field, const void *record)
{
    const void *member = member_of(field, record);
    if (!field->optional)
        return false;
    switch (field->type) {
    case FIELD_COUNT:
        return *(const uint64_t *)member == 0;
    case FIELD_REAL:
        return *(const double *)member == 0;
    case FIELD_FLAG:
        return !*(const bool *)member;
    case FIELD_TEXT:
        return *(char *const *)member == NULL;
    case FIELD_ROWS:
        return *field_count(field, record) == 0;
    default:
        return *(const char *)member == '\0';
    }
}

json_t *field_encode(const struct field *fields, const void *record, struct field_trouble *trouble)
{
    json_t *object = field_must(json_object());
    for (const struct field *field = fields; field->key; field++) {
        if (is_left_out(field, record))
            continue;
        json_t *value = encode_field(field, record, trouble);
        if (!value) {
            json_decref(object);
            return NULL;
        }
        json_object_set_new(object, field->key, value);
    }
    return object;
}
