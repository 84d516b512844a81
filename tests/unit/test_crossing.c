/* The break-even table and COST, from pairs made by a pool whose costs are known: a task of grain g
 * takes g / 2 + overhead on 2 workers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/analyze/cost.h"
#include "harness/analyze/crossing.h"
#include "made.h"
#include "near.h"

#define TASKS 1000
#define PAIRS 8

static struct result_search search_on(const char *backend, unsigned workers, enum result_axis axis)
{
    struct result_search search = {.config = {.workers = workers, .chunk = 1},
        .axis = axis,
        .target = 1,
        .from = axis == RESULT_OF_REGION ? workers : 1,
        .to = axis == RESULT_OF_REGION ? workers : 1e6};
    snprintf(search.config.backend, sizeof search.config.backend, "%s", backend);
    return search;
}

/* Pairs at a grain on a pool that adds so much to a task. */
static void add_pairs(
    struct result *result, unsigned search, double grain_ns, double overhead_ns, size_t n)
{
    double workers = result->searches[search].config.workers;
    for (size_t i = 0; i < n; i++)
        result_add_pair(
            result, &(struct result_pair){.search = search,
                        .nominal = grain_ns,
                        .tasks = TASKS,
                        .serial_s = grain_ns * 1e-9 * TASKS,
                        .pool_s = (grain_ns / fmin(workers, 2) + overhead_ns) * 1e-9 * TASKS});
}

static void add_curve(struct result *result, unsigned search, double overhead_ns)
{
    for (int digits = 0; digits <= 6; digits++)
        add_pairs(result, search, pow(10, digits), overhead_ns, PAIRS);
}

static void a_row_has_costs_and_crossings_of_its_pool(void **state)
{
    (void)state;
    struct result *result = made_result();
    struct result_search grain = search_on("threads", 2, RESULT_BY_GRAIN), metg = grain,
                         region = search_on("threads", 2, RESULT_OF_REGION);
    metg.target = 1.8;
    result_add_search(result, &grain);
    result_add_search(result, &metg);
    result_add_search(result, &region);
    add_curve(result, 0, 20);
    for (unsigned i = 0; i < PAIRS; i++)
        result_add_pair(result,
            &(struct result_pair){
                .search = 2, .nominal = 2, .tasks = 2, .serial_s = 10e-9, .pool_s = 305e-9});
    struct crossing *rows;
    assert_int_equal(crossing_all(result, &rows), 1);
    assert_string_equal(rows[0].config->backend, "threads");
    assert_near(rows[0].overhead_ns.value, 20, 1e-6);
    assert_near(rows[0].region_ns.value, 300, 1e-6);
    assert_true(rows[0].breakeven_ns.x.lo < 40 && rows[0].breakeven_ns.x.hi > 40);
    assert_near(rows[0].metg50_ns.x.lo, rows[0].breakeven_ns.x.lo, 0);
    assert_true(rows[0].metg90_ns.x.lo < 360 && rows[0].metg90_ns.x.hi > 360);
    assert_true(isnan(rows[0].tasks_warm.x.value) && isnan(rows[0].tasks_cold.x.value));
    free(rows);
    result_free(result);
}

static void chunks_and_bytes_make_rows_of_their_own(void **state)
{
    (void)state;
    struct result *result = made_result();
    struct result_search search = search_on("threads", 2, RESULT_BY_GRAIN);
    result_add_search(result, &search);
    search.config.chunk = 16;
    result_add_search(result, &search);
    search = search_on("threads", 2, RESULT_BY_CALLS);
    result_add_search(result, &search);
    search.payload = search.result = 1000;
    result_add_search(result, &search);
    search = search_on("threads", 2, RESULT_OF_MAP);
    result_add_search(result, &search);
    add_curve(result, 0, 20);
    add_curve(result, 1, 2);
    add_curve(result, 2, 500);
    add_curve(result, 3, 900);
    struct crossing *rows;
    assert_int_equal(crossing_all(result, &rows), 4);
    assert_near(rows[1].overhead_ns.value, 2, 1e-6);
    assert_int_equal(rows[1].config->chunk, 16);
    assert_true(rows[2].calls && rows[2].payload == 0);
    assert_near(rows[2].overhead_ns.value, 500, 1e-6);
    assert_true(rows[3].payload == 1000 && rows[3].result == 1000);
    assert_near(rows[3].overhead_ns.value, 900, 1e-6);
    assert_ptr_equal(crossing_find(rows, 4, &result->searches[3]), &rows[3]);
    assert_null(crossing_find(rows, 4, &result->searches[4]));
    free(rows);
    result_free(result);
}

static void a_search_that_never_saw_the_empty_task_has_no_overhead(void **state)
{
    (void)state;
    struct result *result = made_result();
    struct result_search search = search_on("threads", 2, RESULT_BY_GRAIN);
    struct crossing *rows;
    result_add_search(result, &search);
    add_pairs(result, 0, 1000, 20, PAIRS);
    assert_int_equal(crossing_all(result, &rows), 1);
    assert_true(isnan(rows[0].overhead_ns.value));
    free(rows);
    result_free(result);
}

static void efficiency_is_of_the_usable_cpus(void **state)
{
    (void)state;
    struct result *result = made_result(); /* on 2 */
    assert_near(crossing_target(result, 1, 0.5), 0.5, 0);
    assert_near(crossing_target(result, 8, 0.9), 1.8, 0);
    result_free(result);
}

/* ---- COST ---- */

static void assert_cost(const struct cost *cost, const char *backend, unsigned workers)
{
    assert_string_equal(cost->backend, backend);
    assert_int_equal(cost->config ? cost->config->workers : 0, workers);
}

/* Blocks of serial and a pool, in which the pool is faster in so many. */
static void add_blocks(struct result *result, unsigned config, unsigned blocks, unsigned faster)
{
    for (unsigned i = 0; i < blocks; i++)
        made_sample(result, i, config, i < faster ? 0.5 : 1.5);
}

static void cost_is_the_smallest_pool_that_is_significantly_faster(void **state)
{
    (void)state;
    struct result *result = made_result();
    unsigned serial = made_config(result, "serial", 1);
    for (unsigned i = 0; i < 12; i++)
        made_sample(result, i, serial, 1);
    add_blocks(result, made_config(result, "threads", 4), 12, 12);
    add_blocks(result, made_config(result, "threads", 1), 12, 3);
    add_blocks(result, made_config(result, "threads", 2), 12, 12);
    add_blocks(result, made_config(result, "queue", 2), 12, 9); /* p is 0.15 */
    struct family family = family_of(result);
    struct cost *costs;
    char text[256];
    assert_int_equal(cost_of_sweep(result, &family, &costs), 2);
    assert_cost(&costs[0], "threads", 2);
    assert_cost(&costs[1], "queue", 0);
    assert_string_equal(cost_text(text, sizeof text, costs, 2), "threads 2, queue none up to 2");
    free(costs);
    family_free(&family);
    result_free(result);
}

/* 6 pairs alone give p = 0.03, which is not enough for one of 8 pools judged together. */
static void cost_by_grain_judges_all_pools_together(void **state)
{
    (void)state;
    struct result *result = made_result();
    for (unsigned workers = 2; workers < 10; workers++) {
        struct result_search search = search_on("threads", workers, RESULT_BY_GRAIN);
        result_add_search(result, &search);
        add_pairs(result, workers - 2, 10, 20, 6);
        add_pairs(result, workers - 2, 1000, 20, 6);
    }
    struct cost *costs;
    assert_int_equal(cost_of_searches(result, &costs), 1);
    assert_cost(&costs[0], "threads", 0);
    assert_int_equal(costs[0].largest, 9);
    free(costs);
    add_pairs(result, 1, 1e4, 20, 6); /* longer grains speak for 3 workers, too */
    assert_int_equal(cost_of_searches(result, &costs), 1);
    assert_cost(&costs[0], "threads", 3);
    assert_near(costs[0].from_ns, 1000, 1e-6);
    free(costs);
    result_free(result);
}

static void cost_text_names_chunks_where_a_backend_has_several(void **state)
{
    (void)state;
    const struct result_config config = {.workers = 2};
    const struct cost costs[] = {{.config = &config, .backend = "threads", .chunk = 1},
        {.backend = "threads", .chunk = 0, .largest = 4}};
    char text[256], small[12];
    assert_string_equal(cost_text(text, sizeof text, costs, 2),
        "threads (chunk 1) 2, threads (guided) none up to 4");
    assert_string_equal(cost_text(small, sizeof small, costs, 2), "threads (ch");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_has_costs_and_crossings_of_its_pool),
        cmocka_unit_test(chunks_and_bytes_make_rows_of_their_own),
        cmocka_unit_test(a_search_that_never_saw_the_empty_task_has_no_overhead),
        cmocka_unit_test(efficiency_is_of_the_usable_cpus),
        cmocka_unit_test(cost_is_the_smallest_pool_that_is_significantly_faster),
        cmocka_unit_test(cost_by_grain_judges_all_pools_together),
        cmocka_unit_test(cost_text_names_chunks_where_a_backend_has_several),
    };
    return cmocka_run_group_tests_name("crossing", tests, NULL, NULL);
}
