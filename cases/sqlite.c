/* Readers and writers on one SQLite database. pkg-config: sqlite3
 *
 * Every worker has a connection of its own, made in its own process or thread, as SQLite asks for.
 * A reading task sums up a stretch of a table that nobody changes, so that its result is known; a
 * writing task puts its own row into a second table of the same file, which counts how often it was
 * written: regions repeat, and no write may be lost or done twice. The lock is the file's, so that
 * the two tables contend as one would.
 *
 * A statement that finds the database locked waits, which is counted (support/sqlite_connection.h).
 * Some locks SQLite reports at once, because to wait for them would be a
 * deadlock; the task then begins anew, a few times at most. */
#include "case.h"

#include "support/scratch.h"
#include "support/segment.h"
#include "support/sqlite_connection.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_TASKS 200
#define ATTEMPTS 3               /* of a transaction that finds the database locked */
#define PATH_SIZE (PATH_MAX + 8) /* the folder and the file's name */
#define SHOWN_PATH "%.120s"      /* a message has room for so much of a path beside the cause */

/* Counted by all workers from setup on; nobody waits for another's count (relaxed). */
struct counts {
    _Atomic uint64_t begun;     /* writes whose transaction was begun ... */
    _Atomic uint64_t committed; /* ... and committed */
    struct sqlite_waits waits;
};

struct sqlite {
    uint64_t seed;
    uint64_t rows, read; /* of the table that is read; a reading task's */
    double writes;
    uint64_t busy; /* ns */
    bool fsync;
    struct segment segment; /* with the counts */
    struct counts *counts;
    struct scratch scratch;
    char path[PATH_SIZE]; /* of the database */
};

struct sqlite_worker {
    const struct sqlite *sqlite;
    struct sqlite_connection connection;
    sqlite3_stmt *read, *write, *begin, *commit, *rollback;
};

static const struct param sqlite_params[] = {
    {.name = "journal",
        .type = PARAM_CHOICE,
        .value = "wal",
        .choices = "wal|delete",
        .help = "write-ahead log, or the rollback journal, deleted with every commit"},
    {.name = "writes",
        .type = PARAM_REAL,
        .value = "0.1",
        .max = 1,
        .help = "share of tasks, 0 to 1, that write a row; the rest read"},
    {.name = "rows",
        .type = PARAM_COUNT,
        .value = "100k",
        .min = 1,
        .max = 1e8,
        .help = "rows of the table that is read"},
    {.name = "read",
        .type = PARAM_COUNT,
        .value = "10k",
        .min = 1,
        .max = 1e8,
        .help = "rows that a reading task sums up"},
    {.name = "busy",
        .type = PARAM_DURATION,
        .value = "5s",
        .max = 3600e9,
        .help = "how long a statement waits for a lock before it fails"},
    {.name = "fsync",
        .type = PARAM_CHOICE,
        .value = "yes",
        .choices = "yes|no",
        .help = "whether a commit waits for the disk"},
    {.name = "folder",
        .type = PARAM_TEXT,
        .choices = "DIR",
        .help = "where the temporary folder is made; TMPDIR or /tmp by default"},
    {.name = NULL},
};

/* What is known beforehand. */

static bool is_write(const struct sqlite *sqlite, uint64_t index)
{
    return hash_unit(hash_mix(sqlite->seed, index)) < sqlite->writes;
}

/* The value of a row, to be summed up as a whole number below 2^32. */
static uint64_t row_value(const struct sqlite *sqlite, uint64_t id)
{
    return hash_mix(~sqlite->seed, id) >> 32;
}

/* The first row of a reading task's stretch, which lies in the table. */
static uint64_t first_row(const struct sqlite *sqlite, uint64_t index)
{
    return hash_mix(sqlite->seed + 1, index) % (sqlite->rows - sqlite->read + 1);
}

/* What a writing task writes. SQLite's numbers are signed. */
static int64_t written_value(const struct sqlite *sqlite, uint64_t index)
{
    return (int64_t)hash_mix(sqlite->seed + 2, index);
}

/* A connection. */

/* One yet to be opened, whose waits are counted if it is a worker's. */
static struct sqlite_connection describe(const struct sqlite *sqlite, bool counted)
{
    return (struct sqlite_connection){.path = sqlite->path,
        .busy = sqlite->busy,
        .fsync = sqlite->fsync,
        .waits = counted ? &sqlite->counts->waits : NULL};
}

static int prepare(struct sqlite_worker *worker)
{
    const struct {
        sqlite3_stmt **statement;
        const char *text;
    } all[] = {
        {&worker->begin, "BEGIN IMMEDIATE"},
        {&worker->commit, "COMMIT"},
        {&worker->rollback, "ROLLBACK"},
        {&worker->read, "SELECT count(*), sum(value) FROM item WHERE id >= ?1 AND id < ?2"},
        {&worker->write, "INSERT INTO written VALUES (?1, ?2, 1) "
                         "ON CONFLICT (id) DO UPDATE SET times = times + 1"},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (sqlite3_prepare_v3(worker->connection.database, all[i].text, -1,
                SQLITE_PREPARE_PERSISTENT, all[i].statement, NULL) != SQLITE_OK)
            return sqlite_connection_fail(&worker->connection, "read the tables of");
    return 0;
}

static void close_worker(struct sqlite_worker *worker)
{
    sqlite3_stmt *const all[] = {
        worker->begin, worker->commit, worker->rollback, worker->read, worker->write};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        sqlite3_finalize(all[i]);
    sqlite_connection_close(&worker->connection);
    free(worker);
}

static int sqlite_worker_enter(const void *ctx, void **local)
{
    struct sqlite_worker *worker = calloc(1, sizeof *worker);
    if (!worker)
        return task_fail(ENOMEM, "no memory for a connection");
    worker->sqlite = ctx;
    worker->connection = describe(ctx, true);
    int code = sqlite_connection_open(&worker->connection, 0);
    if (!code)
        code = prepare(worker);
    if (code) {
        char message[TASK_MESSAGE_MAX];
        snprintf(message, sizeof message, "%s", task_message(code));
        close_worker(worker);
        return task_fail(code, "%s", message);
    }
    *local = worker;
    return 0;
}

static void sqlite_worker_leave(const void *ctx, void *local)
{
    (void)ctx;
    close_worker(local);
}

/* Setup and teardown. */

static int fill(const struct sqlite *sqlite, sqlite3 *database)
{
    sqlite3_stmt *insert = NULL;
    int code = sqlite3_prepare_v2(database, "INSERT INTO item VALUES (?1, ?2)", -1, &insert, NULL);
    for (uint64_t id = 0; id < sqlite->rows && code == SQLITE_OK; id++) {
        sqlite3_bind_int64(insert, 1, (int64_t)id);
        sqlite3_bind_int64(insert, 2, (int64_t)row_value(sqlite, id));
        sqlite3_step(insert);
        code = sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
    return code;
}

/* All of it is one transaction, in the rollback journal; the journal is the file's from then on. */
static int make_database(const struct sqlite *sqlite, const char *journal)
{
    struct sqlite_connection connection = describe(sqlite, false);
    int code = sqlite_connection_open(&connection, SQLITE_OPEN_CREATE);
    if (code)
        return code;
    sqlite3 *database = connection.database;
    char mode[64];
    snprintf(mode, sizeof mode, "PRAGMA journal_mode=%s", journal);
    if (sqlite3_exec(database,
            "BEGIN; CREATE TABLE item (id INTEGER PRIMARY KEY, value INTEGER NOT NULL);"
            "CREATE TABLE written (id INTEGER PRIMARY KEY, value INTEGER NOT NULL,"
            " times INTEGER NOT NULL)",
            NULL, NULL, NULL) != SQLITE_OK ||
        fill(sqlite, database) != SQLITE_OK ||
        sqlite3_exec(database, "COMMIT", NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_exec(database, mode, NULL, NULL, NULL) != SQLITE_OK)
        code = sqlite_connection_fail(&connection, "make the database");
    sqlite_connection_close(&connection);
    return code;
}

/* That of the process whose setup this one repeats, or a new one. */
static int find_database(struct sqlite *sqlite, struct case_run *run)
{
    int code = scratch_open(&sqlite->scratch, run, "sqlite", param_text(run->params, "folder"));
    if (code)
        return code;
    bool own = !sqlite->scratch.borrowed;
    code = segment_open_in(&sqlite->segment, sqlite->scratch.path, own, sizeof *sqlite->counts);
    if (code)
        return code;
    sqlite->counts = sqlite->segment.memory;
    snprintf(sqlite->path, sizeof sqlite->path, "%s/db", sqlite->scratch.path);
    return own ? make_database(sqlite, param_text(run->params, "journal")) : 0;
}

static void sqlite_teardown(void *ctx)
{
    struct sqlite *sqlite = ctx;
    sqlite3_shutdown();
    segment_close(&sqlite->segment);
    scratch_close(&sqlite->scratch);
    free(sqlite);
}

static int sqlite_setup(struct case_run *run)
{
    struct sqlite *sqlite = calloc(1, sizeof *sqlite);
    if (!sqlite)
        return task_fail(ENOMEM, "out of memory");
    sqlite->seed = run->seed;
    sqlite->rows = param_count(run->params, "rows");
    sqlite->read = param_count(run->params, "read");
    if (sqlite->read > sqlite->rows && !param_given(run->params, "read"))
        sqlite->read = sqlite->rows;
    sqlite->writes = param_real(run->params, "writes");
    sqlite->busy = param_duration(run->params, "busy");
    sqlite->fsync = strcmp(param_text(run->params, "fsync"), "yes") == 0;
    if (sqlite->read > sqlite->rows) {
        int code =
            task_fail(EINVAL, "read=%" PRIu64 " rows of rows=%" PRIu64 ": lower read or raise rows",
                sqlite->read, sqlite->rows);
        free(sqlite);
        return code;
    }
    /* Best effort: its statistics of memory are one lock for all threads. */
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    int code = find_database(sqlite, run);
    if (code) {
        char message[TASK_MESSAGE_MAX];
        snprintf(message, sizeof message, "%s", task_message(code));
        sqlite_teardown(sqlite);
        return task_fail(code, "%s", message);
    }
    if (run->tasks == 0)
        run->tasks = DEFAULT_TASKS;
    run->even = sqlite->writes == 0 || sqlite->writes == 1;
    run->ctx = sqlite;
    return 0;
}

/* A task. */

/* Reads a stretch: its count and sum. Returns SQLite's code. */
static int read_rows(struct sqlite_worker *worker, uint64_t index, int64_t columns[2])
{
    uint64_t first = first_row(worker->sqlite, index);
    sqlite3_bind_int64(worker->read, 1, (int64_t)first);
    sqlite3_bind_int64(worker->read, 2, (int64_t)(first + worker->sqlite->read));
    return sqlite_connection_step(worker->read, columns);
}

static int write_row(struct sqlite_worker *worker, uint64_t index)
{
    sqlite3_bind_int64(worker->write, 1, (int64_t)index);
    sqlite3_bind_int64(worker->write, 2, written_value(worker->sqlite, index));
    int code = sqlite_connection_step(worker->begin, NULL);
    if (code == SQLITE_OK)
        code = sqlite_connection_step(worker->write, NULL);
    if (code == SQLITE_OK)
        code = sqlite_connection_step(worker->commit, NULL);
    return code;
}

/* What is left of a transaction that failed; it may have been rolled back already. */
static void undo(struct sqlite_worker *worker)
{
    if (!sqlite3_get_autocommit(worker->connection.database))
        sqlite_connection_step(worker->rollback, NULL);
}

/* A connection does not notice that its file is gone, and would go on with what has no name. */
static int check_file(const struct sqlite_worker *worker)
{
    int moved = 0;
    sqlite3_file_control(worker->connection.database, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    return moved
               ? task_fail(ENOENT, "the database " SHOWN_PATH " was removed", worker->sqlite->path)
               : 0;
}

static int sqlite_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    const struct sqlite *sqlite = ctx;
    struct sqlite_worker *worker = local;
    int code = check_file(worker);
    if (code)
        return code;
    bool writes = is_write(sqlite, index);
    if (writes)
        atomic_fetch_add_explicit(&sqlite->counts->begun, 1, memory_order_relaxed);
    for (int attempt = 1;; attempt++) {
        int64_t columns[2] = {0, 0};
        int said = writes ? write_row(worker, index) : read_rows(worker, index, columns);
        if (said == SQLITE_OK) {
            result->value = writes ? (uint64_t)written_value(sqlite, index)
                                   : hash_mix((uint64_t)columns[0], (uint64_t)columns[1]);
            if (writes)
                atomic_fetch_add_explicit(&sqlite->counts->committed, 1, memory_order_relaxed);
            return 0;
        }
        bool again = (said & 0xff) == SQLITE_BUSY && attempt < ATTEMPTS;
        if (!again)
            code = sqlite_connection_fail(&worker->connection, writes ? "write to" : "read");
        undo(worker);
        if (!again)
            return code;
    }
}

/* Verification. */

static uint64_t expected_read(const struct sqlite *sqlite, uint64_t index)
{
    uint64_t first = first_row(sqlite, index), sum = 0;
    for (uint64_t id = first; id < first + sqlite->read; id++)
        sum += row_value(sqlite, id);
    return hash_mix(sqlite->read, sum);
}

/* The table's row of a write that was ok must be there and right. */
static int verify_row(const struct sqlite *sqlite, const struct sqlite_connection *connection,
    sqlite3_stmt *find, uint64_t index)
{
    int64_t columns[2] = {0, 0};
    sqlite3_bind_int64(find, 1, (int64_t)index);
    if (sqlite_connection_step(find, columns) != SQLITE_OK)
        return sqlite_connection_fail(connection, "read back");
    if (columns[1] < 1 || columns[0] != written_value(sqlite, index))
        return task_fail(EIO, "task %" PRIu64 ": its row is %s", index,
            columns[1] < 1 ? "not in the database" : "not what it wrote");
    return 0;
}

static int verify_tasks(const struct sqlite *sqlite, const struct case_results *results,
    const struct sqlite_connection *connection, sqlite3_stmt *find)
{
    for (uint64_t i = 0; i < case_tasks(results); i++) {
        if (!case_ok(results, i))
            continue;
        if (is_write(sqlite, i)) {
            int code = verify_row(sqlite, connection, find, i);
            if (code)
                return code;
        } else if (case_result(results, i)->value != expected_read(sqlite, i)) {
            return task_fail(EIO, "task %" PRIu64 ": the rows it read have another sum", i);
        }
    }
    return 0;
}

/* All writes since setup are there, each once: between those known to be committed and those begun,
 * as a task that failed or was killed may have been either. */
static int verify_times(
    const struct sqlite *sqlite, const struct sqlite_connection *connection, sqlite3_stmt *count)
{
    int64_t columns[2] = {0, 0};
    if (sqlite_connection_step(count, columns) != SQLITE_OK)
        return sqlite_connection_fail(connection, "read back");
    uint64_t times = (uint64_t)columns[1];
    uint64_t begun = atomic_load_explicit(&sqlite->counts->begun, memory_order_relaxed);
    uint64_t committed = atomic_load_explicit(&sqlite->counts->committed, memory_order_relaxed);
    if (times >= committed && times <= begun)
        return 0;
    return task_fail(EIO,
        "the database has %" PRIu64 " writes, but %" PRIu64 " were begun and %" PRIu64 " committed",
        times, begun, committed);
}

static int sqlite_verify(const void *ctx, const struct case_results *results)
{
    const struct sqlite *sqlite = ctx;
    sqlite3_stmt *find = NULL, *count = NULL;
    struct sqlite_connection connection = describe(sqlite, false);
    int code = sqlite_connection_open(&connection, 0);
    if (code)
        return code;
    sqlite3 *database = connection.database;
    if (sqlite3_prepare_v2(database, "SELECT value, times FROM written WHERE id = ?1", -1, &find,
            NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(
            database, "SELECT count(*), sum(times) FROM written", -1, &count, NULL) != SQLITE_OK)
        code = sqlite_connection_fail(&connection, "read back");
    if (!code)
        code = verify_tasks(sqlite, results, &connection, find);
    if (!code)
        code = verify_times(sqlite, &connection, count);
    sqlite3_finalize(find);
    sqlite3_finalize(count);
    sqlite_connection_close(&connection);
    return code;
}

static void sqlite_answer(
    const void *ctx, const struct case_results *results, char *text, size_t size)
{
    const struct sqlite *sqlite = ctx;
    uint64_t done[2] = {0, 0}, failed = 0;
    for (uint64_t i = 0; i < case_tasks(results); i++) {
        if (case_ok(results, i))
            done[is_write(sqlite, i)]++;
        else
            failed++;
    }
    uint64_t waits = atomic_load_explicit(&sqlite->counts->waits.waits, memory_order_relaxed);
    uint64_t waited = atomic_load_explicit(&sqlite->counts->waits.waited, memory_order_relaxed);
    snprintf(text, size,
        "%" PRIu64 " reads, %" PRIu64 " writes, %" PRIu64 " failed; since the setup %" PRIu64
        " waits for a lock, %.3g s in all",
        done[0], done[1], failed, waits, (double)waited * 1e-9);
}

const struct bench_case case_sqlite = {
    .name = "sqlite",
    .summary = "readers and writers on one SQLite database, lock waits counted",
    .description =
        "A share of the tasks writes a row in a transaction of its own, the others each sum up a "
        "stretch of a table in the same file. Every worker has its own connection. Readers share "
        "the file and are limited by the CPUs; writers are alone, one at a time, each until the "
        "disk has its commit (fsync=yes). With the write-ahead log (journal=wal) readers go on "
        "beside a writer: expect speedup up to the usable CPUs for few writes, and a flat curve "
        "where the writes alone fill the time, however many workers there are (Amdahl's serial "
        "share). With the rollback journal (journal=delete) a commit needs the whole file and "
        "waits until no reader is left: the curve is flatter and falls sooner. A lock that is "
        "held is asked for again after a pause, 1 ms first and up to 100 ms, so that a wait is "
        "longer than what it waits for: the answer counts waits.",
    .kind = CASE_MIXED,
    .params = sqlite_params,
    .task = sqlite_task,
    .setup = sqlite_setup,
    .teardown = sqlite_teardown,
    .worker_enter = sqlite_worker_enter,
    .worker_leave = sqlite_worker_leave,
    .verify = sqlite_verify,
    .answer = sqlite_answer,
};
