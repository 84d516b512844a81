/* Thumbnails of every kind of JPEG, from memory to memory, and of files that are none.
 *
 * pkg-config: libjpeg */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cases/support/thumbnail.h"
#include "pictures.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- thumbnails ------------------------------------------------------------------------------- */

static struct thumbnail_maker *maker;

static int make_maker(void **state)
{
    (void)state;
    maker = thumbnail_new(75, 95);
    return maker != NULL ? 0 : -1;
}

static int free_maker(void **state)
{
    (void)state;
    thumbnail_free(maker);
    return 0;
}

static void look_at_thumbnail_of(const struct picture *picture)
{
    struct file file = encode(picture);
    struct thumbnail thumbnail;
    const char *why;
    if (thumbnail_make(maker, file.bytes, file.size, &thumbnail, &why) != 0)
        fail_msg("%u x %u: %s", picture->width, picture->height, why);
    decode(thumbnail.bytes, thumbnail.size);
    free(file.bytes);
}

static void thumbnails_fit_the_square_and_keep_their_shape(void **state)
{
    (void)state;
    static const unsigned sizes[][4] = {{640, 480, 75, 56}, {480, 640, 56, 75}, {76, 50, 75, 49},
        {75, 75, 75, 75}, {60, 50, 60, 50}, {1, 1, 1, 1}, {1, 5000, 1, 75}, {1000, 400, 75, 30},
        {65500, 3, 75, 1}, {5, 65500, 1, 75}, {151, 149, 75, 74}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const struct picture picture = colour_picture(sizes[i][0], sizes[i][1]);
        look_at_thumbnail_of(&picture);
        assert_int_equal(view.width, sizes[i][2]);
        assert_int_equal(view.height, sizes[i][3]);
    }
}

/* Compares the thumbnail with the mean of the gradient over each of its pixels. */
static void assert_shows_gradient(const struct picture *picture)
{
    look_at_thumbnail_of(picture);
    const unsigned channels = view.channels == 1 ? 1 : 3;
    for (unsigned y = 0; y < view.height; y++)
        for (unsigned x = 0; x < view.width; x++) {
            double rgb[3];
            gradient((x + 0.5) / view.width, (y + 0.5) / view.height, rgb);
            if (channels == 1)
                rgb[0] = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
            for (unsigned c = 0; c < channels; c++)
                if (fabs(shown(x, y)[c] - rgb[c]) > 7)
                    fail_msg("%u x %u, colours %d: %u at (%u, %u) channel %u instead of %.0f",
                        picture->width, picture->height, (int)picture->stored, shown(x, y)[c], x, y,
                        c, rgb[c]);
        }
}

static void thumbnails_show_what_the_picture_shows_in_all_kinds_of_jpeg(void **state)
{
    (void)state;
    static const unsigned sizes[][2] = {
        {640, 480}, {333, 217}, {1021, 767}, {100, 80}, {80, 75}, {61, 33}};
    static const struct picture kinds[] = {{.given = JCS_RGB, .stored = JCS_YCbCr, .sampling = 2},
        {.given = JCS_RGB, .stored = JCS_YCbCr, .sampling = 1},
        {.given = JCS_RGB, .stored = JCS_YCbCr, .sampling = 2, .progressive = true},
        {.given = JCS_RGB, .stored = JCS_RGB, .sampling = 1, .adobe = true},
        {.given = JCS_GRAYSCALE, .stored = JCS_GRAYSCALE, .sampling = 1},
        {.given = JCS_CMYK, .stored = JCS_CMYK, .sampling = 1},
        {.given = JCS_CMYK, .stored = JCS_CMYK, .sampling = 1, .adobe = true},
        {.given = JCS_CMYK, .stored = JCS_YCCK, .sampling = 1, .adobe = true}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        for (size_t j = 0; j < sizeof sizes / sizeof *sizes; j++) {
            struct picture picture = kinds[i];
            picture.width = sizes[j][0];
            picture.height = sizes[j][1];
            picture.paint = paint_gradient;
            assert_shows_gradient(&picture);
            assert_int_equal(view.channels, picture.given == JCS_GRAYSCALE ? 1 : 3);
        }
}

static void detail_too_fine_to_show_becomes_its_mean(void **state)
{
    (void)state;
    static const unsigned widths[] = {160, 299, 601, 1000};
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        struct picture picture = colour_picture(widths[i], widths[i]);
        picture.given = picture.stored = JCS_GRAYSCALE;
        picture.sampling = 1;
        picture.paint = paint_stripes;
        look_at_thumbnail_of(&picture);
        for (unsigned y = 0; y < view.height; y++)
            for (unsigned x = 0; x < view.width; x++)
                assert_in_range(shown(x, y)[0], 128 - 20, 128 + 20);
    }
}

static void every_orientation_is_turned_upright(void **state)
{
    (void)state;
    static const unsigned char red[] = {250, 10, 10}, white[] = {250, 250, 250};
    for (unsigned orientation = 0; orientation <= 8; orientation++) {
        struct picture picture = colour_picture(320, 160);
        picture.sampling = 1;
        picture.orientation = orientation;
        picture.paint = paint_quarters;
        look_at_thumbnail_of(&picture);
        assert_int_equal(view.width, orientation >= 5 ? 38 : 75);
        assert_int_equal(view.height, orientation >= 5 ? 75 : 38);
        const unsigned char *first = shown(view.width / 4, view.height / 4);
        const unsigned char *second = shown(3 * view.width / 4, view.height / 4);
        const unsigned char *last = shown(3 * view.width / 4, 3 * view.height / 4);
        for (int c = 0; c < 3; c++) {
            assert_in_range(first[c] + 20, red[c], red[c] + 40);
            assert_in_range(last[c] + 20, white[c], white[c] + 40);
        }
        assert_true(second[1] > 200 && second[0] < 50 && second[2] < 50);
    }
}

/* --- pictures that cannot be read ------------------------------------------------------------- */

static struct file encode_ordinary(void)
{
    const struct picture picture = colour_picture(200, 120);
    return encode(&picture);
}

/* From memory of exactly that size, so that the sanitizers see a byte read too many. */
static int make_of(const unsigned char *bytes, size_t size, const char **why)
{
    struct thumbnail thumbnail;
    unsigned char *copy = malloc(size > 0 ? size : 1);
    memcpy(copy, bytes, size);
    int code = thumbnail_make(maker, copy, size, &thumbnail, why);
    free(copy);
    return code;
}

static void a_picture_cut_anywhere_is_an_error(void **state)
{
    (void)state;
    for (int progressive = 0; progressive < 2; progressive++) {
        struct picture picture = colour_picture(200, 120);
        picture.progressive = progressive;
        struct file file = encode(&picture);
        const char *why = "";
        for (size_t size = 0; size < file.size; size++)
            if (make_of(file.bytes, size, &why) != EBADMSG || why[0] == '\0')
                fail_msg("%zu of %lu bytes passed for a picture", size, file.size);
        assert_string_equal(why, "Premature end of JPEG file");
        assert_int_equal(make_of(file.bytes, file.size, &why), 0);
        free(file.bytes);
    }
}

/* Whole, but for what stands between the last block and the end marker. */
static struct file encode_with_surplus(void)
{
    struct file file = encode_ordinary();
    file.bytes = realloc(file.bytes, file.size + 50);
    memset(file.bytes + file.size - 2, 0x55, 50);
    memcpy(file.bytes + file.size + 48, "\xff\xd9", 2);
    file.size += 50;
    return file;
}

static void damage_is_named_in_libjpegs_words(void **state)
{
    (void)state;
    struct file file = encode_ordinary();
    const char *why;
    memset(file.bytes + file.size - 100, 0x55, 90);
    assert_int_equal(make_of(file.bytes, file.size, &why), EBADMSG);
    assert_non_null(strstr(why, "Corrupt JPEG data"));
    free(file.bytes);
    file = encode_with_surplus();
    assert_int_equal(make_of(file.bytes, file.size, &why), EBADMSG);
    assert_non_null(strstr(why, "extraneous bytes before marker 0xd9"));
    free(file.bytes);
    assert_int_equal(make_of((const unsigned char *)"hello", 5, &why), EBADMSG);
    assert_non_null(strstr(why, "Not a JPEG file"));
    assert_int_equal(make_of((const unsigned char *)"", 0, &why), EBADMSG);
    assert_non_null(strstr(why, "Empty input file"));
}

/* A frame header of several scans that claims 65,500 x 65,500 pixels, in a file of 4 kB. */
static void a_small_file_that_claims_gigabytes_is_refused(void **state)
{
    (void)state;
    struct picture picture = colour_picture(200, 120);
    picture.progressive = true;
    struct file file = encode(&picture);
    const char *why;
    size_t at = 0;
    while (memcmp(file.bytes + at, "\xff\xc2", 2) != 0)
        at++;
    memcpy(file.bytes + at + 5, "\xff\xdc\xff\xdc", 4);
    assert_int_equal(make_of(file.bytes, file.size, &why), ENOTSUP);
    assert_non_null(strstr(why, "65500 x 65500"));
    free(file.bytes);
}

static void a_maker_is_as_good_as_new_after_a_failure(void **state)
{
    (void)state;
    struct file file = encode_ordinary();
    struct thumbnail thumbnail;
    const char *why;
    unsigned char before[16384];
    assert_int_equal(thumbnail_make(maker, file.bytes, file.size, &thumbnail, &why), 0);
    const size_t size = thumbnail.size;
    assert_true(size <= sizeof before);
    memcpy(before, thumbnail.bytes, size);
    for (size_t cut = 3; cut < file.size; cut += file.size / 9) {
        assert_int_equal(make_of(file.bytes, cut, &why), EBADMSG);
        assert_int_equal(thumbnail_make(maker, file.bytes, file.size, &thumbnail, &why), 0);
        assert_int_equal(thumbnail.size, size);
        assert_memory_equal(thumbnail.bytes, before, size);
    }
    free(file.bytes);
}

static void nothing_is_printed_about_bad_pictures(void **state)
{
    (void)state;
    FILE *caught = tmpfile();
    struct file file = encode_ordinary();
    const char *why;
    fflush(NULL);
    const int out = dup(1), err = dup(2);
    dup2(fileno(caught), 1);
    dup2(fileno(caught), 2);
    make_of(file.bytes, file.size / 2, &why);
    make_of((const unsigned char *)"hello", 5, &why);
    fflush(NULL);
    dup2(out, 1);
    dup2(err, 2);
    close(out);
    close(err);
    assert_int_equal(lseek(fileno(caught), 0, SEEK_END), 0);
    fclose(caught);
    free(file.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thumbnails_fit_the_square_and_keep_their_shape),
        cmocka_unit_test(thumbnails_show_what_the_picture_shows_in_all_kinds_of_jpeg),
        cmocka_unit_test(detail_too_fine_to_show_becomes_its_mean),
        cmocka_unit_test(every_orientation_is_turned_upright),
        cmocka_unit_test(a_picture_cut_anywhere_is_an_error),
        cmocka_unit_test(damage_is_named_in_libjpegs_words),
        cmocka_unit_test(a_small_file_that_claims_gigabytes_is_refused),
        cmocka_unit_test(a_maker_is_as_good_as_new_after_a_failure),
        cmocka_unit_test(nothing_is_printed_about_bad_pictures),
    };
    return cmocka_run_group_tests(tests, make_maker, free_maker);
}
