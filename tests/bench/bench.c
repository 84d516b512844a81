/* `make bench`: our pools and what a user would pick instead, side by side, against the targets.
 * The rows are in rows.c; this is the way through them. */
#include "rows.h"
#include "sheet.h"

#include "harness/cli/cli.h"
#include "harness/cli/progress.h"
#include "harness/cli/record.h"
#include "harness/measure/cpus.h"
#include "harness/measure/noise.h"
#include "harness/util/interrupt.h"

#include <fnmatch.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#define WORDS_MAX 1000

static const struct param options[] = {
    {.name = "blocks",
        .type = PARAM_COUNT,
        .value = "12",
        .min = 1,
        .max = 1000,
        .help = "blocks a row; from 6 on there is an interval"},
    {.name = "list", .type = PARAM_FLAG, .help = "only list the rows"},
    {.name = "seed", .type = PARAM_COUNT, .help = "seed of the order within a block"},
    {.name = "host",
        .type = PARAM_TEXT,
        .choices = "NAME",
        .help = "folder below results/ (default: this host's name)"},
    {.name = "label",
        .type = PARAM_TEXT,
        .choices = "NAME",
        .help = "name of the file (default bench; some, where ROWs are given)"},
    {.name = "output",
        .letter = 'o',
        .type = PARAM_TEXT,
        .choices = "FILE",
        .help = "the file (default results/HOST/bench/LABEL.json)"},
    {0},
};

/* ---- which rows ---- */

static bool asked_for(const struct cli *cli, const struct row *row)
{
    for (int i = 0; i < cli->words_count; i++)
        if (fnmatch(cli->words[i], row->name, 0) == 0)
            return true;
    return cli->words_count == 0;
}

/* Every word names a row, or a typing error would go unseen. */
static enum status check_words(const struct cli *cli)
{
    for (int i = 0; i < cli->words_count; i++) {
        const struct row *row = rows;
        while (row->name && fnmatch(cli->words[i], row->name, 0) != 0)
            row++;
        if (!row->name)
            return cli_fail(cli, STATUS_USAGE,
                "there is no row \"%s\"; --list shows them, and * stands for any letters",
                cli->words[i]);
    }
    return STATUS_DONE;
}

static size_t choose(const struct cli *cli, const struct row **chosen)
{
    size_t count = 0;
    for (const struct row *row = rows; row->name; row++)
        if (asked_for(cli, row))
            chosen[count++] = row;
    return count;
}

/* At least 1. */
static size_t rows_count(void)
{
    size_t count = 1;
    while (rows[count].name)
        count++;
    return count;
}

static enum status list_rows(const struct cli *cli)
{
    struct cli_table *table = cli_table_new();
    for (const struct row *row = rows; row->name; row++)
        if (asked_for(cli, row))
            cli_table_row(table, "%s\t%s", row->name, row->what);
    cli_table_print(table);
    return STATUS_DONE;
}

/* ---- the run ---- */

/* The targets are for two CPUs: where there are more, the first two are used, here and in all
 * children. */
static void use_two_cpus(const struct cli *cli)
{
    cpu_set_t usable, two;
    if (sched_getaffinity(0, sizeof usable, &usable))
        return; /* a machine of more than 1024 CPUs */
    CPU_ZERO(&two);
    for (size_t cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&two) < BENCH_WORKERS; cpu++)
        if (CPU_ISSET(cpu, &usable))
            CPU_SET(cpu, &two);
    if (CPU_COUNT(&usable) > BENCH_WORKERS)
        sched_setaffinity(0, sizeof two, &two);
    if (cpus_usable() != BENCH_WORKERS)
        fprintf(stderr, "poolbench %s: %u usable CPUs; the targets are for %u\n",
            cli->command->name, cpus_usable(), BENCH_WORKERS);
}

static enum status measure(const struct cli *cli, const struct row *const *chosen, size_t count,
    struct result *result, struct outcome *outcomes, size_t *measured)
{
    unsigned blocks = (unsigned)param_count(cli->options, "blocks");
    struct noise_mark before = noise_mark();
    int interrupted = 0;
    progress_begin((double)count);
    while (*measured < count && !interrupted) {
        progress_step(chosen[*measured]->name, 1);
        interrupted = measure_row(chosen[*measured], blocks, result, &outcomes[*measured]);
        progress_step_end();
        if (interrupted)
            outcome_free(&outcomes[*measured]);
        else
            ++*measured;
    }
    progress_clear();
    result->noise = noise_since(&before);
    result->complete = *measured == count;
    return interrupted ? STATUS_INTERRUPTED : STATUS_DONE;
}

static enum status save(const struct cli *cli, const struct outcome *outcomes, size_t count,
    const struct result *result, const struct verdict *verdict)
{
    char folder[1024], path[PATH_MAX], why[PATH_MAX + 256];
    const char *output = param_text(cli->options, "output");
    record_folder(cli, folder, sizeof folder);
    if (output)
        snprintf(path, sizeof path, "%s", output);
    else
        snprintf(path, sizeof path, "%s/bench/%s.json", folder, result->label);
    if (sheet_save(outcomes, count, result, verdict, path, why, sizeof why))
        return cli_fail(cli, STATUS_FAILED, "%s", why);
    fprintf(stderr, "poolbench %s: wrote %s%s\n", cli->command->name, path,
        result->complete ? "" : " (incomplete)");
    return STATUS_DONE;
}

static enum status report(const struct cli *cli, const struct outcome *outcomes, size_t count,
    const struct result *result)
{
    const struct verdict verdict = verdict_of(result);
    enum status status = STATUS_DONE;
    size_t promised = 0, met = 0;
    sheet_print(outcomes, count);
    for (size_t i = 0; i < count; i++) {
        promised += outcomes[i].row->kind != ROW_FIGURE;
        met += outcomes[i].level == OUTCOME_MET;
        if (outcomes[i].level == OUTCOME_FAILED)
            status = STATUS_FAILED;
    }
    printf("%zu of %zu targets met; %s\n", met, promised, verdict_name(verdict.level));
    fflush(stdout);
    cli_print_reasons(cli, &verdict);
    return cli_graver(status, save(cli, outcomes, count, result, &verdict));
}

static enum status run(const struct cli *cli)
{
    enum status status = check_words(cli);
    if (status || param_flag(cli->options, "list"))
        return status ? status : list_rows(cli);
    size_t measured = 0;
    const struct row **chosen = calloc(rows_count(), sizeof *chosen);
    struct outcome *outcomes = calloc(rows_count(), sizeof *outcomes);
    struct result *result = NULL;
    if (!chosen || !outcomes)
        abort();
    use_two_cpus(cli);
    status = record_begin(cli, cli->words_count ? "some" : "bench", &result);
    if (status == STATUS_DONE) {
        size_t count = choose(cli, chosen);
        result->seed =
            param_given(cli->options, "seed") ? param_count(cli->options, "seed") : WORKLOAD_SEED;
        status = measure(cli, chosen, count, result, outcomes, &measured);
        status = cli_graver(status, report(cli, outcomes, measured, result));
        result_free(result);
    }
    for (size_t i = 0; i < measured; i++)
        outcome_free(&outcomes[i]);
    free(outcomes);
    free(chosen);
    return status;
}

static const struct cli_command command = {
    .name = "bench",
    .words = "[ROW...]",
    .summary = "measure the pools against their targets and against what a user would pick instead",
    .options = options,
    .words_max = WORDS_MAX,
    .run = run,
};

int main(int argc, char **argv)
{
    interrupt_install();
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    return (int)cli_run(&command, argc, argv);
}
