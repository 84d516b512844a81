/* Which pictures there are and what they are made of: a table. */
#ifndef REPORT_PICTURE_H
#define REPORT_PICTURE_H

#include "view.h"

#include <stdio.h>

struct picture {
    const char *name;                      /* of its files: LABEL.NAME.svg and .png */
    const char *data;                      /* of its data file: LABEL.DATA.dat */
    const char *script;                    /* in plots/ */
    const char *caption;                   /* what it shows; follows "LABEL: " */
    bool (*fits)(const struct view *view); /* whether there is enough to draw */
};

extern const struct picture pictures[]; /* ends with a NULL name */

/* Draws all that fit the view from the data files in FOLDER, as SVG and PNG, with the scripts of
 * the folder `plots`. Returns 0, or -1 with one line in why. */
int picture_draw_all(
    const struct view *view, const char *folder, const char *plots, char *why, size_t size);

/* Markdown that shows the SVGs of all that fit, but for those of fitted curves; FOLDER as seen from
 * the report. Returns how many. */
unsigned picture_embed_all(FILE *out, const struct view *view, const char *folder);

/* The same of the picture of fitted curves, which has a section of its own. */
unsigned picture_embed_fits(FILE *out, const struct view *view, const char *folder);

#endif
