/* What `breakeven` prints of a result: the table of crossings and the map. */
#ifndef CLI_CROSSINGS_H
#define CLI_CROSSINGS_H

#include "../analyze/verdict.h"
#include "../store/result.h"

/* As tables, and as one JSON object, on stdout. */
void crossings_print(const struct result *result, const struct verdict *verdict);
void crossings_print_json(const struct result *result, const struct verdict *verdict);

#endif
