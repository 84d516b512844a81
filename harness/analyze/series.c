/* Picking a backend's samples. */
#include "series.h"

#include "summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool begins_backend(const struct result *result, size_t config)
{
    const char *backend = result->configs[config].backend;
    for (size_t i = 0; i < config; i++)
        if (strcmp(result->configs[i].backend, backend) == 0)
            return false;
    return strcmp(backend, "serial") != 0;
}

const char *series_backend(const struct result *result, size_t i)
{
    for (size_t config = 0; result->samples_count > 0 && config < result->configs_count; config++)
        if (begins_backend(result, config) && i-- == 0)
            return result->configs[config].backend;
    return NULL;
}

/* A size of the backend that two configurations have; 0: none. */
static unsigned twice(const struct result *result, const char *backend)
{
    const struct result_config *configs = result->configs;
    for (size_t i = 0; i < result->configs_count; i++)
        for (size_t j = 0; j < i && strcmp(configs[i].backend, backend) == 0; j++)
            if (strcmp(configs[j].backend, backend) == 0 &&
                configs[j].workers == configs[i].workers)
                return configs[i].workers;
    return 0;
}

size_t series_rows(const struct result *result, const char *backend, struct squares_row **rows,
    char *why, size_t size)
{
    size_t n = 0;
    unsigned again = twice(result, backend);
    *rows = again ? NULL : calloc(result->samples_count + 1, sizeof **rows);
    for (size_t i = 0; *rows && i < result->samples_count; i++) {
        const struct result_sample *sample = &result->samples[i];
        const struct result_config *config = &result->configs[sample->config];
        if (strcmp(config->backend, backend) == 0 && summary_enters(result, sample))
            (*rows)[n++] = (struct squares_row){config->workers, 1 / summary_task_seconds(sample)};
    }
    if (n > 0)
        return n;
    if (again)
        snprintf(why, size,
            "%s has several configurations of %u workers (chunks or splits), which "
            "is not one curve",
            backend, again);
    else
        snprintf(why, size, "no sample of %s with a time", backend);
    free(*rows);
    *rows = NULL;
    return 0;
}
