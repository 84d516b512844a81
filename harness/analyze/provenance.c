/* Facts of a result as texts, so that one comparison serves all of them. Load, pressure and the
 * cost of a clock reading are no facts but measurements, and memory sizes differ by some kilobytes
 * between boots; none of them is here. */
#include "provenance.h"

#include "../util/printable.h"
#include "summary.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A fact of the result itself writes its text; one without a writer is a key of `machine`. */
struct fact {
    enum provenance_group group;
    const char *what;
    void (*write)(FILE *text, const struct result *result);
};

static void write_case(FILE *text, const struct result *result)
{
    fputs(result->case_name, text);
}

static void write_kind(FILE *text, const struct result *result)
{
    fputs(result->case_kind, text);
}

static void write_tasks(FILE *text, const struct result *result)
{
    fprintf(text, "%" PRIu64, result->tasks);
}

static void write_params(FILE *text, const struct result *result)
{
    for (size_t i = 0; i < result->params_count; i++)
        fprintf(text, "%s%s=%s", i ? " " : "", result->params[i].name, result->params[i].value);
}

static void write_seed(FILE *text, const struct result *result)
{
    fprintf(text, "0x%016" PRIx64, result->seed);
}

static void write_answer(FILE *text, const struct result *result)
{
    fputs(result->answer ? result->answer : "", text);
}

/* Of any region of all tasks without an error: all of one result have the same, or are wrong. */
static void write_checksum(FILE *text, const struct result *result)
{
    for (size_t i = 0; i < result->samples_count; i++) {
        const struct result_sample *sample = &result->samples[i];
        if (!summary_counts(sample) || sample->tasks != result->tasks || sample->errors)
            continue;
        fprintf(text, "0x%016" PRIx64, sample->checksum);
        return;
    }
}

static void write_model(FILE *text, const struct result *result)
{
    fputs(result->simulated ? result->simulated : "measured", text);
}

static void write_usable(FILE *text, const struct result *result)
{
    fprintf(text, "%u", result->usable_cpus);
}

static const struct fact facts[] = {
    {PROVENANCE_WORK, "case", write_case},
    {PROVENANCE_WORK, "kind", write_kind},
    {PROVENANCE_WORK, "tasks", write_tasks},
    {PROVENANCE_WORK, "parameters", write_params},
    {PROVENANCE_WORK, "seed", write_seed},
    {PROVENANCE_ANSWER, "answer", write_answer},
    {PROVENANCE_ANSWER, "checksum", write_checksum},
    {PROVENANCE_MODEL, "simulated", write_model},
    {PROVENANCE_HOST, "cpu_model", NULL},
    {PROVENANCE_HOST, "cpus_online", NULL},
    {PROVENANCE_HOST, "topology", NULL},
    {PROVENANCE_HOST, "caches", NULL},
    {PROVENANCE_HOST, "virtualization", NULL},
    {PROVENANCE_HOST, "clock_source", NULL},
    {PROVENANCE_SYSTEM, "kernel", NULL},
    {PROVENANCE_SYSTEM, "os", NULL},
    {PROVENANCE_SYSTEM, "governor", NULL},
    {PROVENANCE_SYSTEM, "turbo", NULL},
    {PROVENANCE_SYSTEM, "thp", NULL},
    {PROVENANCE_SYSTEM, "aslr", NULL},
    {PROVENANCE_CPUS, "usable CPUs", write_usable},
    {PROVENANCE_CPUS, "cgroup", NULL},
    {PROVENANCE_COMPILER, "compiler", NULL},
    {PROVENANCE_COMPILER, "flags", NULL},
    {PROVENANCE_COMPILER, "libraries", NULL},
    {PROVENANCE_COMMIT, "commit", NULL},
};
#define FACTS (sizeof facts / sizeof *facts)
_Static_assert(FACTS <= PROVENANCE_MAX, "room for every fact");

static void write_machine(FILE *text, const struct result *result, const char *key)
{
    const json_t *value = json_object_get(result->machine, key);
    if (json_is_string(value)) {
        fputs(json_string_value(value), text);
        return;
    }
    char *dump = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    fputs(dump ? dump : "", text);
    free(dump);
}

/* The fact's text, malloc'd. */
static char *text_of(const struct fact *fact, const struct result *result)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    if (stream && fact->write)
        fact->write(stream, result);
    else if (stream)
        write_machine(stream, result, fact->what);
    if (!stream || fclose(stream)) {
        fputs("poolbench: out of memory for the comparison\n", stderr);
        abort();
    }
    return text;
}

/* Texts too long to be shown whole are shown from a little before the byte in which they differ; on
 * one line. */
static void copy(char *room, size_t size, const char *text, size_t differs_at)
{
    static const size_t before = 16;
    bool cut = strlen(text) >= size && differs_at > before;
    snprintf(room, size, "%s%s", cut ? "..." : "",
        !*text ? "none"
        : cut  ? text + differs_at - before
               : text);
    printable_line(room);
}

static size_t first_difference(const char *left, const char *right)
{
    size_t at = 0;
    while (left[at] && left[at] == right[at])
        at++;
    return at;
}

size_t provenance_compare(
    const struct result *a, const struct result *b, struct provenance_difference *found)
{
    size_t count = 0;
    for (const struct fact *fact = facts; fact < facts + FACTS; fact++) {
        char *left = text_of(fact, a), *right = text_of(fact, b);
        if (strcmp(left, right) != 0) {
            struct provenance_difference *difference = &found[count++];
            difference->group = fact->group;
            difference->what = fact->what;
            size_t at = first_difference(left, right);
            copy(difference->a, sizeof difference->a, left, at);
            copy(difference->b, sizeof difference->b, right, at);
        }
        free(left);
        free(right);
    }
    return count;
}

const char *provenance_group_name(enum provenance_group group)
{
    static const char *const names[] = {
        "work", "answer", "model", "host", "system", "cpus", "compiler", "commit"};
    return names[group];
}
