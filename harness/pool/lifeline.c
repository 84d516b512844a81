/* The pipe of a process's pools. See lifeline.h. */
#include "lifeline.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static struct {
    pid_t owner;
    unsigned pools;
    int ends[2]; /* read, write; -1: none */
} line = {.ends = {-1, -1}};
static int joined = -1; /* the owner's line, in a worker */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void close_ends(void)
{
    for (int i = 0; i < 2; i++) {
        if (line.ends[i] >= 0)
            close(line.ends[i]);
        line.ends[i] = -1;
    }
}

/* What a fork has brought along is the parent's. */
static void become_owner(void)
{
    close_ends();
    line.owner = getpid();
    line.pools = 0;
}

void lifeline_hold(void)
{
    pthread_mutex_lock(&lock);
    if (line.owner != getpid())
        become_owner();
    if (line.pools++ == 0 && pipe2(line.ends, O_CLOEXEC))
        line.ends[0] = line.ends[1] = -1;
    pthread_mutex_unlock(&lock);
}

void lifeline_release(void)
{
    pthread_mutex_lock(&lock);
    if (--line.pools == 0)
        close_ends();
    pthread_mutex_unlock(&lock);
}

int lifeline_end(void)
{
    return line.ends[0];
}

/* The signal's target belongs to the open file, which forked workers share: each opens its own. */
static int open_own(int fd)
{
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
}

static void arm(int fd)
{
    joined = open_own(fd);
    if (joined < 0 || fcntl(joined, F_SETOWN, getpid()) || fcntl(joined, F_SETSIG, SIGKILL))
        return;
    fcntl(joined, F_SETFL, O_NONBLOCK | O_ASYNC);
    struct pollfd end = {.fd = fd}; /* not the own one, which knows of no writer before it */
    if (poll(&end, 1, 0) == 1 && end.revents & POLLHUP)
        _exit(1); /* it ended before */
}

void lifeline_join(void)
{
    if (joined >= 0) /* of the owner's owner */
        close(joined);
    if (line.ends[1] >= 0)
        close(line.ends[1]);
    line.ends[1] = joined = -1;
    if (line.ends[0] >= 0)
        arm(line.ends[0]);
    become_owner();
}

void lifeline_join_by(int fd)
{
    if (joined >= 0) /* the zygote's, which forked this */
        close(joined);
    arm(fd);
    close(fd);
}
