/* hazards: every demonstration (demo/demo.h) in both forms, as figures. */
#include "../demo/support/drive.h"
#include "../measure/registry.h"
#include "../pool/task.h"
#include "survey.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LIMIT_SECONDS 5.0 /* of a form; one that hangs as it should takes less */

/* What the reading says in words: the first line in which the unmended form showed its failure, or
 * how it ended. */
static void note(struct survey_reading *reading, const struct drive_outcome *outcome)
{
    unsigned at = 0;
    const struct report_line *line = NULL;
    do
        line = outcome->report ? report_line_next(outcome->report, &at) : NULL;
    while (line && line->kind != REPORT_SHOWED);
    if (line)
        snprintf(reading->note, sizeof reading->note, "%.*s", RESULT_NOTE_MAX - 1, line->text);
    else
        drive_end_text(outcome, reading->note, sizeof reading->note);
}

static int run_form(
    const struct demo *demo, enum drive_which which, uint64_t seed, struct survey_reading *reading)
{
    struct drive_outcome outcome;
    if (drive_run(demo, which, seed, LIMIT_SECONDS, &outcome))
        return task_fail(EINTR, "interrupted");
    bool able = outcome.end != DRIVE_UNABLE && outcome.end != DRIVE_DIED;
    reading->values[which] =
        which == DRIVE_UNMENDED ? outcome.showed : !drive_as_promised(which, &outcome);
    reading->values[DRIVE_FORMS + which] = outcome.seconds;
    if (able && which == DRIVE_UNMENDED)
        note(reading, &outcome);
    int code =
        able ? 0 : task_fail(EIO, "the %s form could not run to its end", drive_form_name(which));
    drive_free(&outcome);
    return code;
}

/* The i-th hazard that can be shown here, or NULL. */
static const struct demo *hazard_at(unsigned i)
{
    for (const struct registry_demo *at = registry_demos; at->name; at++)
        if (at->demo && !demo_reason(at->demo) && i-- == 0)
            return at->demo;
    return NULL;
}

static int hazards_open(struct survey_run *run)
{
    const struct demo *demo;
    for (unsigned i = 0; (demo = hazard_at(i)); i++) {
        survey_add_probe(run, demo->name, 0);
        survey_add_figure(run, "unmended fails", "");
        survey_add_figure(run, "mended fails", "");
        survey_add_figure(run, "unmended takes", "s");
        survey_add_figure(run, "mended takes", "s");
    }
    return 0;
}

static int hazards_read(
    const struct survey_run *run, unsigned probe, struct survey_reading *reading)
{
    const struct demo *demo = hazard_at(probe);
    int code = run_form(demo, DRIVE_UNMENDED, run->seed, reading);
    return code ? code : run_form(demo, DRIVE_MENDED, run->seed, reading);
}

const struct survey survey_hazards = {
    .name = "hazards",
    .title = "Hazards",
    .summary = "every hazard unmended and mended: whether it fails, and how long it takes",
    .description =
        "Each hazard of `poolbench demo` is run in both its forms, which do the same work and "
        "differ in the mend alone. 1 says that the failure showed: updates lost, an order that is "
        "wrong, a program that never ends (it is killed after the time given). What happened is "
        "in the last column, in the unmended form's own words; `poolbench demo NAME` shows all of "
        "it, and `poolbench list NAME` says why it goes wrong and how it is mended.",
    .rounds = 6,
    .reading_seconds = 15,
    .open = hazards_open,
    .read = hazards_read,
};
