/* The report's ratios of the survey of Python's pools. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "reported.h"

/* Readings of a subject's region at a number of workers, the same in each round. */
static void add(struct result *result, const char *subject, unsigned workers, double seconds)
{
    struct result_figure figure = {.x = workers, .figure = "region", .unit = "s"};
    snprintf(figure.subject, sizeof figure.subject, "%s", subject);
    unsigned at = result_add_figure(result, &figure);
    for (unsigned block = 0; block < BLOCKS; block++)
        result_add_reading(
            result, &(struct result_reading){.block = block, .figure = at, .value = seconds});
}

static char *chapter(void)
{
    struct result *result = new_result("", "");
    snprintf(result->survey, sizeof result->survey, "python");
    result->title = strdup("The same work in Python");
    result->axis = strdup("workers");
    made_blocks(result, BLOCKS);
    add(result, "powersum serial", 1, 8);
    add(result, "powersum ThreadPool", 1, 8);
    add(result, "powersum ThreadPool", 2, 10);
    add(result, "powersum threads (C)", 2, 0.1);
    add(result, "small tasks serial", 1, 3);
    add(result, "small tasks Pool-fork chunk 16", 2, 2);
    add(result, "long powersum serial (C)", 1, 2);
    add(result, "long powersum gil (C)", 1, 2);
    add(result, "long powersum gil (C)", 2, 2);
    add(result, "break-even Pool-fork", 2, 1e-4);
    save(result, "python");
    return written();
}

static void each_pool_is_held_against_the_serial_loop_of_its_own_job(void **state)
{
    (void)state;
    char *text = chapter();
    assert_says(text, "| workers | 1 | 2 |\n");
    assert_says(text, "| powersum ThreadPool | 1.00 [1.00, 1.00] | 0.800 [0.800, 0.800] |\n");
    assert_says(text, "| powersum threads (C) | | 80.0 [80.0, 80.0] |\n");
    assert_says(text, "| small tasks Pool-fork chunk 16 | | 1.50 [1.50, 1.50] |\n");
    char *speedups = strstr(text, "**Speedup of the region");
    assert_silent_on(speedups, "| long powersum"); /* no serial loop in Python */
    free(text);
}

static void the_lock_stands_beside_our_own_with_how_far_they_are_apart(void **state)
{
    (void)state;
    char *text = chapter();
    assert_says(text, "| 1 | 1.00 [1.00, 1.00] | 1.00 [1.00, 1.00] | 1.00 [1.00, 1.00] |\n");
    assert_says(text, "| 2 | 0.800 [0.800, 0.800] | 1.00 [1.00, 1.00] | 1.25 [1.25, 1.25] |\n");
    free(text);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folders, remove_folders)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(each_pool_is_held_against_the_serial_loop_of_its_own_job),
        IN_FOLDER(the_lock_stands_beside_our_own_with_how_far_they_are_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
