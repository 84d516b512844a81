/* Mutexes between threads and between processes that do not hang where their holder dies: the
 * kernel notices the death, at whatever instruction, and hands the mutex on. */
#ifndef SUPPORT_ROBUST_H
#define SUPPORT_ROBUST_H

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>

/* Makes a mutex in shared memory; nothing is to be undone. recursive: who holds it can take it
 * again, and releases it as often. Returns 0 or errno. */
static inline int robust_init(pthread_mutex_t *mutex, bool recursive)
{
    pthread_mutexattr_t attributes;
    int code = pthread_mutexattr_init(&attributes);
    if (code)
        return code;
    pthread_mutexattr_settype(
        &attributes, recursive ? PTHREAD_MUTEX_RECURSIVE : PTHREAD_MUTEX_NORMAL);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    code = pthread_mutex_init(mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
    return code;
}

/* Takes it. Returns whether its last holder has died with it, so that what it protects may be half
 * changed: mend that, then call robust_mended. Who dies before is told of to the next. */
static inline bool robust_lock(pthread_mutex_t *mutex)
{
    return pthread_mutex_lock(mutex) == EOWNERDEAD;
}

static inline void robust_mended(pthread_mutex_t *mutex)
{
    pthread_mutex_consistent(mutex);
}

static inline void robust_unlock(pthread_mutex_t *mutex)
{
    pthread_mutex_unlock(mutex);
}

#endif
