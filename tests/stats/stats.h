/* What `make stats` shows: that the intervals hold, simulated and on this machine. Each part prints
 * its table to stdout and returns whether everything promised was met. */
#ifndef STATS_STATS_H
#define STATS_STATS_H

#include <stdbool.h>

/* The part of the experiments in which an interval that is called a 95 % one has to hold. */
#define STATS_COVERAGE 0.94

/* The coverage table: nine error models, three fixed numbers of blocks and the two rules that
 * choose it, `experiments` of each (at least 1). The same numbers on every run. */
bool stats_simulated(unsigned experiments);

/* The coverage of fits' intervals (analyze/fit.h), `experiments` tables a row (at least 1). The
 * same numbers on every run. */
bool stats_fits(unsigned experiments);

/* Comparisons on this machine: of a configuration with itself, and with one that does 5 % more
 * work. Takes about a minute. False too, after a message on stderr, when nothing can be measured.
 */
bool stats_real(void);

/* Searches for the best pool size on 1000 curves of the kinds that pools are known to have, and on
 * as many random machines: how often the answer is within 2 % of the best, and at which part of the
 * time that measuring every size would take. The same numbers on every run. */
bool stats_tune(void);

/* " met" or " NOT MET". */
const char *stats_verdict(bool met);

#endif
