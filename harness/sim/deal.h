/* How tasks come to workers: the claims of a region, one after the other, as the pools make them.
 * Not thread-safe. */
#ifndef SIM_DEAL_H
#define SIM_DEAL_H

#include "model.h"

#include <stdint.h>

/* The range a worker has left to itself; lane `workers` is what nobody has taken yet. */
struct deal_lane {
    uint64_t begin, end;
};

struct deal {
    enum sim_share share;
    unsigned workers;
    uint64_t chunk; /* 0: guided */
    struct deal_lane *lanes;
};

struct claim {
    uint64_t begin, end; /* begin .. end-1 */
    bool stolen;         /* from another lane, the common one included */
};

/* A region of so many tasks. Returns 0, or -1 without memory. */
int deal_make(struct deal *deal, const struct sim_model *model, unsigned workers, uint64_t tasks,
    uint64_t chunk);
void deal_free(struct deal *deal);

/* The worker's next claim. False: there is nothing for it any more. */
bool deal_next(struct deal *deal, unsigned worker, struct claim *claim);

#endif
