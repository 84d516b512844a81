/* list: what there is, and why something is not available here. */
#include "../measure/plugin.h"
#include "../measure/registry.h"
#include "../measure/workload.h"
#include "../pool/backend.h"
#include "../sim/model.h"
#include "../survey/registry.h"
#include "../survey/survey.h"
#include "available.h"
#include "commands.h"
#include "forms.h"
#include "hazards.h"
#include "json.h"

#include <stdio.h>
#include <string.h>

static const struct param options[] = {
    {.name = "json", .type = PARAM_FLAG, .help = "print one JSON object"},
    {0},
};

static json_t *entry(const char *name, const char *summary, const char *kind, const char *reason)
{
    return json_pack("{s:s, s:s?, s:s?, s:b, s:s?}", "name", name, "summary", summary, "kind", kind,
        "available", reason == NULL, "reason", reason);
}

static void print_json(void)
{
    json_t *cases = json_array(), *backends = json_array(), *surveys = json_array();
    for (const struct registry_case *at = registry_cases; at->name; at++)
        json_array_append_new(
            cases, entry(at->name, at->bench ? at->bench->summary : NULL,
                       at->bench ? workload_kind_name(at->bench->kind) : NULL, available_case(at)));
    for (const struct pool_ops *const *at = registry_backends; *at; at++)
        json_array_append_new(
            backends, entry((*at)->name, (*at)->summary, (*at)->processes ? "processes" : "threads",
                          available_backend(*at)));
    for (const struct survey *const *at = registry_surveys; *at; at++)
        json_array_append_new(
            surveys, entry((*at)->name, (*at)->summary, NULL, available_survey(*at)));
    json_t *root =
        json_pack("{s:s, s:o, s:o, s:o, s:o, s:[]}", "schema", "poolbench/list/v1", "cases", cases,
            "backends", backends, "surveys", surveys, "hazards", hazards_json(), "labs");
    json_print(root);
}

static void print_all(void)
{
    struct cli_table *table = cli_table_new();
    cli_table_row(table, "CASE\tKIND\tWHAT IT IS");
    for (const struct registry_case *at = registry_cases; at->name; at++)
        cli_table_row(table, "%s\t%s\t%s%s%s", at->name,
            at->bench ? workload_kind_name(at->bench->kind) : "-",
            at->bench ? at->bench->summary : "",
            at->bench && available_case(at) ? "; not here: " : "",
            available_case(at) ? available_case(at) : "");
    cli_table_row(table, " ");
    cli_table_row(table, "BACKEND\t\tWHAT IT IS");
    for (const struct pool_ops *const *at = registry_backends; *at; at++) {
        const char *reason = available_backend(*at);
        cli_table_row(table, "%s\t\t%s%s%s", (*at)->name, (*at)->summary,
            reason ? "; not here: " : "", reason ? reason : "");
    }
    cli_table_row(table, " ");
    cli_table_row(table, "SURVEY\t\tWHAT IT IS");
    for (const struct survey *const *at = registry_surveys; *at; at++)
        cli_table_row(table, "%s\t\t%s%s%s", (*at)->name, (*at)->summary,
            available_survey(*at) ? "; not here: " : "",
            available_survey(*at) ? available_survey(*at) : "");
    cli_table_row(table, " ");
    hazards_rows(table);
    cli_table_print(table);
    puts("\n`poolbench list NAME` describes a case and its parameters, a backend, a survey or a "
         "hazard.");
}

static enum status print_case(const struct cli *cli, const struct registry_case *found)
{
    if (!found->bench)
        return cli_fail(cli, STATUS_UNAVAILABLE, "case %s: %s", found->name, found->missing);
    const struct bench_case *bench = found->bench;
    printf("%s (%s): %s\n\n", bench->name, workload_kind_name(bench->kind), bench->summary);
    if (bench->description)
        cli_print_wrapped(bench->description, 0);
    printf("\nruns on all backends%s\n",
        bench->events ? "" : " but events: it has no form that does not block");
    if (bench->params) {
        puts("\nparameters (--param name=value):");
        param_usage(stdout, bench->params, false);
    }
    const char *reason = available_case(found);
    if (reason)
        return cli_fail(cli, STATUS_UNAVAILABLE, "case %s: %s", bench->name, reason);
    return STATUS_DONE;
}

static enum status print_plugin(const struct cli *cli, const char *path)
{
    char why[1024];
    const struct registry_case loaded = {path, plugin_load(path, why, sizeof why), NULL};
    return loaded.bench ? print_case(cli, &loaded) : cli_fail(cli, STATUS_USAGE, "%s", why);
}

static void print_flag(bool set, const char *text)
{
    if (set)
        printf("  %s\n", text);
}

static enum status print_backend(const struct cli *cli, const struct pool_ops *ops)
{
    const char *reason = available_backend(ops);
    char having[256];
    printf("%s (%s): %s\n\n", ops->name, ops->processes ? "processes" : "threads", ops->summary);
    print_flag(
        ops->processes, "workers are processes of their own: one that dies costs what it ran");
    print_flag(!ops->processes && !ops->events, "workers are threads of the program");
    print_flag(ops->events, "workers are tasks in flight, all in the program's own thread");
    print_flag(ops->per_task, "each chunk has a worker of its own, which ends with it");
    print_flag(ops->threads_each, "processes have several threads each: --split says how many");
    print_flag(ops->tend, "a worker that has died is replaced");
    print_flag(
        ops->shrinks, "starts with fewer workers where the system refuses some (workers_min)");
    print_flag(ops->owner_may_work, "the owner may be one of the workers (owner_works)");
    print_flag(ops->keeps_threads, "its threads stay until the program ends");
    if (ops->events) {
        forms_list(having, sizeof having);
        printf("  runs cases that have a form that does not block, alone: %s\n", having);
    }
    print_flag(ops->simulated, "simulated: its times are virtual, --sim says of which machine");
    print_flag(ops->aborts, "ends the program where the system refuses it a thread");
    if (ops->simulated) {
        puts(
            "\nkeys (--sim KEY=VALUE,...), where not given as is usual for the backend simulated:");
        param_usage(stdout, model_params, false);
        putchar('\n');
    }
    printf("  %s\n", reason ? "not available here" : "available here");
    return reason ? cli_fail(cli, STATUS_UNAVAILABLE, "backend %s: %s", ops->name, reason)
                  : STATUS_DONE;
}

static enum status print_survey(const struct cli *cli, const struct survey *survey)
{
    const char *reason = available_survey(survey);
    printf("%s (survey): %s\n\n", survey->name, survey->summary);
    cli_print_wrapped(survey->description, 0);
    return reason ? cli_fail(cli, STATUS_UNAVAILABLE, "survey %s: %s", survey->name, reason)
                  : STATUS_DONE;
}

/* Appends a name to a list, as far as there is room. */
static void append(char *names, size_t size, const char *name)
{
    size_t length = strlen(names);
    snprintf(names + length, size - length, "%s%s", length ? ", " : "", name);
}

static enum status print_one(const struct cli *cli, const char *name)
{
    char cases[512] = "", backends[512] = "", hazards[512];
    const struct registry_case *found = registry_case(name);
    const struct pool_ops *ops = registry_backend(name);
    const struct registry_demo *hazard = registry_demo(name);
    if (found)
        return print_case(cli, found);
    if (plugin_is_path(name))
        return print_plugin(cli, name);
    if (ops)
        return print_backend(cli, ops);
    if (registry_survey(name))
        return print_survey(cli, registry_survey(name));
    if (hazard)
        return hazards_print(cli, hazard);
    for (const struct registry_case *at = registry_cases; at->name; at++)
        append(cases, sizeof cases, at->name);
    for (const struct pool_ops *const *at = registry_backends; *at; at++)
        append(backends, sizeof backends, (*at)->name);
    return cli_fail(cli, STATUS_USAGE,
        "unknown name \"%s\"; there are the cases %s, the backends %s and the hazards %s", name,
        cases, backends, hazards_names(hazards, sizeof hazards));
}

static enum status list_run(const struct cli *cli)
{
    if (cli->words_count == 1)
        return print_one(cli, cli->words[0]);
    if (param_flag(cli->options, "json"))
        print_json();
    else
        print_all();
    return STATUS_DONE;
}

const struct cli_command command_list = {
    .name = "list",
    .words = "[NAME]",
    .summary = "cases, backends, surveys and hazards, with why one is unavailable",
    .options = options,
    .words_max = 1,
    .run = list_run,
};
