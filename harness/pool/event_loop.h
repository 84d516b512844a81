/* The loop behind events.h: a heap of timers, and the descriptors that are watched. Belongs to one
 * thread. */
#ifndef POOL_EVENT_LOOP_H
#define POOL_EVENT_LOOP_H

#include "events.h"

/* NULL with errno. */
struct event_loop *event_loop_make(void);
void event_loop_free(struct event_loop *loop);

/* Waits until a timer is due or a descriptor ready, and calls what goes with those that are.
 * Returns 0, or a code with a message. */
int event_loop_turn(struct event_loop *loop);

#endif
