/* Curves that fall and then rise, against fits worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness/analyze/valley.h"
#include "near.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void check(const double *y, const double *weight, const double *expected, size_t n)
{
    double fitted[8];
    assert_int_equal(valley_fit(y, weight, n, fitted), 0);
    for (size_t i = 0; i < n; i++)
        assert_near(fitted[i], expected[i], 1e-12);
}

static const double even[] = {1, 1, 1, 1, 1, 1, 1, 1};

static void a_valley_is_its_own_fit(void **state)
{
    (void)state;
    const double valley[] = {5, 3, 1, 2, 4}, falling[] = {3, 2, 1}, rising[] = {1, 2, 3};
    check(valley, even, valley, COUNT(valley));
    check(falling, even, falling, COUNT(falling));
    check(rising, even, rising, COUNT(rising));
    check(valley, even, valley, 1);
}

static void one_dip_is_a_valley_and_two_are_noise(void **state)
{
    (void)state;
    const double one[] = {9, 2, 1, 2, 8}, two[] = {9, 1, 2, 1, 2, 8};
    const double expected[] = {9, 1, 1.5, 1.5, 2, 8};
    check(one, even, one, COUNT(one));
    check(two, even, expected, COUNT(two));
}

static void neighbours_that_contradict_share_their_weighted_mean(void **state)
{
    (void)state;
    const double y[] = {9, 2, 5, 0}, weight[] = {1, 2, 1, 1}, expected[] = {9, 3, 3, 0};
    check(y, weight, expected, COUNT(y));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_valley_is_its_own_fit),
        cmocka_unit_test(one_dip_is_a_valley_and_two_are_noise),
        cmocka_unit_test(neighbours_that_contradict_share_their_weighted_mean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
