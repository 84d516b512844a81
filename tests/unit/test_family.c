/* Comparisons with serial, judged together, in results made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "harness/analyze/family.h"
#include "made.h"
#include "near.h"

#define NEAR 1e-12

static struct result *result;
static unsigned serial, faster, slower, same;

static void add_blocks(unsigned blocks)
{
    for (unsigned block = 0; block < blocks; block++) {
        made_sample(result, block, serial, 1);
        made_sample(result, block, faster, 0.5);
        made_sample(result, block, slower, 1.1);
        made_sample(result, block, same, block % 2 ? 1.01 : 0.99);
    }
}

static int make(void **state)
{
    (void)state;
    result = made_result();
    serial = made_config(result, "serial", 1);
    faster = made_config(result, "threads", 2);
    slower = made_config(result, "processes", 1);
    same = made_config(result, "threads", 1);
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    result_free(result);
    return 0;
}

static void members_are_faster_slower_or_tied_by_their_adjusted_p(void **state)
{
    (void)state;
    add_blocks(8);
    struct family family = family_of(result);
    assert_int_equal(family.count, 4);
    assert_int_equal(family.compared, 3);
    assert_int_equal(family.blocks, 8);
    assert_int_equal(family.blocks_min, 7);
    assert_int_equal(family.members[serial].side, FAMILY_NONE);
    assert_true(isnan(family.members[serial].p));
    assert_int_equal(family.members[faster].side, FAMILY_FASTER);
    assert_near(family.members[faster].p, 3 * ldexp(1, -7), NEAR);
    assert_int_equal(family.members[slower].side, FAMILY_SLOWER);
    assert_int_equal(family.members[same].side, FAMILY_TIED);
    assert_near(family.members[same].p, 1, NEAR);
    assert_near(family.members[faster].summary.speedup.value, 2, NEAR);
    assert_string_equal(family_side_name(FAMILY_SLOWER), "slower");
    family_free(&family);
}

static void too_few_blocks_show_nothing_however_large_the_difference(void **state)
{
    (void)state;
    add_blocks(6);
    struct family family = family_of(result);
    assert_true(family.members[faster].summary.p <= 0.05); /* alone it would be shown */
    assert_int_equal(family.members[faster].side, FAMILY_TIED);
    assert_true(family.blocks < family.blocks_min);
    family_free(&family);
}

static void several_looks_ask_for_more(void **state)
{
    (void)state;
    add_blocks(9);
    result->alpha = 0.01;
    struct family family = family_of(result);
    assert_int_equal(family.blocks_min, 10);
    assert_near(family.members[faster].p, 15 * ldexp(1, -8), NEAR);
    assert_int_equal(family.members[faster].side, FAMILY_TIED);
    family_free(&family);
}

static void what_has_no_pair_is_not_compared(void **state)
{
    (void)state;
    add_blocks(7);
    unsigned absent = made_config(result, "spawn", 1);
    struct family family = family_of(result);
    assert_int_equal(family.compared, 3);
    assert_int_equal(family.members[absent].side, FAMILY_NONE);
    assert_string_equal(family_side_name(FAMILY_NONE), "");
    family_free(&family);
    result->configs_count = 1;
    family = family_of(result);
    assert_int_equal(family.compared, 0);
    assert_int_equal(family.blocks_min, 0);
    family_free(&family);
}

static void the_fewest_pairs_count_and_a_pilots_do_not(void **state)
{
    (void)state;
    add_blocks(9);
    result->blocks[0].pilot = true;
    result->samples[4 + same].lost = 1;
    struct family family = family_of(result);
    assert_int_equal(family.blocks, 7);
    assert_int_equal(family.members[faster].summary.pairs, 8);
    family_free(&family);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)
    const struct CMUnitTest tests[] = {
        TEST(members_are_faster_slower_or_tied_by_their_adjusted_p),
        TEST(too_few_blocks_show_nothing_however_large_the_difference),
        TEST(several_looks_ask_for_more),
        TEST(what_has_no_pair_is_not_compared),
        TEST(the_fewest_pairs_count_and_a_pilots_do_not),
    };
    return cmocka_run_group_tests_name("family", tests, NULL, NULL);
}
