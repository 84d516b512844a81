/* The postgres case, through its hooks: on one server for all tests, and on its own where that is
 * killed, refuses or loses its folder. pkg-config: libpq */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cases/support/postgres_client.h"
#include "drive.h"
#include "leftovers.h"
#include "private_postgres.h"
#include "scratch.h"

#include <poll.h>
#include <signal.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/time.h>

static char in_scratch[PATH_MAX + 16]; /* folder=SCRATCH */

/* A folder that the server's user can enter. */
static int begin_test(void **state)
{
    leftovers_mark(state);
    if (make_scratch(state) || chmod(scratch, 0711))
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

/* Opens the case on the server for all tests; there are at most two more parameters. */
static void open_shared(
    struct workload *workload, uint64_t tasks, const char *first, const char *second)
{
    drive_open(workload, "postgres", tasks,
        DRIVE_PARAMS(private_postgres_url, in_scratch, "rows=100", first, second));
}

/* The first column of the first row that a query has on that server. */
static long ask(const char *query)
{
    PGconn *connection = postgres_connect(strchr(private_postgres_url, '=') + 1, NULL);
    assert_int_equal(PQstatus(connection), CONNECTION_OK);
    PGresult *rows = PQexec(connection, query);
    if (PQresultStatus(rows) != PGRES_TUPLES_OK && PQresultStatus(rows) != PGRES_COMMAND_OK)
        fail_msg("%s: %s", query, PQerrorMessage(connection));
    long number = PQntuples(rows) ? strtol(PQgetvalue(rows, 0, 0), NULL, 10) : 0;
    PQclear(rows);
    postgres_disconnect(connection);
    return number;
}

struct counts {
    unsigned long waits, opened, most;
};

static struct counts read_counts(const struct workload *workload)
{
    char answer[256];
    struct counts counts;
    workload_answer(workload, answer, sizeof answer);
    const char *since = strstr(answer, "since the setup ");
    assert_non_null(since);
    assert_int_equal(
        sscanf(since, "since the setup %lu waits for a connection, %lu opened, at most %lu",
            &counts.waits, &counts.opened, &counts.most),
        3);
    return counts;
}

static void rows_are_those_of_the_keys_on_every_backend(void **state)
{
    (void)state;
    static const char *const backends[] = {"serial", "threads", "processes"};
    struct workload workload;
    open_shared(&workload, 40, "latency=0", "fetch=7");
    uint64_t checksum = 0;
    for (size_t i = 0; i < 3; i++) {
        struct workload_outcome outcome = drive_run(&workload, backends[i], i == 0 ? 1 : 4);
        assert_int_equal(outcome.ok, 40);
        assert_true(i == 0 || outcome.checksum == checksum);
        checksum = outcome.checksum;
        assert_int_equal(workload_verify(&workload, drive_why, sizeof drive_why), 0);
    }
    workload_close(&workload);
}

static void table_on_a_server_of_others_is_dropped(void **state)
{
    (void)state;
    static const char count[] = "SELECT count(*) FROM pg_tables WHERE tablename LIKE 'poolbench%'";
    struct workload workload;
    open_shared(&workload, 1, "latency=0", "fetch=1");
    assert_int_equal(ask(count), 1);
    workload_close(&workload);
    assert_int_equal(ask(count), 0);
}

static void changed_row_and_a_missing_one_are_errors_of_their_tasks(void **state)
{
    (void)state;
    char query[128], *dash;
    struct workload workload;
    open_shared(&workload, 30, "latency=0", "fetch=10");
    dash = strrchr(workload.run.handed, '-');
    assert_non_null(dash);
    snprintf(query, sizeof query, "UPDATE \"poolbench_%s\" SET value = 1 WHERE id = 50", dash + 1);
    ask(query);
    uint64_t changed = drive_run(&workload, "serial", 1).errors;
    assert_in_range(changed, 1, 29);
    for (uint64_t i = 0; i < 30; i++)
        if (drive_failure(&workload, i))
            drive_assert_failed(&workload, i, "row 50", "not as it was written");
    snprintf(query, sizeof query, "DELETE FROM \"poolbench_%s\" WHERE id = 50", dash + 1);
    ask(query);
    assert_int_equal(drive_run(&workload, "serial", 1).errors, changed);
    for (uint64_t i = 0; i < 30; i++)
        if (drive_failure(&workload, i))
            drive_assert_failed(&workload, i, "9 rows", "instead of 10");
    workload_close(&workload);
}

static void threads_hand_fewer_connections_to_each_other(void **state)
{
    (void)state;
    struct workload workload;
    open_shared(&workload, 40, "connections=3", "latency=1ms");
    assert_int_equal(drive_run(&workload, "threads", 8).ok, 40);
    struct counts counts = read_counts(&workload);
    assert_in_range(counts.waits, 1, 40);
    assert_in_range(counts.opened, 1, 3);
    assert_int_equal(counts.opened, counts.most);
    workload_close(&workload);
}

/* For a child, which cannot fail a test: 0 where there is no answer. */
static long count_open(PGconn *connection)
{
    PGresult *rows = PQexec(
        connection, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'poolbench'");
    long open = PQntuples(rows) == 1 ? strtol(PQgetvalue(rows, 0, 0), NULL, 10) : 0;
    PQclear(rows);
    return open;
}

/* Counts what the case has open on the server for all tests, besides its own connection, until told
 * to end. Its exit status is the most that it has seen. */
static pid_t fork_watcher(int *until)
{
    int told[2];
    assert_int_equal(pipe(told), 0);
    pid_t watcher = fork();
    if (watcher == 0) {
        struct pollfd end = {.fd = told[0], .events = POLLIN};
        PGconn *own = postgres_connect(strchr(private_postgres_url, '=') + 1, NULL);
        long most = 0;
        close(told[1]);
        while (poll(&end, 1, 0) == 0) {
            long open = count_open(own) - 1;
            most = open > most ? open : most;
        }
        PQfinish(own);
        _exit((int)most);
    }
    close(told[0]);
    *until = told[1];
    return watcher;
}

static void processes_never_have_more_connections_open_than_there_are(void **state)
{
    (void)state;
    struct workload workload;
    int until, status;
    open_shared(&workload, 40, "connections=3", "latency=20ms");
    pid_t watcher = fork_watcher(&until);
    struct workload_outcome outcome = drive_run(&workload, "processes", 8);
    close(until);
    assert_int_equal(waitpid(watcher, &status, 0), watcher);
    assert_true(WIFEXITED(status));
    assert_in_range(WEXITSTATUS(status), 1, 3);
    assert_int_equal(outcome.ok, 40);
    struct counts counts = read_counts(&workload);
    assert_in_range(counts.most, 1, 3);
    assert_int_equal(counts.opened, 40);
    workload_close(&workload);
}

static void workers_keep_their_own_where_there_are_enough(void **state)
{
    (void)state;
    struct workload workload;
    open_shared(&workload, 40, "connections=4", "latency=1ms");
    assert_int_equal(drive_run(&workload, "processes", 4).ok, 40);
    struct counts counts = read_counts(&workload);
    assert_int_equal(counts.waits, 0);
    assert_in_range(counts.opened, 1, 4);
    workload_close(&workload);
}

static void task_that_waits_too_long_for_a_connection_fails(void **state)
{
    (void)state;
    struct workload workload;
    drive_open(&workload, "postgres", 4,
        DRIVE_PARAMS(
            private_postgres_url, in_scratch, "connections=1", "latency=200ms", "wait=1ms"));
    struct workload_outcome outcome = drive_run(&workload, "threads", 4);
    assert_in_range(outcome.errors, 1, 3);
    for (uint64_t i = 0; i < 4; i++)
        if (drive_failure(&workload, i))
            drive_assert_failed(&workload, i, "no connection for 0.001 s", "all 1 are in use");
    workload_close(&workload);
}

/* ---- a server of the case's own ---- */

static void open_own(struct workload *workload, uint64_t tasks, const char *const *params)
{
    drive_open(workload, "postgres", tasks, params);
}

static void server_that_has_no_room_refuses_and_the_rest_goes_on(void **state)
{
    (void)state;
    struct workload workload;
    open_own(&workload, 40,
        DRIVE_PARAMS(in_scratch, "rows=100", "max_connections=2", "connections=8", "latency=5ms"));
    struct workload_outcome outcome = drive_run(&workload, "threads", 8);
    assert_in_range(outcome.ok, 1, 39);
    assert_int_equal(outcome.ok + outcome.errors, 40);
    for (uint64_t i = 0; i < 40; i++)
        if (drive_failure(&workload, i))
            drive_assert_failed(&workload, i, "cannot connect", "too many clients already");
    assert_in_range(read_counts(&workload).most, 1, 2);
    workload_close(&workload);
}

static pid_t victim;

static void kill_victim(int signal)
{
    (void)signal;
    kill(victim, SIGKILL);
}

static void kill_after(pid_t process, unsigned ms)
{
    victim = process;
    sigaction(SIGALRM, &(struct sigaction){.sa_handler = kill_victim}, NULL);
    setitimer(
        ITIMER_REAL, &(struct itimerval){.it_value = {ms / 1000, (long)(ms % 1000) * 1000}}, NULL);
}

/* What the case's own server tells of itself: its process and its segment of shared memory. */
static void read_server(const struct workload *workload, pid_t *process, int *memory)
{
    struct content content;
    char path[PATH_MAX + 32], *line, *rest;
    snprintf(path, sizeof path, "%s/data/postmaster.pid", workload->run.handed);
    read_content(path, &content);
    content.bytes[content.size] = '\0';
    *process = (pid_t)strtol((char *)content.bytes, &rest, 10);
    line = rest;
    for (int i = 0; i < 5 && line; i++)
        line = strchr(line + 1, '\n');
    assert_non_null(line);
    strtoul(line, &rest, 10);
    *memory = (int)strtol(rest, NULL, 10);
}

static void server_killed_half_way_fails_the_rest_and_leaves_nothing(void **state)
{
    (void)state;
    struct workload workload;
    pid_t server;
    int memory;
    struct shmid_ds segment;
    open_own(&workload, 60, DRIVE_PARAMS(in_scratch, "rows=100", "latency=5ms"));
    read_server(&workload, &server, &memory);
    assert_int_equal(shmctl(memory, IPC_STAT, &segment), 0);
    kill_after(server, 100);
    struct workload_outcome outcome = drive_run(&workload, "serial", 1);
    assert_int_equal(outcome.ok + outcome.errors, 60);
    assert_in_range(outcome.errors, 1, 60);
    drive_assert_failed(&workload, 59, "cannot connect to PostgreSQL: ", "");
    workload_close(&workload);
    assert_int_equal(shmctl(memory, IPC_STAT, &segment), -1);
}

/* The server ends all connections when it finds one of its processes killed, and starts anew. */
static void connection_killed_on_the_server_fails_its_task_and_later_ones_connect_anew(void **state)
{
    (void)state;
    struct workload workload;
    open_own(&workload, 2, DRIVE_PARAMS(in_scratch, "rows=100", "latency=300ms"));
    PGconn *own = postgres_connect(NULL, workload.run.handed);
    assert_int_equal(PQstatus(own), CONNECTION_OK);
    kill_after(PQbackendPID(own), 100);
    assert_in_range(drive_run(&workload, "serial", 1).errors, 1, 2);
    drive_assert_failed(&workload, 0, "the select failed", "");
    PQfinish(own);
    uint64_t ok = 0;
    for (int i = 0; i < 100 && ok < 2; i++) { /* until it is back */
        ok = drive_run(&workload, "serial", 1).ok;
        usleep(50000);
    }
    assert_int_equal(ok, 2);
    workload_close(&workload);
}

static void vanished_folder_is_a_cause_and_the_server_ends(void **state)
{
    (void)state;
    struct workload workload;
    pid_t server;
    int memory;
    open_own(&workload, 10, DRIVE_PARAMS(in_scratch, "rows=100", "latency=0"));
    read_server(&workload, &server, &memory);
    assert_int_equal(tempdir_remove(workload.run.handed), 0);
    assert_int_equal(drive_run(&workload, "serial", 1).errors, 10);
    drive_assert_failed(&workload, 9, "cannot connect", "No such file or directory");
    workload_close(&workload);
    assert_int_equal(kill(server, 0), -1);
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *params[3], *cause;
        enum status status;
    } all[] = {
        {{"rows=10", "fetch=11"}, "fetch=11 rows of rows=10", STATUS_USAGE},
        {{"url=host=/nowhere", "max_connections=5"}, "url= does without", STATUS_USAGE},
        {{"url=host=/nowhere"}, "cannot connect to PostgreSQL: No such file", STATUS_FAILED},
        {{"url=postgresql://me:secret@nowhere/data"}, "PGPASSFILE or PGPASSWORD", STATUS_USAGE},
        {{"url=host=nowhere password=secret"}, "PGPASSFILE or PGPASSWORD", STATUS_USAGE},
        {{"url=nonsense=1"}, "invalid connection option", STATUS_FAILED},
        {{"folder=/nowhere"}, "No such file or directory", STATUS_USAGE},
        {{"connections=0"}, "connections", STATUS_USAGE},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct workload workload;
        assert_int_equal(drive_try(&workload, "postgres", 1, all[i].params), all[i].status);
        if (!strstr(drive_why, all[i].cause))
            fail_msg("\"%s\" does not name \"%s\"", drive_why, all[i].cause);
    }
}

static void folder_that_the_server_cannot_use_is_refused(void **state)
{
    (void)state;
    struct workload workload;
    char deep[PATH_MAX + 128], in_deep[PATH_MAX + 160];
    snprintf(deep, sizeof deep, "%s/%0100d", scratch, 0);
    snprintf(in_deep, sizeof in_deep, "folder=%s", deep);
    assert_int_equal(mkdir(deep, 0711), 0);
    assert_int_equal(drive_try(&workload, "postgres", 1, DRIVE_PARAMS(in_deep)), STATUS_FAILED);
    assert_non_null(strstr(drive_why, "too long a path for a Unix socket"));
    assert_int_equal(rmdir(deep), 0);
    if (geteuid() != 0)
        return;
    assert_int_equal(chmod(scratch, 0700), 0);
    assert_int_equal(drive_try(&workload, "postgres", 1, DRIVE_PARAMS(in_scratch)), STATUS_FAILED);
    assert_non_null(strstr(drive_why, "cannot enter"));
}

static int start_server(void **state)
{
    (void)state;
    private_postgres_start(); /* where there is none, the tests are skipped */
    return 0;
}

static int stop_server(void **state)
{
    (void)state;
    private_postgres_stop();
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_test, end_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rows_are_those_of_the_keys_on_every_backend),
        TEST(table_on_a_server_of_others_is_dropped),
        TEST(changed_row_and_a_missing_one_are_errors_of_their_tasks),
        TEST(threads_hand_fewer_connections_to_each_other),
        TEST(processes_never_have_more_connections_open_than_there_are),
        TEST(workers_keep_their_own_where_there_are_enough),
        TEST(task_that_waits_too_long_for_a_connection_fails),
        TEST(server_that_has_no_room_refuses_and_the_rest_goes_on),
        TEST(server_killed_half_way_fails_the_rest_and_leaves_nothing),
        TEST(connection_killed_on_the_server_fails_its_task_and_later_ones_connect_anew),
        TEST(vanished_folder_is_a_cause_and_the_server_ends),
        TEST(what_does_not_fit_is_refused),
        TEST(folder_that_the_server_cannot_use_is_refused),
    };
    return cmocka_run_group_tests_name("case_postgres", tests, start_server, stop_server);
}
