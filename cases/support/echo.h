/* The hooks of the cases that send messages to a partner and back, one a transport: all but the
 * transport itself. A case's setup is echo_setup with its transport; the rest are its hooks as they
 * stand here. */
#ifndef SUPPORT_ECHO_H
#define SUPPORT_ECHO_H

#include "../case.h"
#include "echo_link.h"

/* grain, size, mode, messages; a case without partners has none to compute, and takes the table
 * from its second entry on. */
extern const struct param echo_params[];

/* What a task is: in every description of such a case. */
#define ECHO_TASK                                                                                  \
    " A task is `messages` round trips (mode=roundtrip: the partner, a process of its own for "    \
    "each worker, sends each message back), or that many messages one way and the partner's "      \
    "acknowledgement of the last (mode=oneway). Stamps on each message are checked at both "       \
    "ends. Large messages are limited by how fast they are copied. With grain= the partner "       \
    "computes for so long with each message, as the worker of a pool would that is handed "        \
    "tasks through this transport."

/* And with what to expect where a side that waits sleeps at once. */
#define ECHO_DESCRIPTION                                                                           \
    ECHO_TASK                                                                                      \
    " While one side works the other waits, so that one worker and its partner keep less than "    \
    "one CPU busy with small messages, and two CPUs can carry two such pairs: expect a speedup "   \
    "of up to the number of CPUs, above it where waking takes longer than the work, and flat "     \
    "behind, where the partners' CPU time fills them."

/* A case's setup: starts the partners' host where none is handed over. */
int echo_setup(struct case_run *run, const struct echo_transport *transport);

void echo_teardown(void *ctx);
int echo_worker_enter(const void *ctx, void **local);
void echo_worker_leave(const void *ctx, void *local);
int echo_task(const void *ctx, void *local, uint64_t index, struct task_result *result);
int echo_verify(const void *ctx, const struct case_results *results);
void echo_answer(const void *ctx, const struct case_results *results, char *text, size_t size);

/* ---- the same where there is no partner but a server: managed.h ---- */

/* What is sent, by the parameters. */
struct echo_plan {
    uint64_t seed;
    size_t size;
    bool oneway;
    uint64_t messages;
};

/* Reads the parameters but grain, ns, which it is told, and decides in run what does not depend on
 * the transport. */
struct echo_plan echo_plan(struct case_run *run, uint64_t grain);

/* The key of a task's message. */
static inline uint64_t echo_key(const struct echo_plan *plan, uint64_t index, uint64_t number)
{
    return hash_mix(plan->seed, index * plan->messages + number);
}

/* Holds results against what they have to be. Returns 0, or a code with a message. */
int echo_check(const struct echo_plan *plan, const struct case_results *results);

/* Says how many bytes went which way. */
void echo_tell(
    const struct echo_plan *plan, const struct case_results *results, char *text, size_t size);

/* What the cases have in common beside their setup. */
#define ECHO_HOOKS                                                                                 \
    .kind = CASE_IO, .params = echo_params, .task = echo_task, .teardown = echo_teardown,          \
    .worker_enter = echo_worker_enter, .worker_leave = echo_worker_leave, .verify = echo_verify,   \
    .answer = echo_answer

#endif
