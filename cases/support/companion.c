/* Forking, watching and ending. Signals go by the pidfd, since a companion that is dead may have
 * been waited for by others and its number be somebody else's. */
#include "companion.h"

#include "../../harness/measure/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define NS_PER_MS 1000000u

/* ---- in the companion ---- */

/* What else the program has open, pipes to others among it, would never be at its end. */
static int keep_only(int kept)
{
    const int place = STDERR_FILENO + 1;
    if (kept != place && dup3(kept, place, O_CLOEXEC) < 0)
        _exit(EXIT_FAILURE);
    close_range((unsigned)place + 1, UINT_MAX, 0); /* best effort: needs Linux 5.9 */
    return place;
}

static _Noreturn void become(const struct companion_role *role, int kept, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, role->end_signal);
    if (getppid() != parent)
        _exit(EXIT_FAILURE);
    prctl(PR_SET_NAME, role->name);
    role->run(role->ctx, keep_only(kept));
    _exit(EXIT_SUCCESS);
}

/* ---- in the process that owns it ---- */

/* Forks with every signal blocked: a handler of the program's must not run in the companion. */
int companion_start(struct companion *companion, const struct companion_role *role, int kept)
{
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    fflush(NULL);
    pid_t parent = getpid(), process = fork();
    int code = process < 0 ? errno : 0;
    if (process == 0)
        become(role, kept, parent);
    sigprocmask(SIG_SETMASK, &before, NULL);
    *companion = COMPANION_NONE;
    if (code)
        return code;
    int watch = pidfd_open(process, 0);
    if (watch < 0) {
        code = errno;
        kill(process, SIGKILL);
        while (waitpid(process, NULL, 0) < 0 && errno == EINTR)
            ;
        return code;
    }
    *companion = (struct companion){process, watch};
    return 0;
}

static int read_greeting(int from, void *greeting, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t count = read(from, (char *)greeting + done, size - done);
        if (count == 0)
            return ECANCELED;
        if (count < 0 && errno != EINTR)
            return errno;
        done += count > 0 ? (size_t)count : 0;
    }
    return 0;
}

int companion_start_greeted(
    struct companion *companion, const struct companion_role *role, void *greeting, size_t size)
{
    int ends[2];
    *companion = COMPANION_NONE;
    if (pipe2(ends, O_CLOEXEC))
        return errno;
    int code = companion_start(companion, role, ends[1]);
    close(ends[1]);
    if (!code)
        code = read_greeting(ends[0], greeting, size);
    close(ends[0]);
    if (code)
        companion_end(companion, 0);
    return code;
}

bool companion_is_dead(const struct companion *companion, int ms)
{
    struct pollfd end = {.fd = companion->watch, .events = POLLIN};
    const uint64_t limit = clock_now() + (uint64_t)ms * NS_PER_MS;
    int ready, left = ms;
    while ((ready = poll(&end, 1, left)) < 0 && errno == EINTR) {
        uint64_t now = clock_now();
        left = now < limit ? (int)((limit - now) / NS_PER_MS) + 1 : 0;
    }
    return ready > 0;
}

void companion_end(struct companion *companion, int ms)
{
    if (companion->process < 0)
        return;
    pidfd_send_signal(companion->watch, SIGTERM, NULL, 0); /* fails where it is dead */
    if (!companion_is_dead(companion, ms))
        pidfd_send_signal(companion->watch, SIGKILL, NULL, 0);
    siginfo_t info;
    while (waitid(P_PIDFD, (id_t)companion->watch, &info, WEXITED) && errno == EINTR)
        ;
    close(companion->watch);
    *companion = COMPANION_NONE;
}
