/* Results in memory: made, appended to and freed by the tables of layout.c. */
#include "result.h"

#include "layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct result_name result_name(const struct result_config *config)
{
    struct result_name name;
    snprintf(name.text, sizeof name.text, "%s%s%s", config->backend, *config->split ? " " : "",
        config->split);
    return name;
}

bool result_same_pool(const struct result_config *a, const struct result_config *b)
{
    return strcmp(a->backend, b->backend) == 0 && a->workers == b->workers &&
           strcmp(a->split, b->split) == 0;
}

bool result_same_config(const struct result_config *a, const struct result_config *b)
{
    return result_same_pool(a, b) && a->chunk == b->chunk;
}

struct result *result_new(const char *label)
{
    struct result *result = field_must(calloc(1, sizeof *result));
    snprintf(result->label, sizeof result->label, "%s", label);
    result->noise.psi_cpu = -1;
    return result;
}

void result_free(struct result *result)
{
    if (result)
        field_free(layout_result, result);
    free(result);
}

static unsigned append(struct result *result, const char *key, const void *row)
{
    return (unsigned)field_append(layout_rows(key), result, row);
}

unsigned result_add_config(struct result *result, const struct result_config *config)
{
    return append(result, "configs", config);
}

void result_add_param(struct result *result, const char *name, const char *value)
{
    struct result_param param = {(char *)(uintptr_t)name, (char *)(uintptr_t)value};
    append(result, "params", &param);
}

void result_add_block(struct result *result, const struct result_block *block)
{
    append(result, "blocks", block);
}

void result_add_sample(struct result *result, const struct result_sample *sample)
{
    append(result, "samples", sample);
}

unsigned result_add_command(struct result *result, unsigned config, const char *text)
{
    struct result_command command = {config, (char *)(uintptr_t)text};
    return append(result, "commands", &command);
}

void result_add_run(struct result *result, const struct result_run *run)
{
    append(result, "runs", run);
}

unsigned result_add_search(struct result *result, const struct result_search *search)
{
    return append(result, "searches", search);
}

void result_add_pair(struct result *result, const struct result_pair *pair)
{
    append(result, "pairs", pair);
}

unsigned result_add_figure(struct result *result, const struct result_figure *figure)
{
    return append(result, "figures", figure);
}

void result_add_reading(struct result *result, const struct result_reading *reading)
{
    append(result, "readings", reading);
}
