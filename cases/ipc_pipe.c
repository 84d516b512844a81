/* Messages through a pair of pipes, one for each direction. A pipe holds 64 kB: a larger message
 * goes over in turns of the two sides. */
#include "case.h"

#include "support/echo.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { IN, OUT };

static int make_pipes(
    size_t size, int worker[ECHO_FDS], int partner[ECHO_FDS], char *why, size_t room)
{
    int ends[2];
    (void)size;
    (void)why;
    (void)room;
    if (pipe2(ends, O_CLOEXEC))
        return errno;
    worker[IN] = ends[0];
    partner[OUT] = ends[1];
    if (pipe2(ends, O_CLOEXEC))
        return errno;
    partner[IN] = ends[0];
    worker[OUT] = ends[1];
    return 0;
}

static int send_bytes(struct echo_link *link, const void *bytes, size_t size)
{
    return echo_write(link->fds[OUT], bytes, size);
}

static int receive_bytes(struct echo_link *link, void *bytes, size_t size)
{
    return echo_read(link->fds[IN], bytes, size);
}

static const struct echo_transport transport = {
    .what = "pair of pipes", .make = make_pipes, .send = send_bytes, .receive = receive_bytes};

static int setup(struct case_run *run)
{
    return echo_setup(run, &transport);
}

const struct bench_case case_ipc_pipe = {
    .name = "ipc-pipe",
    .summary = "messages to a partner process and back through a pair of pipes",
    .description = "Two pipes, one for each direction; what is written is copied into the kernel's "
                   "pages and out again, and a pipe holds 64 kB." ECHO_DESCRIPTION,
    .setup = setup,
    ECHO_HOOKS,
};
