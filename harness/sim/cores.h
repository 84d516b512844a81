/* The cores of a simulated machine: which workers compute, which wait for a core, and how fast.
 *
 * A worker that begins to compute takes a free core, or waits in line. Where others wait, it keeps
 * the core for a quantum and goes to the end of the line (round robin); an interpreter lock is one
 * core whose quantum is the switch interval. All that compute share the memory's bandwidth evenly,
 * so all are equally fast at any time: their ends lie on one clock of work, which stands beside the
 * clock of time and is slower than that while memory is short. A change of speed then moves no
 * entry of the agenda.
 *
 * Not thread-safe. */
#ifndef SIM_CORES_H
#define SIM_CORES_H

#include "agenda.h"
#include "line.h"
#include "model.h"

#include <stdbool.h>

struct turn {
    double left;    /* work of what it computes */
    double slice;   /* of that, until its next event */
    double quantum; /* until it gives the core to whoever waits */
    bool has_core;
};

struct cores {
    double now, work; /* ns: the two clocks */
    double speed;     /* of the second by the first, 0 to 1 */
    double used;      /* CPU time so far */
    unsigned busy, limit;
    double quantum, change, full_speed; /* full_speed: so many may compute before memory is short */
    struct agenda running;
    struct line waiting;
    struct turn *turns; /* of each worker */
    unsigned *next;     /* for lines */
};

/* The model's cores for so many workers. Returns 0, or -1 without memory; cores_free either way. */
int cores_make(struct cores *cores, const struct sim_model *model, unsigned workers);
void cores_free(struct cores *cores);

/* Goes to a later time, at most that of cores_next. */
void cores_advance(struct cores *cores, double now);

/* The worker computes `amount` ns from now on, or as soon as there is a core. */
void cores_compute(struct cores *cores, unsigned worker, double amount);

/* When the next event is; infinite: nobody computes. */
double cores_next(const struct cores *cores);

/* Goes there. Returns the worker that has computed all it wanted, and keeps its core: it is to
 * compute on or to leave at once. LINE_NOBODY: a quantum has ended. */
unsigned cores_event(struct cores *cores);

/* Gives the worker's core to whoever waits. Nothing where it has none. */
void cores_leave(struct cores *cores, unsigned worker);

#endif
