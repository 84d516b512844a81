/* The sqlite case, through its hooks. Tests look into the database with a connection of their own,
 * and hold its lock with one. pkg-config: sqlite3 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "drive.h"

#include "answers.h"
#include "leftovers.h"
#include "scratch.h"

#include <signal.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/stat.h>

static char in_scratch[PATH_MAX + 16]; /* folder=SCRATCH */

static int begin_test(void **state)
{
    leftovers_mark(state);
    if (make_scratch(state))
        return -1;
    snprintf(in_scratch, sizeof in_scratch, "folder=%s", scratch);
    return 0;
}

/* The case is to have removed its own folder. */
static int end_test(void **state)
{
    int left = count_entries(scratch, "");
    return remove_scratch(state) || left || leftovers_check(state);
}

/* The database of the case that is open. */
static const char *find_database(const struct workload *workload)
{
    return path_of(workload->run.handed, "db");
}

static sqlite3 *open_database(const struct workload *workload)
{
    sqlite3 *database;
    assert_int_equal(sqlite3_open(find_database(workload), &database), SQLITE_OK);
    return database;
}

static void execute(sqlite3 *database, const char *text)
{
    if (sqlite3_exec(database, text, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", text, sqlite3_errmsg(database));
}

static int64_t ask(const struct workload *workload, const char *text)
{
    sqlite3 *database = open_database(workload);
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_prepare_v2(database, text, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(database);
    return number;
}

/* How many waits for a lock the answer counts. */
static unsigned long count_waits(const struct workload *workload)
{
    char answer[256];
    unsigned long waits;
    workload_answer(workload, answer, sizeof answer);
    const char *since = strstr(answer, "since the setup ");
    assert_non_null(since);
    assert_int_equal(sscanf(since, "since the setup %lu waits", &waits), 1);
    return waits;
}

static void every_write_is_there_once_a_region_in_both_journals(void **state)
{
    (void)state;
    static const char *const backends[] = {"serial", "threads", "processes"};
    static const char *const journals[] = {"journal=wal", "journal=delete"};
    for (size_t i = 0; i < 2; i++) {
        struct workload workload;
        drive_open(&workload, "sqlite", 60,
            DRIVE_PARAMS(in_scratch, journals[i], "rows=100", "writes=0.5", "fsync=no"));
        uint64_t checksum = 0;
        for (size_t j = 0; j < 3; j++) {
            struct workload_outcome outcome = drive_run(&workload, backends[j], j == 0 ? 1 : 4);
            assert_int_equal(outcome.ok, 60);
            assert_true(j == 0 || outcome.checksum == checksum);
            checksum = outcome.checksum;
            answers_verified(&workload);
        }
        assert_int_equal(ask(&workload, "SELECT min(times) FROM written"), 3);
        assert_int_equal(ask(&workload, "SELECT max(times) FROM written"), 3);
        assert_in_range(ask(&workload, "SELECT count(*) FROM written"), 15, 45);
        workload_close(&workload);
    }
}

static void journal_is_the_one_asked_for(void **state)
{
    (void)state;
    static const char *const journals[] = {"wal", "delete"};
    for (size_t i = 0; i < 2; i++) {
        struct workload workload;
        char journal[32], query[80];
        snprintf(journal, sizeof journal, "journal=%s", journals[i]);
        drive_open(&workload, "sqlite", 1, DRIVE_PARAMS(in_scratch, journal, "rows=1"));
        snprintf(query, sizeof query, "SELECT journal_mode = '%s' FROM pragma_journal_mode",
            journals[i]);
        assert_int_equal(ask(&workload, query), 1);
        workload_close(&workload);
    }
}

static void share_of_writes_is_kept_from_none_to_all(void **state)
{
    (void)state;
    struct workload workload;
    drive_open(&workload, "sqlite", 50, DRIVE_PARAMS(in_scratch, "writes=0", "rows=10"));
    assert_true(workload.run.even);
    assert_int_equal(drive_run(&workload, "serial", 1).ok, 50);
    assert_int_equal(ask(&workload, "SELECT count(*) FROM written"), 0);
    workload_close(&workload);
    drive_open(
        &workload, "sqlite", 50, DRIVE_PARAMS(in_scratch, "writes=1", "rows=10", "fsync=no"));
    assert_true(workload.run.even);
    assert_int_equal(drive_run(&workload, "serial", 1).ok, 50);
    assert_int_equal(ask(&workload, "SELECT count(*) FROM written"), 50);
    workload_close(&workload);
}

static void changed_row_a_lost_and_a_doubled_write_are_seen(void **state)
{
    (void)state;
    static const struct {
        const char *change, *cause;
    } all[] = {
        {"UPDATE item SET value = value + 1 WHERE id = 5", ""},
        {"UPDATE written SET value = value + 1 WHERE id = (SELECT min(id) FROM written)",
            "not what it wrote"},
        {"DELETE FROM written WHERE id = (SELECT max(id) FROM written)", "not in the database"},
        {"UPDATE written SET times = times + 1 WHERE id = (SELECT max(id) FROM written)",
            "were begun"},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct workload workload;
        drive_open(
            &workload, "sqlite", 20, DRIVE_PARAMS(in_scratch, "rows=10", "writes=0.5", "fsync=no"));
        assert_int_equal(drive_run(&workload, "serial", 1).ok, 20);
        answers_verified(&workload);
        sqlite3 *database = open_database(&workload);
        execute(database, all[i].change);
        sqlite3_close(database);
        if (i == 0) {
            drive_run(&workload, "serial", 1);
            answers_wrong(&workload, "another sum");
        } else {
            answers_wrong(&workload, all[i].cause);
        }
        workload_close(&workload);
    }
}

static void lock_that_is_held_too_long_fails_the_writes_alone_and_is_counted(void **state)
{
    (void)state;
    struct workload workload;
    drive_open(&workload, "sqlite", 8,
        DRIVE_PARAMS(in_scratch, "rows=10", "writes=0.5", "busy=5ms", "fsync=no"));
    sqlite3 *holder = open_database(&workload);
    execute(holder, "BEGIN IMMEDIATE");
    struct workload_outcome outcome = drive_run(&workload, "serial", 1);
    assert_in_range(outcome.errors, 1, 7);
    for (uint64_t task = 0; task < 8; task++)
        if (drive_failure(&workload, task))
            drive_assert_failed(&workload, task, "/db", "database is locked");
    assert_int_equal(count_waits(&workload), 3 * outcome.errors); /* as often as it is tried */
    execute(holder, "COMMIT");
    sqlite3_close(holder);
    answers_verified(&workload);
    assert_int_equal(drive_run(&workload, "serial", 1).ok, 8);
    assert_int_equal(count_waits(&workload), 3 * outcome.errors);
    workload_close(&workload);
}

static void reader_of_the_log_does_not_wait_for_a_writer_but_one_of_the_journal_does(void **state)
{
    (void)state;
    static const char *const journals[] = {"journal=wal", "journal=delete"};
    for (size_t i = 0; i < 2; i++) {
        struct workload workload;
        drive_open(&workload, "sqlite", 4,
            DRIVE_PARAMS(in_scratch, journals[i], "rows=10", "writes=0", "busy=1ms"));
        sqlite3 *holder = open_database(&workload);
        execute(holder, "BEGIN EXCLUSIVE");
        execute(holder, "DELETE FROM written");
        struct pool_config config = {.workers = 1,
            .task = workload.bench->task,
            .ctx = workload.run.ctx,
            .worker_enter = workload.bench->worker_enter,
            .worker_leave = workload.bench->worker_leave,
            .arena = &workload.arena};
        struct pool *pool =
            pool_start(registry_backend("serial"), &config, drive_why, sizeof drive_why);
        assert_true((pool == NULL) == (i == 1));
        if (pool)
            pool_stop(pool);
        else
            assert_non_null(strstr(drive_why, "database is locked"));
        execute(holder, "ROLLBACK");
        sqlite3_close(holder);
        workload_close(&workload);
    }
}

static void removed_database_fails_every_task_with_its_path(void **state)
{
    (void)state;
    struct workload workload;
    drive_open(&workload, "sqlite", 6, DRIVE_PARAMS(in_scratch, "rows=10"));
    struct pool_config config = {.workers = 1,
        .task = workload.bench->task,
        .ctx = workload.run.ctx,
        .worker_enter = workload.bench->worker_enter,
        .worker_leave = workload.bench->worker_leave,
        .arena = &workload.arena};
    arena_reset(&workload.arena, 6);
    struct pool *pool =
        pool_start(registry_backend("threads"), &config, drive_why, sizeof drive_why);
    assert_non_null(pool);
    assert_int_equal(tempdir_remove(workload.run.handed), 0);
    assert_int_equal(pool_map(pool, 6, 1), 0);
    pool_stop(pool);
    assert_int_equal(workload_outcome(&workload, 6, NULL).errors, 6);
    drive_assert_failed(&workload, 5, find_database(&workload), "was removed");
    answers_wrong(&workload, "unable to open database file");
    workload_close(&workload);
}

/* A file system of 1 MB in the scratch folder, or the test is skipped. */
static void mount_small(const char *folder)
{
    assert_int_equal(mkdir(folder, 0700), 0);
    if (mount("none", folder, "tmpfs", 0, "size=1m") == 0)
        return;
    print_message("no file system can be mounted here: %s\n", strerror(errno));
    rmdir(folder);
    skip();
}

static void full_disk_fails_writes_with_a_cause_and_leaves_nothing(void **state)
{
    (void)state;
    struct workload workload;
    char small[PATH_MAX + 16], in_small[PATH_MAX + 32];
    snprintf(small, sizeof small, "%s/small", scratch);
    snprintf(in_small, sizeof in_small, "folder=%s", small);
    mount_small(small);
    drive_open(&workload, "sqlite", 20,
        DRIVE_PARAMS(in_small, "journal=delete", "rows=100", "writes=0.5"));
    FILE *filler = fopen(path_of(small, "filler"), "w");
    assert_non_null(filler);
    setbuf(filler, NULL);
    while (fputc('x', filler) != EOF)
        fwrite(scratch, 1, sizeof scratch, filler);
    fclose(filler);
    struct workload_outcome outcome = drive_run(&workload, "serial", 1);
    assert_in_range(outcome.errors, 1, 20);
    for (uint64_t task = 0; task < 20; task++)
        if (drive_failure(&workload, task))
            drive_assert_failed(&workload, task, "/db", "full");
    workload_close(&workload);
    assert_int_equal(count_entries(small, ""), 1);
    assert_int_equal(umount(small), 0);
    assert_int_equal(rmdir(small), 0);
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *params[3], *cause;
    } all[] = {
        {{"rows=10", "read=11"}, "read=11 rows of rows=10"},
        {{"writes=1.1"}, "writes"},
        {{"rows=0"}, "rows"},
        {{"journal=memory"}, "journal"},
        {{"folder=/nowhere"}, "No such file or directory"},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        answers_refused("sqlite", 1, all[i].cause, all[i].params);
}

/* The keeper is the case's one child. */
static void folder_goes_although_its_keeper_was_killed(void **state)
{
    (void)state;
    struct workload workload;
    char path[64];
    int keeper = 0;
    drive_open(&workload, "sqlite", 4, DRIVE_PARAMS(in_scratch, "rows=10"));
    snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
    FILE *children = fopen(path, "r");
    assert_non_null(children);
    assert_int_equal(fscanf(children, "%d", &keeper), 1);
    fclose(children);
    kill(keeper, SIGKILL);
    assert_int_equal(drive_run(&workload, "serial", 1).ok, 4);
    workload_close(&workload);
    assert_int_equal(count_entries(scratch, ""), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_test, end_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_write_is_there_once_a_region_in_both_journals),
        TEST(journal_is_the_one_asked_for),
        TEST(share_of_writes_is_kept_from_none_to_all),
        TEST(changed_row_a_lost_and_a_doubled_write_are_seen),
        TEST(lock_that_is_held_too_long_fails_the_writes_alone_and_is_counted),
        TEST(reader_of_the_log_does_not_wait_for_a_writer_but_one_of_the_journal_does),
        TEST(removed_database_fails_every_task_with_its_path),
        TEST(full_disk_fails_writes_with_a_cause_and_leaves_nothing),
        TEST(what_does_not_fit_is_refused),
        TEST(folder_goes_although_its_keeper_was_killed),
    };
    return cmocka_run_group_tests_name("case_sqlite", tests, NULL, NULL);
}
