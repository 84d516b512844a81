/* A private PostgreSQL server: a new cluster in a temporary folder, on a Unix socket there, without
 * any durability and gone with its keeper (keeper.h), in whose process these run.
 *
 * PostgreSQL refuses to run as root: it then runs as the user postgres, or nobody where there is
 * none, who must be able to enter the folder. The client's user is always `poolbench`, whom the
 * server trusts, as only the folder's owner can reach its socket. */
#ifndef SUPPORT_POSTGRES_SERVER_H
#define SUPPORT_POSTGRES_SERVER_H

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#define POSTGRES_SERVER_PORT "5432" /* a part of the socket's name */
#define POSTGRES_SERVER_USER "poolbench"

struct postgres_server {
    uint32_t max_connections; /* what the server takes at once */
    /* its own */
    pid_t process; /* the server or, before it, initdb; 0: none */
    key_t memory;  /* of its System V segment */
    uid_t user;    /* whose that is */
    time_t begun;
};

/* Why no server can be started here, and what to install; NULL where one can. */
const char *postgres_server_missing(void);

/* Makes the cluster in the keeper's folder and starts the server; returns when it takes
 * connections. Returns 0, or a code with a message (task_fail), for postgres_server_end to undo:
 * ENOPKG where the server's programs are missing. */
int postgres_server_begin(struct postgres_server *server, const char *folder);

/* Ends the server, by force if it does not end by itself, with all of its processes and its shared
 * memory. The folder stays. */
void postgres_server_end(struct postgres_server *server);

#endif
