/* Whole commands, timed by hyperfine: what a user waits for, start-up and set-up included. */
#ifndef MEASURE_WHOLE_H
#define MEASURE_WHOLE_H

#include "../store/result.h"
#include "../util/param.h"
#include "../util/status.h"

#include <stddef.h>

/* The words behind `poolbench` that run a case (its name or path) as configured, malloc'd; NULL
 * without memory: what options give of tasks, parameters, seed and simulation, and nothing that is
 * a default, since a case may refuse parameters that do not go together. */
char *whole_words(
    const char *name, const struct result_config *config, const struct param_values *options);

/* Adds `poolbench run` of a case (its name or path) as one command for each of the configurations
 * listed (indices into result->configs), with the tasks, parameters and seed given in options. */
void whole_add_commands(struct result *result, const char *name, const unsigned *configs,
    size_t count, const struct param_values *options);

/* Runs every command of the result once a block: one hyperfine call a block with all of them in
 * random order, without a shell, failures kept. Appends the runs. Returns STATUS_DONE,
 * STATUS_UNAVAILABLE (no hyperfine), STATUS_INTERRUPTED or STATUS_FAILED, with one line in why. */
enum status whole_measure(struct result *result, unsigned blocks, char *why, size_t size);

#endif
