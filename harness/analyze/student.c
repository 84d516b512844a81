/* Student's t. Degrees of freedom are whole here, so that the distribution is a finite sum in the
 * angle whose tangent is t / sqrt(df); its inverse is found by halving that angle's range, which
 * needs no starting value and cannot diverge. */
#include "student.h"

#include <math.h>

#define HALVINGS 60

/* P(|T| <= sqrt(df) tan(angle)) */
static double within_angle(double angle, size_t df)
{
    double sine = sin(angle), cosine = cos(angle);
    size_t odd = df % 2;
    double term = odd ? cosine : 1, sum = df > 1 ? term : 0;
    for (size_t i = odd + 2; i < df; i += 2) {
        term *= cosine * cosine * (double)(i - 1) / (double)i;
        sum += term;
    }
    return odd ? M_2_PI * (angle + sine * sum) : sine * sum;
}

double student_within(double t, size_t df)
{
    return df >= 1 && t >= 0 ? within_angle(atan2(t, sqrt((double)df)), df) : NAN;
}

double student_quantile(double p, size_t df)
{
    if (df < 1 || !(p > 0 && p < 1))
        return NAN;
    double wanted = fabs(2 * p - 1), low = 0, high = M_PI_2;
    for (int i = 0; i < HALVINGS; i++) {
        double middle = (low + high) / 2;
        if (within_angle(middle, df) < wanted)
            low = middle;
        else
            high = middle;
    }
    return copysign(sqrt((double)df) * tan((low + high) / 2), p - 0.5);
}
