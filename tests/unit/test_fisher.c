/* The F distribution against closed forms and printed tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness/analyze/fisher.h"
#include "harness/analyze/student.h"
#include "near.h"

static void table_values_are_met(void **state)
{
    (void)state;
    /* printed 5 % and 1 % points */
    assert_near(fisher_above(161.4476387975881, 1, 1), 0.05, 1e-10);
    assert_near(fisher_above(3.325834530413, 5, 10), 0.05, 1e-9);
    assert_near(fisher_above(3.858433266, 20, 12), 0.01, 1e-8);
    assert_near(fisher_above(1, 1000, 1000), 0.5, 1e-10);
}

static void closed_forms_are_met(void **state)
{
    (void)state;
    for (int i = -4; i < 7; i++) {
        double f = pow(3, i);
        /* 2 and k: (1 + 2 f / k)^(-k / 2); 1 and k: the square of Student's t */
        assert_near(fisher_above(f, 2, 7) / pow(1 + 2 * f / 7, -3.5), 1, 1e-9);
        assert_near(fisher_above(f, 1, 9), 1 - student_within(sqrt(f), 9), 1e-10);
        assert_near(fisher_above(f, 3, 66), 1 - fisher_above(1 / f, 66, 3), 1e-10);
    }
}

static void the_ends_are_met_and_nonsense_is_no_number(void **state)
{
    (void)state;
    assert_near(fisher_above(0, 3, 4), 1, 0);
    assert_near(fisher_above(INFINITY, 3, 4), 0, 0);
    assert_true(isnan(fisher_above(-1, 3, 4)));
    assert_true(isnan(fisher_above(NAN, 3, 4)));
    assert_true(isnan(fisher_above(1, 0, 4)));
    assert_true(isnan(fisher_above(1, 3, 0)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_values_are_met),
        cmocka_unit_test(closed_forms_are_met),
        cmocka_unit_test(the_ends_are_met_and_nonsense_is_no_number),
    };
    return cmocka_run_group_tests_name("fisher", tests, NULL, NULL);
}
