/* The hazards as a list, for the subcommands that show it. */
#ifndef CLI_HAZARDS_H
#define CLI_HAZARDS_H

#include "../demo/demo.h"
#include "../measure/registry.h"
#include "cli.h"

#include <jansson.h>

/* Why a hazard cannot be shown here, or NULL. */
const char *hazards_reason(const struct registry_demo *hazard);

/* An array of (name, summary, kind, available, reason). A new reference. */
json_t *hazards_json(void);

/* Adds a heading and a row each to a table of three columns. */
void hazards_rows(struct cli_table *table);

/* Prints what a hazard is and what its two forms do. Returns STATUS_DONE, or another after a
 * message. */
enum status hazards_print(const struct cli *cli, const struct registry_demo *hazard);

/* Writes all names, "a, b, c", as far as there is room. Returns names. */
const char *hazards_names(char *names, size_t size);

#endif
