/* The memory of selfpower, as GMP asks for it. pkg-config: gmp */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "drive.h"
#include "leftovers.h"

#include <gmp.h>

static unsigned grown;

static void *grow(void *memory, size_t before, size_t size)
{
    (void)before;
    grown++;
    return realloc(memory, size);
}

static void number_of_a_worker_never_grows(void **state)
{
    (void)state;
    static const char *const largest[] = {
        "largest=1", "largest=7", "largest=64", "largest=100", "largest=1023", "largest=5000"};
    mp_set_memory_functions(NULL, grow, NULL);
    for (size_t i = 0; i < sizeof largest / sizeof *largest; i++) {
        struct workload workload;
        drive_open(&workload, "selfpower", 0, DRIVE_PARAMS(largest[i]));
        assert_int_equal(drive_run(&workload, "serial", 1).ok, workload.run.tasks);
        if (grown)
            fail_msg("%s: grown %u times", largest[i], grown);
        workload_close(&workload);
    }
    mp_set_memory_functions(NULL, NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            number_of_a_worker_never_grows, leftovers_mark, leftovers_check),
    };
    return cmocka_run_group_tests_name("case_selfpower", tests, NULL, NULL);
}
