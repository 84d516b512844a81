/* Numbers that must be equal within a tolerance; cmocka's own go through float. To be included
 * after cmocka.h. */
#ifndef UNIT_NEAR_H
#define UNIT_NEAR_H

#include <math.h>

/* Fails, with both numbers, unless |actual - expected| <= tolerance; a NAN always does. */
#define assert_near(actual, expected, tolerance)                                                   \
    assert_near_at(actual, expected, tolerance, #actual, __FILE__, __LINE__)

static inline void assert_near_at(
    double actual, double expected, double tolerance, const char *text, const char *file, int line)
{
    if (fabs(actual - expected) <= tolerance)
        return;
    print_error("%s is %.15g, not %.15g within %g\n", text, actual, expected, tolerance);
    _fail(file, line);
}

#endif
