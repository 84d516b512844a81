/* Pictures that a test knows: painted by a function, encoded and decoded with libjpeg itself.
 * Errors end the program, as libjpeg has it. To be included after cmocka.h by one test program
 * each. */
#ifndef UNIT_PICTURES_H
#define UNIT_PICTURES_H

#include "cases/support/exif.h"
#include "cases/support/thumbnail.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

struct picture {
    unsigned width, height;
    J_COLOR_SPACE given, stored; /* how pixels are painted, how the file keeps them */
    int sampling;                /* of brightness: 1, or 2 for 4:2:0 */
    bool progressive, adobe;
    unsigned orientation; /* 0: untagged */
    void (*paint)(const struct picture *picture, unsigned x, unsigned y, unsigned char *pixel);
};

struct file {
    unsigned char *bytes;
    unsigned long size;
};

static inline struct file encode(const struct picture *picture)
{
    struct file file = {0};
    struct jpeg_error_mgr errors;
    struct jpeg_compress_struct encoder = {.err = jpeg_std_error(&errors)};
    jpeg_create_compress(&encoder);
    jpeg_mem_dest(&encoder, &file.bytes, &file.size);
    encoder.image_width = picture->width;
    encoder.image_height = picture->height;
    encoder.in_color_space = picture->given;
    encoder.input_components =
        picture->given == JCS_GRAYSCALE ? 1 : (picture->given == JCS_CMYK ? 4 : 3);
    jpeg_set_defaults(&encoder);
    jpeg_set_colorspace(&encoder, picture->stored);
    jpeg_set_quality(&encoder, 95, TRUE);
    encoder.comp_info[0].h_samp_factor = encoder.comp_info[0].v_samp_factor = picture->sampling;
    encoder.write_Adobe_marker = picture->adobe;
    if (picture->progressive)
        jpeg_simple_progression(&encoder);
    jpeg_start_compress(&encoder, TRUE);
    if (picture->orientation != 0) {
        unsigned char segment[EXIF_SEGMENT_SIZE];
        exif_segment(segment, picture->orientation, picture->orientation % 2 != 0);
        jpeg_write_marker(&encoder, JPEG_APP0 + 1, segment, sizeof segment);
    }
    unsigned char *row = malloc((size_t)picture->width * 4);
    while (encoder.next_scanline < picture->height) {
        for (unsigned x = 0; x < picture->width; x++)
            picture->paint(picture, x, encoder.next_scanline,
                row + (size_t)x * (size_t)encoder.input_components);
        jpeg_write_scanlines(&encoder, &row, 1);
    }
    free(row);
    jpeg_finish_compress(&encoder);
    jpeg_destroy_compress(&encoder);
    return file;
}

struct view {
    unsigned width, height, channels;
    unsigned char pixels[THUMBNAIL_SIZE_MAX * 75 * 3];
};

static struct view view; /* what decode saw last */

static inline void decode(const unsigned char *bytes, size_t size)
{
    struct jpeg_error_mgr errors;
    struct jpeg_decompress_struct decoder = {.err = jpeg_std_error(&errors)};
    jpeg_create_decompress(&decoder);
    jpeg_mem_src(&decoder, bytes, size);
    jpeg_read_header(&decoder, TRUE);
    jpeg_start_decompress(&decoder);
    view.width = decoder.output_width;
    view.height = decoder.output_height;
    view.channels = (unsigned)decoder.output_components;
    assert_true((size_t)view.width * view.height * view.channels <= sizeof view.pixels);
    while (decoder.output_scanline < decoder.output_height) {
        unsigned char *row =
            view.pixels + (size_t)decoder.output_scanline * view.width * view.channels;
        jpeg_read_scanlines(&decoder, &row, 1);
    }
    jpeg_finish_decompress(&decoder);
    jpeg_destroy_decompress(&decoder);
}

static inline const unsigned char *shown(unsigned x, unsigned y)
{
    return view.pixels + ((size_t)y * view.width + x) * view.channels;
}

/* --- what is painted -------------------------------------------------------------------------- */

/* A colour that changes smoothly: red across, green down, blue in between. */
static inline void gradient(double u, double v, double rgb[3])
{
    rgb[0] = 40 + 160 * u;
    rgb[1] = 200 - 140 * v;
    rgb[2] = 60 + 60 * (u + v);
}

static inline void paint_gradient(
    const struct picture *p, unsigned x, unsigned y, unsigned char *pixel)
{
    double rgb[3];
    gradient((x + 0.5) / p->width, (y + 0.5) / p->height, rgb);
    for (int c = 0; c < 3; c++)
        pixel[c] = (unsigned char)lround(rgb[c]);
    if (p->given == JCS_GRAYSCALE)
        pixel[0] = (unsigned char)lround(0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]);
    if (p->given != JCS_CMYK)
        return;
    for (int c = 0; c < 3; c++) /* black ink takes a fifth of the light */
        pixel[c] = (unsigned char)lround(255 - rgb[c] / 0.8);
    pixel[3] = 51;
    for (int c = 0; c < 4 && p->adobe; c++)
        pixel[c] = (unsigned char)(255 - pixel[c]);
}

static inline void paint_stripes(
    const struct picture *p, unsigned x, unsigned y, unsigned char *pixel)
{
    (void)p;
    pixel[0] = (x + y) % 2 != 0 ? 255 : 0;
}

/* The upright picture's quarters: red, green / blue, white; stored as the orientation says. */
static inline void paint_quarters(
    const struct picture *p, unsigned x, unsigned y, unsigned char *pixel)
{
    static const unsigned char colours[4][3] = {
        {250, 10, 10}, {10, 250, 10}, {10, 10, 250}, {250, 250, 250}};
    /* where the stored picture's upper left, upper right, ... quarter lies in the upright one */
    static const unsigned char turned[9][5] = {
        "0123", "0123", "1032", "3210", "2301", "0213", "1302", "3120", "2031"};
    unsigned quarter = (2 * y >= p->height ? 2u : 0u) + (2 * x >= p->width ? 1u : 0u);
    memcpy(pixel, colours[turned[p->orientation][quarter] - '0'], 3);
}

static inline struct picture colour_picture(unsigned width, unsigned height)
{
    return (struct picture){width, height, JCS_RGB, JCS_YCbCr, 2, false, false, 0, paint_gradient};
}

#endif
