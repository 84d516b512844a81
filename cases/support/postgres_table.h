/* The postgres case's table: rows 0, 1, ... with values that follow from their number. Its name has
 * the random end of the case's folder, for a server that others use too. pkg-config: libpq */
#ifndef SUPPORT_POSTGRES_TABLE_H
#define SUPPORT_POSTGRES_TABLE_H

#include <libpq-fe.h>
#include <stdint.h>

#define POSTGRES_TABLE_SIZE 32 /* a name in quotes: "poolbench_XXXXXX" */

/* The value of a row. Pure. */
int64_t postgres_table_value(uint64_t seed, uint64_t id);

/* Writes the table's name in quotes. Returns name. */
const char *postgres_table_name(const char *folder, char name[POSTGRES_TABLE_SIZE]);

/* Makes the table, (id bigint PRIMARY KEY, value bigint), with so many rows. Returns 0, or a code
 * with a message (task_fail). */
int postgres_table_make(PGconn *connection, const char *folder, uint64_t seed, uint64_t rows);

/* Drops it, as far as the server can still be reached. */
void postgres_table_drop(PGconn *connection, const char *folder);

#endif
