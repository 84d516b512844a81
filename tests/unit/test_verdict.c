/* Each gate of the verdict from both sides of its limit, and all of them on clean noise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/analyze/verdict.h"
#include "made.h"
#include "noise.h"

#define BLOCKS 24

static struct result *result;
static unsigned serial, threads;

/* Times with a little even ripple that no gate minds. */
static double ripple(unsigned block)
{
    return 1 + 0.01 * (double)(block * 7 % 5);
}

static int make(void **state)
{
    (void)state;
    result = made_result();
    serial = made_config(result, "serial", 1);
    threads = made_config(result, "threads", 2);
    for (unsigned block = 0; block < BLOCKS; block++) {
        made_sample(result, block, serial, ripple(block));
        made_sample(result, block, threads, 0.5 * ripple(block));
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
    return &result->samples[2 * block + config];
}

static void assert_level(enum verdict_level level)
{
    struct verdict verdict = verdict_of(result);
    if (verdict.level != level)
        fail_msg("%s: %s", verdict_name(verdict.level), verdict.count ? verdict.reasons[0] : "");
    assert_int_equal(verdict.count == 0, level == VERDICT_TRUSTED);
}

/* One reason alone, with these words in it. */
static void assert_reason(enum verdict_level level, const char *words, const char *figure)
{
    struct verdict verdict = verdict_of(result);
    assert_level(level);
    if (verdict.count != 1 || !strstr(verdict.reasons[0], words) ||
        !strstr(verdict.reasons[0], figure))
        fail_msg("%zu reasons, the first: %s", verdict.count, verdict.reasons[0]);
}

static void a_quiet_result_is_trusted(void **state)
{
    (void)state;
    assert_level(VERDICT_TRUSTED);
    struct result *empty = result_new("empty");
    assert_int_equal(verdict_of(empty).level, VERDICT_TRUSTED);
    result_free(empty);
}

static void levels_have_names(void **state)
{
    (void)state;
    assert_string_equal(verdict_name(VERDICT_TRUSTED), "TRUSTED");
    assert_string_equal(verdict_name(VERDICT_SUSPECT), "SUSPECT");
    assert_string_equal(verdict_name(VERDICT_REFUSED), "REFUSED");
}

static void a_wrong_checksum_is_refused(void **state)
{
    (void)state;
    sample(4, threads)->checksum_wrong = true;
    sample(9, threads)->checksum_wrong = true;
    assert_reason(VERDICT_REFUSED, "wrong checksum in 2 of 48", "block 4 (threads, 2 workers)");
}

static void a_lost_task_is_refused(void **state)
{
    (void)state;
    sample(5, threads)->lost = 1;
    assert_reason(VERDICT_REFUSED, "lost in 1 of 48", "block 5 (threads, 2 workers)");
}

static void a_task_out_of_time_is_refused(void **state)
{
    (void)state;
    sample(5, threads)->timeout = 1;
    assert_reason(VERDICT_REFUSED, "out of time in 1 of 48", "block 5 (threads, 2 workers)");
}

static void a_worker_that_died_is_refused(void **state)
{
    (void)state;
    sample(5, threads)->died = 2;
    assert_reason(VERDICT_REFUSED, "workers died in 1 of 48", "block 5 (threads, 2 workers)");
}

static void a_sample_that_failed_is_refused_with_its_cause(void **state)
{
    (void)state;
    strcpy(sample(6, serial)->failure, "fork: no more processes");
    assert_reason(VERDICT_REFUSED, "no time in 1 of 48 samples", "fork: no more processes");
}

static void errors_of_tasks_are_no_matter_of_trust(void **state)
{
    (void)state;
    sample(6, threads)->errors = 50;
    assert_level(VERDICT_TRUSTED);
}

static void throttling_is_refused(void **state)
{
    (void)state;
    result->noise.throttled = 1;
    assert_reason(VERDICT_REFUSED, "throttled", "1 period");
}

static void steal_is_refused_above_one_percent_and_three_ticks(void **state)
{
    (void)state;
    result->noise.steal_ticks = 20; /* of 2000 */
    assert_level(VERDICT_TRUSTED);
    result->noise.steal_ticks = 30;
    assert_reason(VERDICT_REFUSED, "stole", "1.5 %");
    result->noise.steal_ticks = 2;
    result->noise.cpu_ticks = 50;
    assert_level(VERDICT_TRUSTED);
    result->noise.steal_ticks = 3;
    assert_level(VERDICT_REFUSED);
    result->noise.cpu_ticks = 0; /* not readable here */
    assert_level(VERDICT_TRUSTED);
}

static void changed_cpus_are_refused(void **state)
{
    (void)state;
    result->noise.cpus_changed = true;
    assert_reason(VERDICT_REFUSED, "affinity", "changed");
}

static void swapping_is_refused(void **state)
{
    (void)state;
    result->noise.swapped_in = 7;
    assert_reason(VERDICT_REFUSED, "swapped in", "7 pages");
}

static void waiting_for_memory_is_suspect(void **state)
{
    (void)state;
    result->noise.stalled_us = 99000; /* of 10 s */
    assert_level(VERDICT_TRUSTED);
    result->noise.stalled_us = 150000;
    assert_reason(VERDICT_SUSPECT, "waited for memory", "1.5 %");
    result->noise.window_s = 0; /* nothing was measured */
    assert_level(VERDICT_TRUSTED);
}

static void other_processes_are_suspect_then_refused(void **state)
{
    (void)state;
    result->noise.others_s = 0.9; /* of 10 s on 2 CPUs */
    assert_level(VERDICT_TRUSTED);
    result->noise.others_s = 2;
    assert_reason(VERDICT_SUSPECT, "other processes", "10 %");
    result->noise.others_s = 4;
    assert_reason(VERDICT_REFUSED, "other processes", "20 %");
}

static void drift_canary(double factor)
{
    for (size_t i = 0; i < result->blocks_count; i++)
        result->blocks[i].canary_s =
            1e-4 * (1 + (factor - 1) * (double)i / (double)result->blocks_count);
}

static void a_drifting_canary_is_suspect_then_refused(void **state)
{
    (void)state;
    drift_canary(1.06); /* thirds apart by 2/3 of it */
    assert_level(VERDICT_TRUSTED);
    drift_canary(1.11);
    assert_reason(VERDICT_SUSPECT, "slower", "limit 5 %");
    drift_canary(1.18);
    assert_reason(VERDICT_REFUSED, "slower", "limit 10 %");
    drift_canary(0.8);
    assert_reason(VERDICT_REFUSED, "faster", "limit 10 %");
}

/* Its blocks hold no samples. */
static void a_canary_that_drifts_between_the_pairs_of_a_search_is_refused(void **state)
{
    (void)state;
    result->samples_count = result->configs_count = 0;
    assert_level(VERDICT_TRUSTED);
    drift_canary(1.18);
    assert_reason(VERDICT_REFUSED, "slower", "limit 10 %");
}

static void one_slow_canary_is_no_drift(void **state)
{
    (void)state;
    result->blocks[0].canary_s = 1e-3;
    result->blocks[BLOCKS - 1].canary_s = 1e-3;
    assert_level(VERDICT_TRUSTED);
}

static void scatter_above_ten_percent_is_suspect(void **state)
{
    (void)state;
    for (unsigned i = 0; i < BLOCKS; i++)
        sample(i, threads)->wall_s = i % 2 ? 0.55 : 0.46;
    assert_level(VERDICT_TRUSTED);
    for (unsigned i = 0; i < BLOCKS; i++)
        sample(i, threads)->wall_s = i % 2 ? 0.58 : 0.44;
    assert_reason(VERDICT_SUSPECT, "coefficient of variation", "threads, 2 workers");
}

static void halves_apart_are_suspect(void **state)
{
    (void)state;
    for (unsigned i = 0; i < BLOCKS; i++)
        sample(i, serial)->wall_s = (i < BLOCKS / 2 ? 1 : 1.08) * ripple(i);
    struct verdict verdict = verdict_of(result);
    assert_level(VERDICT_SUSPECT);
    assert_non_null(strstr(verdict.reasons[0], "second half"));
    assert_non_null(strstr(verdict.reasons[0], "serial, 1 worker "));
}

static void halves_apart_within_their_intervals_are_not(void **state)
{
    (void)state;
    for (unsigned i = 0; i < BLOCKS; i++) /* each half from 0.9 to 1.1, medians 0.96 and 1.04 */
        sample(i, serial)->wall_s = i < BLOCKS / 2 ? (i % 2 ? 0.91 : 1.01) : (i % 2 ? 0.99 : 1.09);
    assert_level(VERDICT_TRUSTED);
}

static void a_tenth_of_far_outliers_is_suspect(void **state)
{
    (void)state;
    sample(3, threads)->wall_s = 0.6;
    sample(12, threads)->wall_s = 0.6;
    sample(16, threads)->wall_s = 0.6;
    assert_level(VERDICT_TRUSTED);
    sample(20, threads)->wall_s = 0.6;
    assert_reason(VERDICT_SUSPECT, "interquartile", "16.7 %");
}

static void times_that_follow_each_other_are_suspect(void **state)
{
    (void)state;
    for (unsigned i = 0; i < BLOCKS; i++)
        sample(i, threads)->wall_s = 0.5 + 0.01 * sin(i * 0.5);
    assert_reason(VERDICT_SUSPECT, "correlated", "threads, 2 workers");
}

static void samples_pushed_off_their_cpu_are_suspect(void **state)
{
    (void)state;
    for (unsigned i = 0; i < BLOCKS; i++)
        sample(i, threads)->involuntary = 2 + (i % 8 == 5 ? 100 : 0);
    assert_level(VERDICT_TRUSTED); /* three of 24 */
    sample(7, threads)->involuntary = 100;
    assert_reason(VERDICT_SUSPECT, "involuntary", "16.7 %");
    for (unsigned i = 0; i < BLOCKS; i++) /* few are few, whatever the median */
        sample(i, threads)->involuntary = i % 4 ? 0 : 30;
    assert_level(VERDICT_TRUSTED);
}

static void fewer_than_twenty_samples_say_nothing_of_scatter(void **state)
{
    (void)state;
    for (unsigned i = 0; i < BLOCKS; i++) {
        sample(i, threads)->wall_s = i % 2 ? 1 : 0.5;
        if (i >= 19)
            sample(i, threads)->config = serial;
    }
    for (unsigned i = 0; i < BLOCKS; i++)
        sample(i, serial)->wall_s = ripple(i);
    for (unsigned i = 19; i < BLOCKS; i++)
        sample(i, threads)->wall_s = ripple(i);
    assert_level(VERDICT_TRUSTED);
}

static void the_gravest_reason_comes_first_and_all_fit(void **state)
{
    (void)state;
    for (unsigned i = 0; i < BLOCKS; i++) {
        sample(i, serial)->wall_s = i < 12 ? 1 : i > 19 ? 9 : 2;
        sample(i, serial)->involuntary = i > 19 ? 1000 : 1;
        sample(i, threads)->wall_s = i > 19 ? 9 : 1 + 0.01 * i;
    }
    sample(0, threads)->checksum_wrong = true;
    sample(1, threads)->lost = 1;
    sample(1, threads)->timeout = 1;
    sample(1, threads)->died = 1;
    strcpy(sample(2, threads)->failure, "no");
    drift_canary(2);
    result->noise = (struct result_noise){.window_s = 1,
        .steal_ticks = 50,
        .cpu_ticks = 100,
        .throttled = 1,
        .swapped_in = 1,
        .others_s =
            0.2, /* this and the next are the gates on the machine that are merely suspect */
        .stalled_us = 500000,
        .cpus_changed = true};
    struct verdict verdict = verdict_of(result);
    assert_int_equal(verdict.level, VERDICT_REFUSED);
    assert_int_equal(verdict.count, 17);
    assert_int_equal(verdict.refused, 10);
    assert_non_null(strstr(verdict.reasons[0], "wrong checksum"));
    assert_non_null(strstr(verdict.reasons[9], "fixed work"));
    assert_non_null(strstr(verdict.reasons[10], "waited for memory"));
    assert_non_null(strstr(verdict.reasons[11], "other processes"));
    assert_non_null(strstr(verdict.reasons[16], "involuntary"));
}

/* ---- false alarms ---- */

#define RESULTS 1000

/* A result of 1 + configs configurations over clean noise: nothing wanders, nothing follows. */
static struct result *clean_result(
    unsigned configs, unsigned blocks, enum noise_model model, uint64_t seed)
{
    struct noise noise = {.seed = seed};
    struct result *clean = made_result();
    made_config(clean, "serial", 1);
    for (unsigned i = 1; i <= configs; i++)
        made_config(clean, "threads", i);
    for (unsigned block = 0; block < blocks; block++) {
        made_blocks(clean, block + 1);
        clean->blocks[block].canary_s *= exp(noise_error(&noise, model, 0.01));
        for (unsigned i = 0; i <= configs; i++) {
            double error = noise_error(&noise, model, 0.03);
            made_sample(clean, block, i, exp(error))->involuntary =
                (uint64_t)(-3 * log(noise_unit(&noise)));
        }
    }
    return clean;
}

static unsigned count_alarms(unsigned configs, unsigned blocks, enum noise_model model)
{
    unsigned alarms = 0;
    for (uint64_t i = 0; i < RESULTS; i++) {
        struct result *clean = clean_result(configs, blocks, model, hash_mix(blocks, i));
        alarms += verdict_of(clean).level != VERDICT_TRUSTED;
        result_free(clean);
    }
    return alarms;
}

static void clean_noise_raises_at_most_5_percent_false_alarms(void **state)
{
    (void)state;
    static const unsigned shapes[][2] = {{1, 20}, {2, 30}, {13, 20}, {13, 30}, {13, 100}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (enum noise_model model = NOISE_NORMAL; model <= NOISE_SKEWED; model++) {
            unsigned alarms = count_alarms(shapes[i][0], shapes[i][1], model);
            print_message("# serial and %u more, %u blocks, error model %d: %.1f %% false alarms\n",
                shapes[i][0], shapes[i][1], model, 100.0 * alarms / RESULTS);
            assert_true(alarms <= 0.05 * RESULTS);
        }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)
    const struct CMUnitTest tests[] = {
        TEST(a_quiet_result_is_trusted),
        TEST(levels_have_names),
        TEST(a_wrong_checksum_is_refused),
        TEST(a_lost_task_is_refused),
        TEST(a_task_out_of_time_is_refused),
        TEST(a_worker_that_died_is_refused),
        TEST(a_sample_that_failed_is_refused_with_its_cause),
        TEST(errors_of_tasks_are_no_matter_of_trust),
        TEST(throttling_is_refused),
        TEST(steal_is_refused_above_one_percent_and_three_ticks),
        TEST(changed_cpus_are_refused),
        TEST(swapping_is_refused),
        TEST(waiting_for_memory_is_suspect),
        TEST(other_processes_are_suspect_then_refused),
        TEST(a_drifting_canary_is_suspect_then_refused),
        TEST(a_canary_that_drifts_between_the_pairs_of_a_search_is_refused),
        TEST(one_slow_canary_is_no_drift),
        TEST(scatter_above_ten_percent_is_suspect),
        TEST(halves_apart_are_suspect),
        TEST(halves_apart_within_their_intervals_are_not),
        TEST(a_tenth_of_far_outliers_is_suspect),
        TEST(times_that_follow_each_other_are_suspect),
        TEST(samples_pushed_off_their_cpu_are_suspect),
        TEST(fewer_than_twenty_samples_say_nothing_of_scatter),
        TEST(the_gravest_reason_comes_first_and_all_fit),
        cmocka_unit_test(clean_noise_raises_at_most_5_percent_false_alarms),
    };
    return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
