/* The non-blocking form of a task, for the backend `events`: one thread, a loop that waits for many
 * tasks at once, and as many of them in flight as the pool has workers.
 *
 * A task begins, sets a timer or watches a descriptor, and returns; what the loop calls then goes
 * on with it, and ends it (event_end). Nothing here may block, since that would hold up all others.
 * All of it runs in the pool's one thread, so nothing needs a lock. */
#ifndef POOL_EVENTS_H
#define POOL_EVENTS_H

#include "task.h"

#include <stddef.h>
#include <stdint.h>

struct event_loop;

/* Calls then(data) once, when it is over. It belongs to whoever sets it, who zeroes it before. */
struct event_timer {
    void (*then)(void *data);
    void *data;
    uint64_t due; /* the loop's own: a clock_now, ... */
    size_t place; /* ... and where it stands there; 0: not set */
};

/* Sets it, or sets it anew, to end in so many ns. Returns 0, or ENOMEM with a message. */
int event_timer_set(struct event_loop *loop, struct event_timer *timer, uint64_t ns);
void event_timer_stop(struct event_loop *loop, struct event_timer *timer);

typedef void event_ready(void *data, int fd, uint32_t events);

/* From now on calls ready(data, fd, what is ready) whenever one of the events is (EPOLLIN,
 * EPOLLOUT, both; errors come unasked). Replaces what was watched of fd before; 0: nothing, to be
 * said before fd is closed. Returns 0, or a code with a message. */
int event_watch(struct event_loop *loop, int fd, uint32_t events, event_ready *ready, void *data);

/* A task in flight. */
struct event {
    struct event_loop *loop;
    unsigned worker; /* its place among those in flight: 0 .. workers-1 */
    uint64_t index;
    struct task_result *result;
    struct event_timer timer; /* the task's to use; not set when it begins and when it ends */
    void *data;               /* the task's own */
    /* Called at its end; for whoever stands around the task (measure/tap.h). NULL: nobody. */
    void (*ended)(struct event *event);
    void *around; /* its data */
};

/* Ends the task: 0, or an errno-like code with a message (task_fail). The event is not the task's
 * any more then. */
void event_end(struct event *event, int code);

/* What a case gives. ctx is as everywhere. */
struct event_form {
    /* Makes what all tasks in flight share, at most `most` at once; as worker_enter. NULL: local is
     * NULL. */
    int (*enter)(const void *ctx, struct event_loop *loop, unsigned most, void **local);
    void (*leave)(const void *ctx, struct event_loop *loop, void *local);
    /* Begins task event->index, and sees to it that event_end is called, here or later. */
    void (*begin)(const void *ctx, void *local, struct event *event);
};

#endif
