/* How to have each number again: the exact command of every result, of each whole command, and of
 * one row or one picture alone. */
#include "markdown.h"
#include "section.h"

static void put_results(FILE *out, const struct input *input)
{
    fputs("| numbers of | command |\n| --- | --- |\n", out);
    for (size_t i = 0; i < input->views_count; i++) {
        const struct view *view = &input->views[i];
        fputs("| ", out);
        markdown_text(out, view->label);
        fputs(" | ", out);
        if (view->result->command)
            markdown_code_cell(out, view->result->command);
        else
            fputs("not recorded", out);
        fputs(" |\n", out);
    }
    fputc('\n', out);
}

static void put_commands(FILE *out, const struct input *input)
{
    bool any = false;
    for (size_t i = 0; i < input->views_count; i++) {
        const struct result *result = input->views[i].result;
        for (size_t j = 0; j < result->commands_count && result->runs_count > 0; j++) {
            fputs(any ? "" : "Whole commands, as hyperfine ran them:\n\n", out);
            fputs("- ", out);
            markdown_code(out, result->commands[j].text);
            fputc('\n', out);
            any = true;
        }
    }
    if (any)
        fputc('\n', out);
}

/* A picture to show the call by: the first result's first. */
static void put_picture(FILE *out, const struct report *report)
{
    const struct input *input = &report->input;
    for (size_t i = 0; i < input->views_count; i++) {
        if (!view_has_sweep(&input->views[i]))
            continue;
        fputs("One picture by hand: ", out);
        fprintf(out, "`gnuplot -c plots/speedup.gp %s/%s.speedup.dat speedup.svg`.\n\n",
            report->link, input->views[i].label);
        return;
    }
}

void section_reproduce(FILE *out, const struct report *report)
{
    fputs("## How to reproduce\n\n"
          "The experiments' table takes its numbers from the cases of that name. `poolbench report "
          "--host ",
        out);
    fputs(report->input.host, out);
    fputs("` writes this file again, byte by byte, from the samples in ", out);
    markdown_code(out, report->link);
    fputs("; measuring anew gives other samples, and intervals that should overlap.\n\n", out);
    put_results(out, &report->input);
    fputs("One row alone, with the table's words: `poolbench run CASE -b BACKEND -n WORKERS -N "
          "TASKS --param NAME=VALUE --vs serial`.\n\n",
        out);
    put_commands(out, &report->input);
    put_picture(out, report);
}
