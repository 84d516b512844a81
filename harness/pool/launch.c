/* Starting worker processes and waiting for them. See launch.h. */
#include "launch.h"

#include "../util/own_threads.h"
#include "crew.h"
#include "engine.h"
#include "lifeline.h"
#include "zygote.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int launch_check(const struct processes *processes, char *why, size_t size)
{
    const struct pool *pool = &processes->pool;
    unsigned threads = processes->launch ? 1 : own_threads(1);
    if (threads <= 1)
        return 0;
    if (zygote_is_on())
        return handover_check(pool, why, size);
    snprintf(why, size,
        "%s: this process has %u threads, and a fork takes only one along, with whatever locks the "
        "others hold; start the pool before them, or pool_zygote_start, or use spawn",
        pool->ops->name, threads);
    return EBUSY;
}

/* A pool that the zygote cannot serve does without, as long as there is one thread. */
void launch_prepare(struct processes *processes)
{
    char why[TASK_MESSAGE_MAX];
    struct pool *pool = &processes->pool;
    if (!processes->launch && (!zygote_is_on() || handover_check(pool, why, sizeof why)))
        return;
    processes->handover = handover_make(pool);
    pool->engine->handed_over = processes->handover >= 0;
}

/* ---- starting ---- */

/* Closes first .. last; none are first = 0, last = -1. */
static void close_run(int first, int last)
{
    if (first <= last && close_range((unsigned)first, (unsigned)last, 0)) /* needs Linux 5.9 */
        for (int fd = first; fd <= last; fd++)
            close(fd);
}

/* Those of all workers before this one, which mostly follow each other: run by run. */
static void close_pidfds(const struct processes *processes)
{
    int first = 0, last = -1;
    for (unsigned i = 0; i < processes->count; i++) {
        int fd = processes->all[i].pid > 0 ? processes->all[i].pidfd : -1;
        if (fd < 0)
            continue;
        if (fd != last + 1) {
            close_run(first, last);
            first = fd;
        }
        last = fd;
    }
    close_run(first, last);
}

/* The owner's descriptors are not a worker's. */
static void close_inherited(struct processes *processes)
{
    struct engine *engine = processes->pool.engine;
    const int shared[] = {engine->common_fd, engine->calls_fd, processes->handover};
    deaths_close(&processes->deaths);
    zygote_forget();
    for (size_t i = 0; i < sizeof shared / sizeof *shared; i++)
        if (shared[i] >= 0)
            close(shared[i]);
    engine->common_fd = engine->calls_fd = processes->handover = -1;
    close_pidfds(processes);
}

static _Noreturn void child_main(struct processes *processes, unsigned first, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* it died before the line above */
        _exit(1);
    close_inherited(processes);
    lifeline_join();
    crew_be(processes->pool.engine, first);
}

static int fork_process(struct processes *processes, unsigned first, pid_t *pid)
{
    pid_t parent = getpid();
    fflush(NULL); /* or the worker would write it again */
    *pid = fork();
    if (*pid == 0)
        child_main(processes, first, parent);
    return *pid < 0 ? errno : 0;
}

static int adopt(struct processes *processes, unsigned first, pid_t *pid)
{
    int parts[HANDOVER_PARTS];
    int code = handover_parts(&processes->pool, processes->handover, parts);
    return code ? code : zygote_fork(parts, first, pid);
}

int launch_process(struct processes *processes, unsigned first, struct process *process)
{
    pid_t pid = 0;
    int code;
    bool adopted = !processes->launch && own_threads(UINT_MAX) > 1 && processes->handover >= 0;
    unsigned threads = processes->launch || adopted ? 1 : own_threads(1);
    if (threads > 1)
        return task_fail(EBUSY,
            "this process has now %u threads, beside which it cannot fork; call pool_zygote_start "
            "before the pool, or use spawn",
            threads);
    if (adopted)
        code = adopt(processes, first, &pid);
    else
        code = processes->launch ? processes->launch(processes, first, &pid)
                                 : fork_process(processes, first, &pid);
    if (code && adopted && code == ECHILD)
        return task_fail(code, "the zygote %s", zygote_fate());
    if (code)
        return task_fail(code, "%s", strerror(code));
    *process = (struct process){.pid = pid, .pidfd = -1, .adopted = adopted};
    return 0;
}

/* ---- ending ---- */

bool launch_has_ended(const struct process *process, int *status)
{
    if (process->pid == 0)
        return false;
    if (process->adopted) {
        int ended = zygote_status(process->pid, status);
        if (ended < 0)
            *status = LAUNCH_ZYGOTE_GONE;
        return ended != 0;
    }
    pid_t found = waitpid(process->pid, status, WNOHANG);
    if (found < 0 && errno == ECHILD)
        *status = LAUNCH_UNKNOWN;
    return found == process->pid || (found < 0 && errno == ECHILD);
}

static void wait_for_child(pid_t pid)
{
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

/* The zygote is not to wait, since others may want something of it. */
static void wait_for_adopted(const struct process *process)
{
    int status, ended;
    struct pollfd end = {.fd = process->pidfd, .events = POLLIN};
    while ((ended = zygote_status(process->pid, &status)) == 0)
        poll(&end, 1, process->pidfd >= 0 ? -1 : 1);
    if (ended > 0 || process->pidfd < 0)
        return;
    deaths_signal(process->pidfd, process->pid, SIGKILL); /* should it live on */
    wait_for_child(process->pid); /* the owner's, if it is a subreaper; else there is none */
}

void launch_wait(const struct process *process)
{
    if (process->adopted)
        wait_for_adopted(process);
    else
        wait_for_child(process->pid);
}
