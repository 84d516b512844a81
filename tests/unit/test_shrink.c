/* Averaging areas and looking at stored pixels the right way up: the arithmetic below thumbnails,
 * against the plain definitions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cases/support/exif.h"
#include "cases/support/shrink.h"
#include "harness/util/hash.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static struct shrink *shrink;

static int make_shrink(void **state)
{
    (void)state;
    shrink = shrink_new();
    return shrink != NULL ? 0 : -1;
}

static int free_shrink(void **state)
{
    (void)state;
    shrink_free(shrink);
    return 0;
}

static void run(const struct shrink_side *across, const struct shrink_side *down, unsigned channels,
    const unsigned char *picture, unsigned char *result)
{
    assert_int_equal(shrink_begin(shrink, across, down, channels, result), 0);
    for (unsigned y = 0; y < down->pixels; y++)
        shrink_row(shrink, picture + (size_t)y * across->pixels * channels);
}

/* How much of pixel i lies in the interval. */
static double covered(unsigned i, double from, double to)
{
    double low = i > from ? i : from, high = i + 1.0 < to ? i + 1.0 : to;
    return high > low ? high - low : 0;
}

/* The definition: the integral over the area, divided by the area. */
static double mean_of(const struct shrink_side *across, const struct shrink_side *down,
    unsigned channels, const unsigned char *picture, const unsigned at[3])
{
    const double width = (double)across->eighths / 8 / across->target;
    const double height = (double)down->eighths / 8 / down->target;
    double sum = 0;
    for (unsigned y = 0; y < down->pixels; y++)
        for (unsigned x = 0; x < across->pixels; x++)
            sum += covered(x, at[0] * width, (at[0] + 1) * width) *
                   covered(y, at[1] * height, (at[1] + 1) * height) *
                   picture[((size_t)y * across->pixels + x) * channels + at[2]];
    return sum / width / height;
}

static struct shrink_side side(unsigned eighths, unsigned target)
{
    return (struct shrink_side){(eighths + 7) / 8, eighths, target};
}

static void every_pixel_is_the_mean_of_the_area_that_it_covers(void **state)
{
    (void)state;
    static const unsigned sides[][4] = {/* eighths and target, across and down */
        {80, 10, 80, 10}, {101, 5, 333, 7}, {800, 75, 600, 56}, {8, 1, 8, 1}, {1, 1, 1600, 75},
        {77, 9, 9, 1}, {244, 31, 600, 75}, {2000, 3, 24, 2}};
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++)
        for (unsigned channels = 1; channels <= 3; channels += 2) {
            struct shrink_side across = side(sides[i][0], sides[i][1]);
            struct shrink_side down = side(sides[i][2], sides[i][3]);
            size_t size = (size_t)across.pixels * down.pixels * channels;
            unsigned char *picture = malloc(size), result[75 * 75 * 3];
            for (size_t j = 0; j < size; j++)
                picture[j] = (unsigned char)hash_mix(i, j);
            run(&across, &down, channels, picture, result);
            for (unsigned y = 0; y < down.target; y++)
                for (unsigned x = 0; x < across.target; x++)
                    for (unsigned c = 0; c < channels; c++) {
                        double mean =
                            mean_of(&across, &down, channels, picture, (unsigned[]){x, y, c});
                        double got = result[((size_t)y * across.target + x) * channels + c];
                        if (fabs(got - mean) > 0.6) /* half is rounding */
                            fail_msg(
                                "sides %zu: %.0f at (%u, %u) instead of %.2f", i, got, x, y, mean);
                    }
            free(picture);
        }
}

static void a_flat_picture_stays_exactly_flat(void **state)
{
    (void)state;
    static const unsigned char levels[] = {0, 1, 127, 254, 255};
    const struct shrink_side across = side(8005, 75), down = side(6003, 56);
    size_t size = (size_t)across.pixels * down.pixels * 3;
    unsigned char *picture = malloc(size), result[75 * 56 * 3], expected[sizeof result];
    for (size_t i = 0; i < sizeof levels; i++) {
        memset(picture, levels[i], size);
        memset(expected, levels[i], sizeof expected);
        run(&across, &down, 3, picture, result);
        assert_memory_equal(result, expected, sizeof expected);
    }
    free(picture);
}

static void a_picture_that_fits_stays_as_it_is(void **state)
{
    (void)state;
    const struct shrink_side across = side(8 * 60, 60), down = side(8 * 50, 50);
    unsigned char picture[60 * 50 * 3], result[sizeof picture];
    for (size_t i = 0; i < sizeof picture; i++)
        picture[i] = (unsigned char)hash_mix(7, i);
    run(&across, &down, 3, picture, result);
    assert_memory_equal(result, picture, sizeof picture);
}

/* What the EXIF standard says of each orientation, for the upright picture ab / cd / ef: which side
 * of it the file's first row and first column are. */
static void each_orientation_is_looked_at_as_the_standard_says(void **state)
{
    (void)state;
    static const char *const stored[] = {"abcdef" /* untagged */, "abcdef" /* top, left */,
        "badcfe" /* top, right */, "fedcba" /* bottom, right */, "efcdab" /* bottom, left */,
        "acebdf" /* left, top */, "bdface" /* right, top */, "fdbeca" /* right, bottom */,
        "ecafdb" /* left, bottom */};
    for (unsigned orientation = 0; orientation <= 8; orientation++) {
        const bool on_its_side = orientation >= 5;
        const struct exif_view view =
            exif_view(orientation, on_its_side ? 3 : 2, on_its_side ? 2 : 3);
        char seen[7] = "";
        assert_int_equal(view.width, 2);
        assert_int_equal(view.height, 3);
        for (ptrdiff_t y = 0; y < 3; y++)
            for (ptrdiff_t x = 0; x < 2; x++)
                seen[y * 2 + x] = stored[orientation][view.origin + x * view.right + y * view.down];
        assert_string_equal(seen, "abcdef");
    }
}

/* A segment in memory of exactly its size, so that the sanitizers see a byte read too many. */
static unsigned read_copy(const unsigned char *segment, size_t size)
{
    unsigned char *copy = malloc(size > 0 ? size : 1);
    memcpy(copy, segment, size);
    unsigned orientation = exif_orientation(copy, size);
    free(copy);
    return orientation;
}

static void orientations_are_read_in_both_byte_orders(void **state)
{
    (void)state;
    unsigned char segment[EXIF_SEGMENT_SIZE];
    for (unsigned orientation = 1; orientation <= 8; orientation++) {
        exif_segment(segment, orientation, false);
        assert_memory_equal(segment, "Exif\0\0II*\0", 10);
        assert_int_equal(read_copy(segment, sizeof segment), orientation);
        exif_segment(segment, orientation, true);
        assert_memory_equal(segment, "Exif\0\0MM\0*", 10);
        assert_int_equal(read_copy(segment, sizeof segment), orientation);
    }
}

static void exif_that_does_not_hold_together_tells_nothing(void **state)
{
    (void)state;
    unsigned char segment[EXIF_SEGMENT_SIZE];
    exif_segment(segment, 6, true);
    for (size_t size = 0; size < 26; size++) /* the value ends at 26 */
        assert_int_equal(read_copy(segment, size), 0);
    static const struct {
        size_t at;
        unsigned char byte;
    } faults[] = {
        {0, 'X'}, {6, 'X'}, {9, 43}, {10, 0xff}, {13, 200}, {17, 0x13}, {19, 4}, {25, 0}, {25, 9}};
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        exif_segment(segment, 6, true);
        segment[faults[i].at] = faults[i].byte;
        assert_int_equal(read_copy(segment, sizeof segment), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pixel_is_the_mean_of_the_area_that_it_covers),
        cmocka_unit_test(a_flat_picture_stays_exactly_flat),
        cmocka_unit_test(a_picture_that_fits_stays_as_it_is),
        cmocka_unit_test(each_orientation_is_looked_at_as_the_standard_says),
        cmocka_unit_test(orientations_are_read_in_both_byte_orders),
        cmocka_unit_test(exif_that_does_not_hold_together_tells_nothing),
    };
    return cmocka_run_group_tests(tests, make_shrink, free_shrink);
}
