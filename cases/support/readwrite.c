/* INSIDE and `broken` are written and then the other read, by who comes in and by who repairs:
 * sequentially consistent, so that one of the two sees the other (Dekker). */
#include "readwrite.h"

#include "../case.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define INSIDE 1 /* a seat's mark */

#define PATIENCE_NS 100000000 /* of who waits, before it looks for the dead */
#define REPAIR_NS 1000000     /* between looks whether all are out */
#define SECOND_NS 1000000000L

static int make_lock(struct read_write *shared)
{
    pthread_rwlockattr_t attributes;
    int code = pthread_rwlockattr_init(&attributes);
    if (!code) {
        pthread_rwlockattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
        code = pthread_rwlock_init(&shared->lock, &attributes);
        pthread_rwlockattr_destroy(&attributes);
    }
    return code ? task_fail(code, "cannot make a read-write lock: %s", strerror(code)) : 0;
}

int read_write_init(struct read_write *shared)
{
    int code = lock_init(&shared->repair, LOCK_PLAIN);
    return code ? task_fail(code, "cannot make a lock: %s", strerror(code)) : make_lock(shared);
}

void read_write_clear(struct read_write *shared, struct seat *seat)
{
    if (atomic_load(&seat->mark)) {
        atomic_store(&shared->broken, true); /* first: who dies between clears it again */
        atomic_store(&seat->mark, 0);
    }
}

static void wait_until_out(const struct seats *seats, struct seat *seat)
{
    while (atomic_load(&seat->mark) && !seats_vacant(seats, seat))
        nanosleep(&(struct timespec){.tv_nsec = REPAIR_NS}, NULL);
}

/* By one worker at a time that is not inside; a second finds nothing to do. Where one dies in here,
 * `broken` tells the next that it was begun and not done. */
static int repair(const struct read_write_view *view)
{
    struct read_write *shared = view->shared;
    int code = 0;
    lock_acquire(&shared->repair, -1);
    if (atomic_load(&shared->broken)) {
        for (unsigned i = 0; i < SEATS; i++)
            wait_until_out(view->seats, &view->seats->seat[i]);
        view->mend(view->owner);
        code = make_lock(shared);
        if (!code)
            atomic_store(&shared->broken, false);
    }
    lock_release(&shared->repair);
    return code;
}

static void look_for_the_dead(const struct seats *seats, const struct seat *own)
{
    for (unsigned i = 0; i < SEATS; i++)
        if (&seats->seat[i] != own && atomic_load(&seats->seat[i].mark))
            seats_vacant(seats, &seats->seat[i]); /* which clears the dead */
}

/* Waits at most as long as its patience lasts. A limit by the clock that can be set: if it is, one
 * wait is longer or shorter. (The thread sanitizer of gcc 12 and clang 14 does not know the
 * functions with another clock.) */
static int acquire_within_patience(pthread_rwlock_t *lock, bool write)
{
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_nsec += PATIENCE_NS;
    if (end.tv_nsec >= SECOND_NS) {
        end.tv_nsec -= SECOND_NS;
        end.tv_sec++;
    }
    blocking_begin();
    int code =
        write ? pthread_rwlock_timedwrlock(lock, &end) : pthread_rwlock_timedrdlock(lock, &end);
    blocking_end();
    return code;
}

int read_write_acquire(const struct read_write_view *view, struct seat *own, bool write)
{
    struct read_write *shared = view->shared;
    pthread_rwlock_t *lock = &shared->lock;
    for (;;) {
        atomic_store(&own->mark, INSIDE);
        if (!atomic_load(&shared->broken)) {
            if ((write ? pthread_rwlock_trywrlock(lock) : pthread_rwlock_tryrdlock(lock)) == 0 ||
                acquire_within_patience(lock, write) == 0)
                return 0;
            look_for_the_dead(view->seats, own);
        }
        atomic_store(&own->mark, 0);
        if (atomic_load(&shared->broken)) {
            blocking_begin();
            int code = repair(view);
            blocking_end();
            if (code)
                return code;
        }
    }
}

void read_write_release(const struct read_write_view *view, struct seat *own)
{
    pthread_rwlock_unlock(&view->shared->lock);
    /* release: who repairs and sees it (sequentially consistent) comes after all done inside */
    atomic_store_explicit(&own->mark, 0, memory_order_release);
}
