/* The two-way layout by least squares, reweighted. The blocks' shifts are eliminated first; what
 * remains is a Laplacian over the arms, grounded by a small pull on every arm, which also keeps it
 * regular where blocks do not connect all arms. */
#include "twoway.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 6    /* of reweighting; weights then change by less than 1 % */
#define HUBER 2.5   /* standard deviations from which a sample weighs less */
#define GROUND 1e-9 /* samples' worth of pull towards 0 */

struct work {
    const struct twoway_sample *samples;
    size_t n, blocks;
    double *weight, *residual;
    double *normal; /* arms x arms: the Laplacian, then its inverse */
    double *right;
};

/* The end of the block that begins at sample `from`. */
static size_t block_end(const struct work *work, size_t from)
{
    size_t end = from + 1;
    while (end < work->n && work->samples[end].block == work->samples[from].block)
        end++;
    return end;
}

static void add_block(const struct work *work, size_t arms, size_t from, size_t end)
{
    double sum = 0, mean = 0;
    for (size_t i = from; i < end; i++) {
        sum += work->weight[i];
        mean += work->weight[i] * work->samples[i].y;
    }
    mean /= sum;
    for (size_t i = from; i < end; i++) {
        size_t row = work->samples[i].arm;
        work->right[row] += work->weight[i] * (work->samples[i].y - mean);
        work->normal[row * arms + row] += work->weight[i];
        for (size_t j = from; j < end; j++)
            work->normal[row * arms + work->samples[j].arm] -=
                work->weight[i] * work->weight[j] / sum;
    }
}

/* Inverts a symmetric positive definite matrix in place (Gauss and Jordan, no pivoting needed). */
static void invert(double *matrix, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        double pivot = matrix[k * n + k];
        matrix[k * n + k] = 1;
        for (size_t j = 0; j < n; j++)
            matrix[k * n + j] /= pivot;
        for (size_t i = 0; i < n; i++) {
            double factor = matrix[i * n + k];
            if (i == k)
                continue;
            matrix[i * n + k] = 0;
            for (size_t j = 0; j < n; j++)
                matrix[i * n + j] -= factor * matrix[k * n + j];
        }
    }
}

static void solve(struct twoway *fit, struct work *work)
{
    size_t arms = fit->arms;
    memset(work->normal, 0, arms * arms * sizeof *work->normal);
    memset(work->right, 0, arms * sizeof *work->right);
    for (size_t i = 0; i < arms; i++)
        work->normal[i * arms + i] = GROUND;
    for (size_t from = 0, end; from < work->n; from = end) {
        end = block_end(work, from);
        add_block(work, arms, from, end);
    }
    invert(work->normal, arms);
    for (size_t i = 0; i < arms; i++) {
        fit->level[i] = 0;
        for (size_t j = 0; j < arms; j++)
            fit->level[i] += work->normal[i * arms + j] * work->right[j];
    }
}

/* Fills in the residuals; returns the mean of the blocks' shifts. */
static double find_residuals(const struct twoway *fit, struct work *work)
{
    double shifts = 0;
    for (size_t from = 0, end; from < work->n; from = end) {
        double sum = 0, shift = 0;
        end = block_end(work, from);
        for (size_t i = from; i < end; i++) {
            work->residual[i] = work->samples[i].y - fit->level[work->samples[i].arm];
            sum += work->weight[i];
            shift += work->weight[i] * work->residual[i];
        }
        for (size_t i = from; i < end; i++)
            work->residual[i] -= shift / sum;
        shifts += shift / sum;
    }
    return shifts / (double)work->blocks;
}

static void find_noise(struct twoway *fit, const struct work *work, struct twoway_prior prior)
{
    size_t used = work->blocks;
    double sum = (double)prior.df * prior.noise * prior.noise;
    for (size_t i = 0; i < fit->arms; i++)
        used += fit->n[i] > 0;
    for (size_t i = 0; i < work->n; i++)
        sum += pow(work->weight[i] * work->residual[i], 2);
    fit->df = prior.df + (work->n + 1 > used ? work->n + 1 - used : 0);
    fit->noise = sqrt(sum / (double)fit->df);
}

static void reweigh(const struct twoway *fit, struct work *work)
{
    for (size_t i = 0; i < work->n; i++)
        work->weight[i] = fmin(1, HUBER * fit->noise / fabs(work->residual[i]));
}

static void count(struct twoway *fit, struct work *work)
{
    for (size_t i = 0; i < work->n; i++) {
        fit->n[work->samples[i].arm]++;
        work->weight[i] = 1;
        work->blocks += i == 0 || work->samples[i].block != work->samples[i - 1].block;
    }
}

static void fit_rounds(struct twoway *fit, struct work *work, struct twoway_prior prior)
{
    double shift = 0;
    count(fit, work);
    for (int round = 0; round < ROUNDS && work->n > 0; round++) {
        if (round > 0)
            reweigh(fit, work);
        solve(fit, work);
        shift = find_residuals(fit, work);
        find_noise(fit, work, prior);
    }
    for (size_t i = 0; i < fit->arms; i++)
        fit->level[i] = fit->n[i] > 0 ? fit->level[i] + shift : NAN;
    memcpy(fit->variance, work->normal, fit->arms * fit->arms * sizeof *fit->variance);
}

int twoway_fit(struct twoway *fit, const struct twoway_sample *samples, size_t n, size_t arms,
    struct twoway_prior prior)
{
    struct work work = {.samples = samples,
        .n = n,
        .weight = calloc(n + 1, sizeof *work.weight),
        .residual = calloc(n + 1, sizeof *work.residual),
        .normal = calloc(arms * arms + 1, sizeof *work.normal),
        .right = calloc(arms + 1, sizeof *work.right)};
    *fit = (struct twoway){.arms = arms,
        .level = calloc(arms + 1, sizeof *fit->level),
        .n = calloc(arms + 1, sizeof *fit->n),
        .variance = calloc(arms * arms + 1, sizeof *fit->variance),
        .noise = prior.noise,
        .df = prior.df};
    bool there = work.weight && work.residual && work.normal && work.right && fit->level &&
                 fit->n && fit->variance;
    if (there)
        fit_rounds(fit, &work, prior);
    free(work.weight);
    free(work.residual);
    free(work.normal);
    free(work.right);
    return there ? 0 : -1;
}

void twoway_free(struct twoway *fit)
{
    free(fit->level);
    free(fit->n);
    free(fit->variance);
    *fit = (struct twoway){0};
}

double twoway_error(const struct twoway *fit, size_t i, size_t j)
{
    const double *v = fit->variance;
    size_t arms = fit->arms;
    double variance = v[i * arms + i] + v[j * arms + j] - 2 * v[i * arms + j];
    return fit->noise * sqrt(fmax(variance, 0));
}
