/* What a comparison found, as text and as JSON. */
#ifndef CLI_COMPARE_OUTPUT_H
#define CLI_COMPARE_OUTPUT_H

#include "../analyze/compare.h"
#include "../analyze/provenance.h"
#include "compare_sides.h"

/* What could not be compared as a whole, and why. */
struct compare_left {
    const char *label; /* of a file */
    char why[320];
};

struct comparison {
    const struct cli *cli;
    enum compare_of of;
    double threshold;         /* 0.03: a regression is slower by more than 3 % */
    bool forced;              /* something was taken that would have been refused */
    struct compare_side a, b; /* no files in b: within those of a */
    struct compare_row *rows;
    const struct result **results; /* of each row: whose case it is */
    const char **labels;           /* of each row */
    size_t rows_count;
    struct compare_left *left;
    size_t left_count;
    struct provenance_difference differences[PROVENANCE_MAX]; /* that were accepted */
    size_t differences_count;
    const char *old, *new;         /* two builds measured side by side: their commits; else NULL */
    const struct verdict *verdict; /* of that measurement; else NULL */
};

void compare_print_text(const struct comparison *comparison);
void compare_print_json(const struct comparison *comparison);

#endif
