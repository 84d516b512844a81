/* JSON to stdout, in the forms that all subcommands share. */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include "../analyze/cost.h"
#include "../analyze/stat.h"
#include "../analyze/verdict.h"
#include "../store/result.h"

#include <jansson.h>

/* {"value": …, "lo": …, "hi": …}; what is not finite is null. A new reference. */
json_t *json_interval(struct interval interval);

/* A number, or null if it is not finite. A new reference. */
json_t *json_number(double value);

/* A text that may hold any bytes (a file's name, a message cut short): if it is no UTF-8, all but
 * its ASCII becomes '?'. A new reference. */
json_t *json_text(const char *text);

/* Sets "simulated": whether the times are virtual; and "model" then. */
void json_set_simulated(json_t *object, const struct result *result);

/* Sets "verdict" and "reasons". */
void json_set_verdict(json_t *object, const struct verdict *verdict);

/* Prints to stdout and drops the reference. */
void json_print(json_t *root);

/* Sets "cost": the smallest pool of each backend that beats serial. */
void json_set_cost(json_t *object, const struct cost *costs, size_t n);

/* Adds "split" to an object where the configuration has one. */
void json_set_split(json_t *object, const struct result_config *config);

#endif
