/* Rules of thumb, by their textbooks' examples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness/analyze/rule.h"
#include "near.h"

static void twice_the_cpus_and_one(void **state)
{
    (void)state;
    assert_near(rule_twice(4), 9, 0);
}

static void goetz_wants_a_worker_for_every_wait(void **state)
{
    (void)state;
    assert_near(rule_goetz(4, 0.1, 0.1), 4, 1e-12);  /* no wait: the CPUs */
    assert_near(rule_goetz(4, 0.1, 0.01), 40, 1e-9); /* W/C = 9 */
    assert_near(rule_goetz(4, 0.1, 0.11), 4, 1e-12); /* CPU time beyond the wall's, by a tick */
    assert_true(isnan(rule_goetz(4, 0.1, 0)));
}

static void little_counts_what_is_under_way(void **state)
{
    (void)state;
    assert_near(rule_little(500, 0.02), 10, 1e-12);
}

static void an_answer_becomes_a_size_or_none(void **state)
{
    (void)state;
    assert_int_equal(rule_workers(0.2), 1);
    assert_int_equal(rule_workers(7.5), 8);
    assert_int_equal(rule_workers(NAN), 0);
    assert_int_equal(rule_workers(INFINITY), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(twice_the_cpus_and_one),
        cmocka_unit_test(goetz_wants_a_worker_for_every_wait),
        cmocka_unit_test(little_counts_what_is_under_way),
        cmocka_unit_test(an_answer_becomes_a_size_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
