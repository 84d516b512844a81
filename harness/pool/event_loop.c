/* Timers stand in a binary heap; the earliest one is set as a timerfd, which epoll waits for like
 * for any descriptor, since its own timeouts are in milliseconds and subject to timer slack. */
#include "event_loop.h"

#include "../measure/clock.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* So many descriptors a turn, so that what ends early is not held up by a long list. */
#define READY_MAX 64

/* As `armed`: a timerfd that has expired is ready until it is set anew, or stopped. */
#define EXPIRED UINT64_MAX

struct watched {
    event_ready *ready;
    void *data;
    uint32_t events; /* 0: not watched */
};

struct event_loop {
    int epoll, timerfd;
    uint64_t armed;              /* what the timerfd is set to; 0: not set */
    struct event_timer **timers; /* a heap from 1 on */
    size_t timers_count, timers_room;
    struct watched *watched; /* by descriptor */
    size_t watched_room;
};

struct event_loop *event_loop_make(void)
{
    struct event_loop *loop = calloc(1, sizeof *loop);
    if (!loop)
        return NULL;
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    loop->timerfd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    struct epoll_event wanted = {.events = EPOLLIN, .data.fd = loop->timerfd};
    if (loop->epoll >= 0 && loop->timerfd >= 0 &&
        epoll_ctl(loop->epoll, EPOLL_CTL_ADD, loop->timerfd, &wanted) == 0)
        return loop;
    int error = errno;
    event_loop_free(loop);
    errno = error;
    return NULL;
}

void event_loop_free(struct event_loop *loop)
{
    if (!loop)
        return;
    if (loop->timerfd >= 0)
        close(loop->timerfd);
    if (loop->epoll >= 0)
        close(loop->epoll);
    free(loop->timers);
    free(loop->watched);
    free(loop);
}

/* ---- timers ---- */

static void put(struct event_loop *loop, struct event_timer *timer, size_t place)
{
    loop->timers[place] = timer;
    timer->place = place;
}

/* Moves a timer that may be too early for its place, or too late, to where it belongs. */
static void settle(struct event_loop *loop, struct event_timer *timer, size_t place)
{
    while (place > 1 && timer->due < loop->timers[place / 2]->due) {
        put(loop, loop->timers[place / 2], place);
        place /= 2;
    }
    for (size_t next; (next = 2 * place) <= loop->timers_count; place = next) {
        if (next < loop->timers_count && loop->timers[next + 1]->due < loop->timers[next]->due)
            next++;
        if (timer->due <= loop->timers[next]->due)
            break;
        put(loop, loop->timers[next], place);
    }
    put(loop, timer, place);
}

int event_timer_set(struct event_loop *loop, struct event_timer *timer, uint64_t ns)
{
    if (timer->place == 0 && loop->timers_count + 1 >= loop->timers_room) {
        size_t room = loop->timers_room ? 2 * loop->timers_room : 64;
        struct event_timer **more = realloc(loop->timers, room * sizeof *more);
        if (!more)
            return task_fail(ENOMEM, "no memory for a timer");
        loop->timers = more;
        loop->timers_room = room;
    }
    timer->due = clock_now() + ns;
    settle(loop, timer, timer->place ? timer->place : ++loop->timers_count);
    return 0;
}

void event_timer_stop(struct event_loop *loop, struct event_timer *timer)
{
    size_t place = timer->place;
    if (place == 0)
        return;
    struct event_timer *last = loop->timers[loop->timers_count--];
    timer->place = 0;
    if (last != timer)
        settle(loop, last, place);
}

/* Sets the timerfd to the earliest timer, or stops it where there is none. */
static void arm(struct event_loop *loop)
{
    uint64_t due = loop->timers_count > 0 ? loop->timers[1]->due : 0;
    if (due == loop->armed)
        return;
    const struct itimerspec at = {.it_value = {
                                      .tv_sec = (time_t)(due / 1000000000),
                                      .tv_nsec = (long)(due % 1000000000),
                                  }};
    timerfd_settime(loop->timerfd, TFD_TIMER_ABSTIME, &at, NULL);
    loop->armed = due;
}

/* Those that are set meanwhile, even for at once, have their turn after the descriptors. */
static void call_due(struct event_loop *loop)
{
    uint64_t now = clock_now();
    while (loop->timers_count > 0 && loop->timers[1]->due <= now) {
        struct event_timer *timer = loop->timers[1];
        event_timer_stop(loop, timer);
        timer->then(timer->data);
    }
}

/* ---- descriptors ---- */

/* Makes room for descriptor fd. Returns 0, or -1. */
static int reserve(struct event_loop *loop, size_t fd)
{
    if (fd < loop->watched_room)
        return 0;
    size_t room = fd < 64 ? 128 : 2 * fd;
    struct watched *more = realloc(loop->watched, room * sizeof *more);
    if (!more)
        return -1;
    memset(more + loop->watched_room, 0, (room - loop->watched_room) * sizeof *more);
    loop->watched = more;
    loop->watched_room = room;
    return 0;
}

int event_watch(struct event_loop *loop, int fd, uint32_t events, event_ready *ready, void *data)
{
    if (reserve(loop, (size_t)fd))
        return task_fail(ENOMEM, "no memory to watch descriptor %d", fd);
    struct watched *watched = &loop->watched[fd];
    int what = !events ? EPOLL_CTL_DEL : watched->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    struct epoll_event wanted = {.events = events, .data.fd = fd};
    bool changes = watched->events != events;
    *watched = (struct watched){ready, data, events};
    if (changes && epoll_ctl(loop->epoll, what, fd, &wanted)) {
        watched->events = 0;
        return task_fail(errno, "epoll_ctl: descriptor %d: %s", fd, strerror(errno));
    }
    return 0;
}

/* What an earlier one has done may have ended the watch. */
static void call_ready(struct event_loop *loop, const struct epoll_event *event)
{
    const struct watched watched = loop->watched[event->data.fd];
    if (watched.events)
        watched.ready(watched.data, event->data.fd, event->events);
}

int event_loop_turn(struct event_loop *loop)
{
    struct epoll_event ready[READY_MAX];
    arm(loop);
    int count = epoll_wait(loop->epoll, ready, READY_MAX, -1);
    if (count < 0 && errno != EINTR)
        return task_fail(errno, "epoll_wait: %s", strerror(errno));
    for (int i = 0; i < count; i++) {
        if (ready[i].data.fd != loop->timerfd) {
            call_ready(loop, &ready[i]);
            continue;
        }
        loop->armed = EXPIRED;
        call_due(loop);
    }
    return 0;
}
