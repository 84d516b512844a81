/* What the survey of Python's pools says as ratios. Inner to report/. */
#ifndef REPORT_PYTHON_SPEEDUPS_H
#define REPORT_PYTHON_SPEEDUPS_H

#include "../store/result.h"

#include <stdio.h>

/* For the result of the survey `python`: the speedup of each pool over Python's serial loop by the
 * region's time, and the curve of the interpreter's lock beside that of our backend gil. Markdown;
 * nothing where the figures are not there. */
void python_put_speedups(FILE *out, const struct result *result);
void python_put_lock(FILE *out, const struct result *result);

#endif
