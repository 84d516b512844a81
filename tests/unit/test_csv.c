/* Tables of two columns in every form that they come in, and what is wrong with others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/store/csv.h"
#include "near.h"

static char why[512];
static double read_rows[16][2];
static size_t rows_count;
static char path[32];

static void keep_row(void *to, double first, double second)
{
    (void)to;
    if (rows_count < 16) {
        read_rows[rows_count][0] = first;
        read_rows[rows_count][1] = second;
    }
    rows_count++;
}

static int read_bytes(const char *text, size_t size, const char *columns)
{
    snprintf(path, sizeof path, "/tmp/poolbench-csv-XXXXXX");
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, text, size), size);
    close(file);
    const struct csv_source source = {.path = path,
        .columns = columns,
        .first = {"workers", .whole = true, .least = 1, .most = 1e9},
        .second = {"throughput", .least = 1e-100, .most = 1e100}};
    rows_count = 0;
    *why = '\0';
    int status = csv_read(&source, keep_row, NULL, why, sizeof why);
    unlink(path);
    return status;
}

/* The two rows 1, 20 and 4, 78.5. */
static void assert_reads(const char *text, const char *columns)
{
    if (read_bytes(text, strlen(text), columns))
        fail_msg("\"%s\": %s", text, why);
    assert_int_equal(rows_count, 2);
    assert_near(read_rows[0][0], 1, 0);
    assert_near(read_rows[0][1], 20, 0);
    assert_near(read_rows[1][0], 4, 0);
    assert_near(read_rows[1][1], 78.5, 0);
}

static void assert_refused(const char *text, const char *columns, const char *cause)
{
    assert_int_equal(read_bytes(text, strlen(text), columns), -1);
    if (!strstr(why, cause) || !strstr(why, "/tmp/poolbench-csv-") || strchr(why, '\n'))
        fail_msg("\"%s\" is refused with \"%s\", not with \"%s\"", text, why, cause);
}

static void separators_headers_and_line_ends_may_differ(void **state)
{
    (void)state;
    assert_reads("1,20\n4,78.5\n", NULL);
    assert_reads("workers,throughput\n1,20\n4,78.5\n", NULL);
    assert_reads("\"workers\";\"tasks, a second\"\n1;20\n4;78.5\n", NULL);
    assert_reads("n\tx\n1\t20\n4\t78.5\n", NULL);
    assert_reads("n x\n 1   20 \n\t4 \t 78.5\n", NULL);
    assert_reads("\"1\" , \"20\"\r\n 4 ,7.85e1\r\n", NULL);
    assert_reads("\xef\xbb\xbfn,x\r\n1,20\r\n4,78.5\r\n", NULL);
    assert_reads("\xef\xbb\xbf"
                 "1,20\n4,78.5\n",
        NULL);
    assert_reads("# made by hand; here, too\n\nn,x # units\n1,20\n  \n4,78.5 # late\n\n", NULL);
}

static void two_of_more_columns_are_taken_by_name_or_number(void **state)
{
    (void)state;
    assert_reads("n,seconds,x\n1,9,20\n4,8,78.5\n", "n,x");
    assert_reads("x,seconds,n\n20,9,1\n78.5,8,4\n", "n,x");
    assert_reads("x,seconds,n\n20,?,1\n78.5,?,4\n", "3,1");
    assert_reads("20;a;1\n78.5;b;4\n", "3,1");
    assert_reads("20 a 1\n78.5 b 4\n", "3,1");
}

static void columns_that_are_not_there_are_told(void **state)
{
    (void)state;
    assert_refused("n,s,x\n1,2,3\n", NULL, "line 1: 3 columns, not 2; --columns says which");
    assert_refused("1\n2\n", NULL, "line 1: 1 column, not 2");
    assert_refused("n,s,x\n1,2,3\n", "n,y", "line 1: no column \"y\" among its 3");
    assert_refused("1,2,3\n", "n,x", "line 1: no column \"n\" among its 3");
    assert_refused("n,x\n1,2\n", "1,3", "line 1: no column \"3\" among its 2");
    assert_refused("n,x\n1,2\n", "n",
        "line 1: --columns takes two, by name or number (workers,tps or 1,3), not \"n\"");
    assert_refused("n,x\n1,2\n", "0,1", "no column \"0\"");
}

static void numbers_that_cannot_be_are_told_with_their_line(void **state)
{
    (void)state;
    assert_refused("1,20\n2,nan\n", NULL, "line 2: throughput nan is not a finite decimal number");
    assert_refused("1,20\n2,-inf\n", NULL, "line 2: throughput -inf is not a finite");
    assert_refused("nan,20\n", NULL, "line 1: workers nan is not a finite");
    assert_refused("1,1e999\n", NULL, "line 1: throughput 1e999 is not a finite");
    assert_refused("1,20\n# c\n2,-3\n", NULL, "line 3: throughput -3 is not above 0");
    assert_refused("1,0\n", NULL, "line 1: throughput 0 is not above 0");
    assert_refused("1,1e200\n", NULL, "throughput 1e200 is not between 1e-100 and 1e+100");
    assert_refused(
        "n,x\n2.5,20\n", NULL, "line 2: workers 2.5 is not a whole number of at least 1");
    assert_refused("0,20\n", NULL, "line 1: workers 0 is not a whole number");
    assert_refused("-4,20\n", NULL, "line 1: workers -4 is not a whole number");
    assert_refused("1e10,20\n", NULL, "workers 1e10 is not between 1 and 1e+09");
    assert_refused("1,20\n2,fast\n", NULL, "line 2: throughput \"fast\" is not a number");
    assert_refused("1,20\n2,\n", NULL, "line 2: throughput \"\" is not a number");
    assert_refused("1,20\n2,\x1b[31m\n", NULL, "throughput \"?[31m\" is not a number");
}

static void a_truncated_file_is_told(void **state)
{
    (void)state;
    assert_refused("1,20\n4,7", NULL, "line 2: the file ends within this line");
    assert_refused("1,20\n4", NULL, "line 2: the file ends within this line");
    assert_refused("1,20\n4\n", NULL, "line 2: 1 column where the first line has 2");
    assert_refused("1,20\n4,78,5\n", NULL, "line 2: 3 columns where the first line has 2");
}

static void files_that_are_no_table_are_told(void **state)
{
    (void)state;
    static char longer[CSV_LINE_MAX + 10];
    assert_refused("", NULL, "no row of numbers");
    assert_refused("# nothing\n\n", NULL, "no row of numbers");
    assert_refused("n,x\n", NULL, "no row of numbers");
    assert_refused("{\"schema\": 1}\n", NULL, "line 1: this looks like JSON");
    assert_int_equal(read_bytes("1,2\n\0\n", 6, NULL), -1);
    assert_non_null(strstr(why, "line 2: a byte 0"));
    memset(longer, '1', sizeof longer - 1);
    assert_refused(longer, NULL, "line 1: longer than 4096 bytes");
    memset(longer, ',', 300);
    memcpy(longer + 300, "\n", 2);
    assert_refused(longer, NULL, "line 1: more than 256 columns");
}

static void a_file_that_cannot_be_read_is_told(void **state)
{
    (void)state;
    struct csv_source source = {.path = "/no/such/table.csv"};
    assert_int_equal(csv_read(&source, keep_row, NULL, why, sizeof why), -1);
    assert_string_equal(why, "/no/such/table.csv: No such file or directory");
    source.path = "/tmp";
    assert_int_equal(csv_read(&source, keep_row, NULL, why, sizeof why), -1);
    assert_string_equal(why, "/tmp: Is a directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(separators_headers_and_line_ends_may_differ),
        cmocka_unit_test(two_of_more_columns_are_taken_by_name_or_number),
        cmocka_unit_test(columns_that_are_not_there_are_told),
        cmocka_unit_test(numbers_that_cannot_be_are_told_with_their_line),
        cmocka_unit_test(a_truncated_file_is_told),
        cmocka_unit_test(files_that_are_no_table_are_told),
        cmocka_unit_test(a_file_that_cannot_be_read_is_told),
    };
    return cmocka_run_group_tests_name("csv", tests, NULL, NULL);
}
