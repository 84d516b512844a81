/* A partner waits without end for messages, since its worker's death ends it: the kernel sends it
 * SIGIO, which kills, when the control socket is at its end. */
#include "echo_partner.h"

#include "../../harness/util/hash.h"
#include "chain.h"
#include "message.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* SIGINT stays ignored, as in the host. */
static void set_apart(pid_t host)
{
    sigset_t none;
    sigemptyset(&none);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != host)
        _exit(EXIT_FAILURE);
    prctl(PR_SET_NAME, "pb-partner");
    signal(SIGTERM, SIG_DFL);
    signal(SIGCHLD, SIG_DFL);
    signal(SIGIO, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Sends the greeting, with the descriptors if there are any, and closes them. */
static void greet(int control, const struct echo_greeting *greeting, int fds[ECHO_FDS])
{
    char parts[CMSG_SPACE(sizeof(int[ECHO_FDS]))] __attribute__((aligned(16))) = {0};
    struct iovec bytes = {(void *)greeting, sizeof *greeting};
    struct msghdr message = {.msg_iov = &bytes, .msg_iovlen = 1};
    size_t count = 0;
    while (count < ECHO_FDS && fds[count] >= 0)
        count++;
    if (count > 0 && !greeting->code) {
        message.msg_control = parts;
        message.msg_controllen = CMSG_SPACE(count * sizeof *fds);
        struct cmsghdr *part = CMSG_FIRSTHDR(&message);
        part->cmsg_level = SOL_SOCKET;
        part->cmsg_type = SCM_RIGHTS;
        part->cmsg_len = CMSG_LEN(count * sizeof *fds);
        memcpy(CMSG_DATA(part), fds, count * sizeof *fds);
    }
    if (sendmsg(control, &message, MSG_NOSIGNAL) != sizeof *greeting)
        _exit(EXIT_FAILURE);
    for (size_t i = 0; i < count; i++)
        close(fds[i]);
}

/* Waits until the worker has opened its side, which is the last that it says, and is from then on
 * killed by its end. */
static void bind_to_worker(struct echo_link *link)
{
    char ready;
    if (recv(link->control, &ready, 1, MSG_WAITALL) != 1)
        _exit(EXIT_FAILURE);
    fcntl(link->control, F_SETOWN, getpid());
    fcntl(link->control, F_SETFL, fcntl(link->control, F_GETFL) | O_ASYNC);
    if (echo_deserted(link)) /* before the line above */
        _exit(EXIT_SUCCESS);
}

static int send_back(const struct echo_options *options, struct echo_link *link, void *message)
{
    int code = options->transport->receive(link, message, options->size);
    if (code)
        return code;
    chain_run(1, options->iterations);
    return options->transport->send(link, message, options->size);
}

static int acknowledge(const struct echo_options *options, struct echo_link *link, void *message)
{
    uint64_t hash = 0;
    for (uint64_t i = 0; i < options->messages; i++) {
        int code = options->transport->receive(link, message, options->size);
        if (code)
            return code;
        chain_run(1, options->iterations);
        hash = hash_mix(hash, message_hash(message, options->size));
    }
    _Static_assert(sizeof hash == ECHO_ACKNOWLEDGE, "the hash is the acknowledgement");
    return options->transport->send(link, &hash, sizeof hash);
}

_Noreturn void echo_partner(int control, const struct echo_options *options, pid_t host)
{
    struct echo_link link = {.size = options->size, .side = ECHO_PARTNER, .control = control};
    int fds[ECHO_FDS];
    struct echo_greeting greeting = {0};
    set_apart(host);
    for (int i = 0; i < ECHO_FDS; i++)
        link.fds[i] = fds[i] = -1;
    unsigned char *message = malloc(options->size);
    greeting.code = message ? options->transport->make(
                                  options->size, fds, link.fds, greeting.why, sizeof greeting.why)
                            : ENOMEM;
    if (!greeting.code && options->transport->open)
        greeting.code = options->transport->open(&link);
    if (greeting.code && !*greeting.why)
        snprintf(greeting.why, sizeof greeting.why, "%s", strerror(greeting.code));
    greet(control, &greeting, fds);
    if (greeting.code)
        _exit(EXIT_FAILURE);
    bind_to_worker(&link);
    int code = 0;
    while (!code)
        code = options->oneway ? acknowledge(options, &link, message)
                               : send_back(options, &link, message);
    _exit(EXIT_SUCCESS);
}
