/* The Mandelbrot set, one row of the picture a task, by the plainest escape-time loop: no shortcut
 * for the points that are known to be inside, since the rows that are full of them are what makes
 * the work uneven.
 *
 * A row comes back as its points' counts, so that a picture can be written of them: a portable
 * pixmap (PPM), which every viewer and converter reads and no library is needed for. */
#include "case.h"

#include "../harness/util/atomic_file.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEFT (-2.25) /* of the picture, on the real axis */
#define ACROSS 3.0   /* from there to its right side */
#define WHY_SIZE 200
#define POINTS 16 /* of a row, from check point to check point */

struct mandelbrot {
    uint64_t width, rows;
    unsigned iterations;
    const char *picture; /* the file to write, or NULL */
    bool *written;       /* the only thing that changes: by verify, in the first process */
};

/* --- setup ------------------------------------------------------------------------------------ */

/* A picture that cannot be written is to be known before the work and not after it. */
static int check_picture(const char *path)
{
    char why[WHY_SIZE];
    struct atomic_file *file = atomic_open(path, why, sizeof why);
    if (file == NULL)
        return task_fail(EINVAL, "picture: %s; give a file in a folder that you may write to", why);
    atomic_abort(file);
    return 0;
}

static void mandelbrot_teardown(void *ctx)
{
    struct mandelbrot *mandelbrot = ctx;
    free(mandelbrot->written);
    free(mandelbrot);
}

static int mandelbrot_setup(struct case_run *run)
{
    const char *picture = param_text(run->params, "picture");
    int code = picture != NULL ? check_picture(picture) : 0;
    if (code != 0)
        return code;
    struct mandelbrot *mandelbrot = malloc(sizeof *mandelbrot);
    bool *written = calloc(1, sizeof *written);
    if (mandelbrot == NULL || written == NULL) {
        free(mandelbrot);
        free(written);
        return task_fail(ENOMEM, "no memory for the parameters");
    }
    uint64_t width = param_count(run->params, "width");
    if (run->tasks == 0) /* so that the whole set is in the picture, which it is from -1.13i on */
        run->tasks = (3 * width + 3) / 4;
    *mandelbrot = (struct mandelbrot){.width = width,
        .rows = run->tasks,
        .iterations = (unsigned)param_count(run->params, "iterations"),
        .picture = picture,
        .written = written};
    run->even = false;
    run->result_size = width * sizeof(uint16_t);
    run->ctx = mandelbrot;
    return 0;
}

/* --- the work --------------------------------------------------------------------------------- */

struct point {
    double x, y;
};

/* Points are square and the rows lie evenly above and below the real axis: exactly so, as half a
 * whole number is exact. */
static struct point point_at(const struct mandelbrot *mandelbrot, uint64_t row, uint64_t column)
{
    const double step = ACROSS / (double)mandelbrot->width;
    return (struct point){.x = LEFT + ((double)column + 0.5) * step,
        .y = ((double)(mandelbrot->rows - 1) / 2 - (double)row) * step};
}

/* How many steps of z -> z^2 + c from 0 stay within a distance of 2; `iterations` stands for
 * "never leaves". */
static unsigned count_steps(struct point c, unsigned iterations)
{
    double x = 0, y = 0;
    for (unsigned count = 0; count < iterations; count++) {
        double next = x * x - y * y + c.x;
        y = 2 * x * y + c.y;
        x = next;
        if (x * x + y * y > 4)
            return count;
    }
    return iterations;
}

static int mandelbrot_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)local;
    const struct mandelbrot *mandelbrot = ctx;
    for (uint64_t column = 0; column < mandelbrot->width; column++) {
        struct point c = point_at(mandelbrot, index, column);
        uint16_t count = (uint16_t)count_steps(c, mandelbrot->iterations);
        memcpy(result->bytes + column * sizeof count, &count, sizeof count);
        if (column % POINTS == 0)
            task_checkpoint();
    }
    result->value = hash_bytes(HASH_START, result->bytes, mandelbrot->width * sizeof(uint16_t));
    return 0;
}

static unsigned count_at(const struct case_results *results, uint64_t row, uint64_t column)
{
    uint16_t count;
    memcpy(&count, case_result(results, row)->bytes + column * sizeof count, sizeof count);
    return count;
}

/* --- known answers ---------------------------------------------------------------------------- */

/* Inside the cardioid or the disc of period 2, both known in closed form, a point never leaves;
 * from further than 2 it leaves at once. The margin keeps off the edges, where rounding decides. */
static bool is_known(struct point c, unsigned iterations, unsigned *count)
{
    const double margin = 1e-9;
    double square = c.y * c.y, left = c.x - 0.25, q = left * left + square;
    bool cardioid = q * (q + left) < square / 4 - margin;
    bool disc = (c.x + 1) * (c.x + 1) + square < 0.0625 - margin;
    bool outside = c.x * c.x + square > 4 + margin;
    *count = outside ? 0 : iterations;
    return cardioid || disc || outside;
}

static int check_row(
    const struct mandelbrot *mandelbrot, const struct case_results *results, uint64_t row)
{
    const struct task_result *result = case_result(results, row);
    const size_t size = mandelbrot->width * sizeof(uint16_t);
    if (result->value != hash_bytes(HASH_START, result->bytes, size))
        return task_fail(EIO, "row %" PRIu64 " is not the one that its task has made", row);
    for (uint64_t column = 0; column < mandelbrot->width; column++) {
        struct point c = point_at(mandelbrot, row, column);
        unsigned known, count = count_at(results, row, column);
        if (is_known(c, mandelbrot->iterations, &known) && count != known)
            return task_fail(EIO,
                "row %" PRIu64 ", column %" PRIu64 ": %u steps for %g%+gi, but %u are known", row,
                column, count, c.x, c.y, known);
    }
    const uint64_t mirrored = mandelbrot->rows - 1 - row;
    if (case_ok(results, mirrored) &&
        memcmp(result->bytes, case_result(results, mirrored)->bytes, size) != 0)
        return task_fail(EIO,
            "row %" PRIu64 " differs from row %" PRIu64 ", its mirror image in the real axis", row,
            mirrored);
    return 0;
}

/* --- the picture ------------------------------------------------------------------------------ */

/* Points of the set are black, rows that failed grey; colours go by the count's logarithm, since
 * counts grow without bound towards the edge. */
static void write_point(FILE *out, unsigned count, unsigned iterations)
{
    unsigned char colour[3] = {0};
    for (unsigned i = 0; i < 3 && count != iterations; i++)
        colour[i] = (unsigned char)(127.5 - 127.5 * cos(log2(count + 1.0) - 0.7 * i));
    fwrite(colour, 1, sizeof colour, out);
}

static void write_row(FILE *out, const struct mandelbrot *mandelbrot,
    const struct case_results *results, uint64_t row)
{
    for (uint64_t column = 0; column < mandelbrot->width; column++)
        if (case_ok(results, row))
            write_point(out, count_at(results, row, column), mandelbrot->iterations);
        else
            fwrite("\x80\x80\x80", 1, 3, out);
}

static int write_picture(const struct mandelbrot *mandelbrot, const struct case_results *results)
{
    char why[WHY_SIZE];
    struct atomic_file *file = atomic_open(mandelbrot->picture, why, sizeof why);
    if (file == NULL)
        return task_fail(EIO, "picture: %s", why);
    FILE *out = atomic_stream(file);
    fprintf(out, "P6\n%" PRIu64 " %" PRIu64 "\n255\n", mandelbrot->width, mandelbrot->rows);
    for (uint64_t row = 0; row < mandelbrot->rows; row++)
        write_row(out, mandelbrot, results, row);
    if (atomic_commit(file, why, sizeof why) != 0)
        return task_fail(EIO, "picture: %s", why);
    return 0;
}

/* Writes the picture too, once it is known to be right: a sweep comes here with every sample. */
static int mandelbrot_verify(const void *ctx, const struct case_results *results)
{
    const struct mandelbrot *mandelbrot = ctx;
    for (uint64_t row = 0; row < case_tasks(results); row++) {
        int code = case_ok(results, row) ? check_row(mandelbrot, results, row) : 0;
        if (code != 0)
            return code;
    }
    if (mandelbrot->picture == NULL || *mandelbrot->written)
        return 0;
    int code = write_picture(mandelbrot, results);
    *mandelbrot->written = code == 0;
    return code;
}

/* The area is known to be about 1.5066 (Foerstemann 2012: 1.50659177); too few iterations take
 * points outside for inside. */
static void mandelbrot_answer(
    const void *ctx, const struct case_results *results, char *text, size_t size)
{
    const struct mandelbrot *mandelbrot = ctx;
    const double step = ACROSS / (double)mandelbrot->width;
    uint64_t inside = 0;
    for (uint64_t row = 0; row < case_tasks(results); row++)
        for (uint64_t column = 0; column < mandelbrot->width && case_ok(results, row); column++)
            inside += count_at(results, row, column) == mandelbrot->iterations;
    snprintf(text, size, "%" PRIu64 " of %" PRIu64 " points in the set, area %.4f", inside,
        mandelbrot->width * case_tasks(results), (double)inside * step * step);
}

static const struct param mandelbrot_params[] = {
    {.name = "width",
        .type = PARAM_COUNT,
        .value = "800",
        .min = 1,
        .max = 20e3,
        .help = "points a row, 1 to 20k; by default there are 3/4 as many rows (-N)"},
    {.name = "iterations",
        .type = PARAM_COUNT,
        .value = "1k",
        .min = 1,
        .max = UINT16_MAX,
        .help = "steps after which a point is taken for one of the set, 1 to 65535"},
    {.name = "picture",
        .type = PARAM_TEXT,
        .choices = "FILE",
        .help = "write the picture there, as a portable pixmap (.ppm)"},
    {.name = NULL},
};

const struct bench_case case_mandelbrot = {
    .name = "mandelbrot",
    .summary = "the Mandelbrot set, a row a task: uneven CPU work with a picture to see",
    .description =
        "Each task iterates the points of one row of the picture until they leave a circle or have "
        "taken all the steps allowed. Nothing but the core's arithmetic limits it; but the rows "
        "through the middle of the set cost a hundred times those at the top, and neighbours cost "
        "the same. With single rows handed out to whoever is free, expect speedup = workers up to "
        "the usable CPUs; large chunks give one worker the whole middle and the curve falls off, "
        "which is what this case is for.",
    .kind = CASE_CPU,
    .params = mandelbrot_params,
    .task = mandelbrot_task,
    .setup = mandelbrot_setup,
    .teardown = mandelbrot_teardown,
    .verify = mandelbrot_verify,
    .answer = mandelbrot_answer,
};
