/* The options of every subcommand that can run in virtual time. */
#ifndef CLI_SIMULATE_H
#define CLI_SIMULATE_H

#include "../measure/simulated.h"
#include "cli.h"

/* Part of its table. */
#define SIMULATE_OPTIONS                                                                           \
    {.name = "sim",                                                                                \
        .type = PARAM_MANY,                                                                        \
        .choices = "KEY=VALUE,...",                                                                \
        .help = "simulate instead of measuring; `poolbench list sim` shows the keys"},             \
    {                                                                                              \
        .name = "from-machine", .type = PARAM_FLAG,                                                \
        .help = "simulate, with costs and lengths measured here where --sim gives none"            \
    }

/* Begins to simulate where the options or the backend sim ask for it; *backends is what -b says,
 * and becomes what is to be simulated. Refuses what would mix real and virtual times. Call it
 * before sizes are read, as -1 means all of the simulated cores. Returns STATUS_DONE, or another
 * status after a message. */
enum status simulate_begin(const struct cli *cli, const char **backends);

/* The line that says so above a table; nothing where the result was measured. */
void simulate_print(const struct result *result);

#endif
