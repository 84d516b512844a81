/* The same rules as the real pools': harness/pool/engine.c steals, queue.c has one queue. */
#include "deal.h"

#include "../pool/backend.h"

#include <stdlib.h>

int deal_make(struct deal *deal, const struct sim_model *model, unsigned workers, uint64_t tasks,
    uint64_t chunk)
{
    *deal = (struct deal){
        .share = model->share,
        .workers = workers,
        .chunk = chunk == 0 && model->chunk_of_one ? 1 : chunk,
        .lanes = calloc(workers + 1, sizeof *deal->lanes),
    };
    if (!deal->lanes)
        return -1;
    deal->lanes[workers].end = tasks;
    for (unsigned i = 0; i < workers && deal->share == SIM_STATIC; i++)
        deal->lanes[i] = (struct deal_lane){
            (uint64_t)((double)tasks * i / workers), (uint64_t)((double)tasks * (i + 1) / workers)};
    return 0;
}

void deal_free(struct deal *deal)
{
    free(deal->lanes);
}

static uint64_t count(const struct deal_lane *lane)
{
    return lane->end - lane->begin;
}

static void take_front(struct deal_lane *lane, uint64_t tasks, struct claim *claim)
{
    claim->begin = lane->begin;
    claim->end = lane->begin += tasks;
}

/* The larger half: of what nobody has taken at the front, of another's at the back. */
static void take_half(struct deal_lane *lane, bool common, struct claim *claim)
{
    uint64_t half = count(lane) - count(lane) / 2;
    if (common) {
        take_front(lane, half, claim);
        return;
    }
    claim->end = lane->end;
    claim->begin = lane->end -= half;
}

static bool steal(struct deal *deal, unsigned worker, struct claim *claim)
{
    for (unsigned i = 1; i <= deal->workers; i++) {
        unsigned victim = (worker + i) % (deal->workers + 1);
        if (count(&deal->lanes[victim]) == 0)
            continue;
        take_half(&deal->lanes[victim], victim == deal->workers, claim);
        return true;
    }
    return false;
}

static void take_chunk(struct deal *deal, struct deal_lane *lane, struct claim *claim)
{
    take_front(lane, pool_chunk(count(lane), deal->chunk, deal->workers), claim);
}

static bool next_stolen(struct deal *deal, unsigned worker, struct claim *claim)
{
    struct deal_lane *own = &deal->lanes[worker];
    claim->stolen = count(own) == 0;
    if (claim->stolen) {
        if (!steal(deal, worker, claim))
            return false;
        *own = (struct deal_lane){claim->begin, claim->end};
    }
    take_chunk(deal, own, claim);
    return true;
}

bool deal_next(struct deal *deal, unsigned worker, struct claim *claim)
{
    struct deal_lane *lane = &deal->lanes[deal->share == SIM_QUEUE ? deal->workers : worker];
    claim->stolen = false;
    if (deal->share == SIM_STEAL)
        return next_stolen(deal, worker, claim);
    if (count(lane) == 0)
        return false;
    if (deal->share == SIM_STATIC)
        take_front(lane, count(lane), claim);
    else
        take_chunk(deal, lane, claim);
    return true;
}
