/* Cores in virtual time. */
#include "cores.h"

#include <math.h>
#include <stdlib.h>

int cores_make(struct cores *cores, const struct sim_model *model, unsigned workers)
{
    unsigned limit = model->one_at_a_time ? 1 : model->cores;
    double quantum = model->one_at_a_time ? model->interval : model->quantum;
    *cores = (struct cores){
        .speed = 1,
        .limit = limit,
        .quantum = workers > limit && quantum > 0 ? quantum : INFINITY,
        .change = model->change,
        .full_speed =
            model->memory > 0 && model->bandwidth > 0 ? model->bandwidth / model->memory : INFINITY,
        .waiting = {LINE_NOBODY, LINE_NOBODY},
        .turns = calloc(workers, sizeof *cores->turns),
        .next = calloc(workers, sizeof *cores->next),
    };
    return agenda_make(&cores->running, workers) || !cores->turns || !cores->next ? -1 : 0;
}

void cores_free(struct cores *cores)
{
    agenda_free(&cores->running);
    free(cores->turns);
    free(cores->next);
}

void cores_advance(struct cores *cores, double now)
{
    cores->work += (now - cores->now) * cores->speed;
    cores->now = now;
}

static void set_busy(struct cores *cores, unsigned busy)
{
    cores->busy = busy;
    cores->speed = busy > cores->full_speed ? cores->full_speed / busy : 1;
}

/* Runs a worker that has a core until it is done or has used its quantum up. */
static void run(struct cores *cores, unsigned worker)
{
    struct turn *turn = &cores->turns[worker];
    turn->slice = fmin(turn->left, turn->quantum);
    agenda_add(&cores->running, cores->work + turn->slice, worker);
}

static void begin_turn(struct cores *cores, unsigned worker)
{
    cores->turns[worker].quantum = cores->quantum;
    cores->turns[worker].has_core = true;
    run(cores, worker);
}

/* The next in line gets a core that is free; it comes to it from elsewhere. */
static void admit(struct cores *cores)
{
    unsigned worker = line_take(&cores->waiting, cores->next);
    if (worker == LINE_NOBODY)
        return;
    cores->turns[worker].left += cores->change;
    set_busy(cores, cores->busy + 1);
    begin_turn(cores, worker);
}

void cores_leave(struct cores *cores, unsigned worker)
{
    if (!cores->turns[worker].has_core)
        return;
    cores->turns[worker].has_core = false;
    set_busy(cores, cores->busy - 1);
    admit(cores);
}

/* A worker whose quantum is over goes on where nobody waits. */
static void renew(struct cores *cores, unsigned worker)
{
    if (cores->waiting.first == LINE_NOBODY) {
        begin_turn(cores, worker);
        return;
    }
    line_push(&cores->waiting, cores->next, worker);
    cores_leave(cores, worker);
}

void cores_compute(struct cores *cores, unsigned worker, double amount)
{
    struct turn *turn = &cores->turns[worker];
    turn->left = amount;
    if (turn->has_core && turn->quantum > 0)
        run(cores, worker);
    else if (turn->has_core)
        renew(cores, worker);
    else if (cores->busy < cores->limit) {
        set_busy(cores, cores->busy + 1);
        begin_turn(cores, worker);
    } else
        line_push(&cores->waiting, cores->next, worker);
}

double cores_next(const struct cores *cores)
{
    return cores->running.count
               ? cores->now + (agenda_next(&cores->running) - cores->work) / cores->speed
               : INFINITY;
}

unsigned cores_event(struct cores *cores)
{
    double work = agenda_next(&cores->running);
    cores->now = cores_next(cores);
    cores->work = work; /* exactly, so that rounding does not add up */
    unsigned worker = agenda_take(&cores->running);
    struct turn *turn = &cores->turns[worker];
    turn->left -= turn->slice;
    turn->quantum -= turn->slice;
    cores->used += turn->slice / cores->speed;
    if (turn->left <= 0)
        return worker;
    renew(cores, worker);
    return LINE_NOBODY;
}
