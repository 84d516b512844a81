/* The report's order of work: read all, derive data files, draw, write the text last, so that
 * whatever REPORT.md links to is there. */
#include "report.h"

#include "../util/atomic_file.h"
#include "../util/interrupt.h"
#include "datafile.h"
#include "gnuplot.h"
#include "picture.h"
#include "relative.h"
#include "section.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

static void (*const sections[])(FILE *, const struct report *) = {
    section_overview,
    section_machine,
    section_kinds,
    section_cases,
    section_fits,
    section_breakeven,
    section_commands,
    section_experiments,
    section_claims,
    section_surveys,
    section_simulated,
    section_reproduce,
};

/* A picture cannot be drawn without gnuplot and the scripts; better told before anything is
 * written. */
static enum status check_pictures(const struct report_options *options, char *why, size_t size)
{
    char path[PATH_MAX];
    if (!options->pictures)
        return STATUS_DONE;
    if (!gnuplot_available()) {
        snprintf(why, size,
            "gnuplot was not found; install it (apt-get install gnuplot-nox) or leave the pictures "
            "out (--no-pictures)");
        return STATUS_UNAVAILABLE;
    }
    snprintf(path, sizeof path, "%s/style.gp", options->plots);
    if (access(path, R_OK) == 0)
        return STATUS_DONE;
    snprintf(why, size, "%s: cannot be read: %s; run this in the project's folder", path,
        strerror(errno));
    return STATUS_FAILED;
}

static enum status write_derived(
    const struct report_options *options, const struct input *input, char *why, size_t size)
{
    for (size_t i = 0; i < input->views_count + input->simulated_count; i++) {
        const struct view *view = &input->views[i]; /* the simulated ones follow */
        if (interrupt_requested())
            return STATUS_INTERRUPTED;
        if (datafile_write_all(view, input->folder, why, size))
            return STATUS_FAILED;
        if (options->pictures && picture_draw_all(view, input->folder, options->plots, why, size))
            return STATUS_FAILED;
    }
    return STATUS_DONE;
}

static enum status write_text(
    const struct report *report, const char *output, char *why, size_t size)
{
    struct atomic_file *file = atomic_open(output, why, size);
    if (!file)
        return STATUS_FAILED;
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        sections[i](atomic_stream(file), report);
    return atomic_commit(file, why, size) ? STATUS_FAILED : STATUS_DONE;
}

enum status report_write(const struct report_options *options, char *why, size_t size)
{
    char link[PATH_MAX];
    struct report report = {.link = link, .pictures = options->pictures};
    if (input_load(&report.input, options->folder, options->messages, why, size))
        return STATUS_FAILED;
    enum status status = check_pictures(options, why, size);
    if (status == STATUS_DONE &&
        relative_path(options->output, options->folder, link, sizeof link)) {
        snprintf(why, size, "%s: cannot be written: %s", options->output, strerror(errno));
        status = STATUS_FAILED;
    }
    if (status == STATUS_DONE)
        status = write_derived(options, &report.input, why, size);
    if (status == STATUS_DONE)
        status = write_text(&report, options->output, why, size);
    /* a signal from the terminal also ends gnuplot; its failure is then not the cause */
    if (status != STATUS_DONE && interrupt_requested()) {
        snprintf(why, size, "interrupted");
        status = STATUS_INTERRUPTED;
    }
    input_free(&report.input);
    return status;
}
