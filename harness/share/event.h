/* Events between threads and between processes: Python's Event.
 *
 * An event is set or clear. It has no holder, so a process that dies leaves it as it is. Statuses:
 * 0, EAGAIN (a try) or ETIMEDOUT; `seconds` is as in deadline.h: negative for ever, 0 try. One
 * process makes an event and then forks; event_free unmaps it in the calling process only.
 *
 * Hidden from shared libraries: libevent, which Open MPI loads, exports event_set and event_free
 * as well, and would be given ours. */
#ifndef SHARE_EVENT_H
#define SHARE_EVENT_H

#include <stdbool.h>

#pragma GCC visibility push(hidden)

struct event;

/* A clear event in shared memory. Returns NULL with errno (ENOMEM). */
struct event *event_make(void);
void event_free(struct event *event);

/* Sets it and wakes all who wait. No effect on an event that is set. */
void event_set(struct event *event);
void event_clear(struct event *event);
bool event_is_set(const struct event *event);

/* Waits until it is set. Who waits is let through by every set, also one that is cleared at once.
 * Returns 0, EAGAIN or ETIMEDOUT. */
int event_wait(struct event *event, double seconds);

#pragma GCC visibility pop

#endif
