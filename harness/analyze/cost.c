/* Pools in, the smallest faster one of each backend out. */
#include "cost.h"

#include "bracket.h"
#include "holm.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the smallest of each backend ---- */

static struct cost *row_of(struct cost *costs, size_t *n, const struct result_config *config)
{
    for (size_t i = 0; i < *n; i++)
        if (strcmp(costs[i].backend, config->backend) == 0 && costs[i].chunk == config->chunk)
            return &costs[i];
    costs[*n] = (struct cost){.backend = config->backend, .chunk = config->chunk, .from_ns = NAN};
    return &costs[(*n)++];
}

static void add(
    struct cost *costs, size_t *n, const struct result_config *config, bool faster, double from_ns)
{
    struct cost *cost = row_of(costs, n, config);
    if (config->workers > cost->largest)
        cost->largest = config->workers;
    if (!faster || (cost->config && cost->config->workers <= config->workers))
        return;
    cost->config = config;
    cost->from_ns = from_ns;
}

size_t cost_of_sweep(const struct result *result, const struct family *family, struct cost **costs)
{
    size_t n = 0;
    *costs = calloc(family->count + 1, sizeof **costs);
    for (size_t i = 0; *costs && i < family->count; i++)
        if (family->members[i].side != FAMILY_NONE)
            add(*costs, &n, &result->configs[i], family->members[i].side == FAMILY_FASTER, NAN);
    return n;
}

/* ---- by grain ---- */

static bool counts(const struct result_search *search)
{
    return search->axis == RESULT_BY_GRAIN && fabs(search->target - 1) < 1e-9;
}

/* The nominal grain of the first point that is faster with none slower behind it; NAN: there is
 * none. */
static double first_faster(const struct bracket_point *points, size_t n, double *x)
{
    double nominal = NAN;
    for (size_t i = n; i-- > 0 && points[i].side >= 0;)
        if (points[i].side > 0) {
            nominal = points[i].nominal;
            *x = points[i].x;
        }
    return nominal;
}

/* p of "serial is as fast" over all pairs from the first faster size on; NAN: never faster. The
 * pairs are those of all searches of the same curve. */
static double p_of(const struct result *result, unsigned search, double *from_ns)
{
    struct bracket_point *points;
    size_t n = bracket_points(result, search, &points), taken = 0;
    double from = first_faster(points, n, from_ns), *d = calloc(result->pairs_count + 1, sizeof *d);
    for (size_t i = 0; d && i < result->pairs_count; i++) {
        const struct result_pair *pair = &result->pairs[i];
        if (pair->nominal >= from &&
            bracket_same_curve(&result->searches[pair->search], &result->searches[search]))
            d[taken++] = log(pair->serial_s / pair->pool_s);
    }
    double p = taken ? stat_sign_test(d, taken) : NAN;
    free(d);
    free(points);
    return p;
}

size_t cost_of_searches(const struct result *result, struct cost **costs)
{
    size_t n = 0, count = result->searches_count;
    double *p = calloc(count + 1, sizeof *p), *from = calloc(count + 1, sizeof *from);
    *costs = calloc(count + 1, sizeof **costs);
    for (unsigned i = 0; p && from && i < count; i++) {
        p[i] = counts(&result->searches[i]) ? p_of(result, i, &from[i]) : NAN;
        if (counts(&result->searches[i]) && isnan(p[i]))
            p[i] = 1; /* judged, and not faster */
    }
    bool judged = p && from && *costs && holm_adjust(p, count, p) == 0;
    for (unsigned i = 0; judged && i < count; i++)
        if (!isnan(p[i]))
            add(*costs, &n, &result->searches[i].config, p[i] <= STAT_ALPHA, from[i]);
    free(from);
    free(p);
    return n;
}

/* ---- in words ---- */

const char *cost_text(char *text, size_t size, const struct cost *costs, size_t n)
{
    *text = '\0';
    for (size_t i = 0; i < n; i++) {
        const struct cost *cost = &costs[i];
        char chunk[40] = "";
        size_t length = strlen(text);
        if (length + 1 >= size)
            break;
        for (size_t j = 0; j < n; j++)
            if (j != i && strcmp(costs[j].backend, cost->backend) == 0)
                snprintf(chunk, sizeof chunk, cost->chunk ? " (chunk %" PRIu64 ")" : " (guided)",
                    cost->chunk);
        length += (size_t)snprintf(
            text + length, size - length, "%s%s%s ", i ? ", " : "", cost->backend, chunk);
        if (length < size)
            snprintf(text + length, size - length, cost->config ? "%u" : "none up to %u",
                cost->config ? cost->config->workers : cost->largest);
    }
    return text;
}
