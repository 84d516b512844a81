/* The one thing in a photograph's EXIF data that a thumbnail needs: which way up it is.
 * Pure functions; EXIF 2.32 (CIPA DC-008), tag 0x0112 of the first directory. */
#ifndef SUPPORT_EXIF_H
#define SUPPORT_EXIF_H

#include <stdbool.h>
#include <stddef.h>

/* The orientation in an APP1 segment (behind its length), 1 to 8. Where the segment is not EXIF,
 * has no such tag or does not hold together: 0. */
unsigned exif_orientation(const unsigned char *segment, size_t size);

/* The smallest EXIF segment that tells an orientation, in either byte order. */
#define EXIF_SEGMENT_SIZE 32
void exif_segment(unsigned char segment[EXIF_SEGMENT_SIZE], unsigned orientation, bool big_endian);

/* How to look at stored pixels the right way up: the pixel to show at (x, y) of the width x height
 * picture is stored at index origin + x * right + y * down. */
struct exif_view {
    unsigned width, height;
    ptrdiff_t origin, right, down;
};

/* The view of a stored picture of that width and height. Other orientations than 2 to 8 are 1. */
struct exif_view exif_view(unsigned orientation, unsigned width, unsigned height);

#endif
