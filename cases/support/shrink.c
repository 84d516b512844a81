/* Down first, then across: the many pixels of a row are added up in a plain loop that the compiler
 * makes wide, and the sum is divided into columns once for each row of the result. */
#include "shrink.h"

#include <stdlib.h>
#include <string.h>

/* Weights of a span add up to ONE. 255 * ONE, kept to 16 bits by DOWN_SHIFT, times ONE fits in 32.
 */
#define ONE_BITS 15
#define ONE (1u << ONE_BITS)
#define DOWN_SHIFT (ONE_BITS - 8)
#define ACROSS_SHIFT (ONE_BITS + 8)

/* The pixels that one pixel of the result covers; their weights are count from `weight` on. */
struct span {
    unsigned first, count, weight;
};

struct axis {
    struct span *spans;
    uint16_t *weights;
    size_t span_room, weight_room;
};

struct shrink {
    struct axis across, down;
    uint32_t *sum; /* a row of the picture, weighted and added up */
    size_t sum_room;
    size_t samples; /* in a row of the picture */
    unsigned columns, rows, channels;
    unsigned row_in, row_out; /* the next ones */
    unsigned char *result;
};

struct shrink *shrink_new(void)
{
    return calloc(1, sizeof(struct shrink));
}

static void axis_free(struct axis *axis)
{
    free(axis->spans);
    free(axis->weights);
}

void shrink_free(struct shrink *shrink)
{
    if (shrink == NULL)
        return;
    axis_free(&shrink->across);
    axis_free(&shrink->down);
    free(shrink->sum);
    free(shrink);
}

/* Makes room for at least `count` items, whose old content is not kept. Returns 0, or -1. */
static int reserve(void **items, size_t *room, size_t count, size_t item_size)
{
    if (count <= *room)
        return 0;
    free(*items);
    *items = calloc(count, item_size);
    *room = *items != NULL ? count : 0;
    return *items != NULL ? 0 : -1;
}

/* Positions are counted so that everything is whole: a pixel of the picture is 8 * target long, one
 * of the result `eighths`. The weights are differences of rounded running sums: they add up to ONE
 * exactly, whatever the rounding. */
static unsigned fill_span(
    const struct shrink_side *side, unsigned index, struct span *span, uint16_t *weights)
{
    const uint64_t pixel = 8 * (uint64_t)side->target;
    const uint64_t start = index * side->eighths, end = start + side->eighths;
    span->first = (unsigned)(start / pixel);
    span->count = (unsigned)((end + pixel - 1) / pixel) - span->first;
    uint64_t before = 0;
    for (unsigned i = 0; i < span->count; i++) {
        uint64_t edge = (span->first + i + 1) * pixel;
        uint64_t covered = (edge < end ? edge : end) - start;
        uint64_t until = (covered * ONE + side->eighths / 2) / side->eighths;
        weights[i] = (uint16_t)(until - before);
        before = until;
    }
    return span->count;
}

static int axis_fill(struct axis *axis, const struct shrink_side *side)
{
    const size_t weights = (size_t)side->pixels + side->target; /* an edge splits a pixel at most */
    if (reserve((void **)&axis->spans, &axis->span_room, side->target, sizeof *axis->spans) != 0 ||
        reserve((void **)&axis->weights, &axis->weight_room, weights, sizeof *axis->weights) != 0)
        return -1;
    unsigned next = 0;
    for (unsigned i = 0; i < side->target; i++) {
        axis->spans[i].weight = next;
        next += fill_span(side, i, &axis->spans[i], axis->weights + next);
    }
    return 0;
}

int shrink_begin(struct shrink *shrink, const struct shrink_side *across,
    const struct shrink_side *down, unsigned channels, unsigned char *result)
{
    shrink->samples = (size_t)across->pixels * channels;
    if (axis_fill(&shrink->across, across) != 0 || axis_fill(&shrink->down, down) != 0 ||
        reserve((void **)&shrink->sum, &shrink->sum_room, shrink->samples, sizeof *shrink->sum) !=
            0)
        return -1;
    memset(shrink->sum, 0, shrink->samples * sizeof *shrink->sum);
    shrink->columns = across->target;
    shrink->rows = down->target;
    shrink->channels = channels;
    shrink->row_in = shrink->row_out = 0;
    shrink->result = result;
    return 0;
}

/* Called with a constant for channels, so that the inner loop unrolls. */
static inline void emit(const struct shrink *shrink, unsigned channels)
{
    const struct axis *axis = &shrink->across;
    unsigned char *out =
        shrink->result + (size_t)shrink->row_out * shrink->columns * shrink->channels;
    for (unsigned x = 0; x < shrink->columns; x++) {
        const struct span *span = &axis->spans[x];
        const uint32_t *sum = shrink->sum + (size_t)span->first * channels;
        const uint16_t *weights = axis->weights + span->weight;
        uint32_t mean[3];
        for (unsigned c = 0; c < channels; c++)
            mean[c] = 1u << (ACROSS_SHIFT - 1);
        for (unsigned i = 0; i < span->count; i++, sum += channels)
            for (unsigned c = 0; c < channels; c++)
                mean[c] += (sum[c] >> DOWN_SHIFT) * weights[i];
        for (unsigned c = 0; c < channels; c++)
            *out++ = (unsigned char)(mean[c] >> ACROSS_SHIFT);
    }
}

/* In blocks of a fixed length, which compilers make wide without further options. */
static void add_row(struct shrink *shrink, const unsigned char *restrict row, uint16_t weight)
{
    uint32_t *restrict sum = shrink->sum;
    size_t i = 0;
    for (; i + 16 <= shrink->samples; i += 16)
        for (size_t j = i; j < i + 16; j++)
            sum[j] += (uint32_t)row[j] * weight;
    for (; i < shrink->samples; i++)
        sum[i] += (uint32_t)row[i] * weight;
}

static void finish_row(struct shrink *shrink)
{
    if (shrink->channels == 3)
        emit(shrink, 3);
    else
        emit(shrink, 1);
    memset(shrink->sum, 0, shrink->samples * sizeof *shrink->sum);
    shrink->row_out++;
}

void shrink_row(struct shrink *shrink, const unsigned char *row)
{
    const unsigned y = shrink->row_in++;
    while (shrink->row_out < shrink->rows) {
        const struct span *span = &shrink->down.spans[shrink->row_out];
        if (y < span->first)
            return;
        add_row(shrink, row, shrink->down.weights[span->weight + y - span->first]);
        if (y + 1 < span->first + span->count)
            return;
        finish_row(shrink);
    }
}
