/* A demonstration's text and JSON. Figures of the same name stand side by side. */
#include "demo_output.h"

#include "../util/units.h"
#include "cli.h"
#include "json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool demo_output_holds(const struct demo_shown *shown)
{
    for (unsigned which = 0; which < DRIVE_FORMS; which++)
        if (shown->ran[which] && !drive_as_promised(which, &shown->outcomes[which]))
            return false;
    return true;
}

/* ---- text ---- */

/* "12.3 ms", "41 %", "1.2k per million"; counts up to 6 digits whole. */
static const char *value_text(char *text, size_t size, const struct report_figure *figure)
{
    char number[48];
    if (!figure || !isfinite(figure->value))
        snprintf(text, size, "-");
    else if (strcmp(figure->unit, "s") == 0)
        units_seconds(text, size, figure->value);
    else {
        if (fabs(figure->value) < 1e6)
            snprintf(number, sizeof number, "%.*f",
                figure->value == rint(figure->value) ? 0
                : fabs(figure->value) < 10           ? 3
                                                     : 1,
                figure->value);
        else
            units_si(number, sizeof number, figure->value);
        snprintf(text, size, "%s%s%s", number, *figure->unit ? " " : "", figure->unit);
    }
    return text;
}

static const struct demo_report *report_of(const struct demo_shown *shown, unsigned which)
{
    return shown->ran[which] ? shown->outcomes[which].report : NULL;
}

static void figure_row(
    struct cli_table *table, const struct demo_shown *shown, const struct report_figure *figure)
{
    char texts[DRIVE_FORMS][64];
    for (unsigned which = 0; which < DRIVE_FORMS; which++) {
        const struct demo_report *report = report_of(shown, which);
        value_text(texts[which], sizeof texts[which],
            report ? report_figure_named(report, figure->name) : NULL);
    }
    if (shown->ran[DRIVE_UNMENDED] && shown->ran[DRIVE_MENDED])
        cli_table_row(table, "%s\t%s\t%s", figure->name, texts[0], texts[1]);
    else
        cli_table_row(
            table, "%s\t%s", figure->name, texts[shown->ran[0] ? DRIVE_UNMENDED : DRIVE_MENDED]);
}

/* The unmended form's figures, then those that the mended form alone has. */
static void print_figures(const struct demo_shown *shown)
{
    const struct demo_report *first = report_of(shown, DRIVE_UNMENDED),
                             *second = report_of(shown, DRIVE_MENDED);
    struct cli_table *table = cli_must(cli_table_new());
    cli_table_row(table, "FIGURE%s%s", shown->ran[DRIVE_UNMENDED] ? "\tUNMENDED" : "",
        shown->ran[DRIVE_MENDED] ? "\tMENDED" : "");
    const struct report_figure *figure;
    for (unsigned at = 0; first && (figure = report_figure_next(first, &at));)
        figure_row(table, shown, figure);
    for (unsigned at = 0; second && (figure = report_figure_next(second, &at));)
        if (!first || !report_figure_named(first, figure->name))
            figure_row(table, shown, figure);
    cli_table_print(table);
}

static void print_form(const struct demo_shown *shown, unsigned which)
{
    const struct drive_outcome *outcome = &shown->outcomes[which];
    char end[DEMO_LINE_MAX + 64];
    printf("\n%s: %s\n", drive_form_name(which), drive_form(shown->demo, which)->what);
    const struct report_line *line;
    for (unsigned at = 0; outcome->report && (line = report_line_next(outcome->report, &at));)
        cli_print_wrapped(line->text, 2);
    if (outcome->report && report_dropped(outcome->report) > 0)
        printf("  (%u lines and figures more)\n", report_dropped(outcome->report));
    printf("  It %s; %s.\n", drive_end_text(outcome, end, sizeof end),
        outcome->showed               ? "the failure showed"
        : outcome->end == DRIVE_ENDED ? "no failure showed"
                                      : "nothing is shown by that");
}

void demo_output_text(const struct demo_shown *shown)
{
    printf("%s: %s\n\n", shown->demo->name, shown->demo->summary);
    cli_print_wrapped(shown->demo->description, 0);
    putchar('\n');
    print_figures(shown);
    for (unsigned which = 0; which < DRIVE_FORMS; which++)
        if (shown->ran[which])
            print_form(shown, which);
    bool both = shown->ran[DRIVE_UNMENDED] && shown->ran[DRIVE_MENDED];
    if (demo_output_holds(shown))
        puts(both ? "\nThe unmended form showed its failure, the mended one did not."
                  : "\nThe form did what it was to show.");
    else
        puts(both ? "\nNot shown: the unmended form should fail and the mended one should not; "
                    "try again, or\nwith a longer --time-limit."
                  : "\nNot shown; try again, or with a longer --time-limit.");
}

/* ---- JSON ---- */

static const char *end_name(enum drive_end end)
{
    static const char *const names[] = {"ended", "killed", "died", "unable"};
    return names[end];
}

static json_t *figures_json(const struct demo_report *report)
{
    json_t *list = json_array();
    const struct report_figure *figure;
    for (unsigned at = 0; report && (figure = report_figure_next(report, &at));)
        json_array_append_new(
            list, json_pack("{s:o, s:o, s:o}", "name", json_text(figure->name), "value",
                      json_number(figure->value), "unit", json_text(figure->unit)));
    return list;
}

/* The lines that tell of a failure, of the form or of the demonstration, or the others. */
static json_t *lines_json(const struct demo_report *report, bool failures)
{
    json_t *list = json_array();
    const struct report_line *line;
    for (unsigned at = 0; report && (line = report_line_next(report, &at));)
        if ((line->kind != REPORT_EVENT) == failures)
            json_array_append_new(list, json_text(line->text));
    return list;
}

static json_t *form_json(const struct demo_shown *shown, unsigned which)
{
    const struct drive_outcome *outcome = &shown->outcomes[which];
    return json_pack("{s:s, s:s, s:s, s:o, s:b, s:b, s:o, s:o, s:o, s:i}", "form",
        drive_form_name(which), "what", drive_form(shown->demo, which)->what, "end",
        end_name(outcome->end), "seconds", json_number(outcome->seconds), "showed", outcome->showed,
        "as_promised", drive_as_promised(which, outcome), "figures", figures_json(outcome->report),
        "events", lines_json(outcome->report, false), "failures", lines_json(outcome->report, true),
        "dropped", outcome->report ? (int)report_dropped(outcome->report) : 0);
}

void demo_output_json(const struct demo_shown *shown)
{
    json_t *forms = json_array();
    for (unsigned which = 0; which < DRIVE_FORMS; which++)
        if (shown->ran[which])
            json_array_append_new(forms, form_json(shown, which));
    json_print(json_pack("{s:s, s:s, s:s, s:s, s:I, s:o, s:o, s:b}", "schema", "poolbench/demo/v1",
        "name", shown->demo->name, "summary", shown->demo->summary, "kind",
        demo_kind_name(shown->demo->kind), "seed", (json_int_t)shown->seed, "time_limit_s",
        json_number(shown->limit_s), "forms", forms, "holds", demo_output_holds(shown)));
}
