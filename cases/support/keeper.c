/* The keeper is asked to end by SIGTERM: from keeper_stop, or from the kernel at its parent's death
 * (PR_SET_PDEATHSIG). It is a subreaper, so that what its children leave comes to it, also where
 * that has a session or a user of its own. */
#include "keeper.h"

#include "../../harness/measure/clock.h"
#include "../../harness/pool/task.h"
#include "../../harness/util/tempdir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
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
    pid_t process;
    int lifeline; /* read end; the keeper holds the write end, by its death the only one */
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
        "cannot make the temporary folder " SHOWN_PATH ": %s; try folder=DIR", greeting->folder,
        strerror(cause));
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

static bool greet(int lifeline, const struct greeting *greeting)
{
    signal(SIGPIPE, SIG_IGN);
    const char *bytes = (const char *)greeting;
    for (size_t done = 0; done < sizeof *greeting;) {
        ssize_t count = write(lifeline, bytes + done, sizeof *greeting - done);
        if (count < 0)
            return false;
        done += (size_t)count;
    }
    return true;
}

/* What else the program has open, pipes to others among it, is not to be held by the keeper. */
static int keep_only(int lifeline)
{
    const int kept = STDERR_FILENO + 1;
    if (lifeline != kept && dup3(lifeline, kept, O_CLOEXEC) < 0)
        return lifeline;
    close_range((unsigned)kept + 1, UINT_MAX, 0);
    return kept;
}

static _Noreturn void run_keeper(const char *name, const char *parent_folder,
    const struct keeper_work *work, int lifeline, pid_t parent)
{
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    prctl(PR_SET_NAME, "poolbench-keep");
    set_signals();
    lifeline = keep_only(lifeline);
    if (getppid() != parent)
        _exit(EXIT_FAILURE);

    static struct greeting greeting;
    greeting.code = make_folder(&greeting, name, parent_folder);
    bool made = greeting.code == 0;
    if (made && work)
        greeting.code = work->begin(work->ctx, greeting.folder);
    if (greeting.code)
        snprintf(greeting.message, sizeof greeting.message, "%s", task_message(greeting.code));
    if (greet(lifeline, &greeting) && greeting.code == 0)
        while (!asked_to_end)
            wait_for_signal(-1);
    if (made && work)
        work->end(work->ctx, greeting.folder);
    if (made)
        tempdir_remove(greeting.folder);
    _exit(EXIT_SUCCESS);
}

/* ---- the process that owns the keeper ---- */

/* Forks with every signal blocked: a handler of the program's must not run in the keeper. */
static int fork_keeper(struct keeper *keeper, const char *name, const char *parent_folder,
    const struct keeper_work *work)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return errno;
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    fflush(NULL);
    pid_t parent = getpid();
    keeper->process = fork();
    int code = errno;
    if (keeper->process == 0) {
        close(ends[0]);
        run_keeper(name, parent_folder, work, ends[1], parent);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    close(ends[1]);
    keeper->lifeline = ends[0];
    return keeper->process < 0 ? code : 0;
}

/* A keeper that ends without a greeting was killed by somebody: ECANCELED. */
static int read_greeting(struct keeper *keeper)
{
    struct greeting greeting;
    for (size_t done = 0; done < sizeof greeting;) {
        ssize_t count = read(keeper->lifeline, (char *)&greeting + done, sizeof greeting - done);
        if (count == 0)
            return task_fail(ECANCELED, "the process that keeps the temporary folder was killed");
        if (count > 0)
            done += (size_t)count;
    }
    memcpy(keeper->folder, greeting.folder, sizeof keeper->folder);
    return greeting.code ? task_fail(greeting.code, "%s", greeting.message) : 0;
}

/* The lifeline's end is the keeper's death, also where its process was waited for elsewhere. */
static bool is_dead(const struct keeper *keeper, int wait_ms)
{
    struct pollfd lifeline = {.fd = keeper->lifeline};
    uint64_t start = clock_now();
    int ready;
    while ((ready = poll(&lifeline, 1, wait_ms)) < 0 && clock_since(start) * 1e3 < wait_ms)
        ;
    return ready > 0;
}

static void end_keeper(const struct keeper *keeper)
{
    kill(keeper->process, SIGTERM);
    if (!is_dead(keeper, STOP_MS))
        kill(keeper->process, SIGKILL);
    while (waitpid(keeper->process, NULL, 0) < 0 && errno == EINTR)
        ;
}

void keeper_stop(struct keeper *keeper)
{
    if (!keeper)
        return;
    if (keeper->process > 0)
        end_keeper(keeper);
    if (keeper->lifeline >= 0)
        close(keeper->lifeline);
    if (*keeper->folder)
        tempdir_remove(keeper->folder);
    free(keeper);
}

int keeper_start(
    struct keeper **keeper, const char *name, const char *parent, const struct keeper_work *work)
{
    struct keeper *made = calloc(1, sizeof *made);
    if (!made)
        return task_fail(ENOMEM, "out of memory");
    made->lifeline = -1;
    int code = fork_keeper(made, name, parent, work);
    if (code)
        code = task_fail(
            code, "cannot start a process that keeps the temporary folder: %s", strerror(code));
    else
        code = read_greeting(made);
    if (code) {
        char message[TASK_MESSAGE_MAX];
        snprintf(message, sizeof message, "%s", task_message(code));
        *made->folder = '\0'; /* gone already */
        keeper_stop(made);
        return task_fail(code, "%s", message);
    }
    *keeper = made;
    return 0;
}

const char *keeper_folder(const struct keeper *keeper)
{
    return keeper->folder;
}
