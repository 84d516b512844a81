/* Profiles: what `make report` measures. */
#ifndef CLI_PROFILE_H
#define CLI_PROFILE_H

#include "cli.h"

#include <stdbool.h>

#define PROFILE_NAMES "quick|default|full"

/* Runs every row of a profile as the subcommand that a user would type. Goes on after a failure.
 * Returns the gravest status. */
enum status profile_run(const struct cli *cli, const char *name);

#endif
