/* See sqlite_connection.h. pkg-config: sqlite3 */
#include "sqlite_connection.h"

#include "../../harness/pool/task.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define NS_PER_MS 1000000u
#define SHOWN_PATH "%.120s" /* a message has room for so much of a path beside the cause */

static int errno_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return EBUSY;
    case SQLITE_FULL:
        return ENOSPC;
    case SQLITE_CANTOPEN:
        return ENOENT;
    case SQLITE_NOMEM:
        return ENOMEM;
    case SQLITE_READONLY:
        return EROFS;
    default:
        return EIO;
    }
}

int sqlite_connection_fail(const struct sqlite_connection *connection, const char *what)
{
    sqlite3 *database = connection->database;
    int code = database ? sqlite3_extended_errcode(database) : SQLITE_NOMEM;
    int cause = database ? sqlite3_system_errno(database) : 0;
    bool system = cause && ((code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN);
    return task_fail(errno_of(code), "cannot %s " SHOWN_PATH ": %s%s%s", what, connection->path,
        database ? sqlite3_errmsg(database) : "out of memory", system ? ": " : "",
        system ? strerror(cause) : "");
}

/* The steps by which SQLite itself waits, in ms. */
static int wait_for_lock(void *local, int count)
{
    static const uint64_t steps[] = {1, 2, 5, 10, 15, 20, 25, 25, 25, 50, 50, 100};
    const int last = sizeof steps / sizeof *steps - 1;
    struct sqlite_connection *connection = local;
    if (count == 0)
        connection->waited = 0;
    uint64_t left = connection->busy - connection->waited;
    uint64_t pause = steps[count < last ? count : last] * NS_PER_MS;
    if (pause > left)
        pause = left;
    if (pause == 0)
        return 0;
    if (count == 0 && connection->waits)
        atomic_fetch_add_explicit(&connection->waits->waits, 1, memory_order_relaxed);
    if (connection->waits)
        atomic_fetch_add_explicit(&connection->waits->waited, pause, memory_order_relaxed);
    connection->waited += pause;
    nanosleep(&(struct timespec){(time_t)(pause / 1000000000u), (long)(pause % 1000000000u)}, NULL);
    return 1;
}

int sqlite_connection_open(struct sqlite_connection *connection, int flags)
{
    int code = sqlite3_open_v2(connection->path, &connection->database,
        flags | SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK) /* first: the very first look into the file may find it locked */
        code = sqlite3_busy_handler(connection->database, wait_for_lock, connection);
    if (code == SQLITE_OK)
        code = sqlite3_exec(connection->database,
            connection->fsync ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=OFF", NULL, NULL,
            NULL);
    if (code == SQLITE_OK)
        return 0;
    code = sqlite_connection_fail(connection, "open the database");
    sqlite_connection_close(connection);
    return code;
}

void sqlite_connection_close(struct sqlite_connection *connection)
{
    sqlite3_close(connection->database);
    connection->database = NULL;
}

/* As Python's module does it, SQLite's whole call counts as waiting, its computing too. */
static int step_row(sqlite3_stmt *statement)
{
    blocking_begin();
    int code = sqlite3_step(statement);
    blocking_end();
    return code;
}

int sqlite_connection_step(sqlite3_stmt *statement, int64_t columns[2])
{
    int code = step_row(statement);
    if (code == SQLITE_ROW && columns) {
        columns[0] = sqlite3_column_int64(statement, 0);
        columns[1] = sqlite3_column_int64(statement, 1);
    }
    return sqlite3_reset(statement);
}
