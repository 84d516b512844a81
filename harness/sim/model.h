/* What is simulated: a machine and a kind of pool as a handful of costs. Pure; nothing here knows a
 * clock. Times are in nanoseconds. docs/sim.md says what each cost stands for and what is left out.
 */
#ifndef SIM_MODEL_H
#define SIM_MODEL_H

#include "../util/param.h"
#include "length.h"

#include <stdbool.h>
#include <stddef.h>

/* How tasks come to workers. */
enum sim_share {
    SIM_STEAL,  /* half of what there is, then chunks of one's own; thieves take half again */
    SIM_QUEUE,  /* chunks of one queue, claimed one after the other */
    SIM_STATIC, /* an equal part each, at once */
};

struct sim_model {
    const char *as; /* the backend that it stands for; a constant */
    enum sim_share share;
    enum length_spread spread; /* of the tasks' lengths, if task says what they are */
    unsigned cores;
    bool caller_works;  /* worker 0 needs no waking */
    bool one_at_a_time; /* an interpreter lock: only who holds it computes */
    bool chunk_of_one;  /* where no chunk is given; else guided (pool_chunk) */

    double call;              /* CPU of a task's call, in the serial loop too */
    double dispatch;          /* CPU that a pool adds to each task */
    double claim;             /* CPU of claiming a chunk; SIM_QUEUE: nobody else claims meanwhile */
    double steal;             /* CPU of taking from somebody else */
    double resume;            /* CPU of waking from a blocking stretch, in the serial loop too */
    double region;            /* of a region, whatever its tasks */
    double wake;              /* until the first worker that sleeps has begun ... */
    double wake_each;         /* ... and how much later each further one does */
    double start, start_pool; /* of each worker, and of a pool of whatever size */
    double stop, stop_pool;

    double quantum;   /* how long a worker keeps a core that others wait for */
    double interval;  /* how long it keeps the interpreter lock */
    double change;    /* CPU of a worker's turn on a core that it did not have */
    double critical;  /* share of a task's CPU time for which it holds the tasks' common lock ... */
    double coherence; /* ... and by which this grows with each other worker */
    double memory;    /* share of a core's memory demand that a task has while it computes */
    double bandwidth; /* how many such full demands memory serves; 0: any number */
    double noise;     /* standard deviation of ln(time) from sample to sample */

    double task;     /* mean length of a task, whatever the case says; 0: what the case says ... */
    double shape;    /* of the spread (length.h) */
    double blocking; /* ... and the share of it that blocks */
};

/* The keys of `--sim KEY=VALUE,...`. */
extern const struct param model_params[];

/* The model of a backend with the costs that are usual for it, or with what `given` (of
 * model_params; NULL: nothing) says instead. Returns 0, or -1 where nobody knows how to simulate
 * that backend, with one line in why. */
int model_make(struct sim_model *model, const char *backend, const struct param_values *given,
    char *why, size_t size);

/* Overrides a model by what is given, as model_make does. */
int model_give(struct sim_model *model, const struct param_values *given, char *why, size_t size);

/* Whether model_make knows the backend. */
bool model_knows(const char *backend);

/* Reads "cores=64,dispatch=25ns" into values of model_params, key after key; later ones win.
 * Returns 0, or -1 with one line in why. */
int model_read(struct param_values *values, const char *text, char *why, size_t size);

/* Writes the model as a text that model_read takes; what is 0 is left out. Returns text. */
const char *model_write(const struct sim_model *model, char *text, size_t size);

#define MODEL_TEXT_MAX 768

#endif
