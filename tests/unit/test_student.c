/* Student's t against the tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "harness/analyze/student.h"
#include "near.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void quantiles_are_those_of_the_tables(void **state)
{
    (void)state;
    static const struct {
        double p;
        size_t df;
        double t;
    } table[] = {{0.975, 1, 12.706204736175}, {0.975, 2, 4.302652729749},
        {0.975, 3, 3.182446305284}, {0.975, 4, 2.776445105198}, {0.975, 9, 2.262157162798},
        {0.975, 10, 2.228138851965}, {0.995, 5, 4.032142983557}, {0.95, 29, 1.699127026533},
        {0.975, 120, 1.979930405083}, {0.975, 1000, 1.962339080814}};
    for (size_t i = 0; i < COUNT(table); i++) {
        assert_near(student_quantile(table[i].p, table[i].df), table[i].t, 1e-9);
        assert_near(student_quantile(1 - table[i].p, table[i].df), -table[i].t, 1e-9);
    }
    assert_near(student_quantile(0.5, 7), 0, 1e-12);
    assert_near(student_quantile(0.975, 100000), 1.959987705, 1e-6);
}

static void the_probability_within_is_the_inverse(void **state)
{
    (void)state;
    for (size_t df = 1; df < 40; df++)
        assert_near(student_within(student_quantile(0.9, df), df), 0.8, 1e-12);
    assert_near(student_within(1, 1), 0.5, 1e-12);
    assert_near(student_within(0, 5), 0, 0);
    assert_near(student_within(INFINITY, 5), 1, 1e-12);
}

static void what_is_no_probability_and_no_freedom_has_no_quantile(void **state)
{
    (void)state;
    assert_true(isnan(student_quantile(0, 5)) && isnan(student_quantile(1, 5)));
    assert_true(isnan(student_quantile(NAN, 5)) && isnan(student_quantile(0.9, 0)));
    assert_true(isnan(student_within(1, 0)) && isnan(student_within(-1, 5)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_are_those_of_the_tables),
        cmocka_unit_test(the_probability_within_is_the_inverse),
        cmocka_unit_test(what_is_no_probability_and_no_freedom_has_no_quantile),
    };
    return cmocka_run_group_tests_name("student", tests, NULL, NULL);
}
