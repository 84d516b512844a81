/* Which backend for which kind of work: a row a case, drawn from its sweep. */
#include "../analyze/compare.h"
#include "markdown.h"
#include "number.h"
#include "section.h"

#include <math.h>
#include <string.h>

static const char *const shown[] = {"threads", "processes", "gil", "events"};
#define SHOWN (sizeof shown / sizeof *shown)
enum { THREADS, PROCESSES };

static void put_best(FILE *out, const struct view_row *row)
{
    if (row)
        fprintf(
            out, " %s × %u |", number_interval(row->summary.speedup).text, row->config->workers);
    else
        fputs(" |", out);
}

static bool gains(const struct view_row *row)
{
    return row && row->summary.speedup.lo > 1;
}

/* What the two bests say together, in a word. */
static const char *advice(
    const struct view *view, const struct view_row *threads, const struct view_row *processes)
{
    if (!gains(threads) && !gains(processes))
        return threads || processes ? "the serial loop" : "";
    if (!threads || !processes)
        return "";
    if (gains(threads) != gains(processes))
        return gains(threads) ? "threads" : "processes";
    struct compare_row row = compare_within(view->result, threads->index, processes->index);
    compare_conclude(&row, 1);
    enum compare_verdict verdict = row.verdict;
    compare_free(&row);
    if (verdict == COMPARE_FASTER)
        return "processes";
    return verdict == COMPARE_SLOWER ? "threads" : "either";
}

static void put_case(FILE *out, const struct view *view)
{
    const struct view_row *best[SHOWN];
    fputs("| ", out);
    markdown_text(out, view->label);
    fprintf(out, " | %s |", view->result->case_kind);
    for (size_t i = 0; i < SHOWN; i++) {
        best[i] = view_best_of(view, shown[i]);
        put_best(out, best[i]);
    }
    fprintf(out, " %s | %s |\n",
        view->verdict.level == VERDICT_REFUSED ? "do not use"
                                               : advice(view, best[THREADS], best[PROCESSES]),
        verdict_name(view->verdict.level));
}

static const char heading[] =
    "## Which backend for which kind of work\n\n"
    "Speedup over the serial loop at the size to take of each backend, the fewest workers whose "
    "interval overlaps that of its fastest size: `speedup [95 %] × workers`. Threads and processes "
    "are then compared in the same blocks, each case by itself at 5 %: *either* where both are "
    "faster than the loop and these blocks do not tell them apart, else the faster one; *the "
    "serial "
    "loop* where neither is significantly faster than it. Where either "
    "will do, threads share memory and start sooner; processes survive a task that crashes, can "
    "be stopped in mid-task, and are what an interpreter with one lock needs for computing (gil: "
    "such a lock, in C).\n\n"
    "| case | kind | threads | processes | gil | events | take | verdict |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- |\n";

void section_kinds(FILE *out, const struct report *report)
{
    bool any = false;
    for (size_t i = 0; i < report->input.views_count; i++) {
        const struct view *view = &report->input.views[i];
        if (!view_has_sweep(view))
            continue;
        if (!any)
            fputs(heading, out);
        any = true;
        put_case(out, view);
    }
    if (any)
        fputc('\n', out);
}
