/* Pidfds in one epoll. See deaths.h. */
#include "deaths.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

void deaths_open(struct deaths *deaths)
{
    deaths->epoll = epoll_create1(EPOLL_CLOEXEC);
}

void deaths_close(struct deaths *deaths)
{
    if (deaths->epoll >= 0)
        close(deaths->epoll);
    deaths->epoll = -1;
}

int deaths_watch(struct deaths *deaths, unsigned index, pid_t pid)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = index};
    if (deaths->epoll < 0)
        return -1;
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0); /* closed on exec by itself */
    if (pidfd < 0)
        return -1;
    if (epoll_ctl(deaths->epoll, EPOLL_CTL_ADD, pidfd, &event) == 0)
        return pidfd;
    close(pidfd);
    return -1;
}

/* Closing alone would not do: workers forked since may hold it too. */
void deaths_forget(struct deaths *deaths, int pidfd)
{
    if (pidfd < 0)
        return;
    if (deaths->epoll >= 0)
        epoll_ctl(deaths->epoll, EPOLL_CTL_DEL, pidfd, NULL);
    close(pidfd);
}

void deaths_signal(int pidfd, pid_t pid, int signal)
{
    if (pidfd < 0 || (syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) && errno == ENOSYS))
        kill(pid, signal);
}

bool deaths_next(struct deaths *deaths, unsigned *index)
{
    struct epoll_event event;
    if (deaths->epoll < 0 || epoll_wait(deaths->epoll, &event, 1, 0) != 1)
        return false;
    *index = event.data.u32;
    return true;
}
