/* Results made by hand, as a sweep would have measured them. To be included after cmocka.h by one
 * test program each. */
#ifndef UNIT_MADE_H
#define UNIT_MADE_H

#include "harness/store/result.h"

#include <stdio.h>

/* A quiet sweep of a cpu case with 100 tasks on 2 CPUs, without configurations yet. */
static inline struct result *made_result(void)
{
    struct result *result = result_new("made");
    snprintf(result->case_name, sizeof result->case_name, "spin");
    snprintf(result->case_kind, sizeof result->case_kind, "cpu");
    result->tasks = 100;
    result->usable_cpus = 2;
    result->complete = true;
    result->noise.window_s = 10;
    result->noise.cpu_ticks = 2000;
    return result;
}

static inline unsigned made_config(struct result *result, const char *backend, unsigned workers)
{
    struct result_config config = {.workers = workers};
    snprintf(config.backend, sizeof config.backend, "%s", backend);
    return result_add_config(result, &config);
}

/* Blocks up to `count`, each with a canary of 100 us. */
static inline void made_blocks(struct result *result, size_t count)
{
    while (result->blocks_count < count)
        result_add_block(
            result, &(struct result_block){.at_s = (double)result->blocks_count, .canary_s = 1e-4});
}

/* A sample of one region of all tasks; its block is made too. Valid until the next one. */
static inline struct result_sample *made_sample(
    struct result *result, unsigned block, unsigned config, double wall_s)
{
    made_blocks(result, block + 1);
    struct result_sample sample = {.block = block,
        .config = config,
        .tasks = result->tasks,
        .regions = 1,
        .wall_s = wall_s,
        .cpu_s = wall_s,
        .ok = result->tasks};
    result_add_sample(result, &sample);
    return &result->samples[result->samples_count - 1];
}

#endif
