/* cpus: the number of CPUs that a run can use, and where it comes from. */
#include "../measure/cpus_terms.h"
#include "../util/host.h"
#include "commands.h"
#include "json.h"

#include <stdio.h>

static const struct param options[] = {
    {.name = "explain", .type = PARAM_FLAG, .help = "show every term that the number comes from"},
    {.name = "json", .type = PARAM_FLAG, .help = "print JSON, with every term"},
    {0},
};

static json_t *term_json(const struct cpus_term *term)
{
    json_t *object = json_pack("{s:s}", "name", term->name);
    json_object_set_new(
        object, "version", term->version ? json_integer(term->version) : json_null());
    json_object_set_new(object, "where", json_text(term->where));
    json_object_set_new(object, "cpus", term->cpus < 0 ? json_null() : json_number(term->cpus));
    json_object_set_new(object, "says", json_text(term->says));
    json_object_set_new(object, "decides", json_boolean(term->decides));
    return object;
}

static void print_json(const struct cpus_terms *terms)
{
    json_t *list = json_array();
    for (size_t i = 0; i < terms->count; i++)
        json_array_append_new(list, term_json(&terms->terms[i]));
    const struct cpus_term *decisive = cpus_terms_decisive(terms);
    json_print(json_pack("{s:s, s:I, s:s, s:o}", "schema", "poolbench/cpus/v1", "cpus",
        (json_int_t)terms->usable, "decides", decisive ? decisive->name : "", "terms", list));
}

static void print_terms(const struct cpus_terms *terms)
{
    struct cli_table *table = cli_table_new();
    cli_table_row(table, "TERM\tCPUS\t\tAS READ\tWHERE");
    for (size_t i = 0; i < terms->count; i++) {
        const struct cpus_term *term = &terms->terms[i];
        char cpus[32] = "-", version[32] = "";
        if (term->cpus >= 0)
            snprintf(cpus, sizeof cpus, "%g", term->cpus);
        if (term->version)
            snprintf(version, sizeof version, "cgroup v%u ", term->version);
        cli_table_row(table, "%s\t%s\t%s\t%s\t%s%s", term->name, cpus,
            term->decides ? "decides" : "", term->says, version, term->where);
    }
    cli_table_print(table);
}

static enum status cpus_run(const struct cli *cli)
{
    struct cpus_terms terms = cpus_terms_read();
    if (*host_root())
        cli_fail(cli, STATUS_DONE, "a simulated host: POOLBENCH_ROOT=%s", host_root());
    if (param_flag(cli->options, "json")) {
        print_json(&terms);
    } else {
        printf("%u\n", terms.usable);
        if (param_flag(cli->options, "explain"))
            print_terms(&terms);
    }
    cpus_terms_free(&terms);
    return STATUS_DONE;
}

const struct cli_command command_cpus = {
    .name = "cpus",
    .words = "",
    .summary = "the number of CPUs that a run can use, and why",
    .options = options,
    .run = cpus_run,
};
