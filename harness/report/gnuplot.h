/* Running gnuplot, without a shell. */
#ifndef REPORT_GNUPLOT_H
#define REPORT_GNUPLOT_H

#include <stdbool.h>
#include <stddef.h>

/* Whether there is a gnuplot to run. */
bool gnuplot_available(void);

/* Draws PICTURE (.svg or .png) by running SCRIPT on DATA, atomically. The user's own settings of
 * gnuplot are not read. Returns 0, or -1 with one line in why: gnuplot's own last message, or that
 * what it wrote is no picture; nothing is left then. */
int gnuplot_draw(const char *script, const char *data, const char *picture, char *why, size_t size);

#endif
