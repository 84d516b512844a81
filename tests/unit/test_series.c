/* A backend's throughput by pool size, from results made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "harness/analyze/series.h"
#include "made.h"
#include "near.h"

static char why[256];

static void each_sample_that_counts_is_a_row(void **state)
{
    (void)state;
    struct squares_row *rows;
    struct result *result = made_result(); /* 100 tasks */
    unsigned serial = made_config(result, "serial", 1);
    unsigned one = made_config(result, "threads", 1), four = made_config(result, "threads", 4);
    for (unsigned block = 0; block < 3; block++) {
        made_sample(result, block, serial, 1);
        made_sample(result, block, four, 0.25);
        made_sample(result, block, one, 2)->regions = 2;
    }
    result->samples[1].checksum_wrong = true; /* of four */
    result->blocks[2].pilot = true;
    assert_int_equal(series_rows(result, "threads", &rows, why, sizeof why), 3);
    assert_near(rows[0].n, 1, 0);
    assert_near(rows[0].x, 100, 1e-9);
    assert_near(rows[1].n, 4, 0);
    assert_near(rows[1].x, 400, 1e-9);
    assert_near(rows[2].n, 1, 0);
    free(rows);
    result_free(result);
}

static void backends_are_listed_without_serial(void **state)
{
    (void)state;
    struct result *result = made_result();
    made_config(result, "serial", 1);
    made_config(result, "threads", 1);
    made_config(result, "processes", 1);
    made_config(result, "threads", 2);
    assert_null(series_backend(result, 0)); /* no samples yet */
    made_sample(result, 0, 1, 1);
    assert_string_equal(series_backend(result, 0), "threads");
    assert_string_equal(series_backend(result, 1), "processes");
    assert_null(series_backend(result, 2));
    result_free(result);
}

static void what_is_not_one_curve_is_refused(void **state)
{
    (void)state;
    struct squares_row *rows;
    struct result *result = made_result();
    made_sample(result, 0, made_config(result, "hybrid", 4), 1);
    assert_int_equal(series_rows(result, "threads", &rows, why, sizeof why), 0);
    assert_null(rows);
    assert_string_equal(why, "no sample of threads with a time");
    made_sample(result, 0, made_config(result, "hybrid", 4), 1);
    assert_int_equal(series_rows(result, "hybrid", &rows, why, sizeof why), 0);
    assert_null(rows);
    assert_non_null(strstr(why, "hybrid has several configurations of 4 workers"));
    result_free(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_sample_that_counts_is_a_row),
        cmocka_unit_test(backends_are_listed_without_serial),
        cmocka_unit_test(what_is_not_one_curve_is_refused),
    };
    return cmocka_run_group_tests_name("series", tests, NULL, NULL);
}
