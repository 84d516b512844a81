/* clock_nanosleep, by the clock that nobody sets. */
#include "wait.h"

#include "../../harness/pool/task.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#define SECOND 1000000000u /* ns */

static struct timespec deadline_in(uint64_t duration)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t ns = (uint64_t)now.tv_nsec + duration;
    now.tv_sec += (time_t)(ns / SECOND);
    now.tv_nsec = (long)(ns % SECOND);
    return now;
}

int wait_for(uint64_t ns)
{
    struct timespec deadline = deadline_in(ns);
    int error;
    blocking_begin();
    do
        error = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, NULL);
    while (error == EINTR);
    blocking_end();
    return error ? task_fail(error, "clock_nanosleep: %s", strerror(error)) : 0;
}

unsigned long wait_sharply(void)
{
    int slack = prctl(PR_GET_TIMERSLACK);
    prctl(PR_SET_TIMERSLACK, 1UL);
    return slack > 0 ? (unsigned long)slack : 0;
}

void wait_as_before(unsigned long slack)
{
    prctl(PR_SET_TIMERSLACK, slack);
}

int wait_worker_enter(const void *ctx, void **local)
{
    (void)ctx;
    unsigned long *slack = malloc(sizeof *slack);
    if (slack == NULL)
        return task_fail(ENOMEM, "no memory for a worker");
    *slack = wait_sharply();
    *local = slack;
    return 0;
}

void wait_worker_leave(const void *ctx, void *local)
{
    (void)ctx;
    wait_as_before(*(unsigned long *)local);
    free(local);
}
