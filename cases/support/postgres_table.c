/* See postgres_table.h. pkg-config: libpq */
#include "postgres_table.h"

#include "../../harness/pool/task.h"
#include "../../harness/util/hash.h"
#include "postgres_client.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define COPY_SIZE 32768 /* bytes of rows sent at once */
#define ROW_SIZE 64     /* bytes of one: two numbers */

int64_t postgres_table_value(uint64_t seed, uint64_t id)
{
    return (int64_t)hash_mix(seed, id);
}

const char *postgres_table_name(const char *folder, char name[POSTGRES_TABLE_SIZE])
{
    const char *dash = strrchr(folder, '-');
    snprintf(name, POSTGRES_TABLE_SIZE, "\"poolbench_%.16s\"", dash ? dash + 1 : "");
    return name;
}

/* Runs a command without rows. Returns 0, or a code with a message. */
static int command(PGconn *connection, const char *what, const char *text)
{
    char cause[160];
    PGresult *result = PQexec(connection, text);
    ExecStatusType status = PQresultStatus(result);
    PQclear(result);
    if (status == PGRES_COMMAND_OK || status == PGRES_COPY_IN)
        return 0;
    return task_fail(EIO, "cannot %s: %s", what, postgres_cause(connection, cause, sizeof cause));
}

static int send_rows(PGconn *connection, uint64_t seed, uint64_t count)
{
    static char rows[COPY_SIZE];
    size_t length = 0;
    int sent = 1;
    for (uint64_t id = 0; id < count && sent == 1; id++) {
        length += (size_t)snprintf(rows + length, sizeof rows - length,
            "%" PRIu64 "\t%" PRId64 "\n", id, postgres_table_value(seed, id));
        if (length > sizeof rows - ROW_SIZE || id + 1 == count) {
            sent = PQputCopyData(connection, rows, (int)length);
            length = 0;
        }
    }
    if (sent == 1)
        sent = PQputCopyEnd(connection, NULL);
    PGresult *result = sent == 1 ? PQgetResult(connection) : NULL;
    bool done = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    PQclear(PQgetResult(connection)); /* NULL: the command's end */
    char cause[160];
    return done ? 0
                : task_fail(EIO, "cannot fill the table: %s",
                      postgres_cause(connection, cause, sizeof cause));
}

int postgres_table_make(PGconn *connection, const char *folder, uint64_t seed, uint64_t rows)
{
    char table[POSTGRES_TABLE_SIZE], text[256];
    postgres_table_name(folder, table);
    snprintf(
        text, sizeof text, "CREATE TABLE %s (id bigint PRIMARY KEY, value bigint NOT NULL)", table);
    int code = command(connection, "make a table", text);
    snprintf(text, sizeof text, "COPY %s FROM STDIN", table);
    if (!code)
        code = command(connection, "fill the table", text);
    if (!code)
        code = send_rows(connection, seed, rows);
    snprintf(text, sizeof text, "ANALYZE %s", table);
    return code ? code : command(connection, "count the table's rows", text);
}

void postgres_table_drop(PGconn *connection, const char *folder)
{
    char table[POSTGRES_TABLE_SIZE], text[64];
    snprintf(text, sizeof text, "DROP TABLE IF EXISTS %s", postgres_table_name(folder, table));
    PQclear(PQexec(connection, text));
}
