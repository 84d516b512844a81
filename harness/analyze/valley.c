/* Every turning point is tried; there are few sizes. */
#include "valley.h"

#include <math.h>
#include <stdlib.h>

/* Neighbours that share a mean. */
struct stretch {
    double sum, weight;
    size_t length;
};

static double mean(const struct stretch *stretch)
{
    return stretch->sum / stretch->weight;
}

/* The falling (sign 1) or rising (sign -1) fit of y[from .. to-1]. */
static void fit_monotone(const double *y, const double *weight, size_t from, size_t to, int sign,
    struct stretch *stretches, double *fitted)
{
    size_t count = 0;
    for (size_t i = from; i < to; i++) {
        stretches[count++] = (struct stretch){y[i] * weight[i], weight[i], 1};
        while (
            count > 1 && sign * (mean(&stretches[count - 2]) - mean(&stretches[count - 1])) < 0) {
            stretches[count - 2].sum += stretches[count - 1].sum;
            stretches[count - 2].weight += stretches[count - 1].weight;
            stretches[count - 2].length += stretches[count - 1].length;
            count--;
        }
    }
    for (size_t i = 0, at = from; i < count; i++)
        for (size_t j = 0; j < stretches[i].length; j++)
            fitted[at++] = mean(&stretches[i]);
}

static double distance(const double *y, const double *weight, const double *fitted, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += weight[i] * (y[i] - fitted[i]) * (y[i] - fitted[i]);
    return sum;
}

int valley_fit(const double *y, const double *weight, size_t n, double *fitted)
{
    struct stretch *stretches = calloc(n + 1, sizeof *stretches);
    double *trial = calloc(n + 1, sizeof *trial), nearest = INFINITY;
    for (size_t turn = 1; stretches && trial && turn <= n; turn++) {
        fit_monotone(y, weight, 0, turn, 1, stretches, trial);
        fit_monotone(y, weight, turn, n, -1, stretches, trial);
        double far = distance(y, weight, trial, n);
        if (far >= nearest)
            continue;
        nearest = far;
        for (size_t i = 0; i < n; i++)
            fitted[i] = trial[i];
    }
    int failed = !stretches || !trial ? -1 : 0;
    free(stretches);
    free(trial);
    return failed;
}
