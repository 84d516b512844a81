/* A semaphore is one word, changed by one instruction; who finds 0 sleeps on it. */
#include "semaphore.h"

#include "deadline.h"
#include "memory.h"

#include "harness/util/futex.h"

struct semaphore {
    _Atomic uint32_t permits;  /* sequentially consistent: what was done before a release is seen
                                  behind the acquire that it lets through */
    _Atomic uint32_t sleepers; /* those that were killed stay in it: needless wake-ups */
    uint32_t limit;
};

struct semaphore *semaphore_make(uint32_t permits, bool bounded)
{
    struct semaphore *semaphore = memory_make(sizeof *semaphore, false);
    if (!semaphore)
        return NULL;
    semaphore->permits = permits;
    semaphore->limit = bounded ? permits : UINT32_MAX;
    return semaphore;
}

void semaphore_free(struct semaphore *semaphore)
{
    memory_free(semaphore, sizeof *semaphore);
}

static bool take(struct semaphore *semaphore)
{
    uint32_t permits = semaphore->permits;
    while (permits > 0)
        if (atomic_compare_exchange_weak(&semaphore->permits, &permits, permits - 1))
            return true;
    return false;
}

int semaphore_acquire(struct semaphore *semaphore, double seconds)
{
    uint64_t deadline = deadline_after(seconds);
    while (!take(semaphore)) {
        uint64_t left = deadline_left(deadline, DEADLINE_RECHECK_NS);
        if (left == 0)
            return deadline_status(deadline);
        struct timespec timeout = deadline_timespec(left);
        semaphore->sleepers++;
        futex_wait(&semaphore->permits, 0, &timeout, true);
        semaphore->sleepers--;
    }
    return 0;
}

int semaphore_release(struct semaphore *semaphore, uint32_t count)
{
    uint32_t permits = semaphore->permits;
    do {
        if (count > semaphore->limit - permits)
            return SEMAPHORE_TOO_MANY;
    } while (!atomic_compare_exchange_weak(&semaphore->permits, &permits, permits + count));
    if (semaphore->sleepers > 0)
        futex_wake(&semaphore->permits, count < INT_MAX ? (int)count : INT_MAX, true);
    return 0;
}

uint32_t semaphore_value(const struct semaphore *semaphore)
{
    return semaphore->permits;
}
