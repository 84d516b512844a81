/* Signals of the program as a whole. The handler itself kills the current child with all that it
 * has started, so that there is no moment between a check and a wait in which a signal could be
 * missed. */
#include "interrupt.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "status.h"

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
#define SIGNALS (sizeof signals / sizeof *signals)

static volatile sig_atomic_t requested;
static volatile sig_atomic_t child; /* a pid fits: Linux keeps it below 2^22 */

static void on_signal(int number)
{
    (void)number;
    if (child > 0)
        kill(-child, SIGKILL);
    if (requested)
        _exit(STATUS_INTERRUPTED);
    requested = 1;
}

void interrupt_install(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    for (size_t i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

bool interrupt_requested(void)
{
    return requested;
}

static void become_child(pid_t parent)
{
    child = 0;
    setpgid(0, 0);
    for (size_t i = 0; i < SIGNALS; i++)
        signal(signals[i], SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(STATUS_FAILED);
}

pid_t interrupt_fork(void)
{
    sigset_t block, before;
    sigemptyset(&block);
    for (size_t i = 0; i < SIGNALS; i++)
        sigaddset(&block, signals[i]);
    sigprocmask(SIG_BLOCK, &block, &before);
    pid_t parent = getpid(), pid = -1;
    errno = EINTR; /* a signal that came before the child is there to be killed */
    if (!requested)
        pid = fork();
    if (pid == 0)
        become_child(parent);
    if (pid > 0) {
        setpgid(pid, pid); /* best effort, as in the child: whoever comes first */
        child = pid;
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    return pid;
}

void interrupt_forget(void)
{
    child = 0;
}
