/* C structs as JSON objects, by tables: a table lists the members of a struct with their keys,
 * types and ranges, and one pair of functions writes, reads and checks any of them. Inner to
 * store/. Not thread-safe for one struct; tables are constant. */
#ifndef STORE_FIELD_H
#define STORE_FIELD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum field_type {
    FIELD_CONSTANT, /* no member: always the text choices[0] */
    FIELD_UNSIGNED, /* unsigned */
    FIELD_COUNT,    /* uint64_t, below 2^63 */
    FIELD_HEX,      /* uint64_t of any value, as a text "0x0123456789abcdef" */
    FIELD_INTEGER,  /* int */
    FIELD_REAL,     /* double, finite, at least min */
    FIELD_FLAG,     /* bool */
    FIELD_CHOICE,   /* an enum, as the text choices[value] */
    FIELD_NAME,     /* char[size], at least min bytes; one of choices where they are given */
    FIELD_TEXT,     /* char *, malloc'd; NULL is null */
    FIELD_OBJECT,   /* json_t *, an object of any keys; NULL is {} */
    FIELD_GROUP,    /* a struct within the struct: an object by the table `fields` */
    FIELD_ROWS      /* a malloc'd array (a pointer, and a size_t at count_offset) of structs of
                       `size` bytes: an array of objects by the table `fields` */
};

struct field {
    const char *key; /* NULL ends a table */
    enum field_type type;
    bool optional; /* a FIELD_NAME, _TEXT, _COUNT, _REAL, _FLAG or _ROWS that is left out where it
                      is empty, NULL, 0 or false */
    size_t offset, size, count_offset;
    double min;
    const char *const *choices; /* ends with NULL */
    const struct field *fields;
};

/* Where a message goes, and what stands before it: "PATH: LIST[ROW].KEY: cause" or, within a
 * group, "PATH: GROUP.KEY: cause". */
struct field_trouble {
    char *why;
    size_t size;
    const char *path;
    const char *list, *group; /* NULL: the top of the file */
    size_t row;
};

/* Writes the message. Returns -1 always. */
int field_complain(struct field_trouble *trouble, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The struct as an object with its keys in the table's order, or NULL with a message for a value
 * that the table forbids. Bytes that are not UTF-8 become '?'. */
json_t *field_encode(const struct field *fields, const void *record, struct field_trouble *trouble);

/* Fills a zeroed struct from an object that has exactly the table's keys. Returns 0, or -1 with a
 * message; the struct is to be freed in either case. */
int field_decode(
    const struct field *fields, const json_t *object, void *record, struct field_trouble *trouble);

/* Appends a copy of row (its texts copied too) to the array that `rows`, a FIELD_ROWS, describes
 * in record; returns its index. Aborts with a message without memory. */
size_t field_append(const struct field *rows, void *record, const void *row);

/* Frees all that the struct owns, not the struct. */
void field_free(const struct field *fields, void *record);

/* ---- shared by encode.c and decode.c ---- */

#define FIELD_HEX_SIZE sizeof "0x0123456789abcdef"

/* The ranges of the table. Return 0, or -1 with a message. */
int field_check_real(const struct field *field, double value, struct field_trouble *trouble);
int field_check_integer(const struct field *field, json_int_t value, json_int_t min, json_int_t max,
    struct field_trouble *trouble);
int field_check_name(const struct field *field, const char *text, struct field_trouble *trouble);

/* The index of text among the choices, or -1. */
int field_choice(const struct field *field, const char *text);

/* How many rows a FIELD_ROWS has. */
size_t *field_count(const struct field *field, const void *record);

/* How many rows there is room for in an array that holds count of them. */
size_t field_capacity(size_t count);

/* Aborts with a message for NULL, as no memory gives it. */
void *field_must(void *memory);

#endif
