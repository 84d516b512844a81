/* Options and parameters as tables: (name, type, default, range, help).
 *
 * The same table drives parsing, defaults, error messages and usage text, for the command line's
 * options and for the parameters of a case alike. A table is an array of struct param that ends
 * with an entry whose name is NULL. */
#ifndef UTIL_PARAM_H
#define UTIL_PARAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum param_type {
    PARAM_FLAG,     /* present or not; takes no value */
    PARAM_COUNT,    /* whole number, SI suffixes: 10k */
    PARAM_REAL,     /* decimal number */
    PARAM_PERCENT,  /* 5%; kept as a part, 0.05, and read by param_real */
    PARAM_DURATION, /* 20ms; kept in nanoseconds */
    PARAM_CHOICE,   /* one of `choices` */
    PARAM_LIST,     /* 1,2,4-16 */
    PARAM_TEXT,     /* anything */
    PARAM_MANY      /* anything, and may be given repeatedly */
};

struct param {
    const char *name; /* without dashes */
    char letter;      /* one-letter form of an option, 0: none */
    enum param_type type;
    const char *value;   /* default as text; NULL: none */
    double min, max;     /* COUNT, REAL, PERCENT (a part), DURATION (ns); both 0: no range */
    const char *choices; /* CHOICE: "a|b|c"; other types: the placeholder in usage text, or NULL */
    const char *help;    /* one line */
};

/* The values given for one table. Not thread-safe while being set; read-only afterwards. */
struct param_values;

/* Values with every default set. A default that does not parse is a programming error and
 * aborts with the parameter's name. Owned by the caller, freed by param_free. */
struct param_values *param_new(const struct param *table);
void param_free(struct param_values *values);

/* Sets one value from text (NULL for a flag). Returns 0, or -1 with one line in why that names the
 * parameter, the text and what is accepted. */
int param_set(
    struct param_values *values, const char *name, const char *text, char *why, size_t size);

/* Readers. The name must be in the table and of the fitting type, else abort (programming error).
 */
bool param_given(const struct param_values *values, const char *name); /* set, not by default */
bool param_flag(const struct param_values *values, const char *name);
uint64_t param_count(const struct param_values *values, const char *name);
double param_real(const struct param_values *values, const char *name);
uint64_t param_duration(const struct param_values *values, const char *name); /* ns */
const char *param_text(const struct param_values *values, const char *name);  /* NULL: none */
/* PARAM_MANY: the i-th text given, or NULL behind the last. */
const char *param_many(const struct param_values *values, const char *name, size_t i);

/* The table's entry of that name (or letter), or NULL. */
const struct param *param_find(const struct param *table, const char *name);
const struct param *param_find_letter(const struct param *table, char letter);

/* Usage lines, one an entry; dashes: print names as options ("--name"). */
void param_usage(FILE *out, const struct param *table, bool dashes);

#endif
