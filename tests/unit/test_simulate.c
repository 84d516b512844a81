/* Simulated regions against closed-form truth. Times are virtual: nothing here depends on the
 * machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness/sim/simulate.h"
#include "harness/util/hash.h"
#include "landscape.h"
#include "near.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A machine that costs nothing, with enough cores. */
static struct sim_model ideal(enum sim_share share)
{
    return (struct sim_model){.as = "threads", .share = share, .cores = 4096, .quantum = 1e6};
}

static struct simulate_outcome region_of(
    const struct sim_model *model, struct sim_tasks tasks, unsigned workers, uint64_t chunk)
{
    struct simulate_outcome outcome;
    assert_int_equal(simulate_region(model, &tasks, workers, chunk, NULL, &outcome), 0);
    return outcome;
}

static double speedup(
    const struct sim_model *model, struct sim_tasks tasks, unsigned workers, uint64_t chunk)
{
    return simulate_serial(model, &tasks).region / region_of(model, tasks, workers, chunk).region;
}

static void assert_within(double value, double truth, double part)
{
    if (!(fabs(value / truth - 1) <= part))
        fail_msg("%.9g is not %.9g within %g %%", value, truth, 100 * part);
}

/* ---- overheads ---- */

static void a_region_takes_what_its_costs_add_up_to(void **state)
{
    (void)state;
    struct sim_model model = ideal(SIM_STEAL);
    model.caller_works = true;
    model.dispatch = 20;
    model.claim = 13;
    model.wake = 5000;
    model.region = 700;
    for (unsigned n = 1; n <= 16; n *= 2) {
        double grain = 500, each = grain + model.dispatch + model.claim, tasks = 100000;
        double truth = model.region + (tasks * each + (n - 1) * model.wake) / n;
        double took = region_of(&model, tasks_alike(100000, grain, 0), n, 1).region;
        assert_true(took >= truth - 1 && took <= truth + each);
    }
}

static void serial_and_pool_tie_at_the_grain_that_the_costs_give(void **state)
{
    (void)state;
    struct sim_model model = ideal(SIM_STEAL);
    model.dispatch = 25;
    model.claim = 8;
    for (unsigned n = 2; n <= 4096; n *= 8) {
        double grain = (model.dispatch + model.claim) / (n - 1);
        assert_within(speedup(&model, tasks_alike(1000000, grain, 0), n, 1), 1, 0.005);
    }
}

static void efficiency_is_what_the_overhead_leaves_of_a_task(void **state)
{
    (void)state;
    struct sim_model model = ideal(SIM_STEAL);
    model.dispatch = 25;
    model.claim = 8;
    double metg50 = model.dispatch + model.claim, metg90 = 9 * metg50;
    for (unsigned n = 1; n <= 4096; n *= 16) {
        assert_within(speedup(&model, tasks_alike(1000000, metg50, 0), n, 1), 0.5 * n, 0.005);
        assert_within(speedup(&model, tasks_alike(1000000, metg90, 0), n, 1), 0.9 * n, 0.005);
    }
}

static void chunks_divide_the_cost_of_a_claim(void **state)
{
    (void)state;
    struct sim_model model = ideal(SIM_QUEUE);
    model.claim = 640;
    model.cores = 2;
    double took = region_of(&model, tasks_alike(64000, 100, 0), 2, 64).region;
    assert_within(took, 64000 / 2.0 * (100 + 10), 0.01);
    /* one queue gives away one claim at a time: so many workers cannot be fed */
    assert_within(region_of(&model, tasks_alike(64000, 100, 0), 64, 1).region, 64000 * 640.0, 0.01);
}

static void start_and_stop_grow_with_the_size(void **state)
{
    (void)state;
    struct sim_model model = ideal(SIM_STEAL);
    model.start = 10;
    model.start_pool = 5;
    model.stop = 3;
    model.stop_pool = 2;
    struct simulate_outcome outcome = region_of(&model, tasks_alike(1, 1, 0), 100, 0);
    assert_near(outcome.start, 1005, 1e-9);
    assert_near(outcome.stop, 302, 1e-9);
}

/* ---- what limits a pool ---- */

static void a_critical_section_gives_amdahls_law(void **state)
{
    (void)state;
    struct sim_model model = ideal(SIM_STEAL);
    model.critical = 0.05;
    for (unsigned n = 1; n <= 4096; n *= 4) /* a task a worker: all want the lock at once */
        assert_within(speedup(&model, tasks_alike(n, 1e6, 0), n, 1),
            1 / (model.critical + (1 - model.critical) / n), 1e-9);
}

static void over_many_tasks_a_critical_section_is_a_ceiling(void **state)
{
    (void)state;
    struct sim_model model = ideal(SIM_QUEUE);
    model.critical = 0.05;
    for (unsigned n = 1; n <= 64; n *= 4)
        assert_within(
            speedup(&model, tasks_alike(64000, 1e4, 0), n, 1), fmin(n, 1 / model.critical), 0.02);
}

static void coherence_gives_the_universal_scalability_law(void **state)
{
    (void)state;
    struct sim_model model = ideal(SIM_STEAL);
    model.critical = 0.02;
    model.coherence = 0.0005;
    for (unsigned n = 1; n <= 4096; n *= 2) {
        double truth = n / (1 + model.critical * (n - 1) + model.coherence * n * (n - 1.0));
        assert_within(speedup(&model, tasks_alike(n, 1e6, 0), n, 1), truth, 1e-9);
    }
}

static void an_interpreter_lock_gives_one_core_to_tasks_that_compute(void **state)
{
    (void)state;
    struct sim_model model = ideal(SIM_STEAL);
    model.one_at_a_time = true;
    model.interval = 5e6;
    for (unsigned n = 1; n <= 64; n *= 2)
        assert_within(speedup(&model, tasks_alike(1024, 1e7, 0), n, 1), 1, 1e-9);
}

static void an_interpreter_lock_does_not_hinder_tasks_that_block(void **state)
{
    (void)state;
    struct sim_model model = ideal(SIM_STEAL);
    model.one_at_a_time = true;
    model.interval = 5e6;
    for (unsigned n = 1; n <= 64; n *= 2)
        assert_within(speedup(&model, tasks_alike(1024, 0, 1e7), n, 1), n, 1e-9);
    /* with a tenth of computing: ten at once, and no more */
    assert_within(speedup(&model, tasks_alike(2000, 1e6, 9e6), 40, 1), 10, 0.02);
}

/* Where two compute, each waits for the other's whole interval. */
static void a_short_task_waits_a_switch_interval_for_a_long_one(void **state)
{
    (void)state;
    struct sim_model model = ideal(SIM_STATIC);
    struct sim_tasks tasks;
    struct simulate_outcome outcome;
    double latency[2];
    model.one_at_a_time = true;
    model.interval = 5e6;
    assert_int_equal(tasks_make(&tasks, 2), 0);
    tasks_set(&tasks, 0, 1e9, 0);
    tasks_set(&tasks, 1, 1e5, 0);
    const struct simulate_watch watch = {.latency = latency};
    assert_int_equal(simulate_region(&model, &tasks, 2, 0, &watch, &outcome), 0);
    assert_near(latency[1], 5e6 + 1e5, 1);
    assert_near(latency[0], 1e9 + 1e5, 1);
    tasks_free(&tasks);
}

static void memory_bandwidth_is_a_plateau(void **state)
{
    (void)state;
    struct sim_model model = ideal(SIM_STEAL);
    model.memory = 0.5;
    model.bandwidth = 4;
    for (unsigned n = 1; n <= 64; n *= 2)
        assert_within(speedup(&model, tasks_alike(6400, 1e6, 0), n, 1), fmin(n, 8), 1e-6);
}

static void blocking_tasks_obey_littles_law(void **state)
{
    (void)state;
    struct sim_model model = ideal(SIM_QUEUE);
    const double cpu = 1e5, blocking = 19e5;
    model.cores = 2;
    for (unsigned n = 1; n <= 128; n *= 2) { /* in the pool: throughput x time in it */
        struct sim_tasks tasks = tasks_alike(400 * n, cpu, blocking);
        double rate = (double)tasks.count / region_of(&model, tasks, n, 1).region;
        double truth = fmin(n / (cpu + blocking), model.cores / cpu);
        assert_within(rate, truth, 0.03);
    }
}

/* ---- more workers than cores ---- */

static void workers_beyond_the_cores_add_nothing(void **state)
{
    (void)state;
    struct sim_model model = ideal(SIM_STEAL);
    model.cores = 4;
    for (unsigned n = 4; n <= 64; n *= 2)
        assert_within(speedup(&model, tasks_alike(6400, 1e6, 0), n, 1), 4, 0.01);
}

static void each_turn_on_a_core_costs_a_change(void **state)
{
    (void)state;
    struct sim_model model = ideal(SIM_STATIC);
    model.cores = 1;
    model.quantum = 1e6;
    model.change = 1e5;
    /* 100 quanta each, in turn, with a change before each but the very first */
    double took = region_of(&model, tasks_alike(2, 90e6, 0), 2, 0).region;
    assert_within(took, 2 * 90e6 * 10 / 9, 0.01);
}

static void waiting_workers_take_turns(void **state)
{
    (void)state;
    struct sim_model model = ideal(SIM_STATIC);
    double latency[3];
    struct simulate_outcome outcome;
    const struct sim_tasks tasks = tasks_alike(3, 100e6, 0);
    const struct simulate_watch watch = {.latency = latency};
    model.cores = 1;
    assert_int_equal(simulate_region(&model, &tasks, 3, 0, &watch, &outcome), 0);
    for (unsigned i = 0; i < 3; i++) /* all end together, none after the other */
        assert_within(latency[i], 300e6, 0.01);
}

/* ---- who gets which tasks ---- */

struct seen {
    unsigned char *times; /* each task was claimed */
    uint64_t order, claims;
};

static void see(void *context, unsigned worker, uint64_t begin, uint64_t end)
{
    struct seen *seen = context;
    for (uint64_t i = begin; i < end; i++)
        seen->times[i]++;
    seen->order = seen->order * 31 + worker * 7 + begin;
    seen->claims++;
}

static void every_task_is_claimed_once_however_they_are_shared(void **state)
{
    (void)state;
    static const uint64_t chunks[] = {0, 1, 7, 100000};
    const struct sim_tasks tasks = tasks_alike(10007, 50, 0);
    for (int share = SIM_STEAL; share <= SIM_STATIC; share++)
        for (unsigned i = 0; i < 4; i++) {
            struct sim_model model = ideal((enum sim_share)share);
            struct seen seen = {.times = calloc(tasks.count + 1, 1)};
            struct simulate_outcome outcome;
            const struct simulate_watch watch = {.context = &seen, .claimed = see};
            assert_int_equal(simulate_region(&model, &tasks, 13, chunks[i], &watch, &outcome), 0);
            for (uint64_t j = 0; j < tasks.count; j++)
                assert_int_equal(seen.times[j], 1);
            free(seen.times);
        }
}

/* Pareto lengths of which a few hold most of the work. */
static struct sim_tasks uneven(uint64_t count)
{
    struct sim_tasks tasks;
    assert_int_equal(tasks_make(&tasks, count), 0);
    for (uint64_t i = 0; i < count; i++)
        tasks_set(&tasks, i, length_draw(LENGTH_PARETO, 1.5, 1e5, 7, i), 0);
    return tasks;
}

static double longest_of(const struct sim_tasks *tasks)
{
    double longest = 0;
    for (uint64_t i = 0; i < tasks->count; i++)
        longest = fmax(longest, tasks_cpu(tasks, i, i + 1));
    return longest;
}

static void static_parts_take_as_long_as_the_heaviest(void **state)
{
    (void)state;
    struct sim_model model = ideal(SIM_STATIC);
    struct sim_tasks tasks = uneven(8000);
    double heaviest = 0;
    for (unsigned i = 0; i < 8; i++)
        heaviest = fmax(heaviest, tasks_cpu(&tasks, i * 1000, (i + 1) * 1000));
    assert_within(region_of(&model, tasks, 8, 0).region, heaviest, 1e-9);
    tasks_free(&tasks);
}

/* A list schedule ends at most one task after a perfect one (Graham 1966). */
static void single_claims_and_stealing_keep_grahams_bound(void **state)
{
    (void)state;
    struct sim_tasks tasks = uneven(8000);
    double perfect = tasks_cpu(&tasks, 0, tasks.count) / 8, longest = longest_of(&tasks);
    for (int share = SIM_STEAL; share <= SIM_QUEUE; share++) {
        struct sim_model model = ideal((enum sim_share)share);
        double took = region_of(&model, tasks, 8, 1).region;
        assert_true(took >= perfect - 1 && took <= perfect + longest);
    }
    tasks_free(&tasks);
}

/* ---- lengths ---- */

static void lengths_have_the_mean_and_the_shape_that_were_asked_for(void **state)
{
    (void)state;
    enum { COUNT = 200000 };
    static const struct {
        enum length_spread spread;
        double shape, below_mean; /* part of all lengths, by the distribution function */
    } cases[] = {{LENGTH_UNIFORM, 1, 0.5}, {LENGTH_EXPONENTIAL, 1, 0.632},
        {LENGTH_LOGNORMAL, 0.5, 0.599}, {LENGTH_PARETO, 3, 0.704}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double sum = 0, below = 0;
        for (uint64_t j = 0; j < COUNT; j++) {
            double length = length_draw(cases[i].spread, cases[i].shape, 1000, 42, j);
            assert_true(length >= 0);
            sum += length;
            below += length < 1000;
        }
        assert_within(sum / COUNT, 1000, 0.01);
        assert_within(below / COUNT, cases[i].below_mean, 0.01);
    }
    assert_true(length_draw(LENGTH_CONSTANT, 1, 1000, 42, 3) == 1000);
}

/* ---- the simulation itself ---- */

static void the_same_input_gives_the_same_bits_and_the_same_order(void **state)
{
    (void)state;
    struct sim_model model = ideal(SIM_STEAL);
    struct sim_tasks tasks = uneven(5000);
    struct seen seen[2] = {{.times = calloc(5000, 1)}, {.times = calloc(5000, 1)}};
    struct simulate_outcome outcome[2];
    model.cores = 6;
    model.critical = 0.01;
    for (unsigned i = 0; i < 2; i++) {
        const struct simulate_watch watch = {.context = &seen[i], .claimed = see};
        assert_int_equal(simulate_region(&model, &tasks, 16, 0, &watch, &outcome[i]), 0);
        free(seen[i].times);
    }
    assert_memory_equal(&outcome[0], &outcome[1], sizeof outcome[0]);
    assert_true(seen[0].order == seen[1].order && seen[0].claims == seen[1].claims);
    tasks_free(&tasks);
}

static void a_million_tasks_cost_an_event_a_claim(void **state)
{
    (void)state;
    struct sim_model model = ideal(SIM_STEAL);
    uint64_t events = region_of(&model, tasks_alike(1000000, 1000, 0), 4096, 100).events;
    assert_true(events < 50000); /* thieves leave rests that are no whole chunks */
    events = region_of(&model, tasks_alike(1000000, 1000, 0), 4, 0).events;
    assert_true(events < 5000);
    model.share = SIM_QUEUE;
    assert_within(region_of(&model, tasks_alike(1000000, 1000, 1000), 4096, 1).region,
        1e6 / 4096 * 2000, 0.01);
}

static void no_tasks_cost_the_region_alone(void **state)
{
    (void)state;
    struct sim_model model = ideal(SIM_STEAL);
    model.region = 123;
    assert_near(region_of(&model, tasks_alike(0, 1e6, 1e6), 8, 0).region, 123, 1e-9);
}

static void a_landscapes_truth_is_what_the_simulation_gives(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct landscape landscape = landscape_make(seed);
        for (unsigned n = 1; n <= landscape.sizes_max; n = n * 3 + 1) {
            struct sim_model model = landscape.model;
            uint64_t long_one = 60 * (uint64_t)n, short_one = long_one / 2;
            /* begun one after the other, so that their phases are spread */
            model.wake_each = (landscape.cpu + landscape.blocking) / n;
            double took =
                region_of(&model, tasks_alike(long_one, landscape.cpu, landscape.blocking), n, 0)
                    .region -
                region_of(&model, tasks_alike(short_one, landscape.cpu, landscape.blocking), n, 0)
                    .region;
            assert_within(
                1e9 * (double)(long_one - short_one) / took, landscape_truth(&landscape, n), 0.04);
        }
    }
}

static void normal_numbers_have_mean_0_and_deviation_1(void **state)
{
    (void)state;
    double sum = 0, squares = 0;
    for (uint64_t index = 0; index < 10000; index++) {
        double number = hash_normal(5, index);
        sum += number;
        squares += number * number;
    }
    assert_near(sum / 10000, 0, 0.04);
    assert_within(sqrt(squares / 10000), 1, 0.03);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_region_takes_what_its_costs_add_up_to),
        cmocka_unit_test(serial_and_pool_tie_at_the_grain_that_the_costs_give),
        cmocka_unit_test(efficiency_is_what_the_overhead_leaves_of_a_task),
        cmocka_unit_test(chunks_divide_the_cost_of_a_claim),
        cmocka_unit_test(start_and_stop_grow_with_the_size),
        cmocka_unit_test(a_critical_section_gives_amdahls_law),
        cmocka_unit_test(over_many_tasks_a_critical_section_is_a_ceiling),
        cmocka_unit_test(coherence_gives_the_universal_scalability_law),
        cmocka_unit_test(an_interpreter_lock_gives_one_core_to_tasks_that_compute),
        cmocka_unit_test(an_interpreter_lock_does_not_hinder_tasks_that_block),
        cmocka_unit_test(a_short_task_waits_a_switch_interval_for_a_long_one),
        cmocka_unit_test(memory_bandwidth_is_a_plateau),
        cmocka_unit_test(blocking_tasks_obey_littles_law),
        cmocka_unit_test(workers_beyond_the_cores_add_nothing),
        cmocka_unit_test(each_turn_on_a_core_costs_a_change),
        cmocka_unit_test(waiting_workers_take_turns),
        cmocka_unit_test(every_task_is_claimed_once_however_they_are_shared),
        cmocka_unit_test(static_parts_take_as_long_as_the_heaviest),
        cmocka_unit_test(single_claims_and_stealing_keep_grahams_bound),
        cmocka_unit_test(lengths_have_the_mean_and_the_shape_that_were_asked_for),
        cmocka_unit_test(the_same_input_gives_the_same_bits_and_the_same_order),
        cmocka_unit_test(a_million_tasks_cost_an_event_a_claim),
        cmocka_unit_test(no_tasks_cost_the_region_alone),
        cmocka_unit_test(a_landscapes_truth_is_what_the_simulation_gives),
        cmocka_unit_test(normal_numbers_have_mean_0_and_deviation_1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
