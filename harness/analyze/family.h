/* The configurations of a sweep as one family of comparisons with serial: which of them are faster
 * or slower, judged together, so that the chance of a single wrong mark among all is at most 5 %.
 * Pure functions of a result. */
#ifndef ANALYZE_FAMILY_H
#define ANALYZE_FAMILY_H

#include "summary.h"

enum family_side {
    FAMILY_NONE, /* not compared: serial itself, or no block in which both count */
    FAMILY_TIED, /* no difference shown */
    FAMILY_SLOWER,
    FAMILY_FASTER
};

struct family_member {
    struct summary summary;
    double p; /* sign test against serial, adjusted for all comparisons (Holm 1979) and looks; at
                 most 0.05 is a difference. NAN: not compared */
    enum family_side side;
};

struct family {
    struct family_member *members; /* of each configuration */
    size_t count;                  /* of them; 0 without memory */
    size_t compared;
    size_t blocks;     /* the fewest pairs that one of the compared has; 0: none is compared */
    size_t blocks_min; /* below which not even the best can show a difference (holm_blocks_min) */
};

/* Summarises and compares every configuration. Freed by family_free. */
struct family family_of(const struct result *result);
void family_free(struct family *family);

/* "faster", "slower", "tied", or "" for what is not compared. */
const char *family_side_name(enum family_side side);

#endif
