/* The data file of a survey that has an axis. */
#include "datafile.h"

#include "../analyze/reading.h"

#include <string.h>

static const char header[] = "# Index 0: title, number of figures, axis. Then for each figure one "
                             "index with its name, unit\n"
                             "# and number of subjects, and one index a subject, in the columns\n"
                             "#   1 subject, 2 x, 3 median, 4 low, 5 high\n"
                             "# Low and high are the 95 % interval's ends; NaN: none.\n";

static void put_subject(FILE *out, const struct result *result, size_t first)
{
    const struct result_figure *like = &result->figures[first];
    fprintf(out, "\n\n# %s\n", like->subject);
    for (size_t i = first; i < result->figures_count; i++) {
        const struct result_figure *figure = &result->figures[i];
        if (strcmp(figure->figure, like->figure) != 0 ||
            strcmp(figure->subject, like->subject) != 0)
            continue;
        datafile_put_text(out, figure->subject);
        datafile_put_number(out, figure->x);
        datafile_put_interval(out, reading_summary(result, (unsigned)i).value);
        fputc('\n', out);
    }
}

static void put_figure(FILE *out, const struct result *result, size_t first)
{
    const char *name = result->figures[first].figure;
    size_t subjects = 0;
    for (size_t i = first; i < result->figures_count; i++)
        subjects += strcmp(result->figures[i].figure, name) == 0 &&
                    reading_is_first(result, i, READING_FIGURE | READING_SUBJECT);
    fputs("\n\n", out);
    datafile_put_text(out, name);
    fputc(' ', out);
    datafile_put_text(out, result->figures[first].unit);
    fprintf(out, " %zu\n", subjects);
    for (size_t i = first; i < result->figures_count; i++)
        if (strcmp(result->figures[i].figure, name) == 0 &&
            reading_is_first(result, i, READING_FIGURE | READING_SUBJECT))
            put_subject(out, result, i);
}

void datafile_put_survey(FILE *out, const struct view *view)
{
    const struct result *result = view->result;
    size_t figures = 0;
    for (size_t i = 0; i < result->figures_count; i++)
        figures += reading_is_first(result, i, READING_FIGURE);
    fprintf(
        out, "# A survey's figures along its axis, derived from %s.json.\n%s", view->label, header);
    datafile_put_title(out, view, result->title ? result->title : result->survey);
    fprintf(out, " %zu ", figures);
    datafile_put_text(out, result->axis);
    fputc('\n', out);
    for (size_t i = 0; i < result->figures_count; i++)
        if (reading_is_first(result, i, READING_FIGURE))
            put_figure(out, result, i);
}
