/* The zygote's side is a loop over one socket: it forks when it is asked to, and tells how a child
 * has ended. It waits for a child only when asked about it, so that until then the owner may signal
 * the pid. It ends with its owner: by the socket's end, PR_SET_PDEATHSIG and the lifeline; and its
 * children with it, by the latter two. See zygote.h. */
#include "zygote.h"

#include "../measure/clock.h"
#include "../util/own_threads.h"
#include "deaths.h"
#include "launch.h"
#include "lifeline.h"
#include "stopped.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long it may take to answer, and how often the owner looks meanwhile whether it was stopped.
 */
#define ANSWER_NS 10000000000u
#define LOOK_MS 20

struct request {
    bool fork;      /* else: how has pid ended? */
    unsigned first; /* worker */
    unsigned parts; /* a bit for each part whose descriptor comes along */
    pid_t pid;
};

struct reply {
    int code; /* fork: errno; else 1: it has ended */
    pid_t pid;
    int status;
};

/* Room for as many descriptors as there may be, aligned as the kernel wants it. */
union control {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(HANDOVER_PARTS * sizeof(int))];
};

static struct zygote {
    pid_t owner, pid;
    int socket, pidfd;
    const char *fate;
} zygote = {.socket = -1, .pidfd = -1};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- the zygote's side ---- */

/* Returns false at the owner's end, or where there is no room for the descriptors. The parts that
 * did not come are -1. */
static bool receive(int socket, struct request *request, int parts[HANDOVER_PARTS])
{
    union control control;
    int came[HANDOVER_PARTS], next = 0;
    struct iovec bytes = {.iov_base = request, .iov_len = sizeof *request};
    struct msghdr message = {.msg_iov = &bytes,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof control};
    ssize_t length;
    while ((length = recvmsg(socket, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR)
        ;
    if (length != sizeof *request || message.msg_flags & MSG_CTRUNC)
        return false;
    const struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header)
        memcpy(came, CMSG_DATA(header), header->cmsg_len - CMSG_LEN(0));
    for (int i = 0; i < HANDOVER_PARTS; i++)
        parts[i] = header && request->parts & 1u << i ? came[next++] : -1;
    return true;
}

static struct reply fork_worker(int socket, const struct request *request,
    const int parts[HANDOVER_PARTS], const struct sigaction *interrupt)
{
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        close(socket);
        sigaction(SIGINT, interrupt, NULL);
        handover_work(parts, request->first, parent);
    }
    struct reply reply = {.code = pid < 0 ? errno : 0, .pid = pid};
    for (int i = 0; i < HANDOVER_PARTS; i++)
        if (parts[i] >= 0)
            close(parts[i]);
    return reply;
}

static struct reply tell_status(pid_t pid)
{
    struct reply reply = {.pid = pid, .status = -1};
    pid_t found = waitpid(pid, &reply.status, WNOHANG);
    reply.code = found == pid || (found < 0 && errno == ECHILD);
    return reply;
}

static _Noreturn void serve(int socket, pid_t owner)
{
    struct request request;
    struct sigaction interrupt; /* a terminal's interrupt is the owner's to see to */
    int parts[HANDOVER_PARTS];
    prctl(PR_SET_NAME, "pb-zygote");
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != owner)
        _exit(1);
    lifeline_join();
    sigaction(SIGINT, &(struct sigaction){.sa_handler = SIG_IGN}, &interrupt);
    while (receive(socket, &request, parts)) {
        struct reply reply = request.fork ? fork_worker(socket, &request, parts, &interrupt)
                                          : tell_status(request.pid);
        if (send(socket, &reply, sizeof reply, MSG_NOSIGNAL) != sizeof reply)
            break;
    }
    _exit(0);
}

/* ---- the owner's side ---- */

static bool is_on(void)
{
    return zygote.socket >= 0 && zygote.owner == getpid();
}

bool zygote_is_on(void)
{
    pthread_mutex_lock(&lock);
    bool on = is_on();
    pthread_mutex_unlock(&lock);
    return on;
}

void zygote_forget(void)
{
    if (zygote.socket >= 0)
        close(zygote.socket);
    if (zygote.pidfd >= 0)
        close(zygote.pidfd);
    zygote.socket = zygote.pidfd = -1;
}

/* Without the lock, which the zygote would have as it is then: there is one thread. */
static int start(void)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
        return errno;
    zygote_forget(); /* a fork has brought the parent's along */
    lifeline_hold();
    fflush(NULL); /* or a worker would write it again */
    pid_t owner = getpid(), pid = fork();
    if (pid == 0) {
        close(ends[0]);
        serve(ends[1], owner);
    }
    int code = pid < 0 ? errno : 0;
    close(ends[1]);
    zygote = (struct zygote){
        .owner = owner,
        .pid = pid,
        .socket = ends[0],
        .pidfd = code ? -1 : (int)syscall(SYS_pidfd_open, pid, 0), /* best effort */
        .fate = "is gone",
    };
    if (!code)
        return 0;
    zygote_forget();
    lifeline_release();
    return code;
}

int pool_zygote_start(char *why, size_t size)
{
    unsigned threads = zygote_is_on() ? 1 : own_threads(1);
    if (threads > 1) {
        snprintf(why, size,
            "a zygote has to be forked while the process has one thread, and this one has %u; call "
            "pool_zygote_start before they are started",
            threads);
        errno = EBUSY;
        return -1;
    }
    int code = zygote_is_on() ? 0 : start();
    if (code)
        snprintf(why, size, "no zygote can be forked: %s", strerror(code));
    errno = code;
    return code ? -1 : 0;
}

/* It is killed, since it may be stopped, and does nothing that lasts. */
static void end(void)
{
    deaths_signal(zygote.pidfd, zygote.pid, SIGKILL);
    zygote_forget();
    while (waitpid(zygote.pid, NULL, 0) < 0 && errno == EINTR)
        ;
    lifeline_release();
}

void pool_zygote_stop(void)
{
    pthread_mutex_lock(&lock);
    if (is_on())
        end();
    pthread_mutex_unlock(&lock);
}

static void add_parts(
    struct msghdr *message, union control *control, struct request *request, const int *parts)
{
    int given[HANDOVER_PARTS];
    size_t count = 0;
    for (int i = 0; i < HANDOVER_PARTS; i++)
        if (parts[i] >= 0) {
            request->parts |= 1u << i;
            given[count++] = parts[i];
        }
    message->msg_control = control;
    message->msg_controllen = CMSG_SPACE(count * sizeof *given);
    struct cmsghdr *header = CMSG_FIRSTHDR(message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(count * sizeof *given);
    memcpy(CMSG_DATA(header), given, count * sizeof *given);
}

/* Returns whether there is a reply: not from a zygote that is stopped or silent, in which case its
 * fate says so. */
static bool wait_for_reply(void)
{
    struct pollfd reply = {.fd = zygote.socket, .events = POLLIN};
    uint64_t begin = clock_now(), ran_at = 0; /* when it was last seen to run, or first looked at */
    while (poll(&reply, 1, LOOK_MS) <= 0) {
        uint64_t now = clock_now();
        if (ran_at == 0 || !stopped_is(zygote.pid))
            ran_at = now;
        if (now - ran_at >= STOPPED_NS)
            zygote.fate = "was stopped, and so killed";
        else if (now - begin >= ANSWER_NS)
            zygote.fate = "has not answered for 10 s, and so was killed";
        else
            continue;
        return false;
    }
    return true;
}

static bool exchange(struct request *request, const int *parts, struct reply *reply)
{
    union control control = {.bytes = {0}};
    struct iovec bytes = {.iov_base = request, .iov_len = sizeof *request};
    struct msghdr message = {.msg_iov = &bytes, .msg_iovlen = 1};
    ssize_t length;
    if (parts)
        add_parts(&message, &control, request, parts);
    if (sendmsg(zygote.socket, &message, MSG_NOSIGNAL) != sizeof *request)
        return false;
    if (!wait_for_reply())
        return false;
    while ((length = recv(zygote.socket, reply, sizeof *reply, 0)) < 0 && errno == EINTR)
        ;
    return length == sizeof *reply;
}

/* Returns false when the zygote is gone, which is seen here and nowhere else. */
static bool ask(struct request request, const int *parts, struct reply *reply)
{
    pthread_mutex_lock(&lock);
    bool told = is_on() && exchange(&request, parts, reply);
    if (!told && is_on())
        end();
    pthread_mutex_unlock(&lock);
    return told;
}

const char *zygote_fate(void)
{
    pthread_mutex_lock(&lock);
    const char *fate = zygote.fate;
    pthread_mutex_unlock(&lock);
    return fate;
}

int zygote_fork(const int parts[HANDOVER_PARTS], unsigned first, pid_t *pid)
{
    struct reply reply;
    if (!ask((struct request){.fork = true, .first = first}, parts, &reply))
        return ECHILD;
    *pid = reply.pid;
    return reply.code;
}

int zygote_status(pid_t pid, int *status)
{
    struct reply reply;
    if (!ask((struct request){.pid = pid}, NULL, &reply))
        return -1;
    *status = reply.status;
    return reply.code;
}
