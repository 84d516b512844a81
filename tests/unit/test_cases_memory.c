/* The cases whose speed depends on memory: matmul and stream, held against known answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "drive.h"

#include "answers.h"
#include "leftovers.h"

#include <fcntl.h>
#include <sys/mman.h>

#define TEST(test) cmocka_unit_test_setup_teardown(test, leftovers_mark, leftovers_check)

/* Element i of the matrix that setup makes of this number. */
static double element(uint64_t matrix, size_t i)
{
    return (double)(hash_mix(hash_mix(WORKLOAD_SEED, matrix), i) % 16) - 8;
}

static void product_is_that_of_the_definition(void **state)
{
    (void)state;
    enum { N = 13 };
    static const char *const blocks[] = {"block=0", "block=1", "block=4", "block=13", "block=99"};
    for (size_t b = 0; b < sizeof blocks / sizeof *blocks; b++) {
        struct workload workload;
        drive_open(&workload, "matmul", N, DRIVE_PARAMS("n=13", blocks[b]));
        answers_run(&workload, "serial", 1);
        for (size_t i = 0; i < N * N; i++) {
            double sum = 0, made; /* a task is one row */
            for (size_t k = 0; k < N; k++)
                sum += element(1, i / N * N + k) * element(2, k * N + i % N);
            memcpy(&made, arena_slot(&workload.arena, i / N)->bytes + i % N * sizeof made,
                sizeof made);
            assert_true(made == sum);
        }
        workload_close(&workload);
    }
}

static void product_does_not_depend_on_bands_and_blocks(void **state)
{
    (void)state;
    static const uint64_t bands[] = {1, 2, 7, 48, 50};
    char first[64] = "", answer[64];
    for (size_t i = 0; i < sizeof bands / sizeof *bands; i++) {
        struct workload workload;
        drive_open(
            &workload, "matmul", bands[i], DRIVE_PARAMS("n=50", i % 2 ? "block=16" : "block=0"));
        answers_run(&workload, "serial", 1);
        workload_answer(&workload, answer, sizeof answer);
        workload_close(&workload);
        if (i == 0)
            strcpy(first, answer);
        assert_string_equal(answer, first);
    }
}

static void matmul_notices_one_wrong_number(void **state)
{
    (void)state;
    struct workload workload;
    drive_open(&workload, "matmul", 10, DRIVE_PARAMS("n=50"));
    answers_run(&workload, "serial", 1);
    double *number = (double *)(void *)arena_slot(&workload.arena, 6)->bytes + 2 * 50 + 17;
    *number += 1;
    answers_wrong(&workload, "task 6: row 32");
    *number -= 1;
    arena_slot(&workload.arena, 6)->value ^= 1;
    answers_wrong(&workload, "task 6");
    workload_close(&workload);
}

static void stream_counts_the_bytes_that_it_moves(void **state)
{
    (void)state;
    static const uint64_t slices[] = {1, 3, 64};
    for (size_t i = 0; i < sizeof slices / sizeof *slices; i++) {
        struct workload workload;
        char answer[64];
        drive_open(&workload, "stream", slices[i], DRIVE_PARAMS("size=8000"));
        answers_run(&workload, "serial", 1);
        answers_run(&workload, "serial", 1);
        workload_answer(&workload, answer, sizeof answer);
        assert_string_equal(answer, "24000 bytes moved");
        workload_close(&workload);
    }
}

static void stream_notices_a_wrong_number_and_a_slice_that_was_not_written(void **state)
{
    (void)state;
    struct workload workload;
    drive_open(&workload, "stream", 10, DRIVE_PARAMS("size=8000"));
    arena_reset(&workload.arena, 10);
    workload.arena.status[4] = TASK_OK;
    answers_wrong(&workload, "task 4: its slice was never written");
    answers_run(&workload, "serial", 1);
    int fd = open(workload.run.handed, O_RDWR | O_CLOEXEC);
    double *a = mmap(NULL, 8000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_ptr_not_equal(a, MAP_FAILED);
    close(fd);
    a[777] += 1;
    answers_wrong(&workload, "task 7: a[777]");
    munmap(a, 8000);
    workload_close(&workload);
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    answers_refused("matmul", 9, "9 tasks for n=8 rows", DRIVE_PARAMS("n=8"));
    answers_refused("matmul", 0, "1 to 4096", DRIVE_PARAMS("n=0"));
    answers_refused("stream", 9, "9 tasks for arrays of 8 elements", DRIVE_PARAMS("size=64"));
    answers_refused("stream", 0, "smaller size", DRIVE_PARAMS("size=10T"));
    answers_refused("stream", 0, "from 8 to", DRIVE_PARAMS("size=7"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(product_is_that_of_the_definition),
        TEST(product_does_not_depend_on_bands_and_blocks),
        TEST(matmul_notices_one_wrong_number),
        TEST(stream_counts_the_bytes_that_it_moves),
        TEST(stream_notices_a_wrong_number_and_a_slice_that_was_not_written),
        TEST(what_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests_name("cases_memory", tests, NULL, NULL);
}
