/* Who has nothing to do: a short look around, then sleep; who wakes whom, and on which CPU.
 *
 * Looking around (spinning) is for those who have a CPU to themselves: not where workers outnumber
 * the usable CPUs, and not for a while after a spinner has found itself off its CPU, which tells
 * that another process wants it. */
#ifndef POOL_IDLE_H
#define POOL_IDLE_H

#include "lane.h"

/* How long who has nothing to do looks around: about what a sleep and a wake-up cost. */
#define IDLE_SPIN_NS 20000

/* A worker's wait: returns when there may be work, or when the engine stops. */
void idle_worker(struct engine *engine, unsigned worker);

/* A worker's wait before its first look for work, where there are more workers than CPUs: until
 * something may have been put in, or the engine stops. It touches no other worker's lane, so that
 * to start many workers takes no more for each of them. */
void idle_newcomer(struct engine *engine, unsigned worker);

/* The owner's wait: returns when all that was put in has ended, when there is work where it works,
 * or after a recheck interval (ENGINE_RECHECK_MS). */
void idle_owner(struct engine *engine);

/* The owner's wait for something else that workers wake it for, or until `deadline` (a clock_now).
 */
void idle_owner_until(struct engine *engine, bool (*has_news)(struct engine *), uint64_t deadline);

/* Wakes one worker that sleeps; false when none does. Anybody may call it. */
bool idle_wake_one(struct engine *engine);

/* Wakes all workers that sleep, also those whose waker has died or was stopped on the way. */
void idle_wake_all(struct engine *engine);

/* Wakes the owner if it sleeps. */
void idle_wake_owner(struct engine *engine);

/* Whether a spinner has found itself off its CPU lately. */
bool idle_is_crowded(struct engine *engine, uint64_t now);

/* Whether this much work is worth a wake-up, by what wake-ups have taken so far. */
bool idle_worth_waking(struct engine *engine, double ns);

#endif
