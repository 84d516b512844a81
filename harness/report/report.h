/* The report: from a folder of result files to REPORT.md, data files for gnuplot and pictures.
 *
 * Reads, computes and writes; measures nothing. What it writes depends on the result files alone:
 * no date of now, no locale, no absolute path, no order of the folder's listing. Not thread-safe.
 */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "../util/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct report_options {
    const char *folder; /* of one host's result files: results/HOST; derived files go there too */
    const char *output; /* the report's path, REPORT.md; its folder must exist */
    const char *plots;  /* the folder of the gnuplot scripts, usually "plots" */
    bool pictures;      /* false: neither draw nor link pictures; gnuplot is then not needed */
    FILE *messages;     /* told in one line of each .json file that is no result; NULL: nobody */
};

/* Writes LABEL.speedup.dat, LABEL.grain.dat and LABEL.tasks.dat beside the result files, the
 * pictures (.svg and .png) that are made of them, and then the report, each file atomically.
 * Files that do not load are left out, told to `messages` and named in the report.
 *
 * Returns STATUS_DONE, or with one line in why: STATUS_FAILED (no results there, a file that cannot
 * be written, a picture that cannot be drawn), STATUS_UNAVAILABLE (pictures wanted, but there is no
 * gnuplot; nothing was written) or STATUS_INTERRUPTED (a signal came, see interrupt.h). Files that
 * were complete by then stay, nothing is half-written, and no temporary file is left. */
enum status report_write(const struct report_options *options, char *why, size_t size);

#endif
