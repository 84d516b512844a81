/* What a demonstration has shown, as text and JSON. */
#ifndef CLI_DEMO_OUTPUT_H
#define CLI_DEMO_OUTPUT_H

#include "../demo/support/drive.h"

struct demo_shown {
    const struct demo *demo;
    uint64_t seed;
    double limit_s;
    bool ran[DRIVE_FORMS]; /* by enum drive_which */
    struct drive_outcome outcomes[DRIVE_FORMS];
};

/* Whether every form that ran did what it promises. */
bool demo_output_holds(const struct demo_shown *shown);

void demo_output_text(const struct demo_shown *shown);

/* {schema, name, summary, kind, seed, time_limit_s, forms, holds}; a form is {form, what, end,
 * seconds, showed, as_promised, figures, events, failures, dropped}, a figure {name, value, unit},
 * in SI units. */
void demo_output_json(const struct demo_shown *shown);

#endif
