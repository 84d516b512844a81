/* Virtual time instead of the clock's: while a process simulates, every sample that it takes is
 * computed by harness/sim, serial's too. It does so for all samples or for none, which is what
 * keeps real and virtual times apart within a result. To be used by the process's one thread. */
#ifndef MEASURE_SIMULATED_H
#define MEASURE_SIMULATED_H

#include "../sim/model.h"
#include "../store/result.h"
#include "runner.h"

struct simulated_request {
    const struct param_values *given; /* of model_params; taken over. Must not be NULL */
    const char *backend; /* the first of those to be sampled, spelled as registered; NULL: sim.
                            The serial loop runs on its machine */
    bool from_machine;   /* costs and lengths are measured here where not given */
    uint64_t seed;       /* of the noise and of lengths that are drawn */
};

/* From now on the process simulates, on as many cores as `given` says: cpus_usable says that too.
 * What is missing and to be measured is measured when a backend is first sampled. */
void simulated_begin(const struct simulated_request *request);

/* Ends it, and frees what it was given. */
void simulated_end(void);

bool simulated_is_on(void);

/* Whether the backend can be simulated as `given` says: 0, or -1 with one line in why. */
int simulated_check(const char *backend, char *why, size_t size);

/* What runner_sample does then. A case whose model hook says what its tasks cost is not run; of
 * another, every task is run once, by the serial loop, and timed: its values stand in the arena. */
int simulated_sample(struct workload *workload, const struct runner_spec *spec,
    struct result_sample *sample, struct runner_detail *detail);

/* Marks the result as simulated, with the models used so far, and takes out of it what the real
 * clock and the real machine have left there. Nothing where the process does not simulate. */
void simulated_mark(struct result *result);

/* Frees what a workload keeps for its simulation (workload_close). */
void simulated_forget(struct workload *workload);

#endif
