/* Options and parameters as tables: parsing, range checks, usage text. */
#include "param.h"

#include "units.h"

#include <stdlib.h>
#include <string.h>

/* Usage text: where help begins, and the longest line. */
#define USAGE_INDENT 32
#define USAGE_WIDTH 120

struct value {
    bool given;
    char *text;
    uint64_t count; /* COUNT, DURATION */
    double real;    /* REAL, PERCENT */
    char **many;
    size_t many_count;
};

struct param_values {
    const struct param *table;
    size_t size;
    struct value values[];
};

static void *must(void *memory)
{
    if (!memory) {
        fputs("poolbench: out of memory\n", stderr);
        abort();
    }
    return memory;
}

static bool in_choices(const char *choices, const char *text)
{
    size_t length = strlen(text);
    for (const char *at = choices; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL)
        if (length == strcspn(at, "|") && strncmp(at, text, length) == 0)
            return true;
    return false;
}

static const char *range_text(const struct param *param, double value, char *buffer, size_t size)
{
    if (param->type == PARAM_DURATION)
        return units_seconds(buffer, size, value * 1e-9);
    if (param->type == PARAM_PERCENT)
        snprintf(buffer, size, "%.15g%%", 100 * value);
    else
        snprintf(buffer, size, "%.15g", value);
    return buffer;
}

static bool has_range(const struct param *param)
{
    return param->min != 0 || param->max != 0;
}

static int check_range(const struct param *param, double value)
{
    return has_range(param) && !(value >= param->min && value <= param->max) ? -1 : 0;
}

/* Fills in value's number. Returns 0, or -1 for a text that is not of the entry's type. */
static int parse(const struct param *param, const char *text, struct value *value)
{
    int64_t *list;
    switch (param->type) {
    case PARAM_COUNT:
        return units_parse_count(text, &value->count) || check_range(param, (double)value->count);
    case PARAM_DURATION:
        return units_parse_duration(text, &value->count) ||
               check_range(param, (double)value->count);
    case PARAM_REAL:
        return units_parse_real(text, &value->real) || check_range(param, value->real);
    case PARAM_PERCENT:
        return units_parse_percent(text, &value->real) || check_range(param, value->real);
    case PARAM_CHOICE:
        return in_choices(param->choices, text) ? 0 : -1;
    case PARAM_LIST:
        if (units_parse_list(text, &list) < 0)
            return -1;
        free(list);
        return 0;
    default:
        return 0;
    }
}

/* What an entry accepts, as part of a message. */
static void accepted(const struct param *param, char *text, size_t size)
{
    static const char *const kinds[] = {
        [PARAM_COUNT] = "a whole number (10k, 1M)",
        [PARAM_REAL] = "a number",
        [PARAM_PERCENT] = "a percentage (5%)",
        [PARAM_DURATION] = "a duration with its unit (20ms, 1s)",
        [PARAM_LIST] = "a list of whole numbers (1,2,4-16)",
    };
    char low[32], high[32];
    if (param->type == PARAM_CHOICE)
        snprintf(text, size, "one of %s", param->choices);
    else if (has_range(param))
        snprintf(text, size, "%s from %s to %s", kinds[param->type],
            range_text(param, param->min, low, sizeof low),
            range_text(param, param->max, high, sizeof high));
    else
        snprintf(text, size, "%s", kinds[param->type]);
}

/* A percentage is easily given without its sign. */
static const char *hint(const struct param *param, const char *text)
{
    double number;
    bool bare = param->type == PARAM_PERCENT && units_parse_real(text, &number) == 0;
    return bare ? "; the % is missing" : "";
}

static struct value *value_of(const struct param_values *values, const char *name)
{
    for (size_t i = 0; i < values->size; i++)
        if (strcmp(values->table[i].name, name) == 0)
            return (struct value *)&values->values[i];
    fprintf(stderr, "poolbench: no parameter %s in the table that is asked for it\n", name);
    abort();
}

struct param_values *param_new(const struct param *table)
{
    size_t size = 0;
    while (table && table[size].name)
        size++;
    struct param_values *values = must(calloc(1, sizeof *values + size * sizeof(struct value)));
    values->table = table;
    values->size = size;
    for (size_t i = 0; i < size; i++) {
        char why[256];
        if (table[i].value && param_set(values, table[i].name, table[i].value, why, sizeof why)) {
            fprintf(stderr, "poolbench: default of %s: %s\n", table[i].name, why);
            abort();
        }
        values->values[i].given = false;
    }
    return values;
}

static int check_entry(const struct param *table, const struct param *entry, char *why, size_t size)
{
    struct value value = {0};
    if (!*entry->name || strchr(entry->name, '=') || param_find(table, entry->name) != entry)
        snprintf(why, size, "\"%s\" is no name, or not the only one", entry->name);
    else if (entry->type > PARAM_MANY || (entry->type == PARAM_CHOICE && !entry->choices))
        snprintf(why, size, "%s has no type, or a choice of nothing", entry->name);
    else if (entry->value && parse(entry, entry->value, &value))
        snprintf(why, size, "%s: its default \"%s\" is not of its type or range", entry->name,
            entry->value);
    else
        return 0;
    return -1;
}

int param_check(const struct param *table, char *why, size_t size)
{
    for (const struct param *entry = table; entry && entry->name; entry++)
        if (check_entry(table, entry, why, size))
            return -1;
    return 0;
}

void param_free(struct param_values *values)
{
    if (!values)
        return;
    for (size_t i = 0; i < values->size; i++) {
        struct value *value = &values->values[i];
        for (size_t j = 0; j < value->many_count; j++)
            free(value->many[j]);
        free(value->many);
        free(value->text);
    }
    free(values);
}

static void append(struct value *value, const char *text)
{
    value->many = must(realloc(value->many, (value->many_count + 1) * sizeof *value->many));
    value->many[value->many_count++] = must(strdup(text));
}

int param_set(
    struct param_values *values, const char *name, const char *text, char *why, size_t size)
{
    const struct param *param = param_find(values->table, name);
    if (!param) {
        snprintf(why, size, "unknown parameter \"%s\"", name);
        return -1;
    }
    struct value *value = value_of(values, name);
    struct value parsed = *value; /* a refused text must leave the number as it was */
    if (param->type != PARAM_FLAG && parse(param, text, &parsed)) {
        char what[256];
        accepted(param, what, sizeof what);
        snprintf(why, size, "%s: \"%s\" is not %s%s", name, text, what, hint(param, text));
        return -1;
    }
    *value = parsed;
    value->given = true;
    if (param->type == PARAM_MANY) {
        append(value, text);
    } else if (param->type != PARAM_FLAG) {
        char *copy = must(strdup(text));
        free(value->text);
        value->text = copy;
    }
    return 0;
}

bool param_given(const struct param_values *values, const char *name)
{
    return value_of(values, name)->given;
}

bool param_flag(const struct param_values *values, const char *name)
{
    return value_of(values, name)->given;
}

uint64_t param_count(const struct param_values *values, const char *name)
{
    return value_of(values, name)->count;
}

double param_real(const struct param_values *values, const char *name)
{
    return value_of(values, name)->real;
}

uint64_t param_duration(const struct param_values *values, const char *name)
{
    return value_of(values, name)->count;
}

const char *param_text(const struct param_values *values, const char *name)
{
    return value_of(values, name)->text;
}

const char *param_many(const struct param_values *values, const char *name, size_t i)
{
    const struct value *value = value_of(values, name);
    return i < value->many_count ? value->many[i] : NULL;
}

const struct param *param_find(const struct param *table, const char *name)
{
    for (; table && table->name; table++)
        if (strcmp(table->name, name) == 0)
            return table;
    return NULL;
}

const struct param *param_find_letter(const struct param *table, char letter)
{
    for (; table && table->name; table++)
        if (table->letter == letter)
            return table;
    return NULL;
}

static const char *placeholder(const struct param *param)
{
    static const char *const names[] = {
        [PARAM_COUNT] = "N",
        [PARAM_REAL] = "X",
        [PARAM_PERCENT] = "X%",
        [PARAM_DURATION] = "TIME",
        [PARAM_CHOICE] = "CHOICE",
        [PARAM_LIST] = "LIST",
        [PARAM_TEXT] = "TEXT",
        [PARAM_MANY] = "TEXT",
    };
    return param->choices ? param->choices : names[param->type];
}

/* Puts `length` bytes of a word behind what stands in the line, or below it where they do not fit.
 * Returns where the line then ends. */
static int put_word(FILE *out, int at, const char *word, int length)
{
    if (at + 1 + length > USAGE_WIDTH)
        at = fprintf(out, "\n%*s", USAGE_INDENT, "") - 1;
    return at + fprintf(out, " %.*s", length, word);
}

/* What is on the left, and the help behind it; a left that is too long has a line of its own. */
static void put_row(FILE *out, const char *left, const struct param *row)
{
    char usual[128];
    int at = fprintf(out, "  %-30s", left);
    if (at > USAGE_INDENT)
        at = USAGE_WIDTH;
    for (const char *word = row->help; *word;) {
        int length = (int)strcspn(word, " ");
        at = put_word(out, at, word, length);
        word += length + (word[length] == ' ');
    }
    if (row->value)
        put_word(out, at, usual, snprintf(usual, sizeof usual, "(default %s)", row->value));
    fputc('\n', out);
}

void param_usage(FILE *out, const struct param *table, bool dashes)
{
    for (; table && table->name; table++) {
        char left[128];
        int length = 0;
        if (dashes && table->letter)
            length = snprintf(left, sizeof left, "-%c, ", table->letter);
        snprintf(left + length, sizeof left - (size_t)length, "%s%s%s%s", dashes ? "--" : "",
            table->name,
            table->type == PARAM_FLAG ? ""
            : dashes                  ? " "
                                      : "=",
            table->type == PARAM_FLAG ? "" : placeholder(table));
        put_row(out, left, table);
    }
}
