/* Connections to a PostgreSQL server through libpq. Safe from any thread, each with a connection of
 * its own. pkg-config: libpq */
#ifndef SUPPORT_POSTGRES_CLIENT_H
#define SUPPORT_POSTGRES_CLIENT_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

/* A connection to the server in that folder, or by a connection string (url, may be NULL), which
 * the caller closes whatever its status. NULL: no memory. */
PGconn *postgres_connect(const char *url, const char *folder);

/* Whether a connection string holds a password; not if it is none that libpq understands. */
bool postgres_url_tells_password(const char *url);

/* Closes a connection and waits until the server has done so too, a second at most: until then it
 * counts it. A PGconn *, or NULL. */
void postgres_disconnect(void *connection);

/* Why the connection's last call failed, in one line. Returns text. */
const char *postgres_cause(const PGconn *connection, char *text, size_t size);

#endif
