/* The data file of break-even by bytes: what a task costs that carries them, and the grain from
 * which it is worth it. */
#include "datafile.h"

#include "../analyze/crossing.h"

#include <math.h>
#include <stdlib.h>

#define NS 1e-9

static const char header[] =
    "# Index 0: title. Then one index a pool, in the columns\n"
    "#   1 label, 2 backend, 3 workers, 4 bytes to the worker, 5 bytes back,\n"
    "#   6 what a task adds to its ideal share, 7 low, 8 high,   9 break-even, 10 low, 11 high, in "
    "seconds\n"
    "# Low and high are the 95 % interval's ends, of a crossing its bracket's; NaN: none.\n";

static void put_label(FILE *out, const struct result_config *config)
{
    char label[sizeof(struct result_name) + 32];
    snprintf(label, sizeof label, "%s \u00d7 %u", result_name(config).text, config->workers);
    datafile_put_text(out, label);
}

static void put_row(FILE *out, const struct crossing *row)
{
    put_label(out, row->config);
    fputc(' ', out);
    datafile_put_text(out, row->config->backend);
    fprintf(out, " %u %llu %llu", row->config->workers, (unsigned long long)row->payload,
        (unsigned long long)row->result);
    datafile_put_interval(out, stat_scaled(row->overhead_ns, NS));
    datafile_put_interval(out, stat_scaled(row->breakeven_ns.x, NS));
    fputc('\n', out);
}

static bool same_pool(const struct crossing *a, const struct crossing *b)
{
    return a->calls == b->calls && result_same_pool(a->config, b->config);
}

static bool begins(const struct crossing *rows, size_t row)
{
    for (size_t i = 0; i < row; i++)
        if (same_pool(&rows[i], &rows[row]))
            return false;
    return rows[row].calls;
}

void datafile_put_bytes(FILE *out, const struct view *view)
{
    struct crossing *rows;
    size_t n = crossing_all(view->result, &rows);
    fprintf(out, "# Break-even by bytes that a task carries, derived from %s.json.\n%s",
        view->label, header);
    datafile_put_title(out, view, "bytes that a task carries");
    fputc('\n', out);
    for (size_t i = 0; i < n; i++) {
        if (!begins(rows, i))
            continue;
        fprintf(out, "\n\n# %s, %u workers\n", rows[i].config->backend, rows[i].config->workers);
        for (size_t j = i; j < n; j++)
            if (same_pool(&rows[i], &rows[j]))
                put_row(out, &rows[j]);
    }
    free(rows);
}
