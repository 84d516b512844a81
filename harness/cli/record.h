/* Result files as subcommands make them: provenance, where they go, the sweep's table. */
#ifndef CLI_RECORD_H
#define CLI_RECORD_H

#include "cli.h"

#include <limits.h>

/* The options of every subcommand that writes a result file, part of its table. */
#define RECORD_OPTIONS                                                                             \
    {.name = "host",                                                                               \
        .type = PARAM_TEXT,                                                                        \
        .choices = "NAME",                                                                         \
        .help = "folder below results/ (default: this host's name)"},                              \
        {.name = "label",                                                                          \
            .type = PARAM_TEXT,                                                                    \
            .choices = "NAME",                                                                     \
            .help = "name of the result file (default: the case's, or the subcommand's)"},         \
    {                                                                                              \
        .name = "output", .letter = 'o', .type = PARAM_TEXT, .choices = "FILE",                    \
        .help = "result file (default results/HOST/LABEL.json)"                                    \
    }

/* results/HOST, from the option or this host. */
void record_folder(const struct cli *cli, char *path, size_t size);

/* A new result with machine, command, start and CPUs filled in, once it is known that its file can
 * be written. label: where the option gives none. Returns STATUS_DONE, or another status after a
 * message; there is no result then. */
enum status record_begin(const struct cli *cli, const char *label, struct result **begun);

/* The case's part of it. */
void record_case(struct result *result, const struct workload *workload);

/* Writes the file, and says where. Returns STATUS_DONE or STATUS_FAILED after a message. */
enum status record_save(const struct cli *cli, const struct result *result);

#endif
