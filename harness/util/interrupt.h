/* Ctrl-C and kill: the first signal stops the current sample and lets the program end in order,
 * the second ends it at once. */
#ifndef UTIL_INTERRUPT_H
#define UTIL_INTERRUPT_H

#include <stdbool.h>
#include <sys/types.h>

/* Handles SIGINT, SIGTERM and SIGHUP from now on. A write to a closed pipe or beyond the limit of
 * file sizes becomes an error of that write, so that the program ends in order there too. Call
 * once, from the main thread. */
void interrupt_install(void);

/* Whether a signal has come. */
bool interrupt_requested(void);

/* Forks a child that a signal kills (SIGKILL), its own children included: it leads a process group
 * of its own, which a terminal's Ctrl-C does not reach. One at a time. In the child the three
 * signals have their default action, and it dies with its parent. Returns as fork does; after a
 * signal it is -1 with EINTR. */
pid_t interrupt_fork(void);

/* The child has been waited for. */
void interrupt_forget(void);

#endif
