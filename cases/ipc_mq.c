/* Messages through a pair of POSIX message queues, one for each direction. A message that is larger
 * than the system lets one be (fs.mqueue.msgsize_max, 8192 bytes unless changed) goes over in
 * pieces. All of a user's queues together have a size limit (RLIMIT_MSGQUEUE): where it leaves no
 * room for the usual number of messages, a queue is made for fewer.
 *
 * A queue loses its name as soon as it is open. Whoever is killed between the two leaves an empty
 * queue behind, of the one name that there is for a user, which the next one removes. */
#include "case.h"

#include "support/echo.h"

#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define USUAL_DEPTH 10
#define USUAL_PIECE 8192
#define TRIES 10000 /* to have a name that others of the user take at the same time */

enum { IN, OUT };

static long read_limit(const char *path, long usual)
{
    long limit;
    FILE *file = fopen(path, "re");
    if (!file || fscanf(file, "%ld", &limit) != 1 || limit > usual)
        limit = usual;
    if (file)
        fclose(file);
    return limit;
}

/* A queue without a name, or -1 with errno. A name that is there already is that of a queue which
 * somebody else has open by now, or nobody's; where it cannot be removed, errno says why. */
static mqd_t open_nameless(struct mq_attr *attributes)
{
    char name[64];
    snprintf(name, sizeof name, "/poolbench-%u", (unsigned)geteuid());
    for (int tries = 0; tries < TRIES; tries++) {
        mqd_t queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600, attributes);
        if (queue < 0 && errno != EEXIST)
            return queue;
        int failed = mq_unlink(name);
        if (queue >= 0)
            return queue;
        if (failed && errno != ENOENT)
            return -1;
    }
    errno = EEXIST;
    return -1;
}

/* With as many messages as there is room for. Returns 0 or errno. */
static int open_deepest(size_t size, int *queue)
{
    long piece = read_limit("/proc/sys/fs/mqueue/msgsize_max", USUAL_PIECE);
    struct mq_attr attributes = {
        .mq_maxmsg = read_limit("/proc/sys/fs/mqueue/msg_max", USUAL_DEPTH),
        .mq_msgsize = size < ECHO_ACKNOWLEDGE ? ECHO_ACKNOWLEDGE
                      : size < (size_t)piece  ? (long)size
                                              : piece};
    do
        *queue = open_nameless(&attributes);
    while (*queue < 0 && errno == EMFILE && (attributes.mq_maxmsg /= 2) > 0);
    return *queue < 0 ? errno : 0;
}

static int make_queues(
    size_t size, int worker[ECHO_FDS], int partner[ECHO_FDS], char *why, size_t room)
{
    int code = open_deepest(size, &partner[IN]);
    if (!code)
        code = echo_share(partner[IN], &worker[OUT]);
    if (!code)
        code = open_deepest(size, &partner[OUT]);
    if (!code)
        code = echo_share(partner[OUT], &worker[IN]);
    if (code == EMFILE)
        snprintf(why, room,
            "no room for another queue, or no descriptor; raise RLIMIT_MSGQUEUE "
            "(ulimit -q), or use fewer workers");
    if (code == ENOSPC)
        snprintf(why, room, "too many queues; raise fs.mqueue.queues_max, or use fewer workers");
    return code;
}

static int open_queues(struct echo_link *link)
{
    struct mq_attr attributes;
    if (mq_getattr(link->fds[IN], &attributes))
        return errno;
    link->piece = (size_t)attributes.mq_msgsize;
    return 0;
}

/* The time at which a wait looks whether the other side is alive. */
static struct timespec next_look(void)
{
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time); /* the one clock that message queues know */
    time.tv_nsec += ECHO_RECHECK_MS * 1000000L;
    time.tv_sec += time.tv_nsec / 1000000000L;
    time.tv_nsec %= 1000000000L;
    return time;
}

/* After a try that failed. Returns 0 to try again, or errno. */
static int look_after(const struct echo_link *link)
{
    if (errno == ETIMEDOUT)
        return echo_deserted(link) ? EPIPE : 0;
    return errno == EINTR ? 0 : errno;
}

static int send_bytes(struct echo_link *link, const void *bytes, size_t size)
{
    const char *from = bytes;
    while (size > 0) {
        size_t piece = size < link->piece ? size : link->piece;
        struct timespec until = next_look();
        if (mq_timedsend(link->fds[OUT], from, piece, 0, &until) == 0) {
            from += piece;
            size -= piece;
            continue;
        }
        int code = look_after(link);
        if (code)
            return code;
    }
    return 0;
}

static int receive_bytes(struct echo_link *link, void *bytes, size_t size)
{
    char *to = bytes;
    char last[USUAL_PIECE]; /* a queue takes no buffer that is smaller than its messages may be */
    while (size > 0) {
        bool fits = size >= link->piece;
        struct timespec until = next_look();
        ssize_t count = mq_timedreceive(link->fds[IN], fits ? to : last, link->piece, NULL, &until);
        if (count < 0) {
            int code = look_after(link);
            if (code)
                return code;
            continue;
        }
        if ((size_t)count > size)
            return EBADMSG;
        if (!fits)
            memcpy(to, last, (size_t)count);
        to += count;
        size -= (size_t)count;
    }
    return 0;
}

static const struct echo_transport transport = {
    .what = "pair of message queues",
    .make = make_queues,
    .open = open_queues,
    .send = send_bytes,
    .receive = receive_bytes,
};

static int setup(struct case_run *run)
{
    return echo_setup(run, &transport);
}

const struct bench_case case_ipc_mq = {
    .name = "ipc-mq",
    .summary = "messages to a partner process and back through POSIX message queues",
    .description =
        "Two POSIX message queues, one for each direction, of up to ten messages; a message of "
        "more than 8192 bytes (fs.mqueue.msgsize_max) goes over in pieces. The size of all of a "
        "user's queues (RLIMIT_MSGQUEUE) limits the number of workers." ECHO_DESCRIPTION,
    .setup = setup,
    ECHO_HOOKS,
};
