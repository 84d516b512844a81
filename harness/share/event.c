/* An event is one word: how often it was set and cleared, odd while it is set. A waiter that sees
 * any other even number than at first has been let through. */
#include "event.h"

#include "deadline.h"
#include "memory.h"

#include "harness/util/futex.h"

struct event {
    _Atomic uint32_t changes; /* sequentially consistent: what was written before a set is seen
                                 behind the wait */
};

struct event *event_make(void)
{
    return memory_make(sizeof(struct event), false);
}

void event_free(struct event *event)
{
    memory_free(event, sizeof *event);
}

/* Makes the word odd (set) or even. Returns whether it was not. */
static bool change(struct event *event, bool set)
{
    uint32_t changes = event->changes;
    while ((changes & 1) != set)
        if (atomic_compare_exchange_weak(&event->changes, &changes, changes + 1))
            return true;
    return false;
}

void event_set(struct event *event)
{
    if (change(event, true))
        futex_wake(&event->changes, INT_MAX, true);
}

void event_clear(struct event *event)
{
    change(event, false);
}

bool event_is_set(const struct event *event)
{
    return event->changes & 1;
}

int event_wait(struct event *event, double seconds)
{
    uint64_t deadline = deadline_after(seconds);
    uint32_t first = event->changes;
    while ((first & 1) == 0 && event->changes == first) {
        uint64_t left = deadline_left(deadline, DEADLINE_RECHECK_NS);
        if (left == 0)
            return deadline_status(deadline);
        struct timespec timeout = deadline_timespec(left);
        futex_wait(&event->changes, first, &timeout, true);
    }
    return 0;
}
