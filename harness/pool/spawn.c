/* Worker processes that are the program started anew (Python's "spawn"): posix_spawn of the
 * program's own file, which also works once that was deleted or replaced, with an argument by which
 * pool_worker_main knows that it is in a worker. Nothing of the owner's memory is inherited, nor
 * any descriptor but the standard ones, so it can be done beside threads, with whatever locks they
 * hold. From then on all is as in `processes` (processes.c): deaths, calls, replacement, the end.
 */
#include "handover.h"
#include "processes.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORKER_WORD "--pool-worker-of"
#define PROGRAM "/proc/self/exe"

/* The parts of the handover have these descriptors in a worker: this one and those behind it. */
#define FIRST_FD 3
#define BEHIND_FD (FIRST_FD + HANDOVER_PARTS)

static bool main_was_called; /* written before there can be threads */

/* ---- the owner's side ---- */

/* What the owner ignores stays so, as in a forked worker; not that by which a worker is asked to
 * end, or told of its children. */
static void set_signals(posix_spawnattr_t *attributes)
{
    sigset_t set;
    sigemptyset(&set);
    posix_spawnattr_setsigmask(attributes, &set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGCHLD);
    posix_spawnattr_setsigdefault(attributes, &set);
    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

/* Where none of them is in another's way. A part that there is not gets -1. Returns 0, or errno. */
static int move_up(int parts[HANDOVER_PARTS])
{
    int code = 0;
    for (int i = 0; i < HANDOVER_PARTS; i++) {
        int moved = parts[i] < 0 || code ? -1 : fcntl(parts[i], F_DUPFD_CLOEXEC, BEHIND_FD);
        if (parts[i] >= 0 && moved < 0 && !code)
            code = errno;
        parts[i] = moved;
    }
    return code;
}

static void close_all(const int parts[HANDOVER_PARTS])
{
    for (int i = 0; i < HANDOVER_PARTS; i++)
        if (parts[i] >= 0)
            close(parts[i]);
}

static int give_files(posix_spawn_file_actions_t *actions, const int parts[HANDOVER_PARTS])
{
    int code = 0;
    for (int i = 0; i < HANDOVER_PARTS && !code; i++)
        code = parts[i] >= 0 ? posix_spawn_file_actions_adddup2(actions, parts[i], FIRST_FD + i)
                             : posix_spawn_file_actions_addclose(actions, FIRST_FD + i);
    return code ? code : posix_spawn_file_actions_addclosefrom_np(actions, BEHIND_FD);
}

/* Returns 0 with the new process's pid, or errno. */
static int run_program(const int parts[HANDOVER_PARTS], unsigned first, pid_t *pid)
{
    char name[PATH_MAX] = PROGRAM, number[16], word[] = WORKER_WORD;
    char *const arguments[] = {name, word, number, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    ssize_t length = readlink(PROGRAM, name, sizeof name - 1);
    if (length > 0)
        name[length] = '\0'; /* for the reader of `ps`: it may be gone from there */
    snprintf(number, sizeof number, "%u", first);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    set_signals(&attributes);
    int code = give_files(&actions, parts);
    if (!code)
        code = posix_spawn(pid, PROGRAM, &actions, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return code;
}

static int launch(struct processes *processes, unsigned first, pid_t *pid)
{
    int parts[HANDOVER_PARTS];
    if (processes->handover < 0)
        return EMFILE;
    int code = handover_parts(&processes->pool, processes->handover, parts);
    if (code)
        return code;
    code = move_up(parts);
    if (!code)
        code = run_program(parts, first, pid);
    close_all(parts);
    return code;
}

static int spawn_start(struct pool *pool, char *why, size_t size)
{
    if (!main_was_called) {
        snprintf(why, size,
            "%s: call pool_worker_main(argc, argv) first in main: a worker is this program started "
            "anew, which learns there what it is",
            pool->ops->name);
        return ENOTSUP;
    }
    if (handover_check(pool, why, size))
        return EINVAL;
    ((struct processes *)pool)->launch = launch;
    return processes_start(pool, why, size);
}

/* ---- the worker's side ---- */

static _Noreturn void be_worker(unsigned first)
{
    int parts[HANDOVER_PARTS];
    for (int i = 0; i < HANDOVER_PARTS; i++)
        parts[i] = fcntl(FIRST_FD + i, F_SETFD, FD_CLOEXEC) == 0 ? FIRST_FD + i : -1;
    handover_work(parts, first, 0);
}

void pool_worker_main(int argc, char **argv)
{
    main_was_called = true;
    if (argc == 3 && strcmp(argv[1], WORKER_WORD) == 0)
        be_worker((unsigned)strtoul(argv[2], NULL, 10));
}

const struct pool_ops pool_spawn = {
    .name = "spawn",
    .summary = "processes started by posix_spawn of the program itself; they inherit nothing",
    .supported = pool_unless_tsan,
    PROCESSES_HOOKS,
    .start = spawn_start,
};
