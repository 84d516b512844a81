/* What a tutorial says, checked by what was measured. Inner to report/. */
#ifndef REPORT_CLAIM_H
#define REPORT_CLAIM_H

#include "input.h"

#include <stddef.h>

enum claim_outcome {
    CLAIM_HOLDS,
    CLAIM_FAILS,     /* it does not hold here */
    CLAIM_UNDECIDED, /* the interval contains both, or readings differ */
    CLAIM_UNMEASURED /* no result of that name, or without that figure, or REFUSED */
};

/* What was found. */
struct claim_finding {
    enum claim_outcome outcome;
    char figure[320];        /* what it was judged by, as Markdown text */
    const struct view *view; /* whose command checks it; NULL: unmeasured */
};

enum claim_kind {
    CLAIM_RATIO,     /* a survey: figure a / figure b of the same rounds is above `limit` */
    CLAIM_AT_MOST,   /* the same, below `limit` */
    CLAIM_BELOW,     /* a survey: figure a is below `limit` */
    CLAIM_VALUE,     /* a survey: every reading of figure a is `limit` */
    CLAIM_HAZARD,    /* subject a of hazards always fails unmended, never mended */
    CLAIM_WITHIN,    /* a sweep: the size to take of `backend` is at most the usable CPUs */
    CLAIM_BEYOND,    /* ... is above them */
    CLAIM_SPEEDUP,   /* a sweep: the speedup of `backend` at the largest size is above `limit` */
    CLAIM_NO_FASTER, /* ... is below `limit` */
    CLAIM_SLOWER,    /* a sweep: `backend` takes longer at its largest size than at 1 worker */
    CLAIM_BREAKEVEN, /* searches: short tasks make the pool of `backend` slower than serial */
    CLAIM_COLD,      /* searches: with start and stop it takes more tasks to win than without */
    CLAIM_CHUNK      /* searches by grain: break-even at chunk 1 is above that at `limit` */
};

struct claim_figure {
    const char *subject, *figure;
    double x; /* 0: none */
};

struct claim {
    const char *says;  /* the tutorials' sentence */
    const char *label; /* of the result file */
    enum claim_kind kind;
    const char *backend;
    struct claim_figure a, b;
    double limit; /* of CLAIM_VALUE the value; of the others 0 is 1 */
};

/* Checks one claim. Pure but for reading `input`. */
struct claim_finding claim_check(const struct claim *claim, const struct input *input);

#endif
