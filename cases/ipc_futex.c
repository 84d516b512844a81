/* Messages through shared memory, and a futex to sleep on: the least that two processes need which
 * do not spin. */
#include "case.h"

#include "../harness/util/futex.h"
#include "support/echo.h"
#include "support/mailbox.h"

static int make_memory(
    size_t size, int worker[ECHO_FDS], int partner[ECHO_FDS], char *why, size_t room)
{
    (void)why;
    (void)room;
    return echo_make_memory(mailbox_size(size), &worker[0], &partner[0]);
}

static void sleep_on_word(struct echo_link *link, struct mailbox_way *way, uint32_t full)
{
    const struct timespec recheck = {.tv_nsec = ECHO_RECHECK_MS * 1000000L};
    (void)link;
    futex_wait(&way->full, full, &recheck, true);
}

static void wake_on_word(struct echo_link *link, struct mailbox_way *way)
{
    (void)link;
    futex_wake(&way->full, 1, true);
}

static const struct mailbox_signals signals = {sleep_on_word, wake_on_word};

static int send_bytes(struct echo_link *link, const void *bytes, size_t size)
{
    return mailbox_send(link, &signals, bytes, size);
}

static int receive_bytes(struct echo_link *link, void *bytes, size_t size)
{
    return mailbox_receive(link, &signals, bytes, size);
}

static const struct echo_transport transport = {
    .what = "mailbox with a futex",
    .make = make_memory,
    .open = mailbox_open,
    .close = mailbox_close,
    .send = send_bytes,
    .receive = receive_bytes,
};

static int setup(struct case_run *run)
{
    return echo_setup(run, &transport);
}

const struct bench_case case_ipc_futex = {
    .name = "ipc-futex",
    .summary = "messages to a partner process and back through shared memory, sleeping on a futex",
    .description = "Shared memory with room for one message in each direction, copied in and out "
                   "in user space; who waits sleeps on a futex, and only then is there a system "
                   "call." ECHO_DESCRIPTION,
    .setup = setup,
    ECHO_HOOKS,
};
