/* Summaries of results made by hand, whose figures are known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "harness/analyze/summary.h"
#include "made.h"
#include "near.h"

#define NEAR 1e-9
#define BLOCKS 8

static struct result *result;
static unsigned serial, threads, crowd;

/* Serial takes 1 s a region (and a little more in each block), threads half, a crowd of 8 too. */
static int make(void **state)
{
    (void)state;
    result = made_result();
    serial = made_config(result, "serial", 1);
    threads = made_config(result, "threads", 2);
    crowd = made_config(result, "threads", 8);
    for (unsigned block = 0; block < BLOCKS; block++) {
        double slow = 1 + 0.1 * block;
        made_sample(result, block, threads, 0.5 * slow);
        made_sample(result, block, serial, slow);
        made_sample(result, block, crowd, 0.5 * slow);
    }
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    result_free(result);
    return 0;
}

static struct result_sample *sample(unsigned block, unsigned config)
{
    for (size_t i = 0; i < result->samples_count; i++)
        if (result->samples[i].block == block && result->samples[i].config == config)
            return &result->samples[i];
    return NULL;
}

static void speedup_pairs_each_sample_with_serial_of_its_block(void **state)
{
    (void)state;
    struct summary summary = summary_of(result, threads);
    assert_int_equal(summary.pairs, BLOCKS);
    assert_near(summary.speedup.value, 2, NEAR);
    assert_near(summary.speedup.lo, 2, NEAR);
    assert_near(summary.speedup.hi, 2, NEAR);
    sample(3, threads)->wall_s *= 2; /* one of eight pairs */
    summary = summary_of(result, threads);
    assert_near(summary.speedup.value, 2, NEAR);
    assert_near(summary.speedup.lo, 1, NEAR);
}

static void a_pilots_blocks_enter_no_estimate_but_what_went_wrong_in_them_counts(void **state)
{
    (void)state;
    for (unsigned block = 0; block < 2; block++) {
        result->blocks[block].pilot = true;
        sample(block, threads)->wall_s = 100;
    }
    sample(1, threads)->errors = 3;
    snprintf(sample(0, threads)->failure, 8, "killed");
    struct summary summary = summary_of(result, threads);
    assert_int_equal(summary.pairs, BLOCKS - 2);
    assert_near(summary.speedup.lo, 2, NEAR);
    assert_true(summary.task_s.hi < 0.01);
    assert_int_equal(summary.errors, 3);
    assert_int_equal(summary.failed, 1);
    assert_int_equal(summary_blocks(result), BLOCKS - 2);
    double d[BLOCKS];
    assert_int_equal(summary_log_ratios(result, threads, true, d), 1);
    assert_near(d[0], log(1.1 / 100), NEAR);
    assert_int_equal(summary_log_ratios(result, threads, false, d), BLOCKS - 2);
    assert_near(d[0], log(2), NEAR);
}

static void intervals_are_at_the_level_that_the_result_says(void **state)
{
    (void)state;
    for (unsigned block = 0; block < BLOCKS; block++)
        sample(block, threads)->wall_s = 1 + block;
    struct interval usual = summary_of(result, threads).task_s;
    result->alpha = 0.2;
    struct interval narrow = summary_of(result, threads).task_s;
    assert_true(usual.lo < narrow.lo && narrow.hi < usual.hi);
    result->alpha = 0.001;
    assert_true(isnan(summary_of(result, threads).speedup.lo));
    assert_int_equal(summary_of(result, threads).means.outcome, FIELLER_UNBOUNDED);
}

static void secondary_figures_are_of_means_and_rates(void **state)
{
    (void)state;
    sample(0, threads)->wall_s = 100; /* an outlier: it stays in */
    struct summary summary = summary_of(result, threads);
    assert_near(summary.p, 9 * ldexp(1, -7), NEAR); /* 7 of 8 pairs are faster */
    assert_int_equal(summary.far_out, 1);
    double total = 0;
    for (unsigned block = 0; block < BLOCKS; block++)
        total += sample(block, threads)->wall_s;
    assert_near(summary.mean_tasks_per_s, BLOCKS * 100 / total, NEAR);
    assert_near(summary.means.ratio.value, 10.8 / total, NEAR);
    summary = summary_of(result, serial);
    assert_true(isnan(summary.p));
    assert_near(summary.means.ratio.lo, 1, 0);
}

static void speedup_of_serial_is_exactly_one(void **state)
{
    (void)state;
    struct summary summary = summary_of(result, serial);
    assert_near(summary.speedup.value, 1, 0);
    assert_near(summary.cold.hi, 1, 0);
    assert_near(summary.efficiency.value, 1, 0);
    assert_int_equal(summary.pairs, BLOCKS);
}

static void times_are_medians_of_a_task_and_of_a_whole_region(void **state)
{
    (void)state;
    struct summary summary = summary_of(result, serial);
    assert_near(summary.task_s.value, 0.0135, NEAR);
    assert_near(summary.task_s.lo, 0.010, NEAR);
    assert_near(summary.task_s.hi, 0.017, NEAR);
    assert_near(summary.tasks_per_s.value, 1 / 0.0135, NEAR);
    assert_near(summary.tasks_per_s.lo, 1 / 0.017, NEAR);
    assert_near(summary.tasks_per_s.hi, 100, NEAR);
    assert_near(summary.region_s, 1.35, NEAR);
    assert_near(summary.cpu_s, 1.35, NEAR);
}

static void repeated_regions_and_subsets_are_scaled_to_one_task(void **state)
{
    (void)state;
    for (unsigned block = 0; block < BLOCKS; block++) {
        struct result_sample *subset = sample(block, serial), *repeated = sample(block, threads);
        subset->tasks = 10;
        subset->wall_s /= 10;
        subset->cpu_s /= 10;
        repeated->regions = 4;
        repeated->wall_s *= 4;
    }
    assert_near(summary_of(result, threads).speedup.value, 2, NEAR);
    assert_near(summary_of(result, threads).region_s, 0.675, NEAR);
    assert_near(summary_of(result, serial).region_s, 1.35, NEAR);
    assert_near(summary_of(result, serial).cpu_s, 1.35, NEAR);
}

static void cold_counts_start_and_stop_of_the_pool(void **state)
{
    (void)state;
    for (unsigned block = 0; block < BLOCKS; block++) {
        struct result_sample *pool = sample(block, threads);
        pool->start_s = pool->wall_s * 0.75;
        pool->stop_s = pool->wall_s * 0.25;
    }
    struct summary summary = summary_of(result, threads);
    assert_near(summary.speedup.value, 2, NEAR);
    assert_near(summary.cold.value, 1, NEAR);
    assert_near(summary.start_s, 0.75 * 0.675, NEAR);
    assert_near(summary.stop_s, 0.25 * 0.675, NEAR);
}

static void efficiency_divides_by_usable_cpus_but_by_workers_where_tasks_wait(void **state)
{
    (void)state;
    assert_near(summary_of(result, threads).efficiency.value, 1, NEAR);
    assert_near(summary_of(result, crowd).efficiency.value, 1, NEAR);
    strcpy(result->case_kind, "io");
    assert_near(summary_ideal(result, 8), 8, 0);
    assert_near(summary_of(result, crowd).efficiency.value, 0.25, NEAR);
    result->usable_cpus = 0; /* not known */
    strcpy(result->case_kind, "cpu");
    assert_near(summary_ideal(result, 8), 8, 0);
}

static void a_sample_that_failed_or_lost_tasks_is_no_number(void **state)
{
    (void)state;
    strcpy(sample(0, threads)->failure, "killed by signal 9");
    sample(0, threads)->wall_s = 0;
    sample(1, threads)->checksum_wrong = true;
    sample(1, threads)->wall_s = 1e-9;
    sample(2, threads)->lost = 3;
    sample(2, threads)->wall_s = 1e-9;
    sample(4, threads)->timeout = 1;
    sample(4, threads)->wall_s = 1e-9;
    sample(3, threads)->errors = 2; /* a task's own error is no failure of the sample */
    struct summary summary = summary_of(result, threads);
    assert_int_equal(summary.pairs, BLOCKS - 4);
    assert_near(summary.speedup.value, 2, NEAR);
    assert_true(isnan(summary.speedup.lo)); /* four pairs */
    assert_int_equal(summary.failed, 1);
    assert_int_equal(summary.wrong, 1);
    assert_int_equal(summary.lost, 3);
    assert_int_equal(summary.errors, 2);
}

static void a_block_without_serial_makes_no_pair_but_counts_for_times(void **state)
{
    (void)state;
    strcpy(sample(0, serial)->failure, "no");
    struct summary summary = summary_of(result, threads);
    assert_int_equal(summary.pairs, BLOCKS - 1);
    assert_near(summary.region_s, 0.675, NEAR);
    strcpy(result->configs[serial].backend, "other");
    assert_int_equal(summary_serial(result), -1);
    summary = summary_of(result, threads);
    assert_int_equal(summary.pairs, 0);
    assert_true(isnan(summary.speedup.value));
    assert_near(summary.region_s, 0.675, NEAR);
}

static void a_configuration_without_samples_has_no_figures(void **state)
{
    (void)state;
    struct summary summary = summary_of(result, made_config(result, "processes", 2));
    assert_int_equal(summary.pairs, 0);
    assert_true(isnan(summary.speedup.value) && isnan(summary.cold.value));
    assert_true(isnan(summary.region_s) && isnan(summary.start_s) && isnan(summary.cpu_s));
}

static void a_case_without_tasks_is_compared_by_whole_regions(void **state)
{
    (void)state;
    result->tasks = 0;
    for (size_t i = 0; i < result->samples_count; i++)
        result->samples[i].tasks = 0;
    assert_near(summary_of(result, threads).speedup.value, 2, NEAR);
    assert_near(summary_of(result, threads).region_s, 0.675, NEAR);
}

/* ---- whole commands ---- */

static void add_runs(unsigned command, double wall_s)
{
    for (unsigned block = 0; block < 6; block++)
        result_add_run(result,
            &(struct result_run){.block = block, .command = command, .wall_s = wall_s + block});
}

static void commands_are_compared_with_serials_of_the_same_block(void **state)
{
    (void)state;
    unsigned pool = result_add_command(result, threads, "poolbench run spin -b threads");
    unsigned whole = result_add_command(result, serial, "poolbench run spin -b serial");
    add_runs(pool, 1);
    add_runs(whole, 1);
    for (size_t i = 6; i < 12; i++)
        result->runs[i].wall_s *= 3;
    size_t failed = 99;
    struct interval ratio = summary_command(result, pool, &failed);
    assert_near(ratio.value, 3, NEAR);
    assert_near(ratio.lo, 3, NEAR);
    assert_int_equal(failed, 0);
    assert_near(summary_command(result, whole, NULL).value, 1, 0);
}

static void a_command_that_failed_is_left_out_and_counted(void **state)
{
    (void)state;
    unsigned pool = result_add_command(result, threads, "poolbench run spin -b threads");
    unsigned whole = result_add_command(result, serial, "poolbench run spin -b serial");
    add_runs(pool, 2);
    add_runs(whole, 4);
    result->runs[0].exit_code = 1;  /* the pool's in block 0 ... */
    result->runs[7].exit_code = -1; /* ... and serial's in block 1 */
    result->runs[0].wall_s = result->runs[7].wall_s = 1e-3;
    size_t failed = 0;
    struct interval ratio = summary_command(result, pool, &failed);
    assert_int_equal(failed, 1);
    assert_near(ratio.value, sqrt(7. / 5 * 8 / 6), NEAR); /* blocks 2 to 5 */
    assert_true(isnan(ratio.lo));
}

static void commands_without_serial_have_no_ratio(void **state)
{
    (void)state;
    unsigned pool = result_add_command(result, threads, "poolbench run spin -b threads");
    add_runs(pool, 2);
    assert_true(isnan(summary_command(result, pool, NULL).value));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)
    const struct CMUnitTest tests[] = {
        TEST(speedup_pairs_each_sample_with_serial_of_its_block),
        TEST(a_pilots_blocks_enter_no_estimate_but_what_went_wrong_in_them_counts),
        TEST(intervals_are_at_the_level_that_the_result_says),
        TEST(secondary_figures_are_of_means_and_rates),
        TEST(speedup_of_serial_is_exactly_one),
        TEST(times_are_medians_of_a_task_and_of_a_whole_region),
        TEST(repeated_regions_and_subsets_are_scaled_to_one_task),
        TEST(cold_counts_start_and_stop_of_the_pool),
        TEST(efficiency_divides_by_usable_cpus_but_by_workers_where_tasks_wait),
        TEST(a_sample_that_failed_or_lost_tasks_is_no_number),
        TEST(a_block_without_serial_makes_no_pair_but_counts_for_times),
        TEST(a_configuration_without_samples_has_no_figures),
        TEST(a_case_without_tasks_is_compared_by_whole_regions),
        TEST(commands_are_compared_with_serials_of_the_same_block),
        TEST(a_command_that_failed_is_left_out_and_counted),
        TEST(commands_without_serial_have_no_ratio),
    };
    return cmocka_run_group_tests_name("summary", tests, NULL, NULL);
}
