/* fit: what limits throughput as workers are added, from a table or a result file. */
#include "../analyze/fit.h"
#include "../analyze/series.h"
#include "../store/csv.h"
#include "../util/units.h"
#include "commands.h"
#include "json.h"
#include "simulate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORKERS_MAX 1e9
/* Squares of these are still numbers. */
#define VALUE_MIN 1e-100
#define VALUE_MAX 1e100

static const struct param options[] = {
    {.name = "backend",
        .letter = 'b',
        .type = PARAM_TEXT,
        .choices = "NAME",
        .help = "whose samples of a result file (needed where it has several)"},
    {.name = "columns",
        .type = PARAM_TEXT,
        .choices = "N,X",
        .help = "workers and throughput in a table of more columns: names, or numbers from 1"},
    {.name = "times",
        .type = PARAM_FLAG,
        .help = "the table's second column is the time of the same work, not a throughput"},
    {.name = "at",
        .type = PARAM_LIST,
        .choices = "LIST",
        .help = "numbers of workers to predict throughput for, 64,128"},
    {.name = "replicates",
        .type = PARAM_COUNT,
        .value = "999",
        .min = 99,
        .max = 99999,
        .help = "data sets of the bootstrap"},
    {.name = "seed", .type = PARAM_COUNT, .help = "seed of the bootstrap"},
    {.name = "json", .type = PARAM_FLAG, .help = "print one JSON object"},
    {0},
};

/* What is fitted, and where it is from. */
struct data {
    struct squares_row *rows;
    size_t count, room;
    bool times;
    struct result *result; /* NULL: from a table */
    const char *backend;
    int64_t *at; /* sizes to predict for */
    int at_count;
};

/* ---- reading ---- */

static void add_row(void *to, double workers, double value)
{
    struct data *data = to;
    if (data->count == data->room) {
        data->room = data->room ? data->room * 2 : 64;
        data->rows = cli_must(realloc(data->rows, data->room * sizeof *data->rows));
    }
    data->rows[data->count++] = (struct squares_row){workers, data->times ? 1 / value : value};
}

static enum status read_table(const struct cli *cli, struct data *data)
{
    char why[1024];
    data->times = param_flag(cli->options, "times");
    const struct csv_source source = {.path = cli->words[0],
        .columns = param_text(cli->options, "columns"),
        .first = {"workers", .whole = true, .least = 1, .most = WORKERS_MAX},
        .second = {data->times ? "time" : "throughput", .least = VALUE_MIN, .most = VALUE_MAX}};
    if (csv_read(&source, add_row, data, why, sizeof why))
        return cli_fail(cli, STATUS_FAILED, "%s", why);
    return STATUS_DONE;
}

static enum status pick_backend(const struct cli *cli, struct data *data)
{
    const char *wanted = param_text(cli->options, "backend"), *backend;
    char names[512] = "";
    size_t count = 0;
    for (; (backend = series_backend(data->result, count)); count++) {
        size_t length = strlen(names);
        snprintf(names + length, sizeof names - length, "%s%s", count ? ", " : "", backend);
        if (!wanted || strcmp(wanted, backend) == 0)
            data->backend = backend;
    }
    if (count == 0)
        return cli_fail(
            cli, STATUS_FAILED, "%s: no samples of a pool in it; sweep makes them", cli->words[0]);
    if (wanted && !data->backend)
        return cli_fail(
            cli, STATUS_USAGE, "%s: no backend \"%s\"; it has %s", cli->words[0], wanted, names);
    if (!wanted && count > 1)
        return cli_fail(cli, STATUS_USAGE, "%s has several backends: choose one by -b (%s)",
            cli->words[0], names);
    return STATUS_DONE;
}

static enum status read_result(const struct cli *cli, struct data *data)
{
    char why[1024];
    if (param_given(cli->options, "columns") || param_given(cli->options, "times"))
        return cli_fail(cli, STATUS_USAGE, "--columns and --times are for tables, not for .json");
    data->result = result_load(cli->words[0], why, sizeof why);
    if (!data->result)
        return cli_fail(cli, STATUS_FAILED, "%s", why);
    enum status status = pick_backend(cli, data);
    if (status)
        return status;
    data->count = series_rows(data->result, data->backend, &data->rows, why, sizeof why);
    return data->count ? STATUS_DONE : cli_fail(cli, STATUS_FAILED, "%s: %s", cli->words[0], why);
}

static enum status read_data(const struct cli *cli, struct data *data)
{
    const char *ending = strrchr(cli->words[0], '.'), *at = param_text(cli->options, "at");
    data->at_count = at ? units_parse_list(at, &data->at) : 0;
    for (int i = 0; i < data->at_count; i++)
        if (data->at[i] < 1)
            return cli_fail(cli, STATUS_USAGE, "--at %s: numbers of workers start at 1", at);
    if (ending && strcmp(ending, ".json") == 0)
        return read_result(cli, data);
    if (param_given(cli->options, "backend"))
        return cli_fail(
            cli, STATUS_USAGE, "-b is for result files (.json); a table has no backends");
    return read_table(cli, data);
}

/* ---- JSON ---- */

/* null for a coefficient that the law does not have. */
static json_t *coefficient_json(const struct fit_model *model, enum curve_coefficient coefficient)
{
    const struct fit_coefficient *at = &model->at[coefficient];
    if (!model->fitted || isnan(at->t.value))
        return json_null();
    json_t *object = json_interval(at->t);
    json_object_set_new(object, "se", json_number(at->se));
    json_object_set_new(object, "bootstrap", json_interval(at->bootstrap));
    return object;
}

static json_t *predictions_json(const struct fit_model *model, const struct data *data)
{
    json_t *list = json_array();
    for (int i = 0; i < data->at_count; i++)
        json_array_append_new(list, json_pack("{s:I, s:o}", "n", (json_int_t)data->at[i], "x",
                                        json_interval(fit_throughput(model, (double)data->at[i]))));
    return list;
}

static void set_figures(json_t *object, const struct fit_model *model, const struct data *data)
{
    json_object_set_new(object, "df", json_integer((json_int_t)model->df));
    json_object_set_new(object, "rss", json_number(model->rss));
    json_object_set_new(object, "rse", json_number(model->rse));
    json_object_set_new(object, "aicc", json_number(model->aicc));
    json_object_set_new(object, "lack_of_fit_p", json_number(model->lack_p));
    struct interval peak_x = {NAN, NAN, NAN};
    if (model->has_peak)
        peak_x = fit_throughput(model, model->peak_n.value);
    json_object_set_new(object, "peak_n", json_number(model->peak_n.value));
    json_object_set_new(object, "peak_x", json_number(peak_x.value));
    json_object_set_new(object, "peak_n_interval", json_interval(model->peak_n));
    json_object_set_new(object, "peak_x_interval", json_interval(peak_x));
    json_object_set_new(object, "limit", json_number(model->limit));
    json_object_set_new(object, "predictions", predictions_json(model, data));
}

static json_t *model_json(const struct fit_model *model, const struct data *data)
{
    json_t *object = json_pack("{s:s, s:b, s:o, s:o, s:o}", "name", curve_name(model->curve.law),
        "fitted", model->fitted, "sigma", coefficient_json(model, CURVE_SIGMA), "kappa",
        coefficient_json(model, CURVE_KAPPA), "lambda", coefficient_json(model, CURVE_LAMBDA));
    if (model->fitted)
        set_figures(object, model, data);
    else
        json_object_set_new(object, "reason", json_string(model->why));
    return object;
}

static void print_json(const struct cli *cli, const struct fit *fit, const struct data *data)
{
    json_t *models = json_array();
    for (size_t i = 0; i < CURVE_LAWS; i++)
        json_array_append_new(models, model_json(&fit->models[i], data));
    json_t *root = json_pack("{s:s, s:o, s:I, s:I, s:o, s:s}", "schema", "poolbench/fit/v1", "file",
        json_text(cli->words[0]), "rows", (json_int_t)data->count, "sizes",
        (json_int_t)fit->models[0].sizes, "models", models, "chosen",
        curve_name((enum curve_law)fit->chosen));
    if (data->result) {
        struct verdict verdict = verdict_of(data->result);
        json_object_set_new(root, "backend", json_text(data->backend));
        json_set_simulated(root, data->result);
        json_set_verdict(root, &verdict);
    }
    json_print(root);
}

/* ---- text ---- */

/* "21.85 [19, 24.69]", or a dash for what is not there. */
static const char *interval_text(char *text, size_t size, struct interval interval)
{
    if (isnan(interval.value))
        snprintf(text, size, "-");
    else
        snprintf(text, size, "%.4g [%.3g, %.3g]", interval.value, interval.lo, interval.hi);
    return text;
}

static const char *plain_text(char *text, size_t size, double value)
{
    snprintf(text, size, isfinite(value) ? "%.4g" : "-", value);
    return text;
}

static void print_models(const struct fit *fit)
{
    struct cli_table *table = cli_table_new();
    cli_table_row(table, "LAW\tLAMBDA\tSIGMA\tKAPPA\tPEAK AT\tLIMIT\tRSE\tAICC\tCHOICE");
    for (int i = 0; i < CURVE_LAWS; i++) {
        const struct fit_model *model = &fit->models[i];
        char lambda[64], sigma[64], kappa[64], peak[64], limit[32], rse[32], aicc[32];
        if (!model->fitted)
            continue;
        cli_table_row(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s", curve_title(model->curve.law),
            interval_text(lambda, sizeof lambda, model->at[CURVE_LAMBDA].t),
            interval_text(sigma, sizeof sigma, model->at[CURVE_SIGMA].t),
            interval_text(kappa, sizeof kappa, model->at[CURVE_KAPPA].t),
            interval_text(peak, sizeof peak, model->peak_n),
            plain_text(limit, sizeof limit, model->limit), plain_text(rse, sizeof rse, model->rse),
            plain_text(aicc, sizeof aicc, model->aicc), i == fit->chosen ? "chosen" : "");
    }
    cli_table_print(table);
}

static void print_predictions(const struct fit *fit, const struct data *data)
{
    struct cli_table *table = cli_table_new();
    cli_table_row(table, "\nWORKERS\tAMDAHL\tGUSTAFSON\tUSL");
    for (int i = 0; i < data->at_count; i++) {
        char text[CURVE_LAWS][64];
        for (size_t j = 0; j < CURVE_LAWS; j++)
            interval_text(text[j], sizeof text[j],
                fit->models[j].fitted ? fit_throughput(&fit->models[j], (double)data->at[i])
                                      : (struct interval){NAN, NAN, NAN});
        cli_table_row(table, "%lld\t%s\t%s\t%s", (long long)data->at[i], text[CURVE_AMDAHL],
            text[CURVE_GUSTAFSON], text[CURVE_USL]);
    }
    cli_table_print(table);
}

/* What the chosen curve says, in words. */
static void print_meaning(const struct fit_model *model)
{
    const struct interval peak = model->peak_n;
    if (model->has_peak)
        printf("%s: throughput peaks at %.3g [%.3g, %.3g] workers and falls beyond\n",
            curve_title(model->curve.law), peak.value, peak.lo, peak.hi);
    else if (model->curve.law == CURVE_USL)
        puts("USL: no peak to name, as kappa's interval includes 0");
    else if (isfinite(model->limit))
        printf("%s: ever more workers approach a throughput of %.4g\n",
            curve_title(model->curve.law), model->limit);
    else
        printf("%s: no limit in sight\n", curve_title(model->curve.law));
}

static void print_text(const struct cli *cli, const struct fit *fit, const struct data *data)
{
    if (data->result)
        simulate_print(data->result);
    printf("throughput by workers from %s%s%s: %zu row%s, %zu sizes; 95 %% intervals\n",
        cli->words[0], data->backend ? ", " : "", data->backend ? data->backend : "", data->count,
        data->count == 1 ? "" : "s", fit->models[0].sizes);
    print_models(fit);
    print_meaning(&fit->models[fit->chosen]);
    if (data->at_count > 0)
        print_predictions(fit, data);
}

/* ---- the command ---- */

/* "= 0.012", "< 0.0001" */
static const char *p_text(char *text, size_t size, double p)
{
    if (p < 1e-4)
        snprintf(text, size, "< 0.0001");
    else
        snprintf(text, size, "= %.2g", p);
    return text;
}

/* What the reader should know of laws that were left out or do not describe the data. */
static void print_doubts(const struct cli *cli, const struct fit *fit)
{
    for (size_t i = 0; i < CURVE_LAWS; i++) {
        const struct fit_model *model = &fit->models[i];
        const char *title = curve_title(model->curve.law);
        char p[32];
        if (!model->fitted)
            cli_fail(cli, STATUS_DONE, "%s is left out: %s", title, model->why);
        else if (model->lack_p < STAT_ALPHA)
            cli_fail(cli, STATUS_DONE,
                "%s does not describe these data (lack of fit, p %s): its intervals take each "
                "size for one row",
                title, p_text(p, sizeof p, model->lack_p));
    }
}

static enum status fit_data(const struct cli *cli, const struct data *data)
{
    struct fit fit;
    const struct fit_options with = {.replicates = param_count(cli->options, "replicates"),
        .seed =
            param_given(cli->options, "seed") ? param_count(cli->options, "seed") : WORKLOAD_SEED};
    enum status status = STATUS_DONE;
    if (fit_all(&fit, data->rows, data->count, &with))
        status = cli_fail(cli, STATUS_FAILED, "%s: no law can be fitted: %s", cli->words[0],
            fit.models[CURVE_AMDAHL].why);
    else if (param_flag(cli->options, "json"))
        print_json(cli, &fit, data);
    else
        print_text(cli, &fit, data);
    if (status == STATUS_DONE)
        print_doubts(cli, &fit);
    for (size_t i = 0; i < CURVE_LAWS; i++)
        fit_clear(&fit.models[i]);
    return status;
}

static enum status fit_run(const struct cli *cli)
{
    struct data data = {0};
    enum status status = read_data(cli, &data);
    if (status == STATUS_DONE)
        status = fit_data(cli, &data);
    if (status == STATUS_DONE && data.result) {
        struct verdict verdict = verdict_of(data.result);
        cli_print_reasons(cli, &verdict);
    }
    free(data.rows);
    free(data.at);
    if (data.result)
        result_free(data.result);
    return status;
}

const struct cli_command command_fit = {
    .name = "fit",
    .words = "FILE",
    .summary = "what limits throughput: Amdahl, Gustafson and USL, of a sweep or any table",
    .options = options,
    .words_min = 1,
    .words_max = 1,
    .run = fit_run,
};
