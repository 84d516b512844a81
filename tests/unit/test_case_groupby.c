/* The groupby case: aggregates of small files that can be checked by hand, made rows, and files
 * that are not what it takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "drive.h"

#include "answers.h"
#include "scratch.h"

struct aggregate {
    uint64_t count;
    double sum, smallest, largest;
};

static char input[PATH_MAX + 32]; /* input=SCRATCH/rows.csv */

static int make_input(void **state)
{
    if (make_scratch(state) != 0)
        return -1;
    snprintf(input, sizeof input, "input=%s/rows.csv", scratch);
    return 0;
}

static void put(const char *text)
{
    write_content(input + strlen("input="), text, strlen(text));
}

static struct aggregate aggregate_of(const struct workload *workload, uint64_t index)
{
    struct aggregate aggregate;
    memcpy(&aggregate, arena_slot(&workload->arena, index)->bytes, sizeof aggregate);
    return aggregate;
}

static void rows_of_a_key_are_aggregated_in_the_order_of_keys(void **state)
{
    (void)state;
    static const char text[] = "city,degrees\nRome,20.5\nOslo,-3\nRome,1e1\nOslo,4\nBern,7\n";
    struct workload workload;
    put(text);
    answers_open(&workload, "groupby", 0, DRIVE_PARAMS(input));
    assert_int_equal(3, workload.run.tasks);
    struct aggregate oslo = aggregate_of(&workload, 1);
    assert_int_equal(2, oslo.count);
    assert_true(oslo.sum == 1 && oslo.smallest == -3 && oslo.largest == 4);
    workload_close(&workload);
    assert_string_equal("5 rows in 3 groups, sum 38.50; Bern: 7.00 ... Rome: 30.50",
        answers_of("groupby", 0, DRIVE_PARAMS(input)));
}

static void columns_are_found_by_name(void **state)
{
    (void)state;
    put("id,shop,amount,clerk\n1,B,5,x\n2,A,6,x\n3,B,7,y\n");
    assert_string_equal("3 rows in 2 groups, sum 18.00; A: 6.00 ... B: 12.00",
        answers_of("groupby", 0, DRIVE_PARAMS(input, "key=shop", "value=amount")));
    assert_string_equal("3 rows in 2 groups, sum 6.00; x: 3.00 ... y: 3.00",
        answers_of("groupby", 0, DRIVE_PARAMS(input, "key=clerk", "value=id")));
}

static void last_line_needs_no_end_and_others_may_have_that_of_windows(void **state)
{
    (void)state;
    put("key,value\r\na,1\r\nb,2");
    assert_string_equal("2 rows in 2 groups, sum 3.00; a: 1.00 ... b: 2.00",
        answers_of("groupby", 0, DRIVE_PARAMS(input)));
}

static void made_rows_fall_evenly_into_groups(void **state)
{
    (void)state;
    struct workload workload;
    answers_open(&workload, "groupby", 0, DRIVE_PARAMS("rows=3000", "group=30"));
    assert_int_equal(100, workload.run.tasks);
    assert_true(workload.run.even);
    for (uint64_t i = 0; i < 100; i++)
        assert_int_equal(30, aggregate_of(&workload, i).count);
    workload_close(&workload);
    drive_open(&workload, "groupby", 0, DRIVE_PARAMS("rows=100", "group=30"));
    assert_int_equal(4, workload.run.tasks);
    assert_false(workload.run.even);
    workload_close(&workload);
}

static void size_of_groups_changes_no_total(void **state)
{
    (void)state;
    static const char *const sizes[] = {"group=1", "group=7", "group=1000", "group=5000"};
    char total[64] = "";
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const char *answer = answers_of("groupby", 0, DRIVE_PARAMS("rows=1000", sizes[i]));
        const char *sum = strstr(answer, "sum ");
        assert_non_null(sum);
        size_t length = strcspn(sum, ";");
        assert_true(length < sizeof total);
        if (i > 0)
            assert_memory_equal(total, sum, length);
        memcpy(total, sum, length);
    }
}

static void million_rows_are_made_where_nothing_else_is_asked(void **state)
{
    (void)state;
    struct workload workload;
    drive_open(&workload, "groupby", 0, DRIVE_PARAMS());
    assert_int_equal(1000, workload.run.tasks);
    workload_close(&workload);
}

static void made_file_is_gone_after_setup(void **state)
{
    (void)state;
    char *before = getenv("TMPDIR");
    before = before != NULL ? strdup(before) : NULL;
    struct workload workload;
    setenv("TMPDIR", scratch, 1);
    drive_open(&workload, "groupby", 0, DRIVE_PARAMS("rows=100"));
    assert_int_equal(0, count_entries(scratch, ""));
    workload_close(&workload);
    setenv("TMPDIR", "/no/such/folder", 1);
    assert_int_equal(STATUS_FAILED, drive_try(&workload, "groupby", 0, DRIVE_PARAMS("rows=100")));
    assert_non_null(strstr(drive_why, "/no/such/folder"));
    if (before != NULL)
        setenv("TMPDIR", before, 1);
    else
        unsetenv("TMPDIR");
    free(before);
}

static void value_that_is_no_number_fails_its_group_alone(void **state)
{
    (void)state;
    struct workload workload;
    char answer[256];
    put("key,value\na,1\nb,2\nb,two\nc,3\nd\ne,\nf,inf\ng,1 \n");
    drive_open(&workload, "groupby", 0, DRIVE_PARAMS(input));
    assert_int_equal(2, drive_run(&workload, "threads", 2).ok);
    drive_assert_failed(&workload, 1, "rows.csv:4", "\"two\" is no number");
    drive_assert_failed(&workload, 3, "rows.csv:6", "\"\" is no number");
    drive_assert_failed(&workload, 4, "rows.csv:7", "\"\" is no number");
    drive_assert_failed(&workload, 5, "rows.csv:8", "\"inf\" is no number");
    drive_assert_failed(&workload, 6, "rows.csv:9", "\"1 \" is no number");
    assert_int_equal(0, workload_verify(&workload, drive_why, sizeof drive_why));
    workload_answer(&workload, answer, sizeof answer);
    assert_string_equal("2 rows in 2 groups, sum 4.00; a: 1.00 ... c: 3.00", answer);
    workload_close(&workload);
}

static void file_that_is_no_plain_csv_is_refused_with_its_line(void **state)
{
    (void)state;
    answers_refused("groupby", 0, strerror(ENOENT), DRIVE_PARAMS(input));
    answers_refused("groupby", 0, "not a file", DRIVE_PARAMS("input=/dev/zero"));
    put("");
    answers_refused("groupby", 0, "empty", DRIVE_PARAMS(input));
    put("key,value\n");
    answers_refused("groupby", 0, "no rows", DRIVE_PARAMS(input));
    put("key\na\n");
    answers_refused("groupby", 0, "no second column", DRIVE_PARAMS(input));
    put("key,value\na,1\n");
    answers_refused("groupby", 0, "no column \"colour\"", DRIVE_PARAMS(input, "key=colour"));
    put("key,value\na,1\n\"b\",2\n");
    answers_refused("groupby", 0, "rows.csv:3: quotes", DRIVE_PARAMS(input));
    put("key,value\na,1\n\nb,2\n");
    answers_refused("groupby", 0, "rows.csv:3: the row has no key", DRIVE_PARAMS(input));
    write_content(input + strlen("input="), "key,value\na\0b,1\n", 16);
    answers_refused("groupby", 0, "zero byte", DRIVE_PARAMS(input));
}

static void parameters_that_do_not_go_together_are_refused(void **state)
{
    (void)state;
    put("key,value\na,1\n");
    answers_refused("groupby", 3, "-N 3", DRIVE_PARAMS());
    answers_refused("groupby", 0, "made rows", DRIVE_PARAMS(input, "rows=10"));
    answers_refused("groupby", 0, "made rows", DRIVE_PARAMS(input, "group=10"));
    answers_refused("groupby", 0, "columns of an input", DRIVE_PARAMS("key=customer"));
    answers_refused("groupby", 0, "group", DRIVE_PARAMS("group=0"));
}

static void wrong_aggregates_are_noticed(void **state)
{
    (void)state;
    struct workload workload;
    answers_open(&workload, "groupby", 0, DRIVE_PARAMS("rows=100", "group=10"));
    struct task_result *result = arena_slot(&workload.arena, 4);
    const struct aggregate right = aggregate_of(&workload, 4);
    struct aggregate wrong[] = {right, right, right, right};
    wrong[0].count++;
    wrong[1].sum += 0.01;
    wrong[2].smallest = right.largest;
    wrong[3].largest = right.smallest;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        memcpy(result->bytes, &wrong[i], sizeof wrong[i]);
        result->value = hash_bytes(HASH_START, &wrong[i], sizeof wrong[i]);
        answers_wrong(&workload, "c00000004");
    }
    workload_close(&workload);
}

#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, make_input, remove_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(rows_of_a_key_are_aggregated_in_the_order_of_keys),
        IN_SCRATCH(columns_are_found_by_name),
        IN_SCRATCH(last_line_needs_no_end_and_others_may_have_that_of_windows),
        cmocka_unit_test(made_rows_fall_evenly_into_groups),
        cmocka_unit_test(size_of_groups_changes_no_total),
        cmocka_unit_test(million_rows_are_made_where_nothing_else_is_asked),
        IN_SCRATCH(made_file_is_gone_after_setup),
        IN_SCRATCH(value_that_is_no_number_fails_its_group_alone),
        IN_SCRATCH(file_that_is_no_plain_csv_is_refused_with_its_line),
        IN_SCRATCH(parameters_that_do_not_go_together_are_refused),
        cmocka_unit_test(wrong_aggregates_are_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
