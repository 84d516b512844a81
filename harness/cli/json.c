/* JSON to stdout. */
#include "json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

json_t *json_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *json_text(const char *text)
{
    json_t *valid = json_string(text);
    if (valid)
        return valid;
    char *copy = strdup(text);
    for (char *at = copy; at && *at; at++)
        if ((unsigned char)*at >= 0x80)
            *at = '?';
    json_t *replaced = json_string(copy ? copy : "?");
    free(copy);
    return replaced;
}

json_t *json_interval(struct interval interval)
{
    return json_pack("{s:o, s:o, s:o}", "value", json_number(interval.value), "lo",
        json_number(interval.lo), "hi", json_number(interval.hi));
}

void json_set_verdict(json_t *object, const struct verdict *verdict)
{
    json_t *reasons = json_array();
    for (size_t i = 0; i < verdict->count; i++)
        json_array_append_new(reasons, json_text(verdict->reasons[i]));
    json_object_set_new(object, "verdict", json_string(verdict_name(verdict->level)));
    json_object_set_new(object, "reasons", reasons);
}

void json_set_simulated(json_t *object, const struct result *result)
{
    json_object_set_new(object, "simulated", json_boolean(result->simulated != NULL));
    if (result->simulated)
        json_object_set_new(object, "model", json_text(result->simulated));
}

void json_print(json_t *root)
{
    json_dumpf(root, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
    putchar('\n');
    json_decref(root);
}

void json_set_cost(json_t *object, const struct cost *costs, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        const struct cost *cost = &costs[i];
        json_array_append_new(list,
            json_pack("{s:s, s:I, s:o, s:o, s:i}", "backend", cost->backend, "chunk",
                (json_int_t)cost->chunk, "workers",
                cost->config ? json_integer(cost->config->workers) : json_null(), "from_ns",
                json_number(cost->config ? cost->from_ns : NAN), "largest", (int)cost->largest));
    }
    json_object_set_new(object, "cost", list);
}

void json_set_split(json_t *object, const struct result_config *config)
{
    if (*config->split)
        json_object_set_new(object, "split", json_string(config->split));
}
