/* What a worker process is given that was not forked by its pool's owner: it has none of the
 * owner's memory, and the program maybe at other addresses. A handover is a small file in memory
 * that describes the pool; descriptors of all that is shared go with it. The owner's side makes it
 * (handover_make), the worker's side becomes a worker by it (handover_work).
 *
 * Addresses in it are the owner's. Those of the program's functions are of use where it is loaded
 * elsewhere; others are not, which handover_check refuses at the start. */
#ifndef POOL_HANDOVER_H
#define POOL_HANDOVER_H

#include "backend.h"

/* The descriptors that go with it, in this order. */
enum handover_part {
    HANDOVER_ITSELF,
    HANDOVER_COMMON,
    HANDOVER_ARENA,
    HANDOVER_CALLS,
    HANDOVER_LIFELINE,
    HANDOVER_USERS, /* pool_config.remake_fd */
    HANDOVER_PARTS
};

/* Whether workers could do without the owner's memory: 0, or EINVAL with one line in why. */
int handover_check(const struct pool *pool, char *why, size_t size);

/* Describes a pool whose engine is made. Returns a descriptor that the caller closes, or -1 with
 * errno. */
int handover_make(const struct pool *pool);

/* The owner's descriptors of all parts, made by handover_make or before; -1 for one that the pool
 * does not have. Returns 0, or an errno: some memory has no descriptor. */
int handover_parts(const struct pool *pool, int made, int parts[HANDOVER_PARTS]);

/* The worker's side: becomes the workers from `first` on, by descriptors of its own. It ends with
 * its parent, which is `parent` (0: the owner). */
_Noreturn void handover_work(const int parts[HANDOVER_PARTS], unsigned first, pid_t parent);

/* Whether a call's function could be called in such a worker: 0, or EINVAL with a message. */
int handover_check_call(pool_function *function);

#endif
