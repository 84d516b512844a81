/* Means, variances and correlation, in two passes each: no cancellation, and the data are small. */
#include "moment.h"

#include <math.h>

double moment_mean(const double *values, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += values[i];
    return n > 0 ? sum / (double)n : NAN;
}

double moment_harmonic_mean(const double *values, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += values[i] > 0 ? 1 / values[i] : NAN;
    return n > 0 ? (double)n / sum : NAN;
}

double moment_covariance(const double *a, const double *b, size_t n)
{
    double center_a = moment_mean(a, n), center_b = moment_mean(b, n), sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (a[i] - center_a) * (b[i] - center_b);
    return n > 1 ? sum / (double)(n - 1) : NAN;
}

double moment_autocorrelation(const double *values, size_t n)
{
    double center = moment_mean(values, n), square = 0, sum = 0;
    for (size_t i = 0; i < n; i++) {
        square += (values[i] - center) * (values[i] - center);
        if (i + 1 < n)
            sum += (values[i] - center) * (values[i + 1] - center);
    }
    if (n < 2 || isnan(square))
        return NAN;
    double rounding = (double)n * pow(1e-12 * center, 2); /* the mean's own, where all are alike */
    return square > rounding ? sum / square : 0;
}
