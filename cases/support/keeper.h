/* A temporary folder, and whatever else must be gone when the program is, in the care of a process
 * of its own: the keeper. It ends when it is stopped or when the process that started it ends,
 * whatever ends that one, SIGKILL included; it then undoes the work that it was given and removes
 * the folder. It leads a session of its own, so that neither a terminal's Ctrl-C nor a signal to
 * the program's group reaches it or what it starts.
 *
 * Where the keeper itself is killed, keeper_stop removes the folder. */
#ifndef SUPPORT_KEEPER_H
#define SUPPORT_KEEPER_H

#include <stdbool.h>
#include <sys/types.h>

/* What the keeper does beside the folder. Both hooks run in its process, with one thread and with
 * SIGTERM and SIGCHLD blocked: see keeper_wait. */
struct keeper_work {
    /* After the folder is made. Returns 0, or a code with a message (task_fail), which keeper_start
     * passes on; `end` is called then too. */
    int (*begin)(void *ctx, const char *folder);
    /* Before the folder is removed. */
    void (*end)(void *ctx, const char *folder);
    void *ctx; /* the keeper's process has a copy, as fork leaves it */
};

struct keeper;

/* Forks the keeper and returns when its work has begun. Call it from a process with one thread, in
 * the thread that is not to end before the keeper. parent and name are as in tempdir_make; work may
 * be NULL. Returns 0 and the keeper, which the caller owns, or a code with a message (task_fail),
 * nothing left: EINVAL for a parent, not NULL, in which no folder can be made. */
int keeper_start(
    struct keeper **keeper, const char *name, const char *parent, const struct keeper_work *work);

/* Ends the keeper and waits until all is undone. To be called by the process that started it. NULL
 * is allowed. */
void keeper_stop(struct keeper *keeper);

/* The folder's path; valid until keeper_stop. */
const char *keeper_folder(const struct keeper *keeper);

/* For the hooks of keeper_work: waits until the child has ended, at most `ms`, and collects it.
 * Returns 0 and its status as of waitpid, ETIMEDOUT, or ECANCELED once the keeper has been asked to
 * end, which `begin` is to do then. */
int keeper_wait(pid_t child, int *status, int ms);

/* For `end`: kills (SIGKILL) and collects all that descends from the keeper. */
void keeper_kill_all(void);

#endif
