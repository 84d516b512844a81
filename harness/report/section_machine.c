/* Machine and verdicts: whether to believe what follows, before it follows. */
#include "markdown.h"
#include "number.h"
#include "section.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define VALUES_SHOWN 3

/* Keys of result->machine in the order of the table; others are not shown. */
static const struct key {
    const char *key, *name;
    enum { TEXT, BYTES, NANOSECONDS, FIRST_AND_LAST } how;
} keys[] = {
    {"cpu_model", "CPU", TEXT},
    {"cpus_online", "CPUs online", TEXT},
    {"cpus_usable", "CPUs usable", TEXT},
    {"topology", "topology", TEXT},
    {"caches", "caches", TEXT},
    {"memory_bytes", "memory", BYTES},
    {"virtualization", "virtualization", TEXT},
    {"cgroup", "cgroup", TEXT},
    {"os", "system", TEXT},
    {"kernel", "kernel", TEXT},
    {"compiler", "compiler", TEXT},
    {"flags", "flags", TEXT},
    {"libraries", "libraries", TEXT},
    {"unavailable", "not available here, so not measured", TEXT},
    {"commit", "commit", TEXT},
    {"clock_source", "clock source", TEXT},
    {"clock_resolution_ns", "clock resolution", NANOSECONDS},
    {"clock_cost_ns", "cost of reading the clock", NANOSECONDS},
    {"governor", "frequency governor", TEXT},
    {"turbo", "turbo", TEXT},
    {"thp", "transparent huge pages", TEXT},
    {"aslr", "address space randomization", TEXT},
    {"load", "load (1, 5, 15 min; running; last process)", FIRST_AND_LAST},
    {"psi_cpu", "CPU pressure (PSI)", FIRST_AND_LAST},
};
#define KEYS (sizeof keys / sizeof *keys)

/* Any JSON value as text; lists and objects as "a, b" and "key b". */
static void print_value(FILE *out, const json_t *value)
{
    size_t i;
    const char *key, *separator = "";
    const json_t *element;
    switch (json_typeof(value)) {
    case JSON_STRING:
        fputs(json_string_value(value), out);
        break;
    case JSON_INTEGER:
        fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        break;
    case JSON_REAL:
        fprintf(out, "%g", json_real_value(value));
        break;
    case JSON_ARRAY:
        json_array_foreach (value, i, element) {
            fputs(i ? ", " : "", out);
            print_value(out, element);
        }
        break;
    case JSON_OBJECT:
        /* jansson keeps the file's order */
        json_object_foreach ((json_t *)value, key, element) {
            fprintf(out, "%s%s ", separator, key);
            print_value(out, element);
            separator = ", ";
        }
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        fputs(json_is_true(value) ? "yes" : "no", out);
        break;
    case JSON_NULL:
        fputs("unknown", out);
        break;
    }
}

/* A key's value in one result as text, malloc'd; NULL: not there. */
static char *value_text(const struct view *view, const struct key *key)
{
    const json_t *value = json_object_get(view->result->machine, key->key);
    char *text = NULL;
    size_t size;
    FILE *out = value ? open_memstream(&text, &size) : NULL;
    if (!out)
        return NULL;
    if (key->how == BYTES && json_is_number(value))
        fputs(number_bytes(json_number_value(value)).text, out);
    else
        print_value(out, value);
    fclose(out);
    return text;
}

/* The different values of a key over all results, in the report's order. */
static size_t collect(const struct input *input, const struct key *key, char **values)
{
    size_t n = 0;
    for (size_t i = 0; i < input->views_count; i++) {
        char *text = value_text(&input->views[i], key);
        bool known = !text;
        for (size_t j = 0; j < n && !known; j++)
            known = strcmp(values[j], text) == 0;
        if (known)
            free(text);
        else
            values[n++] = text;
    }
    return n;
}

/* What changes all the time is shown as it was at the start of the first and of the last result. */
static size_t collect_first_and_last(
    const struct input *input, const struct key *key, char **values)
{
    const struct view *first = NULL, *last = NULL;
    for (size_t i = 0; i < input->views_count; i++) {
        const struct view *view = &input->views[i];
        if (!view->result->started || !json_object_get(view->result->machine, key->key))
            continue;
        if (!first || strcmp(view->result->started, first->result->started) < 0)
            first = view;
        if (!last || strcmp(view->result->started, last->result->started) > 0)
            last = view;
    }
    if (!first)
        return 0;
    values[0] = value_text(first, key);
    if (last == first)
        return 1;
    values[1] = value_text(last, key);
    return 2;
}

/* A measured number: from the least to the most that it was. */
static size_t collect_range(const struct input *input, const struct key *key, char **values)
{
    double least = INFINITY, most = -INFINITY;
    char text[64];
    for (size_t i = 0; i < input->views_count; i++) {
        const json_t *value = json_object_get(input->views[i].result->machine, key->key);
        if (json_is_number(value)) {
            least = fmin(least, json_number_value(value));
            most = fmax(most, json_number_value(value));
        }
    }
    if (least > most)
        return 0;
    if (least < most)
        snprintf(text, sizeof text, "%g to %g ns", least, most);
    else
        snprintf(text, sizeof text, "%g ns", least);
    values[0] = strdup(text);
    return values[0] ? 1 : 0;
}

static void put_key(FILE *out, const struct input *input, const struct key *key)
{
    char **values = calloc(input->views_count + 2, sizeof *values);
    if (!values)
        abort();
    bool two = key->how == FIRST_AND_LAST;
    size_t n = two                       ? collect_first_and_last(input, key, values)
               : key->how == NANOSECONDS ? collect_range(input, key, values)
                                         : collect(input, key, values);
    if (n > 0)
        fprintf(out, "| %s | ", key->name);
    for (size_t i = 0; i < n && i < VALUES_SHOWN; i++) {
        fputs(i == 0 ? (two && n > 1 ? "first result: " : "") : two ? "; last: " : "; also ", out);
        markdown_text(out, values[i]);
    }
    if (n > VALUES_SHOWN)
        fprintf(out, "; and %zu more", n - VALUES_SHOWN);
    if (n > 0)
        fputs(" |\n", out);
    for (size_t i = 0; i < n; i++)
        free(values[i]);
    free(values);
}

/* The reasons in one cell, the gravest first. */
static void put_reasons(FILE *out, const struct view *view)
{
    const char *separator = "";
    if (!view->result->complete) {
        fputs("incomplete: interrupted, or out of time", out);
        separator = "; ";
    }
    for (size_t i = 0; i < view->verdict.count; i++) {
        fputs(separator, out);
        markdown_text(out, view->verdict.reasons[i]);
        separator = "; ";
    }
    if (!*separator)
        fputs("no sign of trouble", out);
}

static void put_noise(FILE *out, const struct result *result)
{
    const struct result_noise *noise = &result->noise;
    double ticks = (double)noise->cpu_ticks, capacity = noise->window_s * result->usable_cpus;
    fprintf(out, " %s | %s | %s |", number_seconds(noise->window_s).text,
        number_percent(ticks > 0 ? (double)noise->steal_ticks / ticks : 0).text,
        number_percent(capacity > 0 ? noise->others_s / capacity : 0).text);
    if (noise->psi_cpu >= 0)
        fprintf(out, " %s | ", number_percent(noise->psi_cpu / 100).text);
    else
        fputs(" \u2013 | ", out);
}

/* How much was measured: blocks, rounds of a survey, or pairs of searches. */
static void put_blocks(FILE *out, const struct view *view)
{
    if (view_has_sweep(view))
        fprintf(out, "%zu | ", summary_blocks(view->result));
    else if (view_has_survey(view))
        fprintf(out, "%zu rounds | ", view->result->blocks_count);
    else
        fprintf(out, "%zu pairs | ", view->result->pairs_count);
}

static void put_verdicts(FILE *out, const struct input *input)
{
    fputs("| result | verdict | blocks | started | took | steal | others | pressure | why |\n"
          "| --- | --- | ---: | --- | ---: | ---: | ---: | ---: | --- |\n",
        out);
    for (size_t i = 0; i < input->views_count; i++) {
        const struct view *view = &input->views[i];
        const struct result *result = view->result;
        fputs("| ", out);
        markdown_text(out, view->label);
        fprintf(out, " | **%s** | ", verdict_name(view->verdict.level));
        put_blocks(out, view);
        markdown_text(out, result->started ? result->started : "unknown");
        fputs(" |", out);
        put_noise(out, result);
        put_reasons(out, view);
        fputs(" |\n", out);
    }
    fputc('\n', out);
}

static void put_left_out(FILE *out, const struct input *input)
{
    if (input->left_out_count == 0)
        return;
    fputs("Left out, because this version cannot read them as results: ", out);
    for (size_t i = 0; i < input->left_out_count; i++) {
        fputs(i ? ", " : "", out);
        markdown_code(out, input->left_out[i]);
    }
    fputs(".\n\n", out);
}

static const char reading[] =
    "## How to read the numbers\n\n"
    "- **Paired blocks:** in each block serial and every pool run the same tasks once, in random "
    "order; only times of the same block are compared, so that what disturbs the machine disturbs "
    "both.\n"
    "- **Speedup** is serial time / pool time, the median over the blocks, with its exact 95 % "
    "sign "
    "interval in brackets: `1.93 [1.91, 1.95]`. It assumes no distribution and needs 6 blocks "
    "(`[\u2013, \u2013]`: fewer). The "
    "pool is warm; its start and stop stand apart. Time a task is the region's time / its tasks.\n"
    "- **Efficiency** is speedup / min(workers, usable CPUs); for io cases, which wait and do not "
    "compute, speedup / workers. \u2020 marks more workers than usable CPUs.\n"
    "- **Break-even** is the grain (serial time of one task), or the number of tasks, from which "
    "on "
    "a pool is faster than serial; its bracket runs from the last size significantly slower to the "
    "first significantly faster. METG(50) is the grain at which efficiency reaches 0.5. Cold "
    "counts "
    "the pool's start and stop, warm does not.\n"
    "- **Verdict:** TRUSTED; SUSPECT, with signs that the machine was not quiet: read the reasons; "
    "REFUSED, where something is wrong that no statistics mends: do not use these numbers.\n\n";

void section_machine(FILE *out, const struct report *report)
{
    fputs("## Machine and verdict\n\n| | |\n| --- | --- |\n", out);
    for (size_t i = 0; i < KEYS; i++)
        put_key(out, &report->input, &keys[i]);
    fputc('\n', out);
    put_verdicts(out, &report->input);
    put_left_out(out, &report->input);
    fputs(reading, out);
}
