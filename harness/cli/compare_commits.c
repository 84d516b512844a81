/* compare --commit: the commands' part. Building takes minutes, so all that can be refused is
 * refused before. */
#include "../measure/commits.h"
#include "../measure/cpus.h"
#include "../util/tempdir.h"
#include "../util/units.h"
#include "compare.h"
#include "forms.h"
#include "progress.h"
#include "record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Shorter regions are mostly start-up and noise; sweep repeats them, `run` does not. */
#define REGION_MIN_SECONDS 1e-3

static const char *const names[COMMITS] = {"old", "new"};

/* The case's part of the result, as this program knows it, and the configurations of OLD and NEW.
 */
static enum status prepare(const struct cli *cli, struct result *result)
{
    struct workload workload;
    const struct param_values *given = cli->options;
    const struct cli_pools pools = {
        .backends =
            param_given(given, "backend") ? param_text(given, "backend") : "threads,processes",
        .sizes = param_given(given, "workers") ? param_text(given, "workers") : NULL,
        .usual_sizes = "-1",
        .chunk = param_count(given, "chunk"),
    };
    enum status status = cli_configs(cli, result, &pools);
    if (status == STATUS_DONE)
        status = cli_open(cli, &workload, cli->words[0]);
    if (status)
        return status;
    record_case(result, &workload);
    result->usable_cpus = cpus_usable();
    status = forms_keep(cli, result, workload.bench);
    workload_close(&workload);
    if (status)
        return status;
    size_t count = result->configs_count;
    for (size_t i = 0; i < count; i++) {
        struct result_config config = result->configs[i];
        result_add_config(result, &config);
    }
    return STATUS_DONE;
}

/* One build serves for both where they are the same commit. */
static enum status build(const struct cli *cli, const char *folder, struct commits_build *builds)
{
    char why[1024];
    enum status status =
        commits_resolve(param_text(cli->options, "commit"), folder, builds, why, sizeof why);
    for (size_t i = 0; i < COMMITS && status == STATUS_DONE; i++) {
        if (i > 0 && strcmp(builds[i].commit, builds[0].commit) == 0) {
            builds[i] = builds[0];
            continue;
        }
        fprintf(stderr, "poolbench compare: building %.12s\n", builds[i].commit);
        status = commits_build(folder, names[i], cpus_usable(), &builds[i], why, sizeof why);
    }
    return !status || status == STATUS_INTERRUPTED ? status : cli_fail(cli, status, "%s", why);
}

static enum status measure(const struct cli *cli, const char *folder,
    const struct commits_build *builds, struct result *result)
{
    char why[1024];
    const struct commits_options options = {
        .builds = builds,
        .folder = folder,
        .given = cli->options,
        .blocks = (unsigned)param_count(cli->options, "blocks"),
        .budget_s = (double)param_duration(cli->options, "budget") * 1e-9,
        .progress = progress_hook(result->case_name),
    };
    enum status status = commits_measure(&options, result, why, sizeof why);
    progress_clear();
    return status == STATUS_FAILED ? cli_fail(cli, status, "%s", why) : status;
}

static bool has_failed(const struct result_sample *sample)
{
    return *sample->failure || sample->errors || sample->lost || sample->timeout;
}

/* The configuration's first sample that failed; NULL: none did. */
static const struct result_sample *first_failure(const struct result *result, unsigned config)
{
    for (size_t i = 0; i < result->samples_count; i++)
        if (result->samples[i].config == config && has_failed(&result->samples[i]))
            return &result->samples[i];
    return NULL;
}

/* The first failure of each configuration, and whether there are any. */
static enum status tell_failures(
    const struct cli *cli, const struct result *result, const struct commits_build *builds)
{
    enum status status = STATUS_DONE;
    size_t half = result->configs_count / COMMITS;
    for (unsigned i = 0; i < result->configs_count; i++) {
        const struct result_config *config = &result->configs[i];
        const struct result_sample *sample = first_failure(result, i);
        if (sample)
            status =
                cli_fail(cli, STATUS_FAILED, "%.12s, %s, %u worker%s: %s", builds[i / half].commit,
                    config->backend, config->workers, config->workers == 1 ? "" : "s",
                    *sample->failure ? sample->failure : "tasks failed or are lost");
    }
    return status;
}

static void tell_short_regions(const struct cli *cli, const struct result *result)
{
    char text[32];
    double shortest = 1;
    for (size_t i = 0; i < result->samples_count; i++)
        if (!*result->samples[i].failure && result->samples[i].wall_s < shortest)
            shortest = result->samples[i].wall_s;
    if (shortest < REGION_MIN_SECONDS)
        cli_fail(cli, STATUS_DONE,
            "a region takes only %s, most of it noise; give more tasks (-N) to see more",
            units_seconds(text, sizeof text, shortest));
}

/* Both of a configuration in each block: pairs within one run. */
static enum status conclude(const struct cli *cli, struct comparison *comparison,
    const struct result *result, const struct commits_build *builds, enum status status)
{
    struct verdict verdict = verdict_of(result);
    unsigned half = (unsigned)result->configs_count / COMMITS;
    if (result->blocks_count <= STAT_PAIRS_MIN || (status && status != STATUS_INTERRUPTED))
        return status;
    for (unsigned i = 0; i < half; i++)
        compare_add(comparison, result->case_name, result, compare_within(result, i, half + i));
    comparison->old = builds[0].commit;
    comparison->new = builds[1].commit;
    comparison->verdict = &verdict;
    cli_print_reasons(cli, &verdict);
    tell_short_regions(cli, result);
    status = cli_graver(status, tell_failures(cli, result, builds));
    status = cli_graver(status, cli_strict(cli, &verdict));
    return cli_graver(status, compare_finish(comparison));
}

enum status compare_commits(const struct cli *cli, struct comparison *comparison)
{
    char folder[PATH_MAX];
    struct commits_build builds[COMMITS] = {0};
    struct result *result = result_new("commits");
    enum status status = prepare(cli, result);
    if (status == STATUS_DONE && tempdir_make(folder, sizeof folder, NULL, "commits")) {
        status =
            cli_fail(cli, STATUS_FAILED, "no temporary folder for two builds: %s", strerror(errno));
    } else if (status == STATUS_DONE) {
        status = build(cli, folder, builds);
        if (status == STATUS_DONE)
            status =
                conclude(cli, comparison, result, builds, measure(cli, folder, builds, result));
        tempdir_remove(folder);
    }
    result_free(result);
    return status;
}
