/* The keeper is asked to end by SIGTERM: from keeper_stop, or from the kernel at its parent's death
 * (PR_SET_PDEATHSIG). It is a subreaper, so that what its children leave comes to it, also where
 * that has a session or a user of its own. */
#include "keeper.h"

#include "../../harness/measure/clock.h"
#include "../../harness/pool/task.h"
#include "../../harness/util/tempdir.h"
#include "companion.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define NS_PER_MS 1000000
#define STOP_MS 20000       /* for undoing all; then by force */
#define KILL_MS 5000        /* for the dead to be gone */
#define SHOWN_PATH "%.150s" /* a message has room for so much of a path beside the cause */
#define CHILDREN_SIZE 4096  /* bytes of a list of process ids, read at once */

struct keeper {
    struct companion companion;
    char folder[PATH_MAX];
};

/* What the keeper says when its work has begun, or why it has not. */
struct greeting {
    int code;
    char message[TASK_MESSAGE_MAX];
    char folder[PATH_MAX];
};

/* ---- the keeper's process ---- */

static bool asked_to_end;

/* Waits for SIGTERM or the end of a child, at most `ms` (negative: for ever). */
static void wait_for_signal(int ms)
{
    sigset_t awaited;
    sigemptyset(&awaited);
    sigaddset(&awaited, SIGTERM);
    sigaddset(&awaited, SIGCHLD);
    struct timespec limit = {ms / 1000, (long)(ms % 1000) * NS_PER_MS};
    int number = ms < 0 ? sigwaitinfo(&awaited, NULL) : sigtimedwait(&awaited, NULL, &limit);
    if (number == SIGTERM)
        asked_to_end = true;
}

int keeper_wait(pid_t child, int *status, int ms)
{
    uint64_t end = clock_now() + (uint64_t)ms * NS_PER_MS;
    for (;;) {
        if (waitpid(child, status, WNOHANG) == child)
            return 0;
        if (asked_to_end)
            return ECANCELED;
        uint64_t now = clock_now();
        if (now >= end)
            return ETIMEDOUT;
        wait_for_signal((int)((end - now) / NS_PER_MS) + 1);
    }
}

static void kill_children(void)
{
    char path[64], list[CHILDREN_SIZE];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *children = fopen(path, "re");
    size_t length = children ? fread(list, 1, sizeof list - 1, children) : 0;
    list[length] = '\0';
    for (char *at = list, *end; *at; at = end) {
        pid_t child = (pid_t)strtol(at, &end, 10);
        if (end == at)
            break;
        if (*end == ' ') /* else the number may be cut */
            kill(child, SIGKILL);
    }
    if (children)
        fclose(children);
}

void keeper_kill_all(void)
{
    for (uint64_t end = clock_now() + (uint64_t)KILL_MS * NS_PER_MS; clock_now() < end;) {
        kill_children();
        pid_t ended;
        while ((ended = waitpid(-1, NULL, WNOHANG)) > 0)
            ;
        if (ended < 0)
            return;
        wait_for_signal(1);
    }
}

static int make_folder(struct greeting *greeting, const char *name, const char *parent)
{
    if (tempdir_make(greeting->folder, sizeof greeting->folder, parent, name) == 0)
        return 0;
    int cause = errno;
    return task_fail(parent && cause != ENOSPC ? EINVAL : cause,
        "cannot make the temporary folder " SHOWN_PATH ": %s; %s", greeting->folder,
        strerror(cause), parent ? "try another folder=DIR" : "set TMPDIR to another folder");
}

static void set_signals(void)
{
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGCHLD);
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGTERM, SIG_DFL);
    signal(SIGCHLD, SIG_DFL);
    sigprocmask(SIG_SETMASK, &blocked, NULL);
}

static bool greet(int to, const struct greeting *greeting)
{
    signal(SIGPIPE, SIG_IGN);
    const char *bytes = (const char *)greeting;
    for (size_t done = 0; done < sizeof *greeting;) {
        ssize_t count = write(to, bytes + done, sizeof *greeting - done);
        if (count < 0)
            return false;
        done += (size_t)count;
    }
    return true;
}

/* What the keeper is given, as the process that starts it has it. */
struct duty {
    const char *name, *parent; /* of the folder */
    const struct keeper_work *work;
};

/* Who writes to the folder ends with the program, but maybe a little later than the keeper is told:
 * what is put there meanwhile keeps the folder from going, and is removed with it then. */
static void remove_folder(const char *folder)
{
    const uint64_t end = clock_now() + (uint64_t)KILL_MS * NS_PER_MS;
    while (tempdir_remove(folder) && errno == ENOTEMPTY && clock_now() < end)
        wait_for_signal(1);
}

static void run_keeper(void *ctx, int to)
{
    const struct duty *duty = ctx;
    const struct keeper_work *work = duty->work;
    setsid();
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    set_signals();

    static struct greeting greeting;
    greeting.code = make_folder(&greeting, duty->name, duty->parent);
    bool made = greeting.code == 0;
    if (made && work)
        greeting.code = work->begin(work->ctx, greeting.folder);
    if (greeting.code)
        snprintf(greeting.message, sizeof greeting.message, "%s", task_message(greeting.code));
    if (greet(to, &greeting) && greeting.code == 0)
        while (!asked_to_end)
            wait_for_signal(-1);
    if (made && work)
        work->end(work->ctx, greeting.folder);
    if (made)
        remove_folder(greeting.folder);
}

/* ---- the process that owns the keeper ---- */

void keeper_stop(struct keeper *keeper)
{
    if (!keeper)
        return;
    companion_end(&keeper->companion, STOP_MS);
    tempdir_remove(keeper->folder); /* there only where the keeper was killed */
    free(keeper);
}

int keeper_start(
    struct keeper **keeper, const char *name, const char *parent, const struct keeper_work *work)
{
    struct duty duty = {name, parent, work};
    const struct companion_role role = {"poolbench-keep", SIGTERM, run_keeper, &duty};
    struct greeting greeting;
    struct keeper *made = malloc(sizeof *made);
    if (!made)
        return task_fail(ENOMEM, "out of memory");
    int code = companion_start_greeted(&made->companion, &role, &greeting, sizeof greeting);
    if (code == ECANCELED)
        task_fail(code, "the process that keeps the temporary folder was killed");
    else if (code)
        task_fail(
            code, "cannot start a process that keeps the temporary folder: %s", strerror(code));
    else if (greeting.code)
        companion_end(&made->companion, STOP_MS);
    if (!code && greeting.code)
        code = task_fail(greeting.code, "%s", greeting.message);
    if (code) {
        free(made);
        return code;
    }
    memcpy(made->folder, greeting.folder, sizeof made->folder);
    *keeper = made;
    return 0;
}

const char *keeper_folder(const struct keeper *keeper)
{
    return keeper->folder;
}
