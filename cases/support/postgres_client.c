/* See postgres_client.h. pkg-config: libpq */
#include "postgres_client.h"

#include "../../harness/util/printable.h"
#include "postgres_server.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define GOODBYE_MS 1000

/* libpq would print what the server says beside results, such as that it goes down. */
static void say_nothing(void *argument, const PGresult *result)
{
    (void)argument;
    (void)result;
}

PGconn *postgres_connect(const char *url, const char *folder)
{
    /* the later ones count: an own timeout in the url, say */
    static const char *const names[] = {"connect_timeout", "application_name", "dbname", NULL};
    static const char *const private[] = {
        "connect_timeout", "application_name", "dbname", "host", "port", "user", "options", NULL};
    const char *const values[] = {"10", "poolbench", url, NULL};
    const char *const own[] = {"10", "poolbench", "postgres", folder, POSTGRES_SERVER_PORT,
        POSTGRES_SERVER_USER, "", NULL};
    PGconn *connection =
        url ? PQconnectdbParams(names, values, 1) : PQconnectdbParams(private, own, 0);
    if (connection)
        PQsetNoticeReceiver(connection, say_nothing, NULL);
    return connection;
}

bool postgres_url_tells_password(const char *url)
{
    bool told = false;
    PQconninfoOption *options = PQconninfoParse(url, NULL);
    for (const PQconninfoOption *option = options; option && option->keyword; option++)
        told |= option->val && (strcmp(option->keyword, "password") == 0 ||
                                   strcmp(option->keyword, "sslpassword") == 0);
    PQconninfoFree(options);
    return told;
}

void postgres_disconnect(void *connection)
{
    PGconn *open = connection;
    int copy = PQstatus(open) == CONNECTION_OK ? fcntl(PQsocket(open), F_DUPFD_CLOEXEC, 0) : -1;
    PQfinish(open); /* says goodbye */
    char rest[256];
    struct pollfd socket = {.fd = copy, .events = POLLIN};
    while (copy >= 0 && poll(&socket, 1, GOODBYE_MS) > 0 &&
           recv(copy, rest, sizeof rest, MSG_DONTWAIT) > 0)
        ;
    if (copy >= 0)
        close(copy);
}

const char *postgres_cause(const PGconn *connection, char *text, size_t size)
{
    const char *said = connection ? PQerrorMessage(connection) : "out of memory";
    const char *failed = strstr(said, " failed: "); /* behind the whole path of the socket */
    const char *cause = failed ? failed + strlen(" failed: ") : said;
    int length = (int)strcspn(cause, "\n");
    snprintf(text, size, "%.*s", length, length ? cause : "no reason given");
    printable_line(text);
    return text;
}
