/* The host and how a worker comes by its partner. What a partner does is echo_partner.c's. */
#include "echo_host.h"

#include "../../harness/pool/task.h"
#include "companion.h"
#include "echo_partner.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define STOP_MS 10000 /* how long the host may take to end by itself, on a busy machine too */

struct echo_host {
    struct companion companion;
    char address[ECHO_ADDRESS_MAX];
};

static volatile sig_atomic_t asked_to_stop;

/* ---- the host's process ---- */

static void on_stop(int signal)
{
    (void)signal;
    asked_to_stop = 1;
}

static void on_child(int signal)
{
    (void)signal;
}

/* Ctrl-C is for the parent to answer, whose teardown ends this one. What the host answers stays
 * blocked but while it waits for workers, so that none is missed. */
static void set_signals(void)
{
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGCHLD);
    signal(SIGINT, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
    sigaction(SIGCHLD, &(struct sigaction){.sa_handler = on_child}, NULL);
    sigaction(SIGTERM, &(struct sigaction){.sa_handler = on_stop}, NULL);
    sigprocmask(SIG_SETMASK, &blocked, NULL);
}

/* Buries partners that have ended, at once, for their CPU time to count as this process's. */
static void bury(void)
{
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
}

static bool is_same_user(int socket)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == geteuid();
}

/* A worker that gets no partner, because no process is to be had, sees the socket's end. */
static void serve_worker(int listener, const struct echo_options *options)
{
    pid_t host = getpid();
    int worker = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (worker >= 0 && is_same_user(worker) && fork() == 0) {
        close(listener);
        echo_partner(worker, options, host);
    }
    if (worker >= 0)
        close(worker);
}

static void run_host(void *ctx, int listener)
{
    const struct echo_options *options = ctx;
    setpgid(0, 0); /* a group with the partners, for the end below */
    set_signals();
    sigset_t none;
    sigemptyset(&none);
    while (!asked_to_stop) {
        struct pollfd ready = {.fd = listener, .events = POLLIN};
        if (ppoll(&ready, 1, NULL, &none) > 0)
            serve_worker(listener, options);
        bury();
    }
    kill(0, SIGTERM); /* blocked here */
    while (wait(NULL) > 0 || errno == EINTR)
        ;
}

/* ---- the process that owns the host ---- */

static int open_listener(struct echo_host *host)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct sockaddr *any = (struct sockaddr *)&address;
    socklen_t length = sizeof address;
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0)
        return -1;
    if (bind(listener, any, sizeof(sa_family_t)) == 0 && /* no name: the kernel picks one */
        getsockname(listener, any, &length) == 0 && listen(listener, SOMAXCONN) == 0) {
        size_t size = length - offsetof(struct sockaddr_un, sun_path) - 1;
        snprintf(host->address, sizeof host->address, "%.*s", (int)size, address.sun_path + 1);
        return listener;
    }
    int code = errno;
    close(listener);
    errno = code;
    return -1;
}

static int start(struct echo_host *host, const struct echo_options *options)
{
    struct echo_options own = *options;
    const struct companion_role role = {"pb-echo-host", SIGKILL, run_host, &own};
    int listener = open_listener(host);
    if (listener < 0)
        return errno;
    int code = companion_start(&host->companion, &role, listener);
    close(listener);
    return code;
}

int echo_host_start(struct echo_host **host, const struct echo_options *options)
{
    struct echo_host *made = malloc(sizeof *made);
    if (!made)
        return task_fail(ENOMEM, "cannot start the partners' host: out of memory");
    *made = (struct echo_host){.companion = COMPANION_NONE};
    int code = start(made, options);
    if (code) {
        echo_host_stop(made);
        return task_fail(code, "cannot start the partners' host: %s", strerror(code));
    }
    *host = made;
    return 0;
}

/* By force, where it does not end by itself: its partners are then orphans for a moment. */
void echo_host_stop(struct echo_host *host)
{
    if (host)
        companion_end(&host->companion, STOP_MS);
    free(host);
}

const char *echo_host_address(const struct echo_host *host)
{
    return host->address;
}

/* ---- a worker ---- */

/* A socket to the host, or -1 with errno. */
static int reach_host(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t size = strnlen(name, sizeof address.sun_path - 1);
    memcpy(address.sun_path + 1, name, size);
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + size);
    int control = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    while (control >= 0 && connect(control, (const struct sockaddr *)&address, length)) {
        int code = errno;
        if (code == EINTR)
            continue;
        close(control);
        errno = code;
        return -1;
    }
    return control;
}

static void take_fds(struct msghdr *message, int fds[ECHO_FDS])
{
    struct cmsghdr *part = CMSG_FIRSTHDR(message);
    if (!part || part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
        return;
    size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof *fds;
    memcpy(fds, CMSG_DATA(part), (count < ECHO_FDS ? count : ECHO_FDS) * sizeof *fds);
}

/* Waits for what the partner says first, and takes the descriptors that come with it. Returns 0 or
 * a code with a message. */
static int greet(struct echo_link *link, const char *what)
{
    struct echo_greeting greeting;
    char parts[CMSG_SPACE(sizeof link->fds)] __attribute__((aligned(16)));
    struct iovec bytes = {&greeting, sizeof greeting};
    struct msghdr message = {
        .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = parts, .msg_controllen = sizeof parts};
    ssize_t count;
    do
        count = recvmsg(link->control, &message, MSG_CMSG_CLOEXEC | MSG_WAITALL);
    while (count < 0 && errno == EINTR);
    if (count != sizeof greeting)
        return task_fail(ECONNRESET,
            "cannot get a partner to talk to through a %s: it ended or "
            "could not be forked; free processes (ulimit -u)",
            what);
    if (greeting.code)
        return task_fail(greeting.code, "cannot make a %s: %s", what, greeting.why);
    take_fds(&message, link->fds);
    if (message.msg_flags & MSG_CTRUNC)
        return task_fail(EMFILE, "cannot take a %s: too many open files (ulimit -n)", what);
    return 0;
}

int echo_connect(const char *address, const struct echo_options *options, struct echo_link *link)
{
    const struct echo_transport *transport = options->transport;
    *link = (struct echo_link){.size = options->size, .side = ECHO_WORKER};
    for (int i = 0; i < ECHO_FDS; i++)
        link->fds[i] = -1;
    link->control = reach_host(address);
    if (link->control < 0)
        return task_fail(
            errno, "cannot reach the partners' host: %s; was it killed?", strerror(errno));
    int code = greet(link, transport->what);
    int error = code || !transport->open ? 0 : transport->open(link);
    if (error)
        code = task_fail(error, "cannot open a %s: %s", transport->what, strerror(error));
    if (!code && send(link->control, "", 1, MSG_NOSIGNAL) != 1)
        code = task_fail(EPIPE, "the partner has ended; was it killed?");
    if (code)
        echo_disconnect(options, link);
    return code;
}

void echo_disconnect(const struct echo_options *options, struct echo_link *link)
{
    if (link->memory && options->transport->close)
        options->transport->close(link);
    link->memory = NULL;
    for (int i = 0; i < ECHO_FDS; i++)
        if (link->fds[i] >= 0)
            close(link->fds[i]);
    /* A process that was forked meanwhile may have a copy of the socket, which must not keep the
     * partner alive. */
    shutdown(link->control, SHUT_RDWR);
    close(link->control);
}
