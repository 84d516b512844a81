/* Fieller's interval, from the quadratic in r that his theorem gives:
 *
 *     (mean serial - r mean pool)^2 <= t^2 var(mean of serial - r pool)
 *
 * that is a r^2 - 2 b r + c <= 0 with the a, b, c below; a > 0 is g < 1. */
#include "fieller.h"

#include "moment.h"
#include "student.h"

#include <math.h>
#include <stdbool.h>

static bool all_positive(const double *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(values[i] > 0 && isfinite(values[i])))
            return false;
    return true;
}

struct fieller fieller_ratio(const double *serial, const double *pool, size_t n, double alpha)
{
    struct fieller fieller = {FIELLER_NONE, {NAN, NAN, NAN}};
    if (n < 2 || !all_positive(serial, n) || !all_positive(pool, n))
        return fieller;
    double t = student_quantile(1 - alpha / 2, n - 1), scale = t * t / (double)n;
    double x = moment_mean(serial, n), y = moment_mean(pool, n);
    double a = y * y - scale * moment_covariance(pool, pool, n);
    double b = x * y - scale * moment_covariance(serial, pool, n);
    double c = x * x - scale * moment_covariance(serial, serial, n);
    if (isnan(a))
        return fieller;
    fieller.ratio = (struct interval){x / y, -INFINITY, INFINITY};
    fieller.outcome = FIELLER_UNBOUNDED;
    if (a <= 0)
        return fieller;
    double root = sqrt(fmax(0, b * b - a * c)); /* x / y is within: only rounding is below 0 */
    fieller.outcome = FIELLER_BOUNDED;
    fieller.ratio.lo = (b - root) / a;
    fieller.ratio.hi = (b + root) / a;
    return fieller;
}
