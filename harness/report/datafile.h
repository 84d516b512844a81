/* Data files for gnuplot, beside the result files that they are made of. Blocks are separated by
 * two blank lines, as gnuplot's `index` wants; a header names the columns; units are SI. */
#ifndef REPORT_DATAFILE_H
#define REPORT_DATAFILE_H

#include "view.h"

/* Writes FOLDER/LABEL.speedup.dat for a sweep, .grain.dat and .tasks.dat for break-even searches,
 * each atomically. Returns 0, or -1 with one line in why. */
int datafile_write_all(const struct view *view, const char *folder, char *why, size_t size);

#endif
