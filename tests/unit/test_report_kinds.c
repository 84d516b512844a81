/* The report's table of kinds: which backend to take, drawn from the sweeps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "reported.h"

/* Serial takes 1 s; threads and processes at 2 workers take this long, a percent more in every
 * other block. */
static void save_pair(const char *name, double threads_s, double processes_s)
{
    struct result *result = new_result(name, "cpu");
    made_config(result, "serial", 1);
    made_config(result, "threads", 2);
    made_config(result, "processes", 2);
    for (unsigned block = 0; block < BLOCKS; block++) {
        made_sample(result, block, 0, 1);
        made_sample(result, block, 1, threads_s * (block % 2 ? 1.01 : 1));
        made_sample(result, block, 2, processes_s * (block % 3 ? 1.01 : 1));
    }
    save(result, name);
}

static void the_backend_to_take_is_the_one_that_is_significantly_faster(void **state)
{
    (void)state;
    save_pair("even", 0.5, 0.5);
    save_pair("quickest", 0.5, 0.6);
    save_pair("apart", 0.6, 0.5);
    save_pair("hopeless", 1.2, 1.3);
    char *text = written();
    assert_says(text,
        "| even | cpu | 1.99 [1.98, 2.00] \u00d7 2 | 1.98 [1.98, 2.00] \u00d7 2 | | | "
        "either | TRUSTED |\n");
    assert_says(text, "| | | threads | TRUSTED |\n");
    assert_says(text, "| | | processes | TRUSTED |\n");
    assert_says(text, "| | | the serial loop | TRUSTED |\n");
    free(text);
}

static void each_backend_stands_at_the_size_to_take_of_it(void **state)
{
    (void)state;
    struct result *result = new_sweep("sleep", "io", sizes, 3, BLOCKS, 0.97);
    unsigned tied = made_config(result, "threads", 8), lock = made_config(result, "gil", 4);
    for (unsigned block = 0; block < BLOCKS; block++) {
        made_sample(result, block, tied, 0.2580);
        made_sample(result, block, lock, 0.5);
    }
    save(result, "sleep");
    char *text = written();
    assert_says(
        text, "| sleep | io | 3.89 [3.88, 3.90] \u00d7 4 | | 2.01 [2.00, 2.02] \u00d7 4 | |");
    free(text);
}

static void a_refused_sweep_advises_nothing(void **state)
{
    (void)state;
    struct result *result = new_sweep("spin", "cpu", sizes, 3, BLOCKS, 0.97);
    result->noise.cpus_changed = true;
    save(result, "spin");
    char *text = written();
    assert_says(text, "| do not use | REFUSED |\n");
    free(text);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folders, remove_folders)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(the_backend_to_take_is_the_one_that_is_significantly_faster),
        IN_FOLDER(each_backend_stands_at_the_size_to_take_of_it),
        IN_FOLDER(a_refused_sweep_advises_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
