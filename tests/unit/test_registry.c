/* The generated registries of this very build. How they follow the folders is tests/cli/build.bats.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glob.h>
#include <string.h>

#include "../../cases/case.h"
#include "../../harness/measure/registry.h"
#include "../../harness/pool/backend.h"

static void every_case_file_has_an_entry(void **state)
{
    (void)state;
    glob_t files;
    assert_int_equal(glob("cases/*.c", 0, NULL, &files), 0);
    size_t entries = 0;
    while (registry_cases[entries].name != NULL)
        entries++;
    assert_int_equal(entries, files.gl_pathc);
    globfree(&files);
}

static void a_case_is_built_or_says_what_is_missing(void **state)
{
    (void)state;
    for (const struct registry_case *entry = registry_cases; entry->name; entry++) {
        assert_true((entry->bench != NULL) != (entry->missing != NULL));
        if (entry->bench != NULL)
            assert_string_equal(entry->bench->name, entry->name);
    }
}

static void a_case_is_found_by_its_exact_name_alone(void **state)
{
    (void)state;
    for (const struct registry_case *entry = registry_cases; entry->name; entry++)
        assert_ptr_equal(registry_case(entry->name), entry);
    assert_null(registry_case("Spin"));
    assert_null(registry_case("spin "));
    assert_null(registry_case(""));
}

static void backends_are_serial_and_then_sorted(void **state)
{
    (void)state;
    assert_string_equal(registry_backends[0]->name, "serial");
    for (size_t i = 2; registry_backends[i] != NULL; i++)
        assert_true(strcmp(registry_backends[i - 1]->name, registry_backends[i]->name) < 0);
}

static void a_backend_is_found_by_its_exact_name_alone(void **state)
{
    (void)state;
    for (size_t i = 0; registry_backends[i] != NULL; i++)
        assert_ptr_equal(registry_backend(registry_backends[i]->name), registry_backends[i]);
    assert_null(registry_backend("Serial"));
    assert_null(registry_backend(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case_file_has_an_entry),
        cmocka_unit_test(a_case_is_built_or_says_what_is_missing),
        cmocka_unit_test(a_case_is_found_by_its_exact_name_alone),
        cmocka_unit_test(backends_are_serial_and_then_sorted),
        cmocka_unit_test(a_backend_is_found_by_its_exact_name_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
