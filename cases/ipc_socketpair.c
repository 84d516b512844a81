/* Messages through a pair of connected Unix stream sockets, which carry both directions. */
#include "case.h"

#include "support/echo.h"

#include <errno.h>
#include <sys/socket.h>

static int make_sockets(
    size_t size, int worker[ECHO_FDS], int partner[ECHO_FDS], char *why, size_t room)
{
    int ends[2];
    (void)size;
    (void)why;
    (void)room;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
        return errno;
    worker[0] = ends[0];
    partner[0] = ends[1];
    return 0;
}

static int send_bytes(struct echo_link *link, const void *bytes, size_t size)
{
    return echo_write(link->fds[0], bytes, size);
}

static int receive_bytes(struct echo_link *link, void *bytes, size_t size)
{
    return echo_read(link->fds[0], bytes, size);
}

static const struct echo_transport transport = {
    .what = "socket pair", .make = make_sockets, .send = send_bytes, .receive = receive_bytes};

static int setup(struct case_run *run)
{
    return echo_setup(run, &transport);
}

const struct bench_case case_ipc_socketpair = {
    .name = "ipc-socketpair",
    .summary = "messages to a partner process and back through a Unix socket pair",
    .description = "A pair of connected Unix stream sockets; what is sent is copied into the "
                   "kernel's buffers and out again, about 200 kB at a time." ECHO_DESCRIPTION,
    .setup = setup,
    ECHO_HOOKS,
};
