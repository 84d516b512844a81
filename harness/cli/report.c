/* report: REPORT.md and pictures from one host's result files. */
#include "../report/report.h"
#include "commands.h"
#include "record.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct param options[] = {
    {.name = "host",
        .type = PARAM_TEXT,
        .choices = "NAME",
        .help = "folder below results/ (default: this host's name)"},
    {.name = "output",
        .letter = 'o',
        .type = PARAM_TEXT,
        .value = "REPORT.md",
        .choices = "FILE",
        .help = "the report"},
    {.name = "no-pictures", .type = PARAM_FLAG, .help = "write the report without pictures"},
    {0},
};

/* Finds the gnuplot scripts: beside the current folder's results, beside the program, or where
 * `make install` puts them. Without them the path is "plots", for the message. */
static void find_plots(char *path, size_t size)
{
    static const char *const beside[] = {"plots", "../share/poolbench/plots"};
    char program[1024] = "";
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    char *slash = length > 0 ? strrchr(program, '/') : NULL;
    snprintf(path, size, "plots");
    for (size_t i = 0; slash && access(path, R_OK) && i < sizeof beside / sizeof *beside; i++)
        snprintf(path, size, "%.*s/%s", (int)(slash - program), program, beside[i]);
    if (access(path, R_OK))
        snprintf(path, size, "plots");
}

static enum status report_run(const struct cli *cli)
{
    char folder[PATH_MAX], plots[PATH_MAX], why[PATH_MAX + 512];
    if (cli->words_count == 1)
        snprintf(folder, sizeof folder, "%s", cli->words[0]);
    else
        record_folder(cli, folder, sizeof folder);
    find_plots(plots, sizeof plots);
    const struct report_options report = {
        .folder = folder,
        .output = param_text(cli->options, "output"),
        .plots = plots,
        .pictures = !param_flag(cli->options, "no-pictures"),
        .messages = stderr,
    };
    enum status status = report_write(&report, why, sizeof why);
    if (status == STATUS_INTERRUPTED)
        return status;
    if (status)
        return cli_fail(cli, status, "%s", why);
    fprintf(stderr, "poolbench report: wrote %s from %s\n", report.output, folder);
    return STATUS_DONE;
}

const struct cli_command command_report = {
    .name = "report",
    .words = "[FOLDER]",
    .summary = "REPORT.md and its pictures from a host's result files",
    .options = options,
    .words_max = 1,
    .run = report_run,
};
