/* Waiting, dropping, asking. See gate.h. One mutex guards all but the request, which the holder
 * looks at without it. */
#include "gate.h"

#include "../measure/clock.h"
#include "task.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

struct gate {
    pthread_mutex_t mutex;
    pthread_cond_t dropped; /* held became false */
    pthread_cond_t taken;   /* it became true, by another thread than the last */
    uint64_t interval;      /* ns */
    bool held;
    const void
        *last; /* the thread that holds it or held it last, by the address of its task_gate */
    uint64_t switches; /* how often that became another */
    /* 1: the holder is to drop it. Written with the mutex, read by the holder at check points
     * without: relaxed, since it only sends the holder to the mutex. */
    _Atomic bool asked;
};

/* How many blocking stretches the thread is in, one within the other. */
static _Thread_local unsigned stretches;

struct gate *gate_make(double interval)
{
    pthread_condattr_t monotonic;
    struct gate *gate = calloc(1, sizeof *gate);
    if (!gate)
        return NULL;
    gate->interval = (uint64_t)(interval * 1e9);
    pthread_mutex_init(&gate->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&gate->dropped, &monotonic);
    pthread_cond_init(&gate->taken, NULL);
    pthread_condattr_destroy(&monotonic);
    return gate;
}

void gate_free(struct gate *gate)
{
    if (!gate)
        return;
    pthread_cond_destroy(&gate->taken);
    pthread_cond_destroy(&gate->dropped);
    pthread_mutex_destroy(&gate->mutex);
    free(gate);
}

static void ask(struct gate *gate, bool asked)
{
    atomic_store_explicit(&gate->asked, asked, memory_order_relaxed); /* pairs with is_asked */
}

static bool is_asked(const struct gate *gate)
{
    return atomic_load_explicit(&gate->asked, memory_order_relaxed); /* pairs with ask */
}

/* With the mutex: waits until it is dropped, or for the interval; then asks, unless somebody else
 * had it meanwhile. */
static void wait_for_drop(struct gate *gate)
{
    uint64_t switches = gate->switches, end = clock_now() + gate->interval;
    const struct timespec until = {
        .tv_sec = (time_t)(end / 1000000000), .tv_nsec = (long)(end % 1000000000)};
    int error = pthread_cond_timedwait(&gate->dropped, &gate->mutex, &until);
    if (error == ETIMEDOUT && gate->held && gate->switches == switches)
        ask(gate, true);
}

static void take(struct gate *gate)
{
    const int before = errno;
    pthread_mutex_lock(&gate->mutex);
    while (gate->held)
        wait_for_drop(gate);
    gate->held = true;
    if (gate->last != &task_gate) {
        gate->last = &task_gate;
        gate->switches++;
        pthread_cond_broadcast(&gate->taken);
    }
    ask(gate, false);
    pthread_mutex_unlock(&gate->mutex);
    errno = before;
}

/* Who asks waits until it has it, so that whoever dropped it on request does not wait for ever. */
static void drop(struct gate *gate)
{
    pthread_mutex_lock(&gate->mutex);
    gate->held = false;
    pthread_cond_signal(&gate->dropped);
    if (is_asked(gate))
        while (gate->last == &task_gate)
            pthread_cond_wait(&gate->taken, &gate->mutex);
    pthread_mutex_unlock(&gate->mutex);
}

void gate_enter(struct gate *gate)
{
    task_gate = gate;
    stretches = 0;
    take(gate);
}

void gate_leave(struct gate *gate)
{
    drop(gate);
    task_gate = NULL;
}

void gate_blocking_begin(struct gate *gate)
{
    if (stretches++ == 0)
        drop(gate);
}

void gate_blocking_end(struct gate *gate)
{
    if (--stretches == 0)
        take(gate);
}

void gate_checkpoint(struct gate *gate)
{
    if (is_asked(gate) && stretches == 0) {
        drop(gate);
        take(gate);
    }
}

uint64_t gate_switches(struct gate *gate)
{
    pthread_mutex_lock(&gate->mutex);
    uint64_t switches = gate->switches;
    pthread_mutex_unlock(&gate->mutex);
    return switches;
}
