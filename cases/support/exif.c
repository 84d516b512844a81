/* A TIFF directory is read by hand, since it takes fewer lines than a library's calls; every offset
 * comes from the file and is checked against the segment before it is used. */
#include "exif.h"

#include <stdint.h>
#include <string.h>

#define HEADER_SIZE 6 /* "Exif" and two zeros; offsets count from behind it */
#define ENTRY_SIZE 12
#define TAG_ORIENTATION 0x0112
#define TYPE_SHORT 3

struct tiff {
    const unsigned char *bytes;
    size_t size;
    bool big_endian;
};

/* Both readers give 0 outside the segment: a directory of no entries, a tag that is not ours. */
static unsigned tiff_short(const struct tiff *tiff, size_t at)
{
    if (at + 2 < at || at + 2 > tiff->size)
        return 0;
    const unsigned char *b = tiff->bytes + at;
    return tiff->big_endian ? (unsigned)(b[0] << 8 | b[1]) : (unsigned)(b[1] << 8 | b[0]);
}

static size_t tiff_long(const struct tiff *tiff, size_t at)
{
    size_t first = tiff_short(tiff, at), second = tiff_short(tiff, at + 2);
    return tiff->big_endian ? first << 16 | second : second << 16 | first;
}

unsigned exif_orientation(const unsigned char *segment, size_t size)
{
    if (size < HEADER_SIZE + 8 || memcmp(segment, "Exif\0", HEADER_SIZE) != 0)
        return 0;
    struct tiff tiff = {segment + HEADER_SIZE, size - HEADER_SIZE, segment[HEADER_SIZE] == 'M'};
    if (tiff_short(&tiff, 0) != (tiff.big_endian ? 0x4d4d : 0x4949) || tiff_short(&tiff, 2) != 42)
        return 0;
    size_t directory = tiff_long(&tiff, 4);
    unsigned entries = tiff_short(&tiff, directory);
    for (unsigned i = 0; i < entries; i++) {
        size_t entry = directory + 2 + (size_t)i * ENTRY_SIZE;
        if (tiff_short(&tiff, entry) != TAG_ORIENTATION)
            continue;
        unsigned value = tiff_short(&tiff, entry + 8);
        bool sound = tiff_short(&tiff, entry + 2) == TYPE_SHORT && value >= 1 && value <= 8;
        return sound ? value : 0;
    }
    return 0;
}

void exif_segment(unsigned char segment[EXIF_SEGMENT_SIZE], unsigned orientation, bool big_endian)
{
    static const unsigned char big[EXIF_SEGMENT_SIZE] = {'E', 'x', 'i', 'f', 0, 0, 'M', 'M', 0, 42,
        0, 0, 0, 8, 0, 1, 1, 0x12, 0, TYPE_SHORT, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0};
    static const unsigned char little[EXIF_SEGMENT_SIZE] = {'E', 'x', 'i', 'f', 0, 0, 'I', 'I', 42,
        0, 8, 0, 0, 0, 1, 0, 0x12, 1, TYPE_SHORT, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    memcpy(segment, big_endian ? big : little, EXIF_SEGMENT_SIZE);
    segment[big_endian ? 25 : 24] = (unsigned char)orientation;
}

struct exif_view exif_view(unsigned orientation, unsigned width, unsigned height)
{
    const ptrdiff_t row = (ptrdiff_t)width;
    const ptrdiff_t last_in_row = row - 1, last_row = row * ((ptrdiff_t)height - 1);
    switch (orientation) {
    case 2: /* mirrored */
        return (struct exif_view){width, height, last_in_row, -1, row};
    case 3: /* upside down */
        return (struct exif_view){width, height, last_row + last_in_row, -1, -row};
    case 4: /* mirrored and upside down */
        return (struct exif_view){width, height, last_row, 1, -row};
    case 5: /* rows and columns swapped */
        return (struct exif_view){height, width, 0, row, 1};
    case 6: /* to be turned right */
        return (struct exif_view){height, width, last_row, -row, 1};
    case 7: /* swapped about the other diagonal */
        return (struct exif_view){height, width, last_row + last_in_row, -row, -1};
    case 8: /* to be turned left */
        return (struct exif_view){height, width, last_in_row, row, -1};
    default:
        return (struct exif_view){width, height, 0, 1, row};
    }
}
