/* The events of a region. A worker goes through the same steps for each claim and each task: claim,
 * compute under the tasks' common lock, compute without it, block, wake. What it does next is
 * decided when the step before has ended. */
#include "simulate.h"

#include "cores.h"
#include "deal.h"

#include <math.h>
#include <stdlib.h>

enum step {
    STEP_CLAIM,   /* is to claim: it begins, or has run all of its claim */
    STEP_QUEUED,  /* has the queue's lock by now */
    STEP_LOCKED,  /* has computed what needs the common lock */
    STEP_FREE,    /* has computed the rest */
    STEP_BLOCKED, /* has blocked */
    STEP_ENDED,   /* the task is over */
};

struct worker {
    enum step step;
    uint64_t next, end; /* of its claim, what it has not begun */
    double owed;        /* CPU of the claim, to be computed with its first task */
    double began;       /* its task */
};

struct region {
    const struct sim_model *model;
    const struct sim_tasks *tasks;
    const struct simulate_watch *watch;
    unsigned count;
    bool whole_claims; /* a claim is one stretch of computing */
    double locked;     /* share of a task's CPU time under the common lock */
    struct worker *workers;
    struct cores cores;
    struct deal deal;
    struct agenda timed;  /* who begins, blocks or waits for the queue */
    struct line for_lock; /* who waits for the common lock */
    bool is_locked;
    double queue_free; /* when the queue's lock is */
    double last_end;
    uint64_t events;
};

static void wait_until(struct region *region, unsigned worker, double at, enum step then)
{
    region->workers[worker].step = then;
    cores_leave(&region->cores, worker);
    agenda_add(&region->timed, at, worker);
}

static void compute(struct region *region, unsigned worker, double amount, enum step then)
{
    region->workers[worker].step = then;
    cores_compute(&region->cores, worker, amount);
}

static double locked_part(const struct region *region, unsigned worker)
{
    uint64_t index = region->workers[worker].next;
    return tasks_cpu(region->tasks, index, index + 1) * region->locked;
}

/* Into the common lock, or in line for it. */
static void lock(struct region *region, unsigned worker)
{
    if (region->is_locked) {
        cores_leave(&region->cores, worker);
        line_push(&region->for_lock, region->cores.next, worker);
        return;
    }
    region->is_locked = true;
    compute(region, worker, locked_part(region, worker), STEP_LOCKED);
}

static void unlock(struct region *region)
{
    unsigned next = line_take(&region->for_lock, region->cores.next);
    region->is_locked = next != LINE_NOBODY;
    if (region->is_locked)
        compute(region, next, locked_part(region, next), STEP_LOCKED);
}

/* What a task computes without the lock, and what the pool adds. */
static void compute_rest(struct region *region, unsigned worker)
{
    struct worker *me = &region->workers[worker];
    const struct sim_model *model = region->model;
    double cpu = tasks_cpu(region->tasks, me->next, me->next + 1);
    double rest = cpu * (1 - model->critical) + model->call + model->dispatch + me->owed;
    me->owed = 0;
    compute(region, worker, rest, STEP_FREE);
}

static void begin_task(struct region *region, unsigned worker)
{
    region->workers[worker].began = region->cores.now;
    if (region->locked > 0)
        lock(region, worker);
    else
        compute_rest(region, worker);
}

static void begin_claim(struct region *region, unsigned worker)
{
    struct worker *me = &region->workers[worker];
    const struct sim_model *model = region->model;
    if (!region->whole_claims) {
        begin_task(region, worker);
        return;
    }
    double amount = me->owed + tasks_cpu(region->tasks, me->next, me->end) +
                    (double)(me->end - me->next) * (model->call + model->dispatch);
    me->next = me->end;
    me->owed = 0;
    compute(region, worker, amount, STEP_ENDED);
}

/* One claim after the other, as the queue's lock is given away. */
static void claim_from_queue(struct region *region, unsigned worker)
{
    double now = region->cores.now, at = fmax(now, region->queue_free);
    region->queue_free = at + region->model->claim;
    if (at > now)
        wait_until(region, worker, at, STEP_QUEUED);
    else
        begin_claim(region, worker);
}

static void claim(struct region *region, unsigned worker)
{
    struct worker *me = &region->workers[worker];
    struct claim claim;
    if (!deal_next(&region->deal, worker, &claim)) {
        cores_leave(&region->cores, worker);
        return;
    }
    me->next = claim.begin;
    me->end = claim.end;
    me->owed = region->model->claim + (claim.stolen ? region->model->steal : 0);
    if (region->watch && region->watch->claimed)
        region->watch->claimed(region->watch->context, worker, claim.begin, claim.end);
    if (region->deal.share == SIM_QUEUE && region->model->claim > 0)
        claim_from_queue(region, worker);
    else
        begin_claim(region, worker);
}

static void end_task(struct region *region, unsigned worker)
{
    struct worker *me = &region->workers[worker];
    region->last_end = region->cores.now;
    if (!region->whole_claims) {
        if (region->watch && region->watch->latency)
            region->watch->latency[me->next] = region->cores.now - me->began;
        me->next++;
    }
    if (me->next < me->end)
        begin_task(region, worker);
    else
        claim(region, worker);
}

static void block(struct region *region, unsigned worker)
{
    double blocking = tasks_blocking(region->tasks, region->workers[worker].next);
    if (blocking > 0)
        wait_until(region, worker, region->cores.now + blocking, STEP_BLOCKED);
    else
        end_task(region, worker);
}

/* The worker's step has ended. */
static void go_on(struct region *region, unsigned worker)
{
    switch (region->workers[worker].step) {
    case STEP_CLAIM:
        claim(region, worker);
        break;
    case STEP_QUEUED:
        begin_claim(region, worker);
        break;
    case STEP_LOCKED:
        unlock(region);
        compute_rest(region, worker);
        break;
    case STEP_FREE:
        block(region, worker);
        break;
    case STEP_BLOCKED:
        compute(region, worker, region->model->resume, STEP_ENDED);
        break;
    case STEP_ENDED:
        end_task(region, worker);
        break;
    }
}

static void wake_all(struct region *region)
{
    const struct sim_model *model = region->model;
    unsigned awake = model->caller_works ? 1 : 0;
    for (unsigned i = 0; i < region->count; i++)
        agenda_add(&region->timed, i < awake ? 0 : model->wake + (i - awake) * model->wake_each, i);
}

static void run(struct region *region)
{
    for (;; region->events++) {
        double timed = agenda_next(&region->timed), computed = cores_next(&region->cores);
        if (isinf(timed) && isinf(computed))
            return;
        unsigned worker = LINE_NOBODY;
        if (computed <= timed)
            worker = cores_event(&region->cores);
        else {
            cores_advance(&region->cores, timed);
            worker = agenda_take(&region->timed);
        }
        if (worker != LINE_NOBODY)
            go_on(region, worker);
    }
}

static double pool_start(const struct sim_model *model, unsigned workers)
{
    return model->start_pool + workers * model->start;
}

static double pool_stop(const struct sim_model *model, unsigned workers)
{
    return model->stop_pool + workers * model->stop;
}

int simulate_region(const struct sim_model *model, const struct sim_tasks *tasks, unsigned workers,
    uint64_t chunk, const struct simulate_watch *watch, struct simulate_outcome *outcome)
{
    struct region region = {
        .model = model,
        .tasks = tasks,
        .watch = watch,
        .count = workers,
        .locked = model->critical + model->coherence * (workers - 1),
        .workers = calloc(workers, sizeof *region.workers),
        .for_lock = {LINE_NOBODY, LINE_NOBODY},
    };
    region.whole_claims = region.locked <= 0 && !tasks_block(tasks) && !(watch && watch->latency);
    int failed = !region.workers;
    failed |= cores_make(&region.cores, model, workers);
    failed |= deal_make(&region.deal, model, workers, tasks->count, chunk);
    failed |= agenda_make(&region.timed, workers);
    if (!failed) {
        wake_all(&region);
        run(&region);
        *outcome = (struct simulate_outcome){
            .region = model->region + region.last_end,
            .cpu = region.cores.used,
            .start = pool_start(model, workers),
            .stop = pool_stop(model, workers),
            .events = region.events,
        };
    }
    agenda_free(&region.timed);
    deal_free(&region.deal);
    cores_free(&region.cores);
    free(region.workers);
    return failed ? -1 : 0;
}

struct simulate_outcome simulate_serial(
    const struct sim_model *model, const struct sim_tasks *tasks)
{
    double cpu = tasks_cpu(tasks, 0, tasks->count) + (double)tasks->count * model->call;
    double blocking = 0;
    uint64_t waits = 0;
    for (uint64_t i = 0; i < tasks->count; i++) {
        blocking += tasks_blocking(tasks, i);
        waits += tasks_blocking(tasks, i) > 0;
    }
    cpu += (double)waits * model->resume;
    if (model->memory > model->bandwidth && model->bandwidth > 0)
        cpu *= model->memory / model->bandwidth;
    return (struct simulate_outcome){.region = cpu + blocking, .cpu = cpu};
}
