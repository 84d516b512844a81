/* Selects from a PostgreSQL server. pkg-config: libpq
 *
 * How many connections there are and how many workers is two things: the workers share a bounded
 * set of connections (support/connections.h says how processes can), and one that finds all of them
 * in use waits, which is counted. The server is our own (support/postgres_server.h), in the care of
 * a keeper, unless url= names another one; there the case makes a table and nothing else, which the
 * keeper drops.
 *
 * Every row's value follows from its number, so that each task's rows are known. */
#include "case.h"

#include "support/connections.h"
#include "support/keeper.h"
#include "support/postgres_client.h"
#include "support/postgres_server.h"
#include "support/postgres_table.h"
#include "support/segment.h"

#include <errno.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(CASE_HANDED_MAX >= PATH_MAX, "the folder is handed on");

#define DEFAULT_TASKS 100
#define NUMBER_SIZE 64 /* bytes of one as text */
#define SELECT "pick"  /* the prepared statement's name */

struct postgres {
    uint64_t seed;
    uint64_t rows, fetch;
    uint64_t latency, wait; /* ns */
    uint32_t places;        /* connections at most */
    const char *url;        /* NULL: our own server */
    struct postgres_server server;
    struct segment segment; /* with the connections */
    struct connections *connections;
    struct keeper *keeper; /* NULL: server and table are another process's to remove */
    char folder[PATH_MAX];
};

static const struct param postgres_params[] = {
    {.name = "connections",
        .type = PARAM_COUNT,
        .value = "20",
        .min = 1,
        .max = CONNECTIONS_MAX,
        .help = "connections that the workers share, 1 to 1000, opened when needed"},
    {.name = "wait",
        .type = PARAM_DURATION,
        .value = "30s",
        .max = 3600e9,
        .help = "a task that waits longer for a connection has failed"},
    {.name = "latency",
        .type = PARAM_DURATION,
        .value = "4ms",
        .max = 60e9,
        .help = "time that the server sleeps in a select, in whole ms; 0: it does not"},
    {.name = "rows",
        .type = PARAM_COUNT,
        .value = "10k",
        .min = 1,
        .max = 1e7,
        .help = "rows of the table"},
    {.name = "fetch",
        .type = PARAM_COUNT,
        .value = "10",
        .min = 1,
        .max = 1e6,
        .help = "rows that a select gets, by their key"},
    {.name = "max_connections",
        .type = PARAM_COUNT,
        .value = "100",
        .min = 1,
        .max = CONNECTIONS_MAX,
        .help = "connections that the private server takes; it refuses more"},
    {.name = "url",
        .type = PARAM_TEXT,
        .choices = "CONNECTION",
        .help = "a running server (postgresql://user@host/database, or host=... dbname=...), "
                "instead of a private one; a password by PGPASSFILE or PGPASSWORD"},
    {.name = "folder",
        .type = PARAM_TEXT,
        .choices = "DIR",
        .help = "where the temporary folder is made; TMPDIR or /tmp by default"},
    {.name = NULL},
};

/* What is known beforehand. */

static uint64_t first_row(const struct postgres *postgres, uint64_t index)
{
    return hash_mix(postgres->seed + 1, index) % (postgres->rows - postgres->fetch + 1);
}

static uint64_t expected_value(const struct postgres *postgres, uint64_t index)
{
    uint64_t first = first_row(postgres, index), value = 0;
    for (uint64_t id = first; id < first + postgres->fetch; id++)
        value = hash_mix(value, (uint64_t)postgres_table_value(postgres->seed, id));
    return value;
}

/* The keeper's work. */

static int begin(void *ctx, const char *folder)
{
    struct postgres *postgres = ctx;
    char cause[160];
    int code = postgres->url ? 0 : postgres_server_begin(&postgres->server, folder);
    if (code)
        return code;
    PGconn *connection = postgres_connect(postgres->url, folder);
    if (PQstatus(connection) == CONNECTION_OK)
        code = postgres_table_make(connection, folder, postgres->seed, postgres->rows);
    else
        code = task_fail(ECONNREFUSED, "cannot connect to PostgreSQL: %s",
            postgres_cause(connection, cause, sizeof cause));
    postgres_disconnect(connection);
    return code;
}

/* Best effort on a server that is not ours: it may be gone. */
static void end(void *ctx, const char *folder)
{
    struct postgres *postgres = ctx;
    if (!postgres->url) {
        postgres_server_end(&postgres->server);
        return;
    }
    PGconn *connection = postgres_connect(postgres->url, folder);
    postgres_table_drop(connection, folder);
    PQfinish(connection);
}

/* Setup and teardown. */

static int check_params(const struct postgres *postgres, const struct param_values *params)
{
    if (postgres->fetch > postgres->rows)
        return task_fail(EINVAL,
            "fetch=%" PRIu64 " rows of rows=%" PRIu64 ": lower fetch or raise rows",
            postgres->fetch, postgres->rows);
    if (postgres->url && postgres_url_tells_password(postgres->url))
        return task_fail(EINVAL, "url= holds a password, and results keep the parameters; give it "
                                 "by PGPASSFILE or PGPASSWORD");
    if (postgres->url && param_given(params, "max_connections"))
        return task_fail(
            EINVAL, "max_connections= sets up the private server, which url= does without");
    return 0;
}

/* The server and table of the process whose setup this one repeats, or own ones. */
static int find_server(struct postgres *postgres, struct case_run *run)
{
    const struct keeper_work work = {.begin = begin, .end = end, .ctx = postgres};
    bool own = *run->handed == '\0';
    if (own) {
        int code =
            keeper_start(&postgres->keeper, "postgres", param_text(run->params, "folder"), &work);
        if (code)
            return code;
        snprintf(run->handed, sizeof run->handed, "%s", keeper_folder(postgres->keeper));
    }
    snprintf(postgres->folder, sizeof postgres->folder, "%.*s", PATH_MAX - 1, run->handed);
    int code = segment_open_in(&postgres->segment, run->handed, own, sizeof *postgres->connections);
    if (code)
        return code;
    postgres->connections = postgres->segment.memory;
    code = own ? connections_make(postgres->connections, postgres->places) : 0;
    return code ? task_fail(code, "cannot make a lock: %s", strerror(code)) : 0;
}

static void postgres_teardown(void *ctx)
{
    struct postgres *postgres = ctx;
    segment_close(&postgres->segment);
    keeper_stop(postgres->keeper);
    free(postgres);
}

static int postgres_setup(struct case_run *run)
{
    struct postgres *postgres = calloc(1, sizeof *postgres);
    if (!postgres)
        return task_fail(ENOMEM, "out of memory");
    postgres->seed = run->seed;
    postgres->rows = param_count(run->params, "rows");
    postgres->fetch = param_count(run->params, "fetch");
    postgres->latency = param_duration(run->params, "latency");
    postgres->wait = param_duration(run->params, "wait");
    postgres->places = (uint32_t)param_count(run->params, "connections");
    postgres->server.max_connections = (uint32_t)param_count(run->params, "max_connections");
    postgres->url = param_text(run->params, "url");
    int code = check_params(postgres, run->params);
    if (!code)
        code = find_server(postgres, run);
    if (code) {
        char message[TASK_MESSAGE_MAX];
        snprintf(message, sizeof message, "%s", task_message(code));
        postgres_teardown(postgres);
        return task_fail(code, "%s", message);
    }
    if (run->tasks == 0)
        run->tasks = DEFAULT_TASKS;
    run->even = true;
    run->ctx = postgres;
    return 0;
}

/* A worker. */

static int postgres_worker_enter(const void *ctx, void **local)
{
    const struct postgres *postgres = ctx;
    connections_join(postgres->connections);
    *local = NULL;
    return 0;
}

static void postgres_worker_leave(const void *ctx, void *local)
{
    (void)local;
    const struct postgres *postgres = ctx;
    connections_leave(postgres->connections, postgres_disconnect);
}

/* A task. */

/* The statement sleeps once, whatever the number of rows. */
static bool prepare(const struct postgres *postgres, PGconn *connection)
{
    char table[POSTGRES_TABLE_SIZE], text[256];
    snprintf(text, sizeof text,
        postgres->latency
            ? "WITH pause AS MATERIALIZED (SELECT pg_sleep($3::float8)) SELECT id, value FROM %s, "
              "pause WHERE id >= $1::bigint AND id < $2::bigint ORDER BY id"
            : "SELECT id, value FROM %s WHERE id >= $1::bigint AND id < $2::bigint ORDER BY id",
        postgres_table_name(postgres->folder, table));
    PGresult *result = PQprepare(connection, SELECT, text, 0, NULL);
    bool done = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    return done;
}

static int open_connection(const struct postgres *postgres, struct connections_turn *turn)
{
    char cause[160];
    blocking_begin();
    PGconn *connection = postgres_connect(postgres->url, postgres->folder);
    bool ready = PQstatus(connection) == CONNECTION_OK && prepare(postgres, connection);
    blocking_end();
    if (ready) {
        turn->connection = connection;
        connections_count_opened(postgres->connections, turn);
        return 0;
    }
    postgres_cause(connection, cause, sizeof cause);
    postgres_disconnect(connection);
    return task_fail(ECONNREFUSED, "cannot connect to PostgreSQL: %s", cause);
}

/* Reads the result's rows. Returns 0, or a code with a message for one that is not as it should be.
 */
static int read_rows(
    const struct postgres *postgres, uint64_t first, const PGresult *rows, uint64_t *value)
{
    if ((uint64_t)PQntuples(rows) != postgres->fetch)
        return task_fail(EBADMSG, "%d rows instead of %" PRIu64 " from row %" PRIu64 " on",
            PQntuples(rows), postgres->fetch, first);
    for (int i = 0; i < PQntuples(rows); i++) {
        uint64_t id = first + (uint64_t)i;
        int64_t found = strtoll(PQgetvalue(rows, i, 1), NULL, 10);
        if (strtoull(PQgetvalue(rows, i, 0), NULL, 10) != id ||
            found != postgres_table_value(postgres->seed, id))
            return task_fail(EBADMSG, "row %" PRIu64 " is not as it was written", id);
        *value = hash_mix(*value, (uint64_t)found);
    }
    return 0;
}

static int pick(
    const struct postgres *postgres, PGconn *connection, uint64_t index, struct task_result *result)
{
    char first[NUMBER_SIZE], end_row[NUMBER_SIZE], seconds[NUMBER_SIZE], cause[160];
    const char *const values[] = {first, end_row, seconds};
    uint64_t row = first_row(postgres, index);
    snprintf(first, sizeof first, "%" PRIu64, row);
    snprintf(end_row, sizeof end_row, "%" PRIu64, row + postgres->fetch);
    snprintf(seconds, sizeof seconds, "%.9f", (double)postgres->latency * 1e-9);
    blocking_begin();
    PGresult *rows =
        PQexecPrepared(connection, SELECT, postgres->latency ? 3 : 2, values, NULL, NULL, 0);
    blocking_end();
    result->value = 0;
    int code = PQresultStatus(rows) == PGRES_TUPLES_OK
                   ? read_rows(postgres, row, rows, &result->value)
                   : task_fail(PQstatus(connection) == CONNECTION_OK ? EIO : ECONNRESET,
                         "the select failed: %s", postgres_cause(connection, cause, sizeof cause));
    PQclear(rows);
    return code;
}

static int postgres_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)local;
    const struct postgres *postgres = ctx;
    struct connections_turn turn;
    blocking_begin();
    int code = connections_take(postgres->connections, postgres->wait, &turn);
    blocking_end();
    if (code)
        return task_fail(code, "no connection for %g s: all %" PRIu32 " are in use",
            (double)postgres->wait * 1e-9, postgres->places);
    if (!turn.connection)
        code = open_connection(postgres, &turn);
    if (!code)
        code = pick(postgres, turn.connection, index, result);
    if (turn.connection && PQstatus(turn.connection) != CONNECTION_OK) {
        PQfinish(turn.connection);
        turn.connection = NULL;
    }
    blocking_begin();
    connections_give(postgres->connections, &turn, postgres_disconnect);
    blocking_end();
    return code;
}

static int postgres_verify(const void *ctx, const struct case_results *results)
{
    const struct postgres *postgres = ctx;
    for (uint64_t i = 0; i < case_tasks(results); i++)
        if (case_ok(results, i) && case_result(results, i)->value != expected_value(postgres, i))
            return task_fail(EIO, "task %" PRIu64 " got other rows than the table has", i);
    return 0;
}

static void postgres_answer(
    const void *ctx, const struct case_results *results, char *text, size_t size)
{
    const struct postgres *postgres = ctx;
    uint64_t done = 0, tasks = case_tasks(results);
    for (uint64_t i = 0; i < tasks; i++)
        done += case_ok(results, i);
    struct connections_counts counts = connections_counts(postgres->connections);
    snprintf(text, size,
        "%" PRIu64 " selects of %" PRIu64 " rows, %" PRIu64 " failed; since the setup %" PRIu64
        " waits for a connection, %" PRIu64 " opened, at most %" PRIu32 " at once",
        done, postgres->fetch, tasks - done, counts.waits, counts.opened, counts.most);
}

const struct bench_case case_postgres = {
    .name = "postgres",
    .summary = "selects from a PostgreSQL server over a bounded set of connections",
    .description =
        "Each task gets some rows by their key in a select that takes latency on the server, which "
        "is a private one in a temporary folder, or any other by url=. Almost all of it is "
        "waiting, so the speedup follows the number of workers as far as there are connections: "
        "with fewer connections than workers it ends at their number, and workers wait for a "
        "connection, which the answer counts. Threads hand connections to each other; processes "
        "cannot, so that with fewer connections than workers each task opens its own and the "
        "curve ends lower. Connections above what the server takes are refused, and their tasks "
        "fail. With latency=0 client and server share the CPUs, both busy: expect about half of "
        "the usable CPUs' speedup.",
    .kind = CASE_IO,
    .params = postgres_params,
    .task = postgres_task,
    .supported = postgres_server_missing,
    .setup = postgres_setup,
    .teardown = postgres_teardown,
    .worker_enter = postgres_worker_enter,
    .worker_leave = postgres_worker_leave,
    .verify = postgres_verify,
    .answer = postgres_answer,
};
