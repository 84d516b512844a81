/* Data files for gnuplot, beside the result files that they are made of. Blocks are separated by
 * two blank lines, as gnuplot's `index` wants; a header names the columns; units are SI. */
#ifndef REPORT_DATAFILE_H
#define REPORT_DATAFILE_H

#include "view.h"

#include <stdio.h>

/* Writes FOLDER/LABEL.speedup.dat for a sweep, .grain.dat, .tasks.dat and .bytes.dat for break-even
 * searches, .map.dat for the map and .survey.dat for a survey with an axis, each atomically.
 * Returns 0, or -1 with one line in why. */
int datafile_write_all(const struct view *view, const char *folder, char *why, size_t size);

/* ---- shared by datafile.c, datafile_bytes.c, datafile_map.c and datafile_survey.c ---- */

/* A quoted text; a number behind a blank, and three of them: NaN for what is not known. The title
 * bears the verdict. */
void datafile_put_text(FILE *out, const char *text);
void datafile_put_number(FILE *out, double value);
void datafile_put_interval(FILE *out, struct interval interval);
void datafile_put_title(FILE *out, const struct view *view, const char *name);

/* The file of break-even by bytes, of the map, and of a survey. */
void datafile_put_bytes(FILE *out, const struct view *view);
void datafile_put_map(FILE *out, const struct view *view);
void datafile_put_survey(FILE *out, const struct view *view);

#endif
