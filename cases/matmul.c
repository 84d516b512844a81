/* A matrix product in the order of the definition, row times column, done block by block so that
 * what is fetched into the cache is used more than once (Lam, Rothberg, Wolf 1991). No BLAS: the
 * loops and their one parameter are the point.
 *
 * All numbers are small integers in doubles. Every sum is then exact, whatever its order, so the
 * values do not depend on the block. The product is verified by Freivalds' check (1977): C x =
 * A (B x) for a random x costs three matrix-vector products instead of a second multiplication. */
#include "case.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define DEFAULT_TASKS 48
#define ROWS_MAX 4096 /* the check's sums stay below 2^3 * 2^3 * 2^24 * 2^20 = 2^50 */
#define ELEMENTS 16   /* of A and B: LEAST to 7 */
#define LEAST (-8.0)
#define LINE 64               /* bytes of the cache's */
#define CHALLENGES (1u << 20) /* of x: a wrong row passes with a chance of 2^-20 */

struct matmul {
    size_t n, block, tasks;
    uint64_t seed;
    double *a, *b; /* n x n, row by row */
};

struct band {
    size_t begin, end; /* rows; end excluded */
};

/* Bands differ by at most one row. */
static struct band band_at(const struct matmul *matmul, uint64_t index)
{
    size_t begin = (size_t)(index * matmul->n / matmul->tasks);
    return (struct band){begin, (size_t)((index + 1) * matmul->n / matmul->tasks)};
}

/* From a line's begin, so that a block of 8 columns is one line of each row, if n is a multiple. */
static double *make_matrix(size_t n, uint64_t seed)
{
    size_t size = n * n * sizeof(double), rest = size % LINE;
    double *matrix = aligned_alloc(LINE, rest ? size + LINE - rest : size);
    for (size_t i = 0; matrix && i < n * n; i++)
        matrix[i] = (double)(hash_mix(seed, i) % ELEMENTS) + LEAST;
    return matrix;
}

static void matmul_teardown(void *ctx)
{
    struct matmul *matmul = ctx;
    free(matmul->a);
    free(matmul->b);
    free(matmul);
}

static int matmul_setup(struct case_run *run)
{
    size_t n = param_count(run->params, "n"), block = param_count(run->params, "block");
    uint64_t tasks = run->tasks ? run->tasks : n < DEFAULT_TASKS ? n : DEFAULT_TASKS;
    if (tasks > n)
        return task_fail(EINVAL,
            "%" PRIu64 " tasks for n=%zu rows; lower -N or raise n: a task is one row or more",
            tasks, n);
    struct matmul *matmul = calloc(1, sizeof *matmul);
    if (!matmul)
        return task_fail(ENOMEM, "no memory for the parameters");
    *matmul = (struct matmul){
        .n = n, .block = block ? block : n, .tasks = (size_t)tasks, .seed = run->seed};
    matmul->a = make_matrix(n, hash_mix(run->seed, 1));
    matmul->b = make_matrix(n, hash_mix(run->seed, 2));
    if (!matmul->a || !matmul->b) {
        matmul_teardown(matmul);
        return task_fail(ENOMEM, "no memory for two matrices of n=%zu; lower n", n);
    }
    run->tasks = tasks;
    run->even = n % tasks == 0 || n / tasks >= 100; /* one row more matters where there are few */
    run->result_size = (n + tasks - 1) / tasks * n * sizeof(double);
    run->ctx = matmul;
    return 0;
}

static size_t block_end(const struct matmul *matmul, size_t begin)
{
    return begin + matmul->block < matmul->n ? begin + matmul->block : matmul->n;
}

/* Adds to a band of C what block (k0, j0) of B contributes. */
static void multiply_block(
    const struct matmul *matmul, struct band band, size_t k0, size_t j0, double *band_of_c)
{
    const size_t n = matmul->n, k1 = block_end(matmul, k0), j1 = block_end(matmul, j0);
    for (size_t i = band.begin; i < band.end; i++) {
        const double *row = matmul->a + i * n;
        double *out = band_of_c + (i - band.begin) * n;
        for (size_t j = j0; j < j1; j++) {
            double sum = out[j];
            for (size_t k = k0; k < k1; k++)
                sum += row[k] * matmul->b[k * n + j];
            out[j] = sum;
        }
    }
}

/* Makes these rows of C, block by block of B. */
static void multiply_rows(const struct matmul *matmul, struct band rows, double *rows_of_c)
{
    for (size_t j = 0; j < matmul->n; j += matmul->block)
        for (size_t k = 0; k < matmul->n; k += matmul->block) {
            multiply_block(matmul, rows, k, j, rows_of_c);
            task_checkpoint();
        }
}

static double *band_of(const struct task_result *result)
{
    return (double *)(void *)result->bytes; /* behind 8 bytes of a slot that is aligned to 8 */
}

/* A hash that adds up, so that the loop's iterations do not wait for each other. */
static uint64_t band_value(const struct matmul *matmul, struct band band, const double *band_of_c)
{
    uint64_t value = 0;
    for (size_t i = 0; i < (band.end - band.begin) * matmul->n; i++)
        value += hash_mix(i, (uint64_t)(int64_t)band_of_c[i]);
    return value;
}

static int matmul_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)local;
    const struct matmul *matmul = ctx;
    const struct band band = band_at(matmul, index);
    double *band_of_c = band_of(result);
    for (size_t i = 0; i < (band.end - band.begin) * matmul->n; i++)
        band_of_c[i] = 0;
    /* a single block can be done row by row, between check points, in the same order */
    const size_t rows = matmul->block < matmul->n ? band.end - band.begin : 1;
    for (size_t i = band.begin; i < band.end; i += rows)
        multiply_rows(matmul, (struct band){i, i + rows}, band_of_c + (i - band.begin) * matmul->n);
    result->value = band_value(matmul, band, band_of_c);
    return 0;
}

static double dot(const double *row, const double *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += row[i] * x[i];
    return sum;
}

static int check_band(const struct matmul *matmul, uint64_t index, const struct task_result *result,
    const double *x, const double *bx)
{
    const struct band band = band_at(matmul, index);
    const double *band_of_c = band_of(result);
    for (size_t i = band.begin; i < band.end; i++)
        if (dot(band_of_c + (i - band.begin) * matmul->n, x, matmul->n) !=
            dot(matmul->a + i * matmul->n, bx, matmul->n))
            return task_fail(
                EIO, "task %" PRIu64 ": row %zu is not that of A B (Freivalds' check)", index, i);
    if (result->value != band_value(matmul, band, band_of_c))
        return task_fail(EIO, "task %" PRIu64 ": the value is not that of its rows", index);
    return 0;
}

static int matmul_verify(const void *ctx, const struct case_results *results)
{
    const struct matmul *matmul = ctx;
    const size_t n = matmul->n;
    double *x = malloc(2 * n * sizeof *x);
    if (!x)
        return task_fail(ENOMEM, "no memory for the check of the product");
    double *bx = x + n;
    for (size_t i = 0; i < n; i++)
        x[i] = (double)(hash_mix(hash_mix(matmul->seed, 3), i) % CHALLENGES);
    for (size_t i = 0; i < n; i++)
        bx[i] = dot(matmul->b + i * n, x, n);
    int code = 0;
    for (uint64_t i = 0; i < case_tasks(results) && !code; i++)
        if (case_ok(results, i))
            code = check_band(matmul, i, case_result(results, i), x, bx);
    free(x);
    return code;
}

/* The sum of the diagonal: one number that all of both matrices takes part in. */
static void matmul_answer(
    const void *ctx, const struct case_results *results, char *text, size_t size)
{
    const struct matmul *matmul = ctx;
    double trace = 0;
    for (uint64_t index = 0; index < case_tasks(results); index++) {
        const struct band band = band_at(matmul, index);
        for (size_t i = band.begin; case_ok(results, index) && i < band.end; i++)
            trace += band_of(case_result(results, index))[(i - band.begin) * matmul->n + i];
    }
    snprintf(text, size, "trace %.0f", trace);
}

static const struct param matmul_params[] = {
    {.name = "n",
        .type = PARAM_COUNT,
        .value = "768",
        .min = 1,
        .max = ROWS_MAX,
        .help = "rows and columns of each matrix, 1 to 4096"},
    {.name = "block",
        .type = PARAM_COUNT,
        .value = "8",
        .min = 0,
        .max = ROWS_MAX,
        .help = "rows and columns of a block; 0: all, as in the definition"},
    {.name = NULL},
};

const struct bench_case case_matmul = {
    .name = "matmul",
    .summary = "blocked matrix product: CPU work whose speed depends on reusing the cache",
    .description =
        "Two n x n matrices of doubles are multiplied, row times column; a task makes one band of "
        "the product's rows. Without blocks each column is walked down through as many cache lines "
        "as it has numbers and is gone from the cache when the next one needs the same lines. In "
        "blocks of 8 all 8 numbers of a line are used while it is there: the same multiplications, "
        "several times as fast. With a small block only the cores limit it, and the curve is "
        "speedup = workers up to the usable CPUs. With block=0 the tasks wait for the next cache "
        "level, which may be shared: the whole is slower at every size, and where the shared level "
        "is full the curve bends.",
    .kind = CASE_CPU,
    .params = matmul_params,
    .task = matmul_task,
    .setup = matmul_setup,
    .teardown = matmul_teardown,
    .verify = matmul_verify,
    .answer = matmul_answer,
};
