/* Group by, aggregate, join: a CSV's rows brought together by a key, and count, sum, smallest and
 * largest value of each group computed by a task of its own.
 *
 * Setup reads the file and groups the rows, as a data frame's groupby does before any function is
 * applied. The tasks do what comes then: they make numbers of their rows' texts and aggregate. A
 * group's sum is added up in the file's order, so that it is the same bit by bit on every backend.
 *
 * The file that is made where none is given has no name and is gone when setup ends, or the
 * program: a process that repeats the setup makes the same one again. */
#include "case.h"

#include "../harness/util/tempfile.h"
#include "support/groups.h"
#include "support/rows.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_SIZE (PATH_MAX + 32)
#define SHOWN_PATH "%.120s"
#define CHECK_ROWS 1024  /* rows between two check points */
#define CENTS_MAX 100000 /* below which made amounts are */
#define TOLERANCE 1e-9   /* of a sum, relative to the sum of its values without sign */

struct total {
    long double sum, magnitude; /* magnitude: the sum without signs */
    size_t count;
};

struct groupby {
    char path[PATH_SIZE];
    const char *key, *value; /* names of columns, or NULL */
    struct rows table;
    struct groups groups;
    struct total *totals; /* of each group by an independent pass; made and kept by verify */
    bool *totalled;
};

/* The bytes of a result. */
struct aggregate {
    uint64_t count;
    double sum, smallest, largest;
};

/* --- setup ------------------------------------------------------------------------------------ */

static void groupby_teardown(void *ctx)
{
    struct groupby *groupby = ctx;
    groups_free(&groupby->groups);
    rows_free(&groupby->table);
    free(groupby->totals);
    free(groupby->totalled);
    free(groupby);
}

static uint64_t greatest_divisor(uint64_t a, uint64_t b)
{
    while (b != 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Row r belongs to customer (r * step mod rows) / group: all get the same number of rows, scattered
 * over the file by a step near the golden section. */
static void write_rows(FILE *out, uint64_t seed, uint64_t rows, uint64_t group)
{
    uint64_t step = (uint64_t)(0.618 * (double)rows) | 1;
    while (greatest_divisor(step, rows) != 1)
        step += 2;
    fputs("customer,amount\n", out);
    for (uint64_t row = 0, place = 0; row < rows; row++, place = (place + step) % rows) {
        uint64_t cents = hash_mix(seed, row) % CENTS_MAX;
        fprintf(out, "c%08" PRIu64 ",%" PRIu64 ".%02" PRIu64 "\n", place / group, cents / 100,
            cents % 100);
    }
}

static int fail_made(const char *what)
{
    int cause = errno != 0 ? errno : EIO;
    return task_fail(cause, "cannot %s a temporary file in " SHOWN_PATH ": %s; set TMPDIR%s", what,
        tempfile_folder(), strerror(cause), cause == ENOSPC ? " or lower rows" : "");
}

/* Closes the file. */
static int write_csv(int file, const struct case_run *run)
{
    FILE *out = fdopen(file, "w");
    if (out == NULL) {
        close(file);
        return fail_made("write");
    }
    write_rows(out, run->seed, param_count(run->params, "rows"), param_count(run->params, "group"));
    int failed = ferror(out) != 0;
    return fclose(out) != 0 || failed ? fail_made("write") : 0;
}

static int read_groups(struct groupby *groupby)
{
    int code = rows_read(&groupby->table, groupby->path, groupby->key, groupby->value);
    if (code == 0)
        code = groups_make(&groupby->groups, &groupby->table);
    if (code != 0)
        return code;
    groupby->totals = calloc(groupby->groups.count, sizeof *groupby->totals);
    groupby->totalled = calloc(1, sizeof *groupby->totalled);
    if (groupby->totals == NULL || groupby->totalled == NULL)
        return task_fail(ENOMEM, "no memory for %zu groups", groupby->groups.count);
    return 0;
}

static int make_input(struct groupby *groupby, const struct case_run *run)
{
    if (groupby->key != NULL || groupby->value != NULL)
        return task_fail(EINVAL, "key= and value= are columns of an input; give it, or leave them");
    int file = tempfile_open();
    if (file < 0)
        return fail_made("make");
    snprintf(groupby->path, sizeof groupby->path, "/proc/self/fd/%d", file);
    int copy = fcntl(file, F_DUPFD_CLOEXEC, 0); /* for the stream, which closes it */
    int code = copy < 0 ? fail_made("write") : write_csv(copy, run);
    if (code == 0)
        code = read_groups(groupby);
    close(file);
    return code;
}

static int use_input(struct groupby *groupby, const struct case_run *run, const char *input)
{
    if (param_given(run->params, "rows") || param_given(run->params, "group"))
        return task_fail(EINVAL, "rows= and group= are for made rows, which input= does without");
    if (strlen(input) >= sizeof groupby->path)
        return task_fail(EINVAL, "input=" SHOWN_PATH "...: too long for a path", input);
    strcpy(groupby->path, input);
    return read_groups(groupby);
}

static int groupby_setup(struct case_run *run)
{
    const char *input = param_text(run->params, "input");
    if (run->tasks != 0)
        return task_fail(EINVAL,
            "-N %" PRIu64 ": there are as many tasks as groups; leave -N out, and give rows=, "
            "group= or an input",
            run->tasks);
    struct groupby *groupby = calloc(1, sizeof *groupby);
    if (groupby == NULL)
        return task_fail(ENOMEM, "no memory for the parameters");
    groupby->key = param_text(run->params, "key");
    groupby->value = param_text(run->params, "value");
    int code = input != NULL ? use_input(groupby, run, input) : make_input(groupby, run);
    if (code != 0) {
        groupby_teardown(groupby);
        return code;
    }
    run->tasks = groupby->groups.count;
    run->even =
        input == NULL && param_count(run->params, "rows") % param_count(run->params, "group") == 0;
    run->result_size = sizeof(struct aggregate);
    run->ctx = groupby;
    return 0;
}

/* --- tasks ------------------------------------------------------------------------------------ */

/* Whether the whole text is a finite number. */
static bool read_number(const char *text, double *number)
{
    char *end;
    *number = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(*number);
}

static uint64_t aggregate_value(const struct aggregate *aggregate)
{
    return hash_bytes(HASH_START, aggregate, sizeof *aggregate);
}

static int groupby_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)local;
    const struct groupby *groupby = ctx;
    const struct group *group = &groupby->groups.all[index];
    struct aggregate aggregate = {
        .count = group->count, .smallest = INFINITY, .largest = -INFINITY};
    for (size_t i = 0; i < group->count; i++) {
        const struct row *row = &groupby->groups.rows[group->first + i];
        double number;
        if (row->value == NULL || !read_number(row->value, &number))
            return task_fail(EINVAL, SHOWN_PATH ":%zu: \"%.40s\" is no number", groupby->path,
                row->line, row->value != NULL ? row->value : "");
        aggregate.sum += number;
        aggregate.smallest = number < aggregate.smallest ? number : aggregate.smallest;
        aggregate.largest = number > aggregate.largest ? number : aggregate.largest;
        if (i % CHECK_ROWS == CHECK_ROWS - 1)
            task_checkpoint();
    }
    memcpy(result->bytes, &aggregate, sizeof aggregate);
    result->value = aggregate_value(&aggregate);
    return 0;
}

static void groupby_task_name(const void *ctx, uint64_t index, char *text, size_t size)
{
    const struct groupby *groupby = ctx;
    snprintf(text, size, "%s", groupby->groups.all[index].key);
}

/* --- results ---------------------------------------------------------------------------------- */

static struct aggregate aggregate_of(const struct task_result *result)
{
    struct aggregate aggregate;
    memcpy(&aggregate, result->bytes, sizeof aggregate);
    return aggregate;
}

/* Adds up every group's rows in one pass through the table in the file's order. Values that are no
 * numbers are their tasks' errors. */
static int add_totals(const struct groupby *groupby)
{
    for (size_t i = 0; i < groupby->table.count; i++) {
        const struct row *row = &groupby->table.all[i];
        const struct group *group = groups_find(&groupby->groups, row->key);
        if (group == NULL)
            return task_fail(
                EIO, "no group has the key \"%.40s\" of line %zu", row->key, row->line);
        struct total *total = &groupby->totals[group - groupby->groups.all];
        long double number = row->value != NULL ? strtold(row->value, NULL) : 0;
        total->sum += number;
        total->magnitude += fabsl(number);
        total->count++;
    }
    *groupby->totalled = true;
    return 0;
}

static bool is_right(const struct task_result *result, const struct total *total)
{
    const struct aggregate aggregate = aggregate_of(result);
    const double count = (double)aggregate.count;
    return aggregate.count == total->count && result->value == aggregate_value(&aggregate) &&
           fabsl(aggregate.sum - total->sum) <= TOLERANCE * total->magnitude &&
           aggregate.smallest <= aggregate.largest &&
           aggregate.smallest * count <= aggregate.sum + (double)(TOLERANCE * total->magnitude) &&
           aggregate.largest * count >= aggregate.sum - (double)(TOLERANCE * total->magnitude);
}

/* Against totals of a pass of its own, made once: a sweep comes here with every sample. */
static int groupby_verify(const void *ctx, const struct case_results *results)
{
    const struct groupby *groupby = ctx;
    int code = *groupby->totalled ? 0 : add_totals(groupby);
    for (uint64_t i = 0; i < case_tasks(results) && code == 0; i++)
        if (case_ok(results, i) && !is_right(case_result(results, i), &groupby->totals[i]))
            code = task_fail(EIO,
                "group \"%.40s\": its aggregate is not that of its %zu rows, whose sum is %Lg",
                groupby->groups.all[i].key, groupby->totals[i].count, groupby->totals[i].sum);
    return code;
}

/* The first and the last group of the joined table, and what all of them add up to. */
static void groupby_answer(
    const void *ctx, const struct case_results *results, char *text, size_t size)
{
    const struct groupby *groupby = ctx;
    uint64_t groups = 0, rows = 0, first = 0, last = 0;
    double sum = 0;
    for (uint64_t i = 0; i < case_tasks(results); i++) {
        if (!case_ok(results, i))
            continue;
        const struct aggregate aggregate = aggregate_of(case_result(results, i));
        first = groups == 0 ? i : first;
        last = i;
        groups++;
        rows += aggregate.count;
        sum += aggregate.sum;
    }
    int length =
        snprintf(text, size, "%" PRIu64 " rows in %" PRIu64 " groups, sum %.2f", rows, groups, sum);
    if (groups == 0 || length < 0 || (size_t)length >= size)
        return;
    snprintf(text + length, size - (size_t)length, "; %.40s: %.2f ... %.40s: %.2f",
        groupby->groups.all[first].key, aggregate_of(case_result(results, first)).sum,
        groupby->groups.all[last].key, aggregate_of(case_result(results, last)).sum);
}

static const struct param groupby_params[] = {
    {.name = "rows",
        .type = PARAM_COUNT,
        .value = "1M",
        .min = 1,
        .max = 100e6,
        .help = "rows that are made, 1 to 100M"},
    {.name = "group",
        .type = PARAM_COUNT,
        .value = "1k",
        .min = 1,
        .max = 100e6,
        .help = "rows a group, and so a task; 1: a task a row"},
    {.name = "input",
        .type = PARAM_TEXT,
        .choices = "FILE",
        .help = "a CSV file with a line of names and without quotes, instead of made rows"},
    {.name = "key",
        .type = PARAM_TEXT,
        .choices = "NAME",
        .help = "the input's column to group by (default: its first)"},
    {.name = "value",
        .type = PARAM_TEXT,
        .choices = "NAME",
        .help = "the input's column of numbers to aggregate (default: its second)"},
    {.name = NULL},
};

const struct bench_case case_groupby = {
    .name = "groupby",
    .summary = "a CSV grouped by key, a group a task: when splitting is too fine, and when not",
    .description =
        "Setup makes or reads a CSV file and groups its rows by key; each task makes numbers of "
        "one group's texts and computes count, sum, smallest and largest. The results are joined "
        "in the order of keys. Rows of a group are scattered over the file, so a row costs a look "
        "into memory and then the arithmetic of reading a number: the CPUs limit it, and at 1000 "
        "rows a group expect speedup = workers up to the usable CPUs. With group=1 a task is one "
        "row, some hundred nanoseconds: less than a pool with a lock around its list (queue) takes "
        "to hand it out, which is then slower than a loop, as are a thread or a process a task; "
        "pools that claim tasks in some nanoseconds still gain. Reading and grouping come before "
        "and are not measured; a program "
        "that counts them sees less speedup (Amdahl).",
    .kind = CASE_CPU,
    .params = groupby_params,
    .task = groupby_task,
    .setup = groupby_setup,
    .teardown = groupby_teardown,
    .verify = groupby_verify,
    .task_name = groupby_task_name,
    .answer = groupby_answer,
};
