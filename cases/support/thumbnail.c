/* The picture is decoded only as finely as the thumbnail needs: libjpeg can transform each 8 x 8
 * block back to 1 x 1, 2 x 2, ... pixels, which saves most of the work and is a good filter in
 * itself. Averaging areas (shrink.h) does the rest. All of it happens in the file's own colour
 * space, brightness and two colour differences, so that nothing is converted to RGB and back: the
 * average is the same, since that conversion is linear.
 *
 * pkg-config: libjpeg */
#include "thumbnail.h"

#include "../../harness/pool/task.h"
#include "exif.h"
#include "libjpeg.h"
#include "shrink.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define EXIF_MARKER (JPEG_APP0 + 1)
#define SEGMENT_MAX 0xffff

/* Decoded pixels for each one of the thumbnail, at least: with 1 edges jag, 4 gains nothing more.
 */
#define FINENESS 2

/* A progressive picture is kept whole, as coefficients, until its last scan; files of a few
 * kilobytes can claim gigabytes. This is room for a 170-megapixel photograph of full colour. */
#define COEFFICIENTS_MAX ((size_t)1 << 30)

struct thumbnail_maker {
    unsigned size;
    int quality;
    struct jpeg_decompress_struct decoder;
    struct jpeg_compress_struct encoder;
    struct libjpeg_trap trap;
    struct libjpeg_sink sink;
    J_COLOR_SPACE encoder_space; /* what the encoder is set up for; JCS_UNKNOWN at first */
    struct shrink *shrink;
    unsigned char *row; /* as decoded */
    size_t row_room;
    unsigned char *small, *upright; /* the thumbnail's pixels as stored and, if turned, as shown */
};

/* Leaves the task at hand, to where the trap was set. */
static void give_up(struct thumbnail_maker *maker, int code, const char *reason)
{
    maker->trap.code = code;
    snprintf(maker->trap.reason, sizeof maker->trap.reason, "%s", reason);
    longjmp(maker->trap.back, 1);
}

static int create(struct thumbnail_maker *maker)
{
    if (setjmp(maker->trap.back) != 0)
        return -1;
    maker->decoder.err = maker->encoder.err = libjpeg_trap(&maker->trap);
    jpeg_create_decompress(&maker->decoder);
    jpeg_save_markers(&maker->decoder, EXIF_MARKER, SEGMENT_MAX);
    jpeg_create_compress(&maker->encoder);
    maker->encoder.dest = libjpeg_sink(&maker->sink);
    return 0;
}

struct thumbnail_maker *thumbnail_new(unsigned size, int quality)
{
    struct thumbnail_maker *maker = calloc(1, sizeof *maker);
    if (maker == NULL)
        return NULL;
    const size_t room = (size_t)size * size * 3;
    maker->size = size;
    maker->quality = quality;
    maker->encoder_space = JCS_UNKNOWN;
    maker->shrink = shrink_new();
    maker->small = malloc(room);
    maker->upright = malloc(room);
    if (maker->shrink == NULL || maker->small == NULL || maker->upright == NULL ||
        create(maker) != 0) {
        thumbnail_free(maker);
        return NULL;
    }
    return maker;
}

void thumbnail_free(struct thumbnail_maker *maker)
{
    if (maker == NULL)
        return;
    jpeg_destroy_decompress(&maker->decoder);
    jpeg_destroy_compress(&maker->encoder);
    shrink_free(maker->shrink);
    free(maker->sink.bytes);
    free(maker->row);
    free(maker->small);
    free(maker->upright);
    free(maker);
}

static unsigned orientation_of(const struct jpeg_decompress_struct *decoder)
{
    unsigned orientation = 0;
    for (jpeg_saved_marker_ptr m = decoder->marker_list; m != NULL && orientation == 0; m = m->next)
        orientation = exif_orientation(m->data, m->data_length);
    return orientation;
}

static void check_memory(struct thumbnail_maker *maker)
{
    const struct jpeg_decompress_struct *decoder = &maker->decoder;
    const size_t pixels = (size_t)decoder->image_width * decoder->image_height;
    const size_t most = COEFFICIENTS_MAX / sizeof(JCOEF) / (size_t)decoder->num_components;
    char reason[JMSG_LENGTH_MAX];
    if (!jpeg_has_multiple_scans(&maker->decoder) || pixels <= most)
        return;
    snprintf(reason, sizeof reason, "%u x %u pixels in several scans take more than 1 GB to decode",
        decoder->image_width, decoder->image_height);
    give_up(maker, ENOTSUP, reason);
}

/* The colours to decode to: what is stored, since any conversion can wait for fewer pixels. */
static void choose_colours(struct thumbnail_maker *maker)
{
    struct jpeg_decompress_struct *decoder = &maker->decoder;
    switch (decoder->jpeg_color_space) {
    case JCS_GRAYSCALE:
    case JCS_YCbCr:
    case JCS_RGB:
    case JCS_CMYK:
        decoder->out_color_space = decoder->jpeg_color_space;
        break;
    case JCS_YCCK:
        decoder->out_color_space = JCS_CMYK;
        break;
    default:
        give_up(maker, ENOTSUP, "unknown colours: not greyscale, YCbCr, RGB, CMYK or YCCK");
    }
}

/* Rounded to the nearest, but never to nothing. */
static unsigned fit(unsigned length, unsigned longest, unsigned size)
{
    if (longest <= size)
        return length;
    uint64_t fitted = ((uint64_t)length * size * 2 + longest) / ((uint64_t)longest * 2);
    return fitted > 0 ? (unsigned)fitted : 1;
}

static unsigned longest_side(const struct jpeg_decompress_struct *decoder)
{
    return decoder->image_width > decoder->image_height ? decoder->image_width
                                                        : decoder->image_height;
}

/* The coarsest decoding, in eighths, that is fine enough. Blocks of 1, 2, 4 and 8 pixels have the
 * quick transforms, and libjpeg then scales the colour differences with them for nothing. */
static void choose_scale(struct thumbnail_maker *maker)
{
    struct jpeg_decompress_struct *decoder = &maker->decoder;
    const unsigned enough = FINENESS * maker->size * 8;
    decoder->scale_denom = 8;
    decoder->scale_num = 1;
    while (decoder->scale_num < 8 && longest_side(decoder) * decoder->scale_num < enough)
        decoder->scale_num *= 2;
}

/* Adobe's programs store inks the other way round and mark the file as theirs. */
static void cmyk_to_rgb(unsigned char *pixels, unsigned count, bool inverted)
{
    const unsigned flip = inverted ? 0 : 255;
    const unsigned char *in = pixels;
    for (unsigned i = 0; i < count; i++, in += 4)
        for (unsigned c = 0; c < 3; c++)
            *pixels++ = (unsigned char)(((in[c] ^ flip) * (in[3] ^ flip) + 127) / 255);
}

static void reserve_row(struct thumbnail_maker *maker, size_t size)
{
    if (size <= maker->row_room)
        return;
    free(maker->row);
    maker->row = malloc(size);
    maker->row_room = maker->row != NULL ? size : 0;
    if (maker->row == NULL)
        give_up(maker, ENOMEM, "no memory for a row of pixels");
}

/* Decodes to the end of the file, so that no damage goes unseen, shrinking row by row. */
static void shrink_rows(struct thumbnail_maker *maker)
{
    struct jpeg_decompress_struct *decoder = &maker->decoder;
    const bool cmyk = decoder->out_color_space == JCS_CMYK;
    reserve_row(maker, (size_t)decoder->output_width * (size_t)decoder->output_components);
    while (decoder->output_scanline < decoder->output_height) {
        jpeg_read_scanlines(decoder, &maker->row, 1);
        if (cmyk)
            cmyk_to_rgb(maker->row, decoder->output_width, decoder->saw_Adobe_marker);
        shrink_row(maker->shrink, maker->row);
        task_checkpoint();
    }
}

/* A picture that is small enough is its own thumbnail, to the pixel. */
static void copy_rows(struct thumbnail_maker *maker)
{
    struct jpeg_decompress_struct *decoder = &maker->decoder;
    const size_t row_size = (size_t)decoder->output_width * (size_t)decoder->output_components;
    while (decoder->output_scanline < decoder->output_height) {
        unsigned char *row = maker->small + decoder->output_scanline * row_size;
        jpeg_read_scanlines(decoder, &row, 1);
        task_checkpoint();
    }
}

static void scale_rows(struct thumbnail_maker *maker, const struct shrink_side *across,
    const struct shrink_side *down, unsigned channels)
{
    const struct jpeg_decompress_struct *decoder = &maker->decoder;
    const bool same = across->target == decoder->image_width &&
                      down->target == decoder->image_height && decoder->scale_num == 8;
    if (same && decoder->output_components == (int)channels) {
        copy_rows(maker);
        return;
    }
    if (shrink_begin(maker->shrink, across, down, channels, maker->small) != 0)
        give_up(maker, ENOMEM, "no memory to shrink it");
    shrink_rows(maker);
}

static void decode(struct thumbnail_maker *maker, struct exif_view *view, J_COLOR_SPACE *space)
{
    struct jpeg_decompress_struct *decoder = &maker->decoder;
    check_memory(maker);
    choose_colours(maker);
    choose_scale(maker);
    decoder->do_fancy_upsampling = FALSE; /* what it would smooth is averaged anyway */
    const unsigned orientation = orientation_of(decoder);
    const unsigned longest = longest_side(decoder);
    jpeg_start_decompress(decoder);
    const struct shrink_side across = {decoder->output_width,
        (uint64_t)decoder->image_width * decoder->scale_num,
        fit(decoder->image_width, longest, maker->size)};
    const struct shrink_side down = {decoder->output_height,
        (uint64_t)decoder->image_height * decoder->scale_num,
        fit(decoder->image_height, longest, maker->size)};
    *space = decoder->out_color_space == JCS_CMYK ? JCS_RGB : decoder->out_color_space;
    *view = exif_view(orientation, across.target, down.target);
    scale_rows(maker, &across, &down, *space == JCS_GRAYSCALE ? 1 : 3);
    jpeg_finish_decompress(decoder);
}

/* Called with a constant for channels, so that a pixel is not a call of memcpy. */
static inline void turn(
    struct thumbnail_maker *maker, const struct exif_view *view, unsigned channels)
{
    unsigned char *to = maker->upright;
    for (unsigned y = 0; y < view->height; y++)
        for (unsigned x = 0; x < view->width; x++, to += channels) {
            ptrdiff_t from = view->origin + (ptrdiff_t)x * view->right + (ptrdiff_t)y * view->down;
            memcpy(to, maker->small + from * (ptrdiff_t)channels, channels);
        }
}

/* The thumbnail's pixels as shown; most pictures are stored so. */
static unsigned char *turn_upright(
    struct thumbnail_maker *maker, const struct exif_view *view, unsigned channels)
{
    if (view->origin == 0 && view->right == 1 && view->down == (ptrdiff_t)view->width)
        return maker->small;
    if (channels == 3)
        turn(maker, view, 3);
    else
        turn(maker, view, 1);
    return maker->upright;
}

static void encode(struct thumbnail_maker *maker, const struct exif_view *view, J_COLOR_SPACE space)
{
    struct jpeg_compress_struct *encoder = &maker->encoder;
    const unsigned channels = space == JCS_GRAYSCALE ? 1 : 3;
    unsigned char *const pixels = turn_upright(maker, view, channels);
    encoder->image_width = view->width;
    encoder->image_height = view->height;
    encoder->input_components = (int)channels;
    encoder->in_color_space = space;
    if (space != maker->encoder_space) {
        jpeg_set_defaults(encoder);
        jpeg_set_quality(encoder, maker->quality, TRUE);
        maker->encoder_space = space;
    }
    jpeg_start_compress(encoder, TRUE);
    while (encoder->next_scanline < encoder->image_height) {
        unsigned char *row = pixels + (size_t)encoder->next_scanline * view->width * channels;
        jpeg_write_scanlines(encoder, &row, 1);
        task_checkpoint();
    }
    jpeg_finish_compress(encoder);
}

int thumbnail_make(struct thumbnail_maker *maker, const unsigned char *picture, size_t size,
    struct thumbnail *thumbnail, const char **why)
{
    struct exif_view view;
    J_COLOR_SPACE space;
    if (setjmp(maker->trap.back) != 0) {
        jpeg_abort_decompress(&maker->decoder);
        jpeg_abort_compress(&maker->encoder);
        *why = maker->trap.reason;
        return maker->trap.code;
    }
    jpeg_mem_src(&maker->decoder, picture, size);
    jpeg_read_header(&maker->decoder, TRUE);
    decode(maker, &view, &space);
    encode(maker, &view, space);
    *thumbnail = (struct thumbnail){maker->sink.bytes, maker->sink.size};
    return 0;
}
