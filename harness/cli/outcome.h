/* What a sweep found, as text and as JSON. */
#ifndef CLI_OUTCOME_H
#define CLI_OUTCOME_H

#include "../analyze/family.h"
#include "../analyze/verdict.h"
#include "cli.h"

struct outcome {
    const struct result *result;
    struct verdict verdict;
    struct family family;
    double half_width; /* asked for; 0: a fixed number of blocks */
};

/* A table, a row a configuration, on stdout. */
void outcome_text(const struct outcome *outcome);

/* The same with all figures, one JSON object on stdout. */
void outcome_json(const struct outcome *outcome);

/* On stderr: the verdict's reasons, a half-width that was not reached, and too few blocks. */
void outcome_tell(const struct cli *cli, const struct outcome *outcome);

#endif
