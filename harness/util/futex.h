/* Sleeping on a word until it changes: thin names over futex(2).
 *
 * shared: the word lies in memory shared between processes. A wake-up may be spurious; callers
 * check the word again. Errors other than "changed", "interrupted" and "timed out" cannot occur
 * with a valid address, so none are reported. */
#ifndef UTIL_FUTEX_H
#define UTIL_FUTEX_H

#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Sleeps while *word == expected, at most `timeout` (NULL: without end). */
static inline void futex_wait(
    _Atomic uint32_t *word, uint32_t expected, const struct timespec *timeout, bool shared)
{
    syscall(SYS_futex, word, shared ? FUTEX_WAIT : FUTEX_WAIT_PRIVATE, expected, timeout, NULL, 0);
}

/* Wakes at most `count` of those who sleep on word. */
static inline void futex_wake(_Atomic uint32_t *word, int count, bool shared)
{
    syscall(SYS_futex, word, shared ? FUTEX_WAKE : FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

#endif
