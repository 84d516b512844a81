/* compare: two sides of results, or two configurations within one, with an exit status for CI. What
 * may be compared is decided in compare_checks.h; how, in analyze/compare.h. */
#include "compare.h"

#include "commands.h"
#include "compare_checks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct param options[] = {
    {.name = "backend",
        .letter = 'b',
        .type = PARAM_TEXT,
        .choices = "X,Y",
        .help = "within A: X against Y (threads,processes; threads:2,threads:4); of A and B: these "
                "alone; with --commit: backends"},
    {.name = "of",
        .type = PARAM_CHOICE,
        .value = "time",
        .choices = "time|speedup",
        .help = "ratio of the times of a task, or of the speedups over serial"},
    {.name = "threshold",
        .type = PARAM_PERCENT,
        .value = "3%",
        .min = 0,
        .max = 10,
        .help = "a regression is slower by more than this"},
    {.name = "across",
        .type = PARAM_TEXT,
        .choices = "LIST",
        .help = "what may differ: answer, model, host, system, cpus, compiler, commit"},
    {.name = "force",
        .type = PARAM_FLAG,
        .help = "take results that are REFUSED or from elsewhere, and say so"},
    {.name = "commit",
        .type = PARAM_TEXT,
        .choices = "OLD..NEW",
        .help = "instead of results: build two commits and measure CASE on both in one run"},
    {.name = "workers",
        .letter = 'n',
        .type = PARAM_LIST,
        .choices = "LIST",
        .help = "with --commit: pool sizes (default -1: all CPUs)"},
    CLI_CASE_OPTIONS,
    {.name = "blocks",
        .type = PARAM_COUNT,
        .value = "20",
        .min = STAT_PAIRS_MIN,
        .max = 10000,
        .help = "with --commit: rounds in which each build runs each configuration once"},
    {.name = "budget",
        .type = PARAM_DURATION,
        .help = "with --commit: begin no block after this time, once there are 6"},
    {.name = "json", .type = PARAM_FLAG, .help = "print one JSON object"},
    {.name = "strict",
        .type = PARAM_FLAG,
        .help = "exit with 3 when a verdict is REFUSED or something could not be compared"},
    {0},
};

void compare_add(struct comparison *comparison, const char *label, const struct result *result,
    struct compare_row row)
{
    size_t n = comparison->rows_count++;
    comparison->rows = cli_must(realloc(comparison->rows, (n + 1) * sizeof *comparison->rows));
    comparison->results = cli_must(realloc(comparison->results, (n + 1) * sizeof(void *)));
    comparison->labels = cli_must(realloc(comparison->labels, (n + 1) * sizeof(void *)));
    comparison->rows[n] = row;
    comparison->results[n] = result;
    comparison->labels[n] = label;
}

static void leave_out(struct comparison *comparison, const char *label, const char *why)
{
    size_t n = comparison->left_count++;
    comparison->left = cli_must(realloc(comparison->left, (n + 1) * sizeof *comparison->left));
    comparison->left[n].label = label;
    snprintf(comparison->left[n].why, sizeof comparison->left[n].why, "%s", why);
}

/* ---- which configurations ---- */

/* "threads", "threads:4" or "hybrid:2x4". */
struct selector {
    char backend[RESULT_NAME_MAX];
    char size[SPLIT_MAX]; /* empty: every size */
};

#define SELECTORS_MAX 32

/* Returns how many, or -1 after a message. */
static int read_selectors(const struct cli *cli, struct selector *selectors)
{
    int count = 0;
    const char *text = param_text(cli->options, "backend"), *at = text;
    char item[2 * (RESULT_NAME_MAX + SPLIT_MAX)]; /* cut, it is still too long */
    while (cli_list_next(&at, item, sizeof item)) {
        size_t name = strcspn(item, ":");
        const char *size = item[name] ? item + name + 1 : NULL;
        if (count == SELECTORS_MAX || name == 0 || name >= RESULT_NAME_MAX ||
            (size && (!*size || strlen(size) >= SPLIT_MAX))) {
            cli_fail(cli, STATUS_USAGE,
                "--backend: \"%s\" is not a list of at most %d configurations (threads, threads:4, "
                "hybrid:2x4)",
                text, SELECTORS_MAX);
            return -1;
        }
        struct selector *selector = &selectors[count++];
        snprintf(selector->backend, sizeof selector->backend, "%.*s", (int)name, item);
        snprintf(selector->size, sizeof selector->size, "%s", size ? size : "");
    }
    return count;
}

static bool selects(const struct selector *selector, const struct result_config *config)
{
    char workers[16];
    snprintf(workers, sizeof workers, "%u", config->workers);
    return strcmp(selector->backend, config->backend) == 0 &&
           (!*selector->size || strcmp(selector->size, workers) == 0 ||
               strcmp(selector->size, config->split) == 0);
}

static bool is_selected(
    const struct selector *selectors, int count, const struct result_config *config)
{
    for (int i = 0; i < count; i++)
        if (selects(&selectors[i], config))
            return true;
    return count == 0;
}

static bool is_serial(const struct result_config *config)
{
    return strcmp(config->backend, "serial") == 0;
}

/* ---- rows ---- */

static bool has_row(
    const struct comparison *comparison, size_t from, const struct result_config *config)
{
    for (size_t i = from; i < comparison->rows_count; i++)
        if (result_same_config(&comparison->rows[i].a, config))
            return true;
    return false;
}

/* A row for each configuration that any run has. */
static void add_rows_between(struct comparison *comparison, const struct compare_match *match,
    const struct selector *selectors, int count)
{
    size_t from = comparison->rows_count;
    for (size_t i = 0; i < match->a_count + match->b_count; i++) {
        const struct result *run = i < match->a_count ? match->a[i] : match->b[i - match->a_count];
        for (size_t j = 0; j < run->configs_count; j++) {
            const struct result_config *config = &run->configs[j];
            if (!is_selected(selectors, count, config) || has_row(comparison, from, config) ||
                (comparison->of == COMPARE_SPEEDUP && is_serial(config)))
                continue;
            compare_add(comparison, match->label, match->a[0],
                compare_runs(
                    match->a, match->a_count, match->b, match->b_count, config, comparison->of));
        }
    }
}

/* X against Y: of the same size and chunk where neither says which, but for serial, which has one.
 */
static bool goes_with(const struct selector *x, const struct selector *y,
    const struct result_config *a, const struct result_config *b)
{
    if (!selects(x, a) || !selects(y, b) || a == b)
        return false;
    if (is_serial(a) || is_serial(b) || *x->size || *y->size)
        return true;
    return a->workers == b->workers && a->chunk == b->chunk;
}

static void add_rows_within(
    struct comparison *comparison, const struct compare_match *match, const struct selector *pair)
{
    const struct result *run = match->a[0];
    for (unsigned i = 0; i < run->configs_count; i++)
        for (unsigned j = 0; j < run->configs_count; j++)
            if (goes_with(&pair[0], &pair[1], &run->configs[i], &run->configs[j]))
                compare_add(comparison, match->label, run, compare_within(run, i, j));
}

/* ---- the whole ---- */

/* Adds the rows of one match, or says in `why` why there are none. */
static enum status take_match(struct comparison *comparison, const struct compare_match *match,
    const struct selector *selectors, int count, char *why, size_t size)
{
    bool within = comparison->b.count == 0;
    size_t before = comparison->rows_count;
    if (match->a_count == 0 || (!within && match->b_count == 0)) {
        snprintf(why, size, "only in %s", match->a_count ? "A" : "B");
        return STATUS_FAILED;
    }
    enum status status = compare_check_match(comparison, match, why, size);
    if (status)
        return status;
    if (within)
        add_rows_within(comparison, match, selectors);
    else
        add_rows_between(comparison, match, selectors, count);
    if (comparison->rows_count > before)
        return STATUS_DONE;
    snprintf(why, size, "no configurations that fit%s%s; `poolbench report` shows what is there",
        count ? " --backend " : "", count ? param_text(comparison->cli->options, "backend") : "");
    return STATUS_USAGE;
}

/* What cannot be compared is left out by name; where that is all, its reason is the message. */
static enum status take_matches(struct comparison *comparison, const struct compare_match *matches,
    size_t count, const struct selector *selectors, int selectors_count)
{
    enum status failed = STATUS_DONE;
    for (size_t i = 0; i < count; i++) {
        char why[sizeof comparison->left->why];
        enum status status =
            take_match(comparison, &matches[i], selectors, selectors_count, why, sizeof why);
        if (status)
            leave_out(comparison, matches[i].label, why);
        failed = failed ? failed : status;
    }
    if (comparison->rows_count > 0)
        return STATUS_DONE;
    return cli_fail(
        comparison->cli, failed, "%s: %s", comparison->left[0].label, comparison->left[0].why);
}

enum status compare_finish(struct comparison *comparison)
{
    const struct cli *cli = comparison->cli;
    enum status status = STATUS_DONE;
    size_t comparable = 0, regressions = 0;
    bool whole = comparison->left_count == 0 && !comparison->forced;
    if (compare_conclude(comparison->rows, comparison->rows_count))
        return cli_fail(cli, STATUS_FAILED, "no memory for the comparison");
    for (size_t i = 0; i < comparison->rows_count; i++) {
        bool can = comparison->rows[i].verdict != COMPARE_NOT_COMPARABLE;
        comparable += can;
        whole &= can;
        regressions += compare_regressed(&comparison->rows[i], comparison->threshold);
    }
    if (param_flag(cli->options, "json"))
        compare_print_json(comparison);
    else
        compare_print_text(comparison);
    if (regressions > 0)
        status = cli_fail(cli, STATUS_FAILED, "B is slower by more than %g %% in %zu of %zu",
            100 * comparison->threshold, regressions, comparable);
    if (comparable == 0)
        status = cli_fail(cli, STATUS_FAILED, "nothing could be compared");
    if (!whole && param_flag(cli->options, "strict"))
        status = cli_graver(status, STATUS_REFUSED);
    return status;
}

/* Files of one side each on its own: their configurations are compared, not they. */
static size_t match_alone(const struct compare_side *side, struct compare_match **matches)
{
    *matches = cli_must(calloc(side->count, sizeof **matches));
    for (size_t i = 0; i < side->count; i++) {
        struct compare_match *match = &(*matches)[i];
        match->label = side->files[i].label;
        match->a = cli_must(calloc(1, sizeof *match->a));
        match->a[0] = side->files[i].result;
        match->a_count = 1;
    }
    return side->count;
}

static enum status compare_results(const struct cli *cli, struct comparison *comparison)
{
    struct selector selectors[SELECTORS_MAX];
    struct compare_match *matches;
    bool within = cli->words_count == 1;
    int count = read_selectors(cli, selectors);
    if (count < 0)
        return STATUS_USAGE;
    if (within && count != 2)
        return cli_fail(
            cli, STATUS_USAGE, "give B, or two configurations within A (-b threads,processes)");
    if (within && comparison->of == COMPARE_SPEEDUP)
        return cli_fail(cli, STATUS_USAGE,
            "within one run the ratio of speedups is that of times; leave --of out");
    enum status status = compare_side_read(cli, &comparison->a, cli->words[0]);
    if (status == STATUS_DONE && !within)
        status = compare_side_read(cli, &comparison->b, cli->words[1]);
    if (status)
        return status;
    size_t n = within ? match_alone(&comparison->a, &matches)
                      : compare_sides_match(&comparison->a, &comparison->b, &matches);
    status = take_matches(comparison, matches, n, selectors, count);
    if (status == STATUS_DONE)
        status = compare_finish(comparison);
    compare_matches_free(matches, n);
    return status;
}

/* Options that only one of the two ways knows. */
static enum status check_options(const struct cli *cli)
{
    static const char *const measuring[] = {
        "workers", "tasks", "chunk", "param", "seed", "blocks", "budget"};
    static const char *const reading[] = {"of", "across"};
    bool commits = param_given(cli->options, "commit");
    const char *const *foreign = commits ? reading : measuring;
    size_t count =
        commits ? sizeof reading / sizeof *reading : sizeof measuring / sizeof *measuring;
    for (size_t i = 0; i < count; i++)
        if (param_given(cli->options, foreign[i]))
            return cli_fail(cli, STATUS_USAGE, "--%s %s --commit", foreign[i],
                commits ? "does not go with" : "is for");
    if (commits && cli->words_count != 1)
        return cli_fail(cli, STATUS_USAGE, "--commit takes one case, and no results");
    return compare_check_across(cli);
}

static enum status compare_run(const struct cli *cli)
{
    const char *of = param_text(cli->options, "of");
    struct comparison comparison = {.cli = cli,
        .of = strcmp(of, "speedup") == 0 ? COMPARE_SPEEDUP : COMPARE_TIME,
        .threshold = param_real(cli->options, "threshold")};
    enum status status = check_options(cli);
    if (status == STATUS_DONE)
        status = param_given(cli->options, "commit") ? compare_commits(cli, &comparison)
                                                     : compare_results(cli, &comparison);
    for (size_t i = 0; i < comparison.rows_count; i++)
        compare_free(&comparison.rows[i]);
    free(comparison.rows);
    free(comparison.results);
    free(comparison.labels);
    free(comparison.left);
    compare_side_free(&comparison.a);
    compare_side_free(&comparison.b);
    return status;
}

const struct cli_command command_compare = {
    .name = "compare",
    .words = "A [B]",
    .summary = "whether B is faster than A: results, hosts, backends or commits",
    .options = options,
    .words_min = 1,
    .words_max = 2,
    .run = compare_run,
};
