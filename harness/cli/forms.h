/* Which backends can run a case at all: `events` only those that have a form that does not block.
 */
#ifndef CLI_FORMS_H
#define CLI_FORMS_H

#include "cli.h"

/* Leaves the configurations out whose backend cannot run the case, and says which, where all
 * backends were asked for (--backend all). Returns STATUS_DONE, or STATUS_UNAVAILABLE after a
 * message where one of them was named. */
enum status forms_keep(
    const struct cli *cli, struct result *result, const struct bench_case *bench);

/* Appends the names of the cases that have the form, as "http, sleep". */
void forms_list(char *text, size_t size);

#endif
