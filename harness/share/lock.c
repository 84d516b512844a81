/* A lock is a robust POSIX mutex: the kernel knows who holds it and hands it on at a death, at
 * whatever instruction. */
#include "lock.h"

#include "deadline.h"
#include "memory.h"

/* The thread sanitizer of gcc 12 and clang 14 does not know pthread_mutex_clocklock. */
#if defined __SANITIZE_THREAD__
#define POLLED 1
#elif defined __has_feature
#if __has_feature(thread_sanitizer)
#define POLLED 1
#endif
#endif
#ifndef POLLED
#define POLLED 0
#endif

int lock_init(struct lock *lock, enum lock_kind kind)
{
    pthread_mutexattr_t attributes;
    int type = kind == LOCK_RECURSIVE ? PTHREAD_MUTEX_RECURSIVE : PTHREAD_MUTEX_ERRORCHECK;
    int code = pthread_mutexattr_init(&attributes);
    if (code)
        return code;
    pthread_mutexattr_settype(&attributes, type);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    code = pthread_mutex_init(&lock->mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
    return code;
}

struct lock *lock_make(enum lock_kind kind)
{
    struct lock *lock = memory_make(sizeof *lock, false);
    int code = lock ? lock_init(lock, kind) : 0;
    if (code) {
        lock_free(lock);
        errno = code;
        return NULL;
    }
    return lock;
}

void lock_free(struct lock *lock)
{
    memory_free(lock, sizeof *lock);
}

static int acquire_until(pthread_mutex_t *mutex, uint64_t deadline)
{
    struct timespec end = deadline_timespec(deadline);
    int code;
    if (!POLLED)
        return pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &end);
    while ((code = pthread_mutex_trylock(mutex)) == EBUSY && deadline_left(deadline, 1) > 0)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    return code == EBUSY ? ETIMEDOUT : code;
}

int lock_acquire(struct lock *lock, double seconds)
{
    uint64_t deadline = deadline_after(seconds);
    int code = deadline == DEADLINE_TRY    ? pthread_mutex_trylock(&lock->mutex)
               : deadline == DEADLINE_NONE ? pthread_mutex_lock(&lock->mutex)
                                           : acquire_until(&lock->mutex, deadline);
    if (code == EOWNERDEAD) /* who dies in turn, whatever it has repaired, is told of again */
        pthread_mutex_consistent(&lock->mutex);
    /* POSIX's words for a try, and for a recursion too deep */
    return code == EBUSY ? LOCK_BUSY : code == EAGAIN ? LOCK_TOO_DEEP : code;
}

int lock_release(struct lock *lock)
{
    return pthread_mutex_unlock(&lock->mutex);
}
