/* Arms in blocks: with exact data the truth, with noise its error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "harness/analyze/twoway.h"
#include "near.h"
#include "noise.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct twoway_prior prior = {.noise = 0.03, .df = 3};

static void shifts_between_blocks_do_not_count(void **state)
{
    (void)state;
    /* levels 1, 2 and 4; blocks shifted by 0, 10 and -5; the third arm is in one block alone */
    const struct twoway_sample samples[] = {
        {0, 0, 1}, {0, 1, 2}, {1, 1, 12}, {1, 2, 14}, {2, 0, -4}, {2, 1, -3}};
    struct twoway fit;
    assert_int_equal(twoway_fit(&fit, samples, COUNT(samples), 3, prior), 0);
    assert_near(fit.level[1] - fit.level[0], 1, 1e-6);
    assert_near(fit.level[2] - fit.level[0], 3, 1e-6);
    assert_near(fit.level[0], 1 + 5. / 3, 1e-6);
    assert_int_equal(fit.n[1], 3);
    twoway_free(&fit);
}

static void one_block_is_judged_by_what_is_presumed(void **state)
{
    (void)state;
    const struct twoway_sample samples[] = {{0, 0, 1}, {0, 1, 2}};
    struct twoway fit;
    assert_int_equal(twoway_fit(&fit, samples, 2, 3, prior), 0);
    assert_int_equal(fit.df, 3);
    assert_near(fit.noise, 0.03, 1e-12);
    assert_near(twoway_error(&fit, 0, 1), 0.03 * sqrt(2), 1e-6);
    assert_true(isnan(fit.level[2]));
    assert_true(twoway_error(&fit, 0, 2) > 100);
    twoway_free(&fit);
}

static void nothing_measured_is_no_error(void **state)
{
    (void)state;
    struct twoway fit;
    assert_int_equal(twoway_fit(&fit, NULL, 0, 2, prior), 0);
    assert_true(isnan(fit.level[0]));
    assert_int_equal(fit.n[1], 0);
    twoway_free(&fit);
}

/* Two arms in 10 blocks and a third in 4 of them, noise 5 %, 1000 times. */
static void standard_errors_are_those_of_repeated_experiments(void **state)
{
    (void)state;
    enum { ROUNDS = 1000 };
    struct noise noise = {.seed = 7};
    double squares = 0, errors = 0, noises = 0;
    for (int round = 0; round < ROUNDS; round++) {
        struct twoway_sample samples[24];
        size_t n = 0;
        for (unsigned block = 0; block < 10; block++)
            for (unsigned arm = 0; arm < (block < 4 ? 3u : 2u); arm++)
                samples[n++] = (struct twoway_sample){
                    block, arm, arm + (double)block + 0.05 * noise_normal(&noise)};
        struct twoway fit;
        assert_int_equal(twoway_fit(&fit, samples, n, 3, (struct twoway_prior){0.05, 3}), 0);
        squares += pow(fit.level[2] - fit.level[0] - 2, 2) / ROUNDS;
        errors += pow(twoway_error(&fit, 2, 0), 2) / ROUNDS;
        noises += fit.noise / ROUNDS;
        twoway_free(&fit);
    }
    assert_near(sqrt(errors) / sqrt(squares), 1, 0.08);
    assert_near(noises, 0.05, 0.003);
}

static void a_spike_hardly_moves_a_level(void **state)
{
    (void)state;
    struct noise noise = {.seed = 8};
    struct twoway_sample samples[24];
    for (unsigned i = 0; i < 24; i++)
        samples[i] = (struct twoway_sample){i / 3, i % 3, 0.01 * noise_normal(&noise)};
    samples[10].y += 1;
    struct twoway fit;
    assert_int_equal(twoway_fit(&fit, samples, 24, 3, prior), 0);
    assert_near(fit.level[1] - fit.level[0], 0, 0.0625); /* the mean moves by 0.125 */
    twoway_free(&fit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shifts_between_blocks_do_not_count),
        cmocka_unit_test(one_block_is_judged_by_what_is_presumed),
        cmocka_unit_test(nothing_measured_is_no_error),
        cmocka_unit_test(standard_errors_are_those_of_repeated_experiments),
        cmocka_unit_test(a_spike_hardly_moves_a_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
