/* The lock of a seat is only ever tried: whoever finds it held goes on. */
#include "seats.h"

#include "../case.h"

#include <errno.h>
#include <string.h>

int seats_init(struct seat *seat)
{
    int code = 0;
    for (unsigned i = 0; i < SEATS && !code; i++)
        code = lock_init(&seat[i].taken, LOCK_PLAIN);
    return code ? task_fail(code, "cannot make a lock: %s", strerror(code)) : 0;
}

/* Takes the seat's lock unless somebody who lives has it. Who dies in here is found by the next,
 * and the seat is cleared again. */
static bool take(const struct seats *seats, struct seat *seat)
{
    int code = lock_acquire(&seat->taken, 0);
    if (code == LOCK_OWNER_DEAD && seats->clear)
        seats->clear(seats->owner, seat);
    return code == 0 || code == LOCK_OWNER_DEAD;
}

int seats_enter(const struct seats *seats, void **local)
{
    for (unsigned i = 0; i < SEATS; i++) {
        if (take(seats, &seats->seat[i])) {
            *local = &seats->seat[i];
            return 0;
        }
    }
    return task_fail(EAGAIN, "more than %d workers; this case has no room for more", SEATS);
}

void seats_leave(void *local)
{
    struct seat *seat = local;
    lock_release(&seat->taken);
}

bool seats_vacant(const struct seats *seats, struct seat *seat)
{
    if (!take(seats, seat))
        return false;
    lock_release(&seat->taken);
    return true;
}

struct seats_tasks seats_count(const struct seats *seats)
{
    struct seats_tasks tasks = {0, 0};
    for (unsigned i = 0; i < SEATS; i++) { /* relaxed: see seats_begin; ended is never ahead */
        tasks.ended += atomic_load_explicit(&seats->seat[i].ended, memory_order_relaxed);
        tasks.begun += atomic_load_explicit(&seats->seat[i].begun, memory_order_relaxed);
    }
    return tasks;
}
