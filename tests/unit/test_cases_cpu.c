/* The cases of even and uneven work inside a library or a loop: sha256, mandelbrot, sort and
 * selfpower, held against answers known from elsewhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "drive.h"

#include "answers.h"
#include "scratch.h"

#include <inttypes.h>
#include <unistd.h>

/* --- sha256 ----------------------------------------------------------------------------------- */

/* By Python's hashlib, over the digests of index and block. */
static void digests_are_those_of_another_library(void **state)
{
    (void)state;
    assert_string_equal("2294f577f18f538e8395359923c95d7464e4b1ffdcf6020bdcf320906ed3ef65",
        answers_of("sha256", 3, DRIVE_PARAMS("size=0")));
    assert_string_equal("395fa12928a4fd60dca8a9f8c9684e5b8e63b1d5ae82040524e39899c1bda03b",
        answers_of("sha256", 5, DRIVE_PARAMS("size=1000")));
}

static void sha256_notices_a_wrong_digest(void **state)
{
    (void)state;
    struct workload workload;
    answers_open(&workload, "sha256", 4, DRIVE_PARAMS("size=100"));
    struct task_result *first = arena_slot(&workload.arena, 0);
    struct task_result *other = arena_slot(&workload.arena, 1);
    other->bytes[0] ^= 1;
    answers_wrong(&workload, "task 1");
    other->bytes[0] ^= 1;
    memcpy(first->bytes, other->bytes, 32); /* a digest, but of another block */
    first->value = other->value;
    answers_wrong(&workload, "task 0");
    workload_close(&workload);
}

static void sha256_refuses_blocks_that_are_too_large(void **state)
{
    (void)state;
    answers_refused("sha256", 1, "size", DRIVE_PARAMS("size=2G"));
}

/* --- mandelbrot ------------------------------------------------------------------------------- */

/* The area is 1.50659177 (Foerstemann 2012). */
static void area_of_the_set_is_the_known_one(void **state)
{
    (void)state;
    uint64_t inside, points;
    double area;
    const char *answer = answers_of("mandelbrot", 0, DRIVE_PARAMS("width=300", "iterations=500"));
    assert_int_equal(3, sscanf(answer, "%" SCNu64 " of %" SCNu64 " points in the set, area %lf",
                            &inside, &points, &area));
    assert_int_equal(300 * 225, points);
    assert_true(area > 1.49 && area < 1.53);
}

/* On the real axis the set is the stretch from -2 to 1/4. */
static void a_single_row_is_the_real_axis(void **state)
{
    (void)state;
    assert_string_equal("225 of 300 points in the set, area 0.0225",
        answers_of("mandelbrot", 1, DRIVE_PARAMS("width=300", "iterations=20k")));
}

static void mandelbrot_notices_a_point_that_is_wrong(void **state)
{
    (void)state;
    struct workload workload;
    answers_open(&workload, "mandelbrot", 5, DRIVE_PARAMS("width=30", "iterations=50"));
    struct task_result *row = arena_slot(&workload.arena, 2);
    row->bytes[2 * 20] ^= 1; /* near -0.2, in the cardioid */
    answers_wrong(&workload, "row 2");
    row->value = hash_bytes(HASH_START, row->bytes, 60);
    answers_wrong(&workload, "row 2, column 20: 51 steps");
    workload_close(&workload);
}

static void mandelbrot_notices_a_row_that_is_not_mirrored(void **state)
{
    (void)state;
    struct workload workload;
    answers_open(&workload, "mandelbrot", 21, DRIVE_PARAMS("width=30", "iterations=50"));
    struct task_result *row = arena_slot(&workload.arena, 4);
    row->bytes[2 * 10] ^= 1; /* near -1.2+0.6i, outside but not far */
    row->value = hash_bytes(HASH_START, row->bytes, 60);
    answers_wrong(&workload, "mirror image");
    workload_close(&workload);
}

static void picture_is_written_whole_by_every_pool(void **state)
{
    (void)state;
    static struct content first, other;
    char parameter[PATH_MAX + 32];
    const char *path = path_of(scratch, "set.ppm");
    snprintf(parameter, sizeof parameter, "picture=%s", path);
    answers_of("mandelbrot", 4, DRIVE_PARAMS("width=6", "iterations=50", parameter));
    read_content(path, &first);
    assert_memory_equal(first.bytes, "P6\n6 4\n255\n", 11);
    assert_int_equal(11 + 3 * 6 * 4, first.size);
    assert_memory_equal(first.bytes + 11 + 3 * (6 + 4), "\0\0\0", 3); /* 0+0.25i is inside */
    for (size_t i = 0; i < ANSWERS_POOLS; i++) {
        struct workload workload;
        assert_int_equal(0, unlink(path));
        drive_open(&workload, "mandelbrot", 4, DRIVE_PARAMS("width=6", "iterations=50", parameter));
        answers_run(&workload, answers_pools[i], 2);
        workload_close(&workload);
        read_content(path, &other);
        assert_int_equal(first.size, other.size);
        assert_memory_equal(first.bytes, other.bytes, first.size);
    }
    assert_int_equal(1, count_entries(scratch, ""));
}

static void picture_that_cannot_be_written_is_refused_before_the_work(void **state)
{
    (void)state;
    answers_refused(
        "mandelbrot", 1, "/no/such/folder", DRIVE_PARAMS("picture=/no/such/folder/a.ppm"));
    answers_refused("mandelbrot", 1, "/dev", DRIVE_PARAMS("picture=/dev"));
}

static void picture_that_can_no_longer_be_written_is_a_failure(void **state)
{
    (void)state;
    char parameter[PATH_MAX + 32];
    struct workload workload;
    snprintf(parameter, sizeof parameter, "picture=%s/set.ppm", scratch);
    drive_open(&workload, "mandelbrot", 1, DRIVE_PARAMS("width=6", parameter));
    drive_run(&workload, "serial", 1);
    assert_int_equal(0, rmdir(scratch));
    answers_wrong(&workload, scratch);
    workload_close(&workload);
}

/* --- sort ------------------------------------------------------------------------------------- */

static void blocks_of_any_size_are_in_order(void **state)
{
    (void)state;
    assert_string_equal(
        "4 blocks of 1 keys, 0 out of order", answers_of("sort", 4, DRIVE_PARAMS("keys=1")));
    assert_string_equal(
        "4 blocks of 2 keys, 0 out of order", answers_of("sort", 4, DRIVE_PARAMS("keys=2")));
    assert_string_equal(
        "4 blocks of 1001 keys, 0 out of order", answers_of("sort", 4, DRIVE_PARAMS("keys=1001")));
}

/* Changes one word of a result as an unsorted, a changed and a halved block would. */
static void sort_notices_disorder_lost_keys_and_a_wrong_median(void **state)
{
    (void)state;
    static const char *const found[] = {"before a smaller", "not the same keys", "the median"};
    struct workload workload;
    answers_open(&workload, "sort", 3, DRIVE_PARAMS("keys=100"));
    struct task_result *result = arena_slot(&workload.arena, 2);
    for (size_t i = 0; i < 3; i++) {
        uint64_t words[3], before;
        memcpy(words, result->bytes, sizeof words);
        before = result->value;
        words[i] += i < 2 ? 1 : UINT64_MAX / 4;
        memcpy(result->bytes, words, sizeof words);
        result->value = hash_mix(hash_mix(words[0], words[1]), words[2]);
        answers_wrong(&workload, found[i]);
        words[i] -= i < 2 ? 1 : UINT64_MAX / 4;
        memcpy(result->bytes, words, sizeof words);
        result->value = before;
    }
    workload_close(&workload);
}

static void sort_refuses_blocks_without_keys(void **state)
{
    (void)state;
    answers_refused("sort", 1, "keys", DRIVE_PARAMS("keys=0"));
}

/* --- selfpower -------------------------------------------------------------------------------- */

/* Project Euler's problem 48, and by Python the size of all its terms in words of 8 bytes. */
static void last_digits_of_the_thousand_self_powers_are_known(void **state)
{
    (void)state;
    assert_string_equal("sum ...9110846700, 582488 bytes of results",
        answers_of("selfpower", 1000, DRIVE_PARAMS("largest=1000")));
}

static void fewer_tasks_take_numbers_spaced_evenly(void **state)
{
    (void)state;
    assert_string_equal("sum ...0000003129, 16 bytes of results", /* 2^2 + 5^5 */
        answers_of("selfpower", 2, DRIVE_PARAMS("largest=5")));
}

static void selfpower_notices_a_wrong_digit_and_a_wrong_remainder(void **state)
{
    (void)state;
    struct workload workload;
    answers_open(&workload, "selfpower", 10, DRIVE_PARAMS("largest=100"));
    struct task_result *result = arena_slot(&workload.arena, 9);
    result->bytes[40] ^= 4;
    answers_wrong(&workload, "100^100");
    result->bytes[40] ^= 4;
    result->bytes[7] = 0xff; /* as many words as no memory holds */
    answers_wrong(&workload, "100^100");
    result->bytes[7] = 0;
    result->value ^= 1;
    answers_wrong(&workload, "100^100");
    workload_close(&workload);
}

static void selfpower_refuses_more_tasks_than_numbers_and_results_without_bounds(void **state)
{
    (void)state;
    answers_refused("selfpower", 6, "6 tasks", DRIVE_PARAMS("largest=5"));
    answers_refused("selfpower", 10000, "4 GB", DRIVE_PARAMS("largest=1M"));
    answers_refused("selfpower", 0, "largest", DRIVE_PARAMS("largest=0"));
}

/* --- all of them ------------------------------------------------------------------------------ */

static void each_case_has_its_default_number_of_tasks(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint64_t tasks;
        bool even;
    } cases[] = {
        {"sha256", 2000, true},
        {"mandelbrot", 600, false},
        {"sort", 40, true},
        {"selfpower", 200, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct workload workload;
        drive_open(&workload, cases[i].name, 0, DRIVE_PARAMS());
        assert_int_equal(cases[i].tasks, workload.run.tasks);
        assert_int_equal(cases[i].even, workload.run.even);
        workload_close(&workload);
    }
}

#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, make_scratch, remove_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_are_those_of_another_library),
        cmocka_unit_test(sha256_notices_a_wrong_digest),
        cmocka_unit_test(sha256_refuses_blocks_that_are_too_large),
        cmocka_unit_test(area_of_the_set_is_the_known_one),
        cmocka_unit_test(a_single_row_is_the_real_axis),
        cmocka_unit_test(mandelbrot_notices_a_point_that_is_wrong),
        cmocka_unit_test(mandelbrot_notices_a_row_that_is_not_mirrored),
        IN_SCRATCH(picture_is_written_whole_by_every_pool),
        IN_SCRATCH(picture_that_cannot_be_written_is_refused_before_the_work),
        IN_SCRATCH(picture_that_can_no_longer_be_written_is_a_failure),
        cmocka_unit_test(blocks_of_any_size_are_in_order),
        cmocka_unit_test(sort_notices_disorder_lost_keys_and_a_wrong_median),
        cmocka_unit_test(sort_refuses_blocks_without_keys),
        cmocka_unit_test(last_digits_of_the_thousand_self_powers_are_known),
        cmocka_unit_test(fewer_tasks_take_numbers_spaced_evenly),
        cmocka_unit_test(selfpower_notices_a_wrong_digit_and_a_wrong_remainder),
        cmocka_unit_test(selfpower_refuses_more_tasks_than_numbers_and_results_without_bounds),
        cmocka_unit_test(each_case_has_its_default_number_of_tasks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
