/* Constrained least squares by trying every face of the box that the bounds make. A law has three
 * coefficients at most, so there are six faces at most, and each is an unbounded problem for
 * cminpack. Throughput is scaled to 1 within, so that data of any magnitude takes the same steps.
 */
#include "squares.h"

#include <cminpack.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* lmder is told to stop where nothing is gained in double precision. */
#define TOLERANCE 1e-15
#define CALLS_MAX 500
/* What a curve leaves where it is none: above anything that data, at most 1, can leave. */
#define NO_CURVE 1e6
#define GRID_SIGMA 16
#define GRID_KAPPA 24
/* A sum of squares is less than another if it is so by more than rounding. */
#define ROUNDING 1e-24

struct problem {
    const struct squares_size *sizes;
    size_t count;
    double scale;       /* of x */
    double total;       /* sum of squares of the scaled means */
    struct curve curve; /* in scaled units; what is fixed is set */
    size_t varied[CURVE_COEFFICIENTS], varied_count;
    double *room; /* for lmder: count * (2 + CURVE_COEFFICIENTS) */
};

/* ---- sizes ---- */

/* The place of n among the sizes, or where it belongs. */
static size_t place_of(const struct squares_size *sizes, size_t count, double n)
{
    size_t low = 0;
    while (low < count) {
        size_t middle = (low + count) / 2;
        if (sizes[middle].n < n)
            low = middle + 1;
        else
            count = middle;
    }
    return low;
}

/* Mean and sum of squares row by row (Welford 1962). */
static void add_row(struct squares_size *size, double x)
{
    double off = x - size->mean;
    size->rows++;
    size->mean += off / (double)size->rows;
    size->within += off * (x - size->mean);
}

size_t squares_sizes(const struct squares_row *rows, size_t count, struct squares_size **sizes)
{
    struct squares_size *list = calloc(SQUARES_SIZES_MAX + 1, sizeof *list);
    size_t found = 0;
    for (size_t i = 0; list && i < count && found <= SQUARES_SIZES_MAX; i++) {
        size_t at = place_of(list, found, rows[i].n);
        if (at == found || list[at].n > rows[i].n) {
            for (size_t j = found++; j > at; j--)
                list[j] = list[j - 1];
            list[at] = (struct squares_size){.n = rows[i].n};
        }
        add_row(&list[at], rows[i].x);
    }
    if (found == 0 || found > SQUARES_SIZES_MAX) {
        free(list);
        list = NULL;
        found = 0;
    }
    *sizes = list;
    return found;
}

double squares_left(const struct curve *curve, const struct squares_size *sizes, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        double off = sizes[i].mean - curve_throughput(curve, sizes[i].n);
        sum += sizes[i].within + (double)sizes[i].rows * off * off;
    }
    return sum;
}

/* ---- one face ---- */

/* The same without what repeated sizes differ, in scaled units. */
static double left_of(const struct problem *problem, const struct curve *curve)
{
    double sum = 0;
    for (size_t i = 0; i < problem->count; i++) {
        const struct squares_size *size = &problem->sizes[i];
        double off = size->mean / problem->scale - curve_throughput(curve, size->n);
        sum += (double)size->rows * off * off;
    }
    return sum;
}

/* Residuals (flag 1) or their derivatives (flag 2), each size weighted by its rows. Coefficients
 * may leave their bounds on the way, but where throughput would not be positive there is no curve.
 */
static int residuals(
    void *data, int m, int n, const double *x, double *off, double *slopes, int stride, int flag)
{
    struct problem *problem = data;
    struct curve curve = problem->curve;
    bool is_curve = true;
    for (int j = 0; j < n; j++)
        curve.at[problem->varied[j]] = x[j];
    for (int i = 0; i < m; i++) {
        const struct squares_size *size = &problem->sizes[i];
        double weight = sqrt((double)size->rows), by[CURVE_COEFFICIENTS];
        if (flag == 1) {
            double throughput = curve_throughput(&curve, size->n);
            is_curve = is_curve && throughput > 0 && throughput < NO_CURVE;
            off[i] = weight * (throughput - size->mean / problem->scale);
            continue;
        }
        curve_slopes(&curve, size->n, by);
        for (int j = 0; j < n; j++)
            slopes[i + j * stride] = weight * by[problem->varied[j]];
    }
    for (int i = 0; i < m && !is_curve; i++)
        off[i] = NO_CURVE;
    return 0;
}

/* Sets the coefficients that are not fixed to the face's optimum near the start. Returns whether
 * one was reached. */
static bool descend(struct problem *problem)
{
    int m = (int)problem->count, n = (int)problem->varied_count, calls, slope_calls;
    int order[CURVE_COEFFICIENTS];
    double x[CURVE_COEFFICIENTS], scale[CURVE_COEFFICIENTS], a[CURVE_COEFFICIENTS],
        b[CURVE_COEFFICIENTS], c[CURVE_COEFFICIENTS], d[CURVE_COEFFICIENTS];
    double *off = problem->room, *spare = off + m, *slopes = spare + m;
    for (int j = 0; j < n; j++)
        x[j] = problem->curve.at[problem->varied[j]];
    int info = lmder(residuals, problem, m, n, x, off, slopes, m, TOLERANCE, TOLERANCE, 0,
        CALLS_MAX, scale, 1, 100, 0, &calls, &slope_calls, order, a, b, c, d, spare);
    for (int j = 0; j < n; j++)
        problem->curve.at[problem->varied[j]] = x[j];
    /* 5: too many calls; all else above 0 says that there is nothing to gain */
    return info > 0 && info != 5;
}

/* Sets lambda, in which every law is linear, to its optimum. */
static void set_lambda(struct problem *problem)
{
    double along = 0, square = 0;
    problem->curve.at[CURVE_LAMBDA] = 1;
    for (size_t i = 0; i < problem->count; i++) {
        const struct squares_size *size = &problem->sizes[i];
        double shape = curve_throughput(&problem->curve, size->n);
        along += (double)size->rows * shape * size->mean / problem->scale;
        square += (double)size->rows * shape * shape;
    }
    problem->curve.at[CURVE_LAMBDA] = along / square;
}

static bool varies(const struct problem *problem, size_t coefficient)
{
    for (size_t j = 0; j < problem->varied_count; j++)
        if (problem->varied[j] == coefficient)
            return true;
    return false;
}

/* The i-th of a grid from low to high, logarithmic. */
static double grid_at(size_t i, size_t count, double low, double high)
{
    return low * pow(high / low, (double)i / (double)(count - 1));
}

/* The best of a grid over what is not fixed: from where a coefficient hardly shows at the largest
 * size to where throughput is that of one worker and falling. */
static void set_start(struct problem *problem)
{
    struct curve fixed = problem->curve, best = fixed;
    double most = problem->sizes[problem->count - 1].n, least = INFINITY;
    size_t sigmas = varies(problem, CURVE_SIGMA) ? GRID_SIGMA : 1;
    size_t kappas = varies(problem, CURVE_KAPPA) ? GRID_KAPPA : 1;
    for (size_t i = 0; i < sigmas; i++)
        for (size_t j = 0; j < kappas; j++) {
            if (sigmas > 1)
                problem->curve.at[CURVE_SIGMA] = grid_at(i, sigmas, 0.01 / most, 0.9);
            if (kappas > 1)
                problem->curve.at[CURVE_KAPPA] = grid_at(j, kappas, 0.01 / most / most, 10);
            set_lambda(problem);
            double left = left_of(problem, &problem->curve);
            if (left < least) {
                least = left;
                best = problem->curve;
            }
        }
    problem->curve = best;
}

/* A known curve, moved off the bounds where coefficients are not fixed. */
static void set_near(struct problem *problem, const struct curve *near)
{
    double most = problem->sizes[problem->count - 1].n;
    if (varies(problem, CURVE_SIGMA))
        problem->curve.at[CURVE_SIGMA] = fmin(fmax(near->at[CURVE_SIGMA], 0.01 / most), 0.99);
    if (varies(problem, CURVE_KAPPA))
        problem->curve.at[CURVE_KAPPA] = fmax(near->at[CURVE_KAPPA], 0.01 / most / most);
    set_lambda(problem);
}

static bool is_within(const struct problem *problem)
{
    const double *at = problem->curve.at;
    return at[CURVE_LAMBDA] > 0 &&
           (!varies(problem, CURVE_SIGMA) || (at[CURVE_SIGMA] > 0 && at[CURVE_SIGMA] < 1)) &&
           (!varies(problem, CURVE_KAPPA) || at[CURVE_KAPPA] > 0);
}

/* sigma, kappa: where they are fixed; NAN: they are not. Returns whether the face has an optimum
 * within the bounds, which problem->curve then is. */
static bool solve_face(
    struct problem *problem, double sigma, double kappa, const struct curve *near)
{
    problem->varied_count = 0;
    problem->varied[problem->varied_count++] = CURVE_LAMBDA;
    if (isnan(sigma))
        problem->varied[problem->varied_count++] = CURVE_SIGMA;
    if (isnan(kappa))
        problem->varied[problem->varied_count++] = CURVE_KAPPA;
    problem->curve.at[CURVE_SIGMA] = isnan(sigma) ? 0 : sigma;
    problem->curve.at[CURVE_KAPPA] = isnan(kappa) ? 0 : kappa;
    if (near)
        set_near(problem, near);
    else
        set_start(problem);
    return descend(problem) && is_within(problem);
}

/* ---- all faces ---- */

/* Whether the sum of squares would not become less if the coefficient left its bound inwards. */
static bool holds_at_bound(
    const struct problem *problem, const struct curve *curve, size_t coefficient)
{
    double slope = 0, off_square = 0, by_square = 0, by[CURVE_COEFFICIENTS];
    bool at_zero = curve->at[coefficient] <= 0;
    if (!at_zero && (coefficient != CURVE_SIGMA || curve->at[coefficient] < 1))
        return true;
    for (size_t i = 0; i < problem->count; i++) {
        const struct squares_size *size = &problem->sizes[i];
        double off = size->mean / problem->scale - curve_throughput(curve, size->n);
        curve_slopes(curve, size->n, by);
        slope -= (double)size->rows * off * by[coefficient];
        off_square += (double)size->rows * off * off;
        by_square += (double)size->rows * by[coefficient] * by[coefficient];
    }
    double inwards = at_zero ? slope : -slope;
    return inwards >= -1e-6 * sqrt(off_square * by_square) ||
           off_square <= ROUNDING * problem->total;
}

/* The best of all faces, those with the most fixed first, so that a coefficient is 0 and not
 * nearly 0 where rounding alone would tell them apart. */
static int solve(struct problem *problem, const struct curve *near, struct curve *best)
{
    static const double faces[][2] = {{0, 0}, {1, 0}, {NAN, 0}, {0, NAN}, {1, NAN}, {NAN, NAN}};
    double least = INFINITY;
    size_t count = curve_coefficients(problem->curve.law) > CURVE_KAPPA ? 6 : 3;
    for (size_t i = 0; i < count; i++) {
        if (!solve_face(problem, faces[i][0], faces[i][1], near))
            continue;
        double left = left_of(problem, &problem->curve);
        if (left < least * (1 - 1e-10) - ROUNDING * problem->total || isinf(least)) {
            least = left;
            *best = problem->curve;
        }
    }
    if (isinf(least))
        return -1;
    return holds_at_bound(problem, best, CURVE_SIGMA) &&
                   (count == 3 || holds_at_bound(problem, best, CURVE_KAPPA))
               ? 0
               : -1;
}

int squares_fit(enum curve_law law, const struct squares_size *sizes, size_t count,
    const struct curve *near, struct curve *best)
{
    struct problem problem = {.sizes = sizes, .count = count, .curve = {.law = law}};
    if (count < 1 || count < curve_coefficients(law))
        return -1;
    for (size_t i = 0; i < count; i++)
        problem.scale = fmax(problem.scale, sizes[i].mean);
    for (size_t i = 0; i < count; i++)
        problem.total += (double)sizes[i].rows * pow(sizes[i].mean / problem.scale, 2);
    problem.room = calloc(count, (2 + CURVE_COEFFICIENTS) * sizeof *problem.room);
    if (!problem.room)
        return -1;
    int status = solve(&problem, near, best);
    best->at[CURVE_LAMBDA] *= problem.scale;
    free(problem.room);
    return status;
}

/* ---- covariance ---- */

/* The derivatives at all sizes, by columns, each scaled to length 1. */
static void fill_slopes(const struct curve *curve, const struct squares_size *sizes, size_t count,
    size_t columns, double *slopes, double *lengths)
{
    for (size_t i = 0; i < count; i++) {
        double by[CURVE_COEFFICIENTS], weight = sqrt((double)sizes[i].rows);
        curve_slopes(curve, sizes[i].n, by);
        for (size_t j = 0; j < columns; j++)
            slopes[i + j * count] = weight * by[j];
    }
    for (size_t j = 0; j < columns; j++) {
        lengths[j] = enorm((int)count, &slopes[j * count]);
        for (size_t i = 0; i < count; i++)
            slopes[i + j * count] /= lengths[j];
    }
}

int squares_inverse(const struct curve *curve, const struct squares_size *sizes, size_t count,
    double inverse[CURVE_COEFFICIENTS][CURVE_COEFFICIENTS])
{
    size_t n = curve_coefficients(curve->law);
    double lengths[CURVE_COEFFICIENTS], diagonal[CURVE_COEFFICIENTS], norms[CURVE_COEFFICIENTS],
        spare[CURVE_COEFFICIENTS];
    int order[CURVE_COEFFICIENTS], status = -1;
    double *slopes = count < n ? NULL : calloc(count, n * sizeof *slopes);
    if (!slopes)
        return -1;
    fill_slopes(curve, sizes, count, n, slopes, lengths);
    qrfac((int)count, (int)n, slopes, (int)count, 1, order, (int)n, diagonal, norms, spare);
    for (size_t j = 0; j < n; j++)
        slopes[j + j * count] = diagonal[j];
    if (fabs(diagonal[n - 1]) > 1e-13 * fabs(diagonal[0])) {
        covar((int)n, slopes, (int)count, order, 0, spare);
        status = 0;
    }
    for (size_t i = 0; i < CURVE_COEFFICIENTS; i++)
        for (size_t j = 0; j < CURVE_COEFFICIENTS; j++)
            inverse[i][j] = i < n && j < n ? slopes[i + j * count] / lengths[i] / lengths[j] : 0;
    free(slopes);
    return status;
}
