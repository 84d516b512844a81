/* Messages through shared memory, and event descriptors to sleep on, as an event loop does: poll,
 * which the partner's death ends as well, and then a read. */
#include "case.h"

#include "support/echo.h"
#include "support/mailbox.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>

/* Who sleeps on it: the worker or the partner. Each has one for both directions, as a side never
 * waits for more than one thing. */
enum { MEMORY, WORKERS, PARTNERS };

static int make_memory_and_events(
    size_t size, int worker[ECHO_FDS], int partner[ECHO_FDS], char *why, size_t room)
{
    (void)why;
    (void)room;
    int code = echo_make_memory(mailbox_size(size), &worker[MEMORY], &partner[MEMORY]);
    for (int i = WORKERS; i <= PARTNERS && !code; i++) {
        partner[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        code = partner[i] < 0 ? errno : echo_share(partner[i], &worker[i]);
    }
    return code;
}

static void sleep_on_event(struct echo_link *link, struct mailbox_way *way, uint32_t full)
{
    int own = link->fds[link->side == ECHO_WORKER ? WORKERS : PARTNERS];
    struct pollfd polls[] = {
        {.fd = own, .events = POLLIN}, {.fd = link->control, .events = POLLIN}};
    eventfd_t count;
    (void)way;
    (void)full;
    if (poll(polls, 2, -1) > 0 && polls[0].revents)
        eventfd_read(own, &count);
}

static void wake_by_event(struct echo_link *link, struct mailbox_way *way)
{
    (void)way;
    eventfd_write(link->fds[link->side == ECHO_WORKER ? PARTNERS : WORKERS], 1);
}

static const struct mailbox_signals signals = {sleep_on_event, wake_by_event};

static int send_bytes(struct echo_link *link, const void *bytes, size_t size)
{
    return mailbox_send(link, &signals, bytes, size);
}

static int receive_bytes(struct echo_link *link, void *bytes, size_t size)
{
    return mailbox_receive(link, &signals, bytes, size);
}

static const struct echo_transport transport = {
    .what = "mailbox with an eventfd",
    .make = make_memory_and_events,
    .open = mailbox_open,
    .close = mailbox_close,
    .send = send_bytes,
    .receive = receive_bytes,
};

static int setup(struct case_run *run)
{
    return echo_setup(run, &transport);
}

const struct bench_case case_ipc_eventfd = {
    .name = "ipc-eventfd",
    .summary =
        "messages to a partner process and back through shared memory, sleeping on an eventfd",
    .description = "Shared memory with room for one message in each direction, copied in and out "
                   "in user space; who waits polls an eventfd and reads it, who has put or taken a "
                   "message writes it." ECHO_DESCRIPTION,
    .setup = setup,
    ECHO_HOOKS,
};
