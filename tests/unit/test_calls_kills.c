/* Workers killed at random times while calls are submitted in a window: each call ends exactly
 * once, in one way; nothing hangs, nothing is left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "calls.h"

#include "harness/util/hash.h"

#define KILLS 300
#define WINDOW 64
#define WAIT_MAX_NS 4000000

extern const struct pool_ops pool_processes;

/* A place in the window. */
struct place {
    struct future *future;
    uint64_t number;
    unsigned done; /* calls of on_done since it was submitted */
};

struct killing {
    struct pool *pool;
    struct place places[WINDOW];
    uint64_t submitted, ended, by_status[FUTURE_CANCELLED + 1];
    unsigned kills;
    pid_t killed[WORKERS]; /* the last one killed in each place */
    uint64_t next_kill, tries;
};

static int short_call(struct pool_call *call)
{
    uint64_t number;
    memcpy(&number, call->payload, sizeof number);
    for (uint64_t start = clock_now(); clock_now() - start < 20000;)
        ;
    return number % 11 == 5 ? task_fail(EDOM, "%d", (int)number) : square(call);
}

static int count(struct future *future, void *argument)
{
    (void)future;
    ((struct place *)argument)->done++;
    return 0;
}

static void submit_into(struct killing *killing, struct place *place)
{
    const struct pool_options options = {.retries = killing->submitted % 2 ? 3 : 0,
        .timeout_s = killing->submitted % 7 == 3 ? 20 : 0,
        .on_done = count,
        .argument = place};
    *place = (struct place){.number = killing->submitted++};
    place->future =
        pool_submit(killing->pool, short_call, &place->number, sizeof place->number, &options);
    assert_non_null(place->future);
    if (place->number % 13 == 7)
        future_cancel(place->future);
}

static void take_out(struct killing *killing, struct place *place)
{
    enum future_status status = future_status(place->future);
    killing->ended++;
    killing->by_status[status]++;
    assert_int_equal(place->done, 1);
    if (status == FUTURE_OK)
        assert_int_equal(number_of(place->future), place->number * place->number);
    if (status == FUTURE_ERROR)
        assert_int_equal(place->number % 11, 5);
    future_free(place->future);
    place->future = NULL;
}

/* A pid that is still the pool's has not been waited for: it cannot be another's. */
static void kill_some(struct killing *killing)
{
    if (clock_now() < killing->next_kill)
        return;
    uint64_t random = hash_mix(5, killing->tries++);
    killing->next_kill = clock_now() + random % WAIT_MAX_NS;
    for (unsigned i = 0; i < WORKERS; i++) {
        pid_t pid = pool_worker_pid(killing->pool, i);
        bool meant = random >> 32 & 1u << i || killing->tries % 16 == 0;
        if (!meant || pid <= 0 || pid == killing->killed[i] || killing->kills == KILLS)
            continue;
        killing->killed[i] = pid;
        killing->kills += kill(pid, SIGKILL) == 0;
    }
}

static void drain(struct killing *killing)
{
    for (int i = 0; i < WINDOW; i++)
        if (killing->places[i].future) {
            assert_int_equal(future_wait(killing->places[i].future, 10), 0);
            take_out(killing, &killing->places[i]);
        }
}

static void three_hundred_random_kills_end_each_call_once(void **state)
{
    static struct killing killing;
    killing = (struct killing){.pool = start(*state, WORKERS)};
    uint64_t begin = clock_now();
    for (uint64_t turn = 0; killing.kills < KILLS; turn++) {
        struct place *place = &killing.places[hash_mix(1, turn) % WINDOW];
        kill_some(&killing);
        if (place->future) {
            assert_int_equal(future_wait(place->future, 10), 0);
            take_out(&killing, place);
        }
        submit_into(&killing, place);
    }
    drain(&killing);
    assert_int_equal(killing.submitted, killing.ended);
    assert_int_equal(pool_calls_ended(killing.pool), killing.submitted);
    assert_int_equal(killing.by_status[FUTURE_PENDING], 0);
    assert_true(killing.by_status[FUTURE_LOST] <= KILLS);
    print_message("%u kills in %.1f s: %u calls, %u lost, %u cancelled\n", killing.kills,
        clock_since(begin), (unsigned)killing.submitted, (unsigned)killing.by_status[FUTURE_LOST],
        (unsigned)killing.by_status[FUTURE_CANCELLED]);
    pool_stop(killing.pool);
}

int main(void)
{
    const struct pool_ops *ops = &pool_processes;
    CALLS_ADD(three_hundred_random_kills_end_each_call_once);
    return group_run("calls' kills", NULL, NULL);
}
