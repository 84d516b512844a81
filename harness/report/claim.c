/* The kinds of checks. Each leaves CLAIM_UNMEASURED where what it needs is not there. */
#include "claim.h"

#include "../analyze/compare.h"
#include "../analyze/reading.h"
#include "number.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void say(struct claim_finding *finding, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void say(struct claim_finding *finding, const char *format, ...)
{
    va_list arguments;
    size_t length = strlen(finding->figure);
    va_start(arguments, format);
    vsnprintf(finding->figure + length, sizeof finding->figure - length, format, arguments);
    va_end(arguments);
}

static double limit_of(const struct claim *claim)
{
    return claim->limit > 0 ? claim->limit : 1;
}

/* Whether an interval is above a limit. */
static enum claim_outcome above(struct interval interval, double limit)
{
    if (!isfinite(interval.value))
        return CLAIM_UNMEASURED;
    if (interval.lo > limit)
        return CLAIM_HOLDS;
    return interval.hi <= limit ? CLAIM_FAILS : CLAIM_UNDECIDED;
}

static enum claim_outcome opposite(enum claim_outcome outcome)
{
    if (outcome == CLAIM_HOLDS)
        return CLAIM_FAILS;
    return outcome == CLAIM_FAILS ? CLAIM_HOLDS : outcome;
}

/* ---- surveys ---- */

static int figure_of(const struct result *result, const struct claim_figure *figure)
{
    return reading_find(result, figure->subject, figure->x, figure->figure);
}

static void name_figure(struct claim_finding *finding, const struct result *result, int figure)
{
    const struct result_figure *row = &result->figures[figure];
    say(finding, "%s, %s", row->subject, row->figure);
    if (row->x > 0)
        say(finding, " at %s", number_rate(row->x).text);
}

static void check_ratio(
    struct claim_finding *finding, const struct claim *claim, const struct result *result)
{
    int a = figure_of(result, &claim->a), b = figure_of(result, &claim->b);
    if (a < 0 || b < 0)
        return;
    struct interval ratio = reading_ratio(result, (unsigned)a, (unsigned)b);
    finding->outcome = above(ratio, limit_of(claim));
    if (claim->kind == CLAIM_AT_MOST)
        finding->outcome = opposite(finding->outcome);
    name_figure(finding, result, a);
    say(finding, ": %s times that of ", number_interval(ratio).text);
    name_figure(finding, result, b);
}

/* How many of a figure's readings have that value, and how many have another. */
static void count_readings(const struct result *result, int figure, double value, size_t counts[2])
{
    for (size_t i = 0; i < result->readings_count; i++) {
        const struct result_reading *reading = &result->readings[i];
        if (reading->figure == (unsigned)figure && !*reading->failure)
            counts[fabs(reading->value - value) >= 1e-9]++;
    }
}

/* Of readings that have it and that do not. */
static enum claim_outcome all_of(const size_t counts[2])
{
    if (counts[0] + counts[1] == 0)
        return CLAIM_UNMEASURED;
    return counts[1] == 0 ? CLAIM_HOLDS : counts[0] == 0 ? CLAIM_FAILS : CLAIM_UNDECIDED;
}

static void check_value(
    struct claim_finding *finding, const struct claim *claim, const struct result *result)
{
    int a = figure_of(result, &claim->a);
    size_t counts[2] = {0};
    if (a < 0)
        return;
    const struct reading_summary summary = reading_summary(result, (unsigned)a);
    count_readings(result, a, claim->limit, counts);
    finding->outcome = all_of(counts);
    name_figure(finding, result, a);
    say(finding, ": %s", number_in(summary.value, result->figures[a].unit).text);
    if (*summary.note)
        say(finding, " (%s)", summary.note);
}

static void check_below(
    struct claim_finding *finding, const struct claim *claim, const struct result *result)
{
    int a = figure_of(result, &claim->a);
    if (a < 0)
        return;
    const struct interval value = reading_summary(result, (unsigned)a).value;
    finding->outcome = opposite(above(value, limit_of(claim)));
    name_figure(finding, result, a);
    say(finding, ": %s", number_in(value, result->figures[a].unit).text);
}

static void check_hazard(
    struct claim_finding *finding, const struct claim *claim, const struct result *result)
{
    int unmended = reading_find(result, claim->a.subject, 0, "unmended fails");
    int mended = reading_find(result, claim->a.subject, 0, "mended fails");
    size_t fails[2] = {0}, works[2] = {0};
    if (unmended < 0 || mended < 0)
        return;
    count_readings(result, unmended, 1, fails);
    count_readings(result, mended, 0, works);
    enum claim_outcome first = all_of(fails), second = all_of(works);
    finding->outcome = first != CLAIM_HOLDS ? first : second;
    const char *note = reading_summary(result, (unsigned)unmended).note;
    say(finding, "%s; mended: %s", *note ? note : "no failure showed",
        second == CLAIM_HOLDS ? "does not happen" : "happens too");
}

/* ---- sweeps ---- */

/* Of a backend: the largest size that has a time. */
static const struct view_row *largest_of(const struct view *view, const char *backend)
{
    const struct view_row *largest = NULL;
    for (size_t i = 0; i < view->rows_count; i++) {
        const struct view_row *row = &view->rows[i];
        if (strcmp(row->config->backend, backend) == 0 && isfinite(row->summary.speedup.value) &&
            (!largest || row->config->workers > largest->config->workers))
            largest = row;
    }
    return largest;
}

static void name_row(
    struct claim_finding *finding, const struct view *view, const struct view_row *row)
{
    say(finding, "%s: speedup %s with %u %s", view->label,
        number_interval(row->summary.speedup).text, row->config->workers, row->config->backend);
}

static void check_size(
    struct claim_finding *finding, const struct claim *claim, const struct view *view)
{
    const struct view_row *row = view_best_of(view, claim->backend);
    if (!row)
        return;
    unsigned cpus = view->result->usable_cpus;
    bool beyond = row->config->workers > cpus;
    finding->outcome = beyond == (claim->kind == CLAIM_BEYOND) ? CLAIM_HOLDS : CLAIM_FAILS;
    name_row(finding, view, row);
    say(finding, ", the fewest that tie with the fastest; %u CPU%s", cpus, cpus == 1 ? "" : "s");
}

static void check_speedup(
    struct claim_finding *finding, const struct claim *claim, const struct view *view)
{
    const struct view_row *row = largest_of(view, claim->backend);
    if (!row)
        return;
    finding->outcome = above(row->summary.speedup, limit_of(claim));
    if (claim->kind == CLAIM_NO_FASTER)
        finding->outcome = opposite(finding->outcome);
    name_row(finding, view, row);
}

static void check_slower(
    struct claim_finding *finding, const struct claim *claim, const struct view *view)
{
    const struct view_row *one = view_find(view, claim->backend, 1);
    const struct view_row *most = largest_of(view, claim->backend);
    if (!one || !most || one == most)
        return;
    struct compare_row row = compare_within(view->result, most->index, one->index);
    compare_conclude(&row, 1);
    finding->outcome = above(row.ratio, 1);
    say(finding, "%s: %s times as long with %u %s as with 1", view->label,
        number_interval(row.ratio).text, most->config->workers, claim->backend);
    compare_free(&row);
}

/* ---- searches ---- */

/* The search for speedup 1 of a backend at the size to speak of. */
static const struct view_search *search_of(
    const struct view *view, const char *backend, enum result_axis axis, bool cold, uint64_t chunk)
{
    for (size_t i = 0; i < view->searches_count; i++) {
        const struct view_search *search = &view->searches[i];
        const struct result_search *of = search->search;
        if (of->axis == axis && of->cold == cold && of->config.chunk == chunk &&
            of->config.workers == view_shown_workers(view) && view_is_breakeven(search) &&
            strcmp(of->config.backend, backend) == 0 && search->points_count > 0)
            return search;
    }
    return NULL;
}

static const char *size_text(const struct view_search *search, double x, char *text, size_t size)
{
    if (search->search->axis == RESULT_BY_GRAIN)
        snprintf(text, size, "%s a task", number_seconds(x * 1e-9).text);
    else
        snprintf(text, size, "%s tasks", number_whole((uint64_t)x).text);
    return text;
}

static void name_search(struct claim_finding *finding, const struct view_search *search)
{
    const struct interval x = search->bracket.x;
    const char *backend = search->search->config.backend;
    char text[128];
    if (search->bracket.outcome != BRACKET_FOUND)
        say(finding, "%s %s %s", backend, isfinite(x.hi) ? "already at" : "not yet at",
            size_text(search, isfinite(x.hi) ? x.hi : x.lo, text, sizeof text));
    else if (search->search->axis == RESULT_BY_GRAIN)
        say(finding, "%s from %s a task", backend,
            number_seconds_interval(stat_scaled(x, 1e-9)).text);
    else
        say(finding, "%s from %s tasks", backend, number_count_interval(x).text);
}

static void check_breakeven(
    struct claim_finding *finding, const struct claim *claim, const struct view *view)
{
    const struct view_search *search = search_of(view, claim->backend, RESULT_BY_GRAIN, false, 1);
    if (!search)
        return;
    finding->outcome = search->bracket.outcome == BRACKET_ALWAYS_FASTER ? CLAIM_FAILS
                       : search->bracket.outcome == BRACKET_UNDECIDED   ? CLAIM_UNDECIDED
                                                                        : CLAIM_HOLDS;
    say(finding, "worth it: ");
    name_search(finding, search);
}

/* Whether the crossing of one search is beyond another's. */
static void check_order(struct claim_finding *finding, const struct view_search *later,
    const struct view_search *earlier, const char *between)
{
    if (!later || !earlier)
        return;
    const struct interval a = later->bracket.x, b = earlier->bracket.x;
    finding->outcome = a.lo > b.hi ? CLAIM_HOLDS : a.hi < b.lo ? CLAIM_FAILS : CLAIM_UNDECIDED;
    say(finding, "worth it: ");
    name_search(finding, later);
    say(finding, "%s", between);
    name_search(finding, earlier);
}

/* ---- all of them ---- */

static const struct view *view_named(const struct input *input, const char *label)
{
    for (size_t i = 0; i < input->views_count; i++)
        if (strcmp(input->views[i].label, label) == 0)
            return &input->views[i];
    return NULL;
}

static void check(struct claim_finding *finding, const struct claim *claim, const struct view *view)
{
    switch (claim->kind) {
    case CLAIM_RATIO:
    case CLAIM_AT_MOST:
        check_ratio(finding, claim, view->result);
        return;
    case CLAIM_BELOW:
        check_below(finding, claim, view->result);
        return;
    case CLAIM_VALUE:
        check_value(finding, claim, view->result);
        return;
    case CLAIM_HAZARD:
        check_hazard(finding, claim, view->result);
        return;
    case CLAIM_WITHIN:
    case CLAIM_BEYOND:
        check_size(finding, claim, view);
        return;
    case CLAIM_SPEEDUP:
    case CLAIM_NO_FASTER:
        check_speedup(finding, claim, view);
        return;
    case CLAIM_SLOWER:
        check_slower(finding, claim, view);
        return;
    case CLAIM_BREAKEVEN:
        check_breakeven(finding, claim, view);
        return;
    case CLAIM_COLD:
        check_order(finding, search_of(view, claim->backend, RESULT_BY_TASKS, true, 1),
            search_of(view, claim->backend, RESULT_BY_TASKS, false, 1), " cold, ");
        return;
    case CLAIM_CHUNK:
        check_order(finding, search_of(view, claim->backend, RESULT_BY_GRAIN, false, 1),
            search_of(view, claim->backend, RESULT_BY_GRAIN, false, (uint64_t)claim->limit),
            " one by one, in chunks ");
        return;
    }
}

struct claim_finding claim_check(const struct claim *claim, const struct input *input)
{
    struct claim_finding finding = {.outcome = CLAIM_UNMEASURED};
    const struct view *view = view_named(input, claim->label);
    if (!view || view->verdict.level == VERDICT_REFUSED)
        return finding;
    check(&finding, claim, view);
    finding.view = finding.outcome == CLAIM_UNMEASURED ? NULL : view;
    return finding;
}
