/* doctor: what this machine can and cannot measure, and what to do about it. */
#include "../measure/doctor.h"

#include "../util/host.h"
#include "../util/interrupt.h"
#include "commands.h"
#include "json.h"

#include <stdio.h>
#include <stdlib.h>

static const struct param options[] = {
    {.name = "json", .type = PARAM_FLAG, .help = "print JSON"},
    {0},
};

static void print_json(const struct doctor_finding *findings, size_t count, bool possible)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        const struct doctor_finding *finding = &findings[i];
        json_t *object = json_object();
        json_object_set_new(object, "name", json_string(finding->name));
        json_object_set_new(object, "state", json_string(doctor_state_name(finding->state)));
        json_object_set_new(object, "value", json_text(finding->value));
        json_object_set_new(object, "meaning", json_text(finding->meaning));
        json_object_set_new(object, "advice", json_text(finding->advice));
        json_array_append_new(list, object);
    }
    json_print(json_pack("{s:s, s:b, s:o}", "schema", "poolbench/doctor/v1", "possible",
        (int)possible, "findings", list));
}

static void print_table(const struct doctor_finding *findings, size_t count)
{
    struct cli_table *table = cli_table_new();
    cli_table_row(table, "FINDING\tSTATE\tVALUE\tWHAT IT MEANS; WHAT TO DO");
    for (size_t i = 0; i < count; i++)
        cli_table_row(table, "%s\t%s\t%s\t%s%s%s", findings[i].name,
            doctor_state_name(findings[i].state), findings[i].value, findings[i].meaning,
            *findings[i].advice ? "; " : "", findings[i].advice);
    cli_table_print(table);
}

/* What makes measuring impossible, or NULL. */
static const struct doctor_finding *find_obstacle(
    const struct doctor_finding *findings, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (findings[i].impossible)
            return &findings[i];
    return NULL;
}

/* The last word, to stderr. */
static enum status conclude(
    const struct cli *cli, const struct doctor_finding *findings, size_t count)
{
    unsigned states[DOCTOR_PROBLEM + 1] = {0};
    const struct doctor_finding *obstacle = find_obstacle(findings, count);
    for (size_t i = 0; i < count; i++)
        states[findings[i].state]++;
    if (obstacle)
        return cli_fail(cli, STATUS_UNAVAILABLE, "nothing can be measured here: %s; %s",
            obstacle->meaning, obstacle->advice);
    return cli_fail(cli, STATUS_DONE, "measuring is possible; %u note%s, %u problem%s",
        states[DOCTOR_NOTE], states[DOCTOR_NOTE] == 1 ? "" : "s", states[DOCTOR_PROBLEM],
        states[DOCTOR_PROBLEM] == 1 ? "" : "s");
}

static enum status doctor_run(const struct cli *cli)
{
    size_t count;
    struct doctor_facts facts;
    if (*host_root())
        cli_fail(cli, STATUS_DONE, "a simulated host: POOLBENCH_ROOT=%s", host_root());
    doctor_measure(&facts);
    if (interrupt_requested())
        return STATUS_INTERRUPTED;
    struct doctor_finding *findings = doctor_examine(&facts, &count);
    if (!findings)
        return cli_fail(cli, STATUS_FAILED, "no memory for the findings");
    if (param_flag(cli->options, "json"))
        print_json(findings, count, !find_obstacle(findings, count));
    else
        print_table(findings, count);
    enum status status = conclude(cli, findings, count);
    free(findings);
    return status;
}

const struct cli_command command_doctor = {
    .name = "doctor",
    .words = "",
    .summary = "what this machine can and cannot measure, and what to do about it",
    .options = options,
    .run = doctor_run,
};
