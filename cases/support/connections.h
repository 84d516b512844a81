/* A bounded set of connections that the workers of all processes share, as pools of connections do
 * it whose size is not the number of workers.
 *
 * A connection belongs to the process that opened it, since its state lies in that process's
 * memory: others can only have its place. So a worker takes a place for each task and gives it back
 * afterwards. Whether the connection in it stays open then depends on who may need it next:
 *
 * - no more workers than places: it stays open, as each worker's own;
 * - all workers are threads of one process: it stays open, and goes from one to the other;
 * - else it is closed, and whoever has the place next opens one of its own: that is what sharing
 *   between processes costs without a broker in between.
 *
 * At no time are more connections open than there are places. A process that dies gives its places
 * back. The set lies in memory that all processes have mapped (segment.h). Thread-safe. */
#ifndef SUPPORT_CONNECTIONS_H
#define SUPPORT_CONNECTIONS_H

#include "../../harness/share/lock.h"

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

#define CONNECTIONS_MAX 1000 /* places */
#define CONNECTIONS_PROCESSES 4096

enum connections_state {
    CONNECTIONS_EMPTY,
    CONNECTIONS_OPENING, /* taken by one who has no connection yet, and may be refused one */
    CONNECTIONS_IDLE,
    CONNECTIONS_BUSY
};

/* A pid alone may be another process's by now. */
struct connections_process {
    pid_t pid;
    uint64_t start; /* clock ticks since boot; 0: not known */
};

/* Nobody but connections.c looks inside; the size is here for the file. All under the lock, but for
 * `given`, on which those wait who found no place. */
struct connections {
    struct lock lock;
    _Atomic uint32_t given; /* how often a place was given back */
    uint32_t places;
    uint32_t processes; /* entries of `joined` that were ever used */
    uint64_t waits, opened;
    uint32_t most;
    struct {
        struct connections_process owner;
        enum connections_state state;
        void *connection; /* the owner's; IDLE only */
    } place[CONNECTIONS_MAX];
    struct {
        struct connections_process process; /* pid 0: nobody's */
        uint32_t workers;
    } joined[CONNECTIONS_PROCESSES];
};

/* Makes `set`, all zero, a set of 1 to CONNECTIONS_MAX places. Returns 0 or errno. */
int connections_make(struct connections *set, uint32_t places);

/* A worker begins, before the first task of any in its pool: one that came later might wait for a
 * place that an idle process keeps. And it ends: with the last one of a process go its connections,
 * by `close`. */
void connections_join(struct connections *set);
void connections_leave(struct connections *set, void (*close)(void *connection));

struct connections_turn {
    uint32_t place;
    void *connection; /* NULL: to be opened by the taker, who sets it */
};

/* Takes a place, after a wait of at most `timeout` ns. Returns 0, or ETIMEDOUT. */
int connections_take(struct connections *set, uint64_t timeout, struct connections_turn *turn);

/* Gives it back, with its connection or (NULL) without. */
void connections_give(
    struct connections *set, const struct connections_turn *turn, void (*close)(void *connection));

/* Notes that the taker has opened a connection in its place. */
void connections_count_opened(struct connections *set, const struct connections_turn *turn);

struct connections_counts {
    uint64_t waits;  /* takes that found all places taken */
    uint64_t opened; /* connections */
    uint32_t most;   /* of them open at once */
};
struct connections_counts connections_counts(struct connections *set);

#endif
