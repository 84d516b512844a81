/* What the tests of harness/share share: processes that end as told, threads, time. To be included
 * after cmocka.h by one test program each. */
#ifndef UNIT_SHARES_H
#define UNIT_SHARES_H

#include "leftovers.h"
#include "pools.h"

#include "harness/measure/clock.h"
#include "harness/share/memory.h"

#include <sched.h>
#include <signal.h>

/* What is to happen at once is given that long; what must not happen yet is watched that long. */
#define SHARES_PATIENCE 10.0
#define SHARES_MOMENT 0.03

#define SHARES_TEST(test) cmocka_unit_test_setup_teardown(test, leftovers_mark, leftovers_check)

/* A test of several processes, which the thread sanitizer does not follow. */
static inline bool shares_skip_processes(void)
{
    return getenv("POOLBENCH_TSAN") != NULL;
}
#define SHARES_NEEDS_PROCESSES()                                                                   \
    do {                                                                                           \
        if (!shares_skip_processes())                                                              \
            break;                                                                                 \
        print_message("the thread sanitizer does not follow processes\n");                         \
        skip();                                                                                    \
    } while (0)

/* Forks a process that runs `body` and ends with what it returns, or with its parent. */
static inline pid_t shares_fork(int (*body)(void *context), void *context)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    _exit(body(context));
}

/* Waits for it. Returns its exit status, or minus the signal that killed it. */
static inline int shares_reap(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            fail_msg("process %d is not our child", (int)pid);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static inline void shares_kill(pid_t pid)
{
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(shares_reap(pid), -SIGKILL);
}

static inline void shares_sleep(double seconds)
{
    nanosleep(
        &(struct timespec){(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)},
        NULL);
}

/* Waits until a process sleeps in the system, as one does that waits for something. */
static inline void shares_await_sleep(pid_t pid)
{
    char path[64], state = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    for (uint64_t start = clock_now(); state != 'S';) {
        FILE *file = fopen(path, "re");
        if (!file || fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
            state = 0;
        if (file)
            fclose(file);
        if (clock_since(start) > SHARES_PATIENCE)
            fail_msg("process %d does not sleep", (int)pid);
        sched_yield();
    }
}

static inline pthread_t shares_thread(void *(*body)(void *), void *context)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, body, context), 0);
    return thread;
}

/* xorshift64* (Vigna 2016); the state must not be 0. */
static inline uint64_t shares_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 2685821657736338717u;
}

#endif
