/* The whole chain in virtual time: sweep and break-even, from the samples to the intervals, against
 * closed-form truth. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness/analyze/bracket.h"
#include "harness/analyze/summary.h"
#include "harness/analyze/verdict.h"
#include "harness/measure/breakeven.h"
#include "harness/measure/cpus.h"
#include "harness/measure/registry.h"
#include "harness/measure/simulated.h"
#include "harness/measure/sweep.h"
#include "near.h"
#include "result_files.h"

#include <math.h>

/* A machine whose costs are all given. */
#define FREE "call=0,dispatch=0,claim=0,steal=0,region=0,wake=0,wake-each=0,resume=0,change=0"

static struct workload workload;

static void simulate(const char *model)
{
    struct param_values *given = param_new(model_params);
    if (model_read(given, FREE, why, sizeof why) || model_read(given, model, why, sizeof why))
        fail_msg("%s", why);
    simulated_begin(&(struct simulated_request){.given = given, .seed = 1});
}

static int end(void **state)
{
    simulated_end();
    return remove_folder(state);
}

static void add_config(struct result *result, const char *backend, unsigned workers)
{
    struct result_config config = {.workers = workers, .chunk = 1};
    snprintf(config.backend, sizeof config.backend, "%s", backend);
    result_add_config(result, &config);
}

/* A sweep of a case on serial and the backend at each size up to `most`, marked. */
static struct result *sweep(const char *name, uint64_t tasks, const char *backend, unsigned most)
{
    struct result *result = result_new("sim");
    const struct workload_request request = {.name = name, .tasks = tasks, .seed = 1};
    const struct sweep_options options = {.blocks = 6, .serial_max_s = 0.5};
    if (workload_open(&workload, &request, why, sizeof why))
        fail_msg("%s", why);
    snprintf(result->case_name, sizeof result->case_name, "%s", name);
    snprintf(result->case_kind, sizeof result->case_kind, "%s",
        workload_kind_name(workload.bench->kind));
    add_config(result, "serial", 1);
    for (unsigned n = 1; n <= most; n *= 4)
        add_config(result, backend, n);
    assert_int_equal(sweep_measure(&workload, &options, result), 0);
    workload_close(&workload);
    simulated_mark(result);
    return result;
}

static double speedup_at(const struct result *result, unsigned config)
{
    struct summary summary = summary_of(result, config);
    assert_int_equal(summary.failed + summary.wrong, 0);
    return summary.speedup.value;
}

static void assert_within(double value, double truth, double part)
{
    if (!(fabs(value / truth - 1) <= part))
        fail_msg("%.9g is not %.9g within %g %%", value, truth, 100 * part);
}

/* ---- sweeps ---- */

static void a_sweep_of_computing_tasks_grows_up_to_the_cores(void **state)
{
    (void)state;
    simulate("cores=64,task=10us");
    struct result *result = sweep("spin", 102400, "threads", 4096);
    for (unsigned i = 1; i < result->configs_count; i++)
        assert_within(speedup_at(result, i), fmin(result->configs[i].workers, 64), 0.02);
    assert_int_equal(result->usable_cpus, 64);
    result_free(result);
}

static void a_sweep_of_sleeping_tasks_grows_far_past_the_cores(void **state)
{
    (void)state;
    simulate("cores=2");
    struct result *result = sweep("sleep", 8192, "processes", 4096);
    for (unsigned i = 1; i < result->configs_count; i++)
        assert_within(speedup_at(result, i), result->configs[i].workers, 1e-6);
    result_free(result);
}

static void a_sweep_on_an_interpreter_lock_stays_at_one(void **state)
{
    (void)state;
    simulate("cores=16,as=gil,task=1ms");
    struct result *result = sweep("spin", 2048, "sim", 64);
    for (unsigned i = 1; i < result->configs_count; i++)
        assert_within(speedup_at(result, i), 1, 1e-6);
    result_free(result);
}

/* With noise, the truth lies in the intervals as often as they promise. */
static void intervals_of_a_noisy_sweep_hold_the_truth(void **state)
{
    (void)state;
    simulate("cores=16,task=10us,noise=0.02");
    unsigned held = 0, all = 0;
    for (unsigned i = 0; i < 40; i++) {
        struct result *result = sweep("spin", 16384, "threads", 16);
        for (unsigned j = 1; j < result->configs_count; j++, all++) {
            struct interval speedup = summary_of(result, j).speedup;
            held += speedup.lo <= result->configs[j].workers * 1.001 &&
                    speedup.hi >= result->configs[j].workers * 0.999;
        }
        result_free(result);
    }
    assert_true(held >= 0.9 * all);
    assert_true(held < all || all < 100); /* 6 blocks: 97 % */
}

static void the_same_sweep_gives_the_same_bytes(void **state)
{
    (void)state;
    static char first[1 << 20];
    for (unsigned i = 0; i < 2; i++) {
        simulate("cores=8,noise=0.05,spread=pareto,task=1ms");
        struct result *result = sweep("null", 1000, "threads", 16);
        save(result);
        if (i == 0)
            snprintf(first, sizeof first, "%s", read_text(path));
        else
            assert_string_equal(read_text(path), first);
        result_free(result);
        simulated_end();
    }
}

static void a_case_without_a_model_runs_once_and_keeps_its_answer(void **state)
{
    (void)state;
    simulate("cores=16");
    struct result *result = sweep("primes", 12, "threads", 4);
    assert_string_equal(result->answer, "10"); /* every sixth number is none */
    for (size_t i = 0; i < result->samples_count; i++) {
        assert_int_equal(result->samples[i].ok, 12);
        assert_true(result->samples[i].checksum == result->samples[0].checksum);
        assert_true(result->samples[i].checksum != 0);
    }
    result_free(result);
}

/* ---- break-even ---- */

/* The bracket of a search for `target` at n workers. */
static struct bracket search(
    const char *backend, unsigned n, double target, enum result_axis axis, bool cold)
{
    struct result *result = result_new("sim");
    struct bracket_point *points;
    struct result_search wanted = {.axis = axis,
        .cold = cold,
        .target = target,
        .from = axis == RESULT_BY_GRAIN ? 2 : 1,
        .to = axis == RESULT_BY_GRAIN ? 1e5 : 1e4};
    wanted.config.workers = n;
    wanted.config.chunk = 1;
    snprintf(wanted.config.backend, sizeof wanted.config.backend, "%s", backend);
    result_add_search(result, &wanted);
    const struct breakeven_options options = {.resolution = 1.05, .pairs_max = 16};
    if (breakeven_measure(&options, result, why, sizeof why))
        fail_msg("%s", why);
    size_t count = bracket_points(result, 0, &points);
    struct bracket bracket = bracket_of(&result->searches[0], points, count);
    assert_int_equal(bracket.outcome, BRACKET_FOUND);
    free(points);
    result_free(result);
    return bracket;
}

static void assert_holds(struct bracket bracket, double truth, double part)
{
    if (!(bracket.x.lo <= truth * (1 + part) && bracket.x.hi >= truth * (1 - part)))
        fail_msg("[%g, %g] does not hold %g", bracket.x.lo, bracket.x.hi, truth);
    assert_within(bracket.x.value, truth, fmax(part, 0.05));
}

static void break_even_by_grain_is_where_the_costs_put_it(void **state)
{
    (void)state;
    simulate("cores=16,dispatch=90ns,claim=30ns");
    assert_holds(search("threads", 2, 1, RESULT_BY_GRAIN, false), 120, 0.01);
    assert_holds(search("threads", 4, 1, RESULT_BY_GRAIN, false), 40, 0.01);
}

static void metg_is_where_the_costs_put_it(void **state)
{
    (void)state;
    simulate("cores=16,dispatch=90ns,claim=30ns");
    assert_holds(search("threads", 8, 0.5 * 8, RESULT_BY_GRAIN, false), 120, 0.01);
    assert_holds(search("threads", 8, 0.9 * 8, RESULT_BY_GRAIN, false), 1080, 0.01);
}

static void metg_of_a_pool_of_4096_is_where_the_costs_put_it(void **state)
{
    (void)state;
    simulate("cores=4096,dispatch=200ns");
    /* a search has few tasks a worker there: 25 for some and 24 for others */
    assert_holds(search("openmp-static", 4096, 0.5 * 4096, RESULT_BY_GRAIN, false), 200, 0.08);
    assert_holds(search("openmp-static", 4096, 0.9 * 4096, RESULT_BY_GRAIN, false), 1800, 0.01);
}

/* Tasks of 10 us: T_serial = 10 m, T_pool = region + 10 m / 2. */
static void break_even_by_tasks_is_where_the_costs_put_it(void **state)
{
    (void)state;
    simulate("cores=2,region=500us,start=2ms,start-pool=0,stop=500us,stop-pool=0");
    assert_holds(search("threads", 2, 1, RESULT_BY_TASKS, false), 100, 0.02);
    assert_holds(search("threads", 2, 1, RESULT_BY_TASKS, true), 1100, 0.02);
}

static void noise_leaves_break_even_within_its_bracket(void **state)
{
    (void)state;
    simulate("cores=16,dispatch=90ns,claim=30ns,noise=0.02");
    assert_holds(search("threads", 2, 1, RESULT_BY_GRAIN, false), 120, 0.02);
}

/* ---- what is virtual and what is not ---- */

static void a_simulated_result_says_so_and_is_read_again(void **state)
{
    (void)state;
    simulate("cores=4,dispatch=25ns");
    struct result *result = sweep("null", 100, "threads", 4);
    save(result);
    struct result *read = load();
    assert_string_equal(read->simulated, result->simulated);
    assert_non_null(strstr(read->simulated, "as=threads,cores=4,dispatch=25.00ns"));
    assert_int_equal(verdict_of(read).level, VERDICT_TRUSTED);
    result_free(read);
    result_free(result);
}

static void a_model_reads_what_it_wrote(void **state)
{
    (void)state;
    char text[MODEL_TEXT_MAX], again[MODEL_TEXT_MAX];
    struct sim_model model;
    struct param_values *given = param_new(model_params);
    static const char all[] = "cores=3,wake=7us,critical=0.125,coherence=0.0001,memory=0.5,"
                              "bandwidth=2.5,noise=0.01,task=3ms,spread=pareto,shape=1.5,"
                              "blocking=0.25";
    assert_int_equal(model_read(given, all, why, sizeof why), 0);
    assert_int_equal(model_make(&model, "processes", given, why, sizeof why), 0);
    model_write(&model, text, sizeof text);
    param_free(given);
    given = param_new(model_params);
    if (model_read(given, text, why, sizeof why))
        fail_msg("%s", why);
    assert_int_equal(model_make(&model, "threads", given, why, sizeof why), 0);
    model.as = "processes";
    model_write(&model, again, sizeof again);
    assert_string_equal(text, again);
    param_free(given);
}

static void a_model_refuses_what_it_cannot_be(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "cores", "cores=", "=3", "cores=0", "cores=1e9",
        "cores=-1", "noise=nan", "critical=2", "dispatch=25", "as=threads,", "what=1", "spread=odd",
        "bandwidth=inf"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct param_values *given = param_new(model_params);
        *why = '\0';
        if (model_read(given, bad[i], why, sizeof why) == 0)
            fail_msg("\"%s\" was taken", bad[i]);
        assert_true(*why && !strchr(why, '\n'));
        param_free(given);
    }
    struct sim_model model;
    assert_int_equal(model_make(&model, "glib", NULL, why, sizeof why), -1);
    assert_non_null(strstr(why, "threads"));
}

static void the_backend_sim_has_no_real_times(void **state)
{
    (void)state;
    struct result_sample sample = {0};
    const struct workload_request request = {.name = "null", .tasks = 10, .seed = 1};
    const struct runner_spec spec = {.ops = registry_backend("sim"), .workers = 2, .tasks = 10};
    assert_int_equal(workload_open(&workload, &request, why, sizeof why), 0);
    assert_int_equal(runner_sample(&workload, &spec, &sample, NULL), 0);
    assert_non_null(strstr(sample.failure, "virtual"));
    workload_close(&workload);
}

static void afterwards_the_process_has_its_own_cpus_again(void **state)
{
    (void)state;
    unsigned before = cpus_usable();
    simulate("cores=1234");
    assert_int_equal(cpus_usable(), 1234);
    simulated_end();
    assert_int_equal(cpus_usable(), before);
}

#define CHAIN(test) cmocka_unit_test_setup_teardown(test, make_folder, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHAIN(a_sweep_of_computing_tasks_grows_up_to_the_cores),
        CHAIN(a_sweep_of_sleeping_tasks_grows_far_past_the_cores),
        CHAIN(a_sweep_on_an_interpreter_lock_stays_at_one),
        CHAIN(intervals_of_a_noisy_sweep_hold_the_truth),
        CHAIN(the_same_sweep_gives_the_same_bytes),
        CHAIN(a_case_without_a_model_runs_once_and_keeps_its_answer),
        CHAIN(break_even_by_grain_is_where_the_costs_put_it),
        CHAIN(metg_is_where_the_costs_put_it),
        CHAIN(metg_of_a_pool_of_4096_is_where_the_costs_put_it),
        CHAIN(break_even_by_tasks_is_where_the_costs_put_it),
        CHAIN(noise_leaves_break_even_within_its_bracket),
        CHAIN(a_simulated_result_says_so_and_is_read_again),
        CHAIN(a_model_reads_what_it_wrote),
        CHAIN(a_model_refuses_what_it_cannot_be),
        CHAIN(the_backend_sim_has_no_real_times),
        CHAIN(afterwards_the_process_has_its_own_cpus_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
