/* Memory that processes share, found by a temporary folder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cases/support/segment.h"
#include "drive.h"
#include "leftovers.h"
#include "scratch.h"

#define SIZE 5000

static int begin_test(void **state)
{
    leftovers_mark(state);
    return make_scratch(state);
}

static int end_test(void **state)
{
    return remove_scratch(state) || leftovers_check(state);
}

static void another_process_finds_it_by_the_folder(void **state)
{
    (void)state;
    struct segment segment, other;
    assert_int_equal(segment_open_in(&segment, scratch, true, SIZE), 0);
    assert_true(segment_is_mine(&segment));
    pid_t child = fork();
    if (child == 0) {
        segment_close(&segment);
        if (segment_open_in(&other, scratch, false, SIZE) || segment_is_mine(&other))
            _exit(1);
        memcpy((char *)other.memory + SIZE - 1, "x", 1);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(((char *)segment.memory)[SIZE - 1], 'x');
    segment_close(&segment);
}

static void segment_of_nobody_is_refused_and_closing_it_does_nothing(void **state)
{
    (void)state;
    struct segment segment;
    assert_int_equal(segment_open_in(&segment, scratch, false, SIZE), ENOENT);
    assert_non_null(strstr(task_message(ENOENT), "cannot map the case's shared memory"));
    segment_close(&segment);
}

static void folder_that_takes_no_link_is_refused_and_nothing_stays_open(void **state)
{
    (void)state;
    struct segment segment;
    assert_int_equal(segment_open_in(&segment, "/nowhere", true, SIZE), ENOENT);
    assert_non_null(strstr(task_message(ENOENT), "try folder=DIR"));
    segment_close(&segment);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_test, end_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(another_process_finds_it_by_the_folder),
        TEST(segment_of_nobody_is_refused_and_closing_it_does_nothing),
        TEST(folder_that_takes_no_link_is_refused_and_nothing_stays_open),
    };
    return cmocka_run_group_tests_name("segment", tests, NULL, NULL);
}
