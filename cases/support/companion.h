/* A process that is forked to work beside the program, such as a server, and that ends with it,
 * whatever ends the program. It holds none of the program's descriptors but the standard ones, and
 * no handler of the program's ever runs in it. */
#ifndef SUPPORT_COMPANION_H
#define SUPPORT_COMPANION_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct companion {
    pid_t process;
    int watch; /* a pidfd: the process, also where its number has been given to another one */
};

#define COMPANION_NONE ((struct companion){.process = -1, .watch = -1})

struct companion_role {
    const char *name; /* as ps shows it; at most 15 bytes */
    int end_signal;   /* what it gets when its parent ends: SIGKILL, or SIGTERM to undo things */
    /* Its work; it ends when this returns. Called with all signals blocked and dispositions as the
     * program has them. kept: the one descriptor that it has beside the standard ones. */
    void (*run)(void *ctx, int kept);
    void *ctx; /* the process has a copy of all memory, as fork leaves it */
};

/* Forks it. Call it from a process with one thread, in the thread that is not to end before the
 * companion. kept stays open here too. Returns 0, or an errno with nothing left. */
int companion_start(struct companion *companion, const struct companion_role *role, int kept);

/* Forks it with a pipe to write to as what it keeps, and reads the greeting of so many bytes that
 * it must write there. Returns 0, or an errno with nothing left: ECANCELED where it ended without
 * a greeting, as one does that somebody kills. */
int companion_start_greeted(
    struct companion *companion, const struct companion_role *role, void *greeting, size_t size);

/* Whether it has ended, waiting for it at most `ms`; also where its process was waited for
 * elsewhere. */
bool companion_is_dead(const struct companion *companion, int ms);

/* Asks it to end (SIGTERM), kills it (SIGKILL) if it has not within `ms`, and buries it.
 * COMPANION_NONE, which it is afterwards, is allowed. To be called by the process that started it.
 */
void companion_end(struct companion *companion, int ms);

#endif
