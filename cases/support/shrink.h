/* Makes a picture smaller by averaging areas: every pixel of the result is the mean of the part of
 * the picture that it covers, pixels at its edge counting by the share that is covered (a box
 * filter, so nothing is left out and nothing aliases). Rows come in one at a time, top down, so
 * that a huge picture takes no more memory than two of its rows. Integer arithmetic.
 *
 * A struct shrink keeps its buffers from one picture to the next and belongs to one thread. */
#ifndef SUPPORT_SHRINK_H
#define SUPPORT_SHRINK_H

#include <stdint.h>

/* One side (width or height). The picture is `eighths` / 8 pixels long, which need not be whole
 * where a decoder has scaled it: its last pixel then lies partly outside. 1 <= target. */
struct shrink_side {
    unsigned pixels;  /* what the decoder delivers, eighths / 8 rounded up */
    uint64_t eighths; /* at least 1 */
    unsigned target;  /* pixels of the result */
};

struct shrink;
struct shrink *shrink_new(void); /* NULL: no memory */
void shrink_free(struct shrink *shrink);

/* Starts a picture of 1 or 3 channels; its result goes to result, target x target x channels bytes,
 * rows without gaps, owned by the caller. Returns 0, or -1: no memory. */
int shrink_begin(struct shrink *shrink, const struct shrink_side *across,
    const struct shrink_side *down, unsigned channels, unsigned char *result);

/* The picture's next row, across.pixels * channels bytes. Rows beyond the picture are ignored. */
void shrink_row(struct shrink *shrink, const unsigned char *row);

#endif
