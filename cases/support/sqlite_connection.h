/* Connections to an SQLite database, which wait for its lock by SQLite's own steps and count it.
 * A connection is one thread's at a time, of the process that opened it. pkg-config: sqlite3 */
#ifndef SUPPORT_SQLITE_CONNECTION_H
#define SUPPORT_SQLITE_CONNECTION_H

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Counted by all connections, in shared memory; nobody waits for another's count (relaxed). */
struct sqlite_waits {
    _Atomic uint64_t waits;  /* statements that found the database locked */
    _Atomic uint64_t waited; /* ns that they slept for it in all */
};

struct sqlite_connection {
    /* given */
    const char *path;
    uint64_t busy;              /* ns that a statement waits at most */
    bool fsync;                 /* a commit waits for the disk */
    struct sqlite_waits *waits; /* NULL: not counted */
    /* its own */
    sqlite3 *database;
    uint64_t waited; /* ns, by the statement that waits now */
};

/* Opens it; flags are SQLITE_OPEN_CREATE or 0. Returns 0, or a code with a message (task_fail),
 * nothing open. */
int sqlite_connection_open(struct sqlite_connection *connection, int flags);

/* Closes it; its statements are to be finalized before. */
void sqlite_connection_close(struct sqlite_connection *connection);

/* Notes what SQLite, and below it the system, says of the connection's last call, as "cannot WHAT
 * PATH: cause" (task_fail), and returns a code for it. */
int sqlite_connection_fail(const struct sqlite_connection *connection, const char *what);

/* Runs a statement that yields at most one row, to its end; the row's first two columns go to
 * `columns`, whole numbers, where that is not NULL. Returns SQLite's code. */
int sqlite_connection_step(sqlite3_stmt *statement, int64_t columns[2]);

#endif
