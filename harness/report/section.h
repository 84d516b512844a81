/* The sections of REPORT.md, one file each, in the order of the report. Each writes complete blocks
 * of Markdown that end with an empty line, and nothing where the input has nothing for it. */
#ifndef REPORT_SECTION_H
#define REPORT_SECTION_H

#include "input.h"

#include <stdbool.h>
#include <stdio.h>

struct report {
    struct input input;
    const char *link; /* the folder of results, seen from the report's own */
    bool pictures;
};

void section_overview(FILE *out, const struct report *report);    /* title, one paragraph */
void section_machine(FILE *out, const struct report *report);     /* machine, verdicts, reading */
void section_kinds(FILE *out, const struct report *report);       /* which backend for what */
void section_cases(FILE *out, const struct report *report);       /* a table and pictures a case */
void section_fits(FILE *out, const struct report *report);        /* what limits the curves */
void section_breakeven(FILE *out, const struct report *report);   /* break-even, METG(50) */
void section_commands(FILE *out, const struct report *report);    /* whole commands */
void section_experiments(FILE *out, const struct report *report); /* the source material's */
void section_surveys(FILE *out, const struct report *report);     /* a chapter a survey */
void section_claims(FILE *out, const struct report *report);      /* the tutorials' sentences */
void section_simulated(FILE *out, const struct report *report);   /* what was not measured */
void section_reproduce(FILE *out, const struct report *report);   /* exact commands */

#endif
