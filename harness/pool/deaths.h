/* Which of a pool's worker processes have died, by their pidfds: one system call for all of them,
 * however many they are.
 *
 * Where there are no pidfds (Linux before 5.3), or no descriptors left for them, a process is not
 * watched, and its owner asks waitpid. A forked worker inherits the descriptors: it calls
 * deaths_close, as the owner does. */
#ifndef POOL_DEATHS_H
#define POOL_DEATHS_H

#include <stdbool.h>
#include <sys/types.h>

struct deaths {
    int epoll; /* -1: nobody is watched */
};

/* Never fails: without descriptors nobody is watched. */
void deaths_open(struct deaths *deaths);
void deaths_close(struct deaths *deaths);

/* Watches process number `index`. Returns a descriptor for deaths_forget, or -1: it is not watched.
 */
int deaths_watch(struct deaths *deaths, unsigned index, pid_t pid);

/* Watches it no more and closes the descriptor; -1 is ignored. */
void deaths_forget(struct deaths *deaths, int pidfd);

/* Sends it a signal: by the descriptor, since the number of one that has died may be another's by
 * now (where SIGCHLD is ignored, nobody keeps it); by the number where there is none (-1). */
void deaths_signal(int pidfd, pid_t pid, int signal);

/* Names one that has died and is still watched; false when there is none. Does not wait. */
bool deaths_next(struct deaths *deaths, unsigned *index);

#endif
