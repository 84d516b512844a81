/* Numbers as people write them: what is read, what is refused, what is printed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness/util/units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define UNTOUCHED 4711u

static void counts_take_si_suffixes_and_every_64_bit_number(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t value;
    } good[] = {
        {"0", 0},
        {"007", 7},
        {"1000", 1000},
        {"10k", 10000},
        {"1.5M", 1500000},
        {".5k", 500},
        {"0.1k", 100},
        {"4.35k", 4350},
        {"2G", 2000000000},
        {"3T", 3000000000000},
        {"9007199254740993", 9007199254740993}, /* 2^53 + 1, which no double is */
        {"18446744073709551615", UINT64_MAX},
    };
    for (size_t i = 0; i < COUNT(good); i++) {
        uint64_t value = UNTOUCHED;
        if (units_parse_count(good[i].text, &value) != 0 || value != good[i].value)
            fail_msg("\"%s\" is read as %llu", good[i].text, (unsigned long long)value);
    }
}

static void what_is_no_count_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    static const char *const bad[] = {"", " ", " 5", "5 ", "+5", "-5", "-0", "0x10", "nan", "inf",
        "1.5", "1.0005k", "10K", "10kk", "10kB", "10 k", "k", ".", "1,000", "12abc",
        "18446744073709551616", "20000000T", "1e400", "1e30"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        uint64_t value = UNTOUCHED;
        if (units_parse_count(bad[i], &value) != -1 || value != UNTOUCHED)
            fail_msg("\"%s\" is read as %llu", bad[i], (unsigned long long)value);
    }
}

static void reals_are_finite_decimal_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
    } good[] = {{"1", 1}, {"-1.5", -1.5}, {"1e-3", 1e-3}, {".5", .5}, {"-.5", -.5}, {"1E2", 100}};
    static const char *const bad[] = {"", "-", "--1", "+1", "nan", "inf", "-inf", "0x1p3", "1 ",
        " 1", "1e999", "1,5", "1k", "e3"};
    for (size_t i = 0; i < COUNT(good); i++) {
        double value = UNTOUCHED;
        assert_int_equal(units_parse_real(good[i].text, &value), 0);
        assert_true(value == good[i].value);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        double value = UNTOUCHED;
        if (units_parse_real(bad[i], &value) != -1)
            fail_msg("\"%s\" is read as %g", bad[i], value);
        assert_true(value == UNTOUCHED);
    }
}

static void percentages_have_their_sign(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double part;
    } good[] = {{"5%", 0.05}, {"0%", 0}, {"12.5%", 0.125}, {"200%", 2}};
    static const char *const bad[] = {"", "5", "%", "-5%", "5 %", "5%%", "nan%", "5%k"};
    for (size_t i = 0; i < COUNT(good); i++) {
        double part = UNTOUCHED;
        assert_int_equal(units_parse_percent(good[i].text, &part), 0);
        assert_true(part == good[i].part);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        double part = UNTOUCHED;
        if (units_parse_percent(bad[i], &part) != -1 || part != UNTOUCHED)
            fail_msg("\"%s\" is read as %g", bad[i], part);
    }
}

static void durations_have_a_unit_and_are_rounded_to_nanoseconds(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t ns;
    } good[] = {
        {"0", 0},
        {"0s", 0},
        {"0.4ns", 0},
        {"0.6ns", 1},
        {"250ns", 250},
        {"3us", 3000},
        {"20ms", 20000000},
        {"1.5s", 1500000000},
        {"2min", 120000000000},
    };
    static const char *const bad[] = {
        "", "20", "1", "1h", "ms", "-1s", "+1s", "20 ms", "20mss", "20MS", "1e30s", "nan", "0x1s"};
    for (size_t i = 0; i < COUNT(good); i++) {
        uint64_t ns = UNTOUCHED;
        if (units_parse_duration(good[i].text, &ns) != 0 || ns != good[i].ns)
            fail_msg("\"%s\" is read as %llu ns", good[i].text, (unsigned long long)ns);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        uint64_t ns = UNTOUCHED;
        if (units_parse_duration(bad[i], &ns) != -1 || ns != UNTOUCHED)
            fail_msg("\"%s\" is read as %llu ns", bad[i], (unsigned long long)ns);
    }
}

static void lists_hold_numbers_and_ranges_in_the_order_given(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int n;
        int64_t values[8];
    } good[] = {
        {"1", 1, {1}},
        {"0", 1, {0}},
        {"-1", 1, {-1}},
        {"4,2,4", 3, {4, 2, 4}},
        {"1,2,4-6", 5, {1, 2, 4, 5, 6}},
        {"3-3", 1, {3}},
        {"-3--1", 3, {-3, -2, -1}},
        {"-1-1", 3, {-1, 0, 1}},
        {"9223372036854775807", 1, {INT64_MAX}},
        {"-9223372036854775808", 1, {INT64_MIN}},
        {"9223372036854775806-9223372036854775807", 2, {INT64_MAX - 1, INT64_MAX}},
    };
    for (size_t i = 0; i < COUNT(good); i++) {
        int64_t *values = NULL;
        if (units_parse_list(good[i].text, &values) != good[i].n)
            fail_msg("\"%s\" has not %d values", good[i].text, good[i].n);
        assert_memory_equal(values, good[i].values, (size_t)good[i].n * sizeof *values);
        free(values);
    }
}

static void a_list_has_at_most_4096_values(void **state)
{
    (void)state;
    int64_t *values = NULL;
    assert_int_equal(units_parse_list("1-4096", &values), 4096);
    assert_int_equal(values[4095], 4096);
    free(values);
    assert_int_equal(units_parse_list("7,1-4095", &values), 4096);
    free(values);
    assert_int_equal(units_parse_list("1-4097", &values), -1);
    assert_int_equal(units_parse_list("7,1-4096", &values), -1);
}

static void what_is_no_list_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    static const char *const bad[] = {"", ",", "1,", ",1", "1,,2", "1-", "-", "--1", "5-3", "a",
        "1 2", "1, 2", " 1", "+1", "1;2", "1.5", "2k", "9223372036854775808",
        "-9223372036854775808-9223372036854775807", "-9223372036854775808-1",
        "-1-9223372036854775807"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        int64_t *values = NULL;
        if (units_parse_list(bad[i], &values) != -1 || values)
            fail_msg("\"%s\" is read as a list", bad[i]);
    }
}

static void seconds_are_printed_with_a_fitting_unit(void **state)
{
    (void)state;
    static const struct {
        double seconds;
        const char *text;
    } cases[] = {
        {0, "0 ns"},
        {1e-10, "0.1 ns"},
        {1.234e-8, "12.3 ns"},
        {1.5e-6, "1.5 µs"},
        {12.34e-3, "12.3 ms"},
        {0.9994, "999 ms"},
        {0.9996, "1 s"}, /* and not 1e+03 ms */
        {61.5, "61.5 s"},
        {-0.002, "-2 ms"},
        {NAN, "-"},
    };
    char text[32];
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_string_equal(units_seconds(text, sizeof text, cases[i].seconds), cases[i].text);
}

static void counts_are_printed_with_a_suffix(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {{0, "0"}, {1, "1"}, {0.25, "0.25"}, {999, "999"}, {999.6, "1k"}, {1234, "1.23k"},
        {2.5e6, "2.5M"}, {1e9, "1G"}, {5e12, "5T"}, {-1500, "-1.5k"}, {NAN, "-"}};
    char text[32];
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_string_equal(units_si(text, sizeof text, cases[i].value), cases[i].text);
}

static void a_small_buffer_is_not_overrun(void **state)
{
    (void)state;
    char text[5] = "....";
    units_seconds(text, 4, 12.34e-3);
    assert_string_equal(text, "12.");
    units_si(text, 2, 1234);
    assert_string_equal(text, "1");
    assert_int_equal(text[3], '\0');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_take_si_suffixes_and_every_64_bit_number),
        cmocka_unit_test(what_is_no_count_is_refused_and_changes_nothing),
        cmocka_unit_test(reals_are_finite_decimal_numbers),
        cmocka_unit_test(percentages_have_their_sign),
        cmocka_unit_test(durations_have_a_unit_and_are_rounded_to_nanoseconds),
        cmocka_unit_test(lists_hold_numbers_and_ranges_in_the_order_given),
        cmocka_unit_test(a_list_has_at_most_4096_values),
        cmocka_unit_test(what_is_no_list_is_refused_and_changes_nothing),
        cmocka_unit_test(seconds_are_printed_with_a_fitting_unit),
        cmocka_unit_test(counts_are_printed_with_a_suffix),
        cmocka_unit_test(a_small_buffer_is_not_overrun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
