/* demo: what goes wrong, live, and the same work mended beside it. */
#include "../demo/support/drive.h"
#include "commands.h"
#include "demo_output.h"
#include "hazards.h"
#include "json.h"

#include <string.h>

static const struct param options[] = {
    {.name = "form",
        .type = PARAM_CHOICE,
        .choices = "both|unmended|mended",
        .value = "both",
        .help = "which form to run"},
    {.name = "time-limit",
        .type = PARAM_DURATION,
        .value = "5s",
        .min = 1e8,
        .max = 6e11,
        .help = "kill a form after so long, 100ms to 10min"},
    {.name = "seed", .type = PARAM_COUNT, .value = "1", .help = "seed of everything random"},
    {.name = "json", .type = PARAM_FLAG, .help = "print one JSON object"},
    {0},
};

static enum status list_all(const struct cli *cli)
{
    if (param_flag(cli->options, "json")) {
        json_print(
            json_pack("{s:s, s:o}", "schema", "poolbench/demos/v1", "hazards", hazards_json()));
        return STATUS_DONE;
    }
    struct cli_table *table = cli_must(cli_table_new());
    hazards_rows(table);
    cli_table_print(table);
    puts("\n`poolbench demo NAME` shows one, `poolbench list NAME` describes it.");
    return STATUS_DONE;
}

static bool is_asked_for(const struct cli *cli, enum drive_which which)
{
    const char *form = param_text(cli->options, "form");
    return strcmp(form, "both") == 0 || strcmp(form, drive_form_name(which)) == 0;
}

/* Runs what is asked for. Returns -1 where the program was interrupted. */
static int run_forms(const struct cli *cli, struct demo_shown *shown)
{
    for (unsigned which = 0; which < DRIVE_FORMS; which++) {
        if (!is_asked_for(cli, which))
            continue;
        shown->ran[which] = true;
        if (drive_run(shown->demo, which, shown->seed, shown->limit_s, &shown->outcomes[which]))
            return -1;
    }
    return 0;
}

static enum status show(const struct cli *cli, const struct demo *demo)
{
    struct demo_shown shown = {
        .demo = demo,
        .seed = param_count(cli->options, "seed"),
        .limit_s = (double)param_duration(cli->options, "time-limit") * 1e-9,
    };
    enum status status = STATUS_INTERRUPTED;
    if (run_forms(cli, &shown) == 0) {
        status = demo_output_holds(&shown) ? STATUS_DONE : STATUS_FAILED;
        if (param_flag(cli->options, "json"))
            demo_output_json(&shown);
        else
            demo_output_text(&shown);
    }
    for (unsigned which = 0; which < DRIVE_FORMS; which++)
        drive_free(&shown.outcomes[which]);
    return status;
}

static enum status demo_command(const struct cli *cli)
{
    if (cli->words_count == 0)
        return list_all(cli);
    char names[512];
    const struct registry_demo *hazard = registry_demo(cli->words[0]);
    if (!hazard)
        return cli_fail(cli, STATUS_USAGE, "unknown hazard \"%s\"; there are %s", cli->words[0],
            hazards_names(names, sizeof names));
    const char *reason = hazards_reason(hazard);
    if (reason)
        return cli_fail(cli, STATUS_UNAVAILABLE, "hazard %s: %s", hazard->name, reason);
    return show(cli, hazard->demo);
}

const struct cli_command command_demo = {
    .name = "demo",
    .words = "[HAZARD]",
    .summary = "a hazard live: what goes wrong, in numbers, and the same work mended beside it",
    .options = options,
    .words_max = 1,
    .run = demo_command,
};
