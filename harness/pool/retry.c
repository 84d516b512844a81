/* Another pass for what has failed. See retry.h. */
#include "retry.h"

#include "../measure/clock.h"
#include "engine.h"
#include "future.h"
#include "timed.h"

#include <time.h>

/* Tells of progress meanwhile. */
static void let_pass(const struct pool *pool, uint64_t deadline)
{
    const uint64_t step_ns = ENGINE_RECHECK_MS * 1000000ull;
    for (uint64_t now = clock_now(); now < deadline; now = clock_now()) {
        uint64_t left = deadline - now < step_ns ? deadline - now : step_ns;
        nanosleep(&(struct timespec){.tv_nsec = (long)left}, NULL);
        pool_report(pool);
    }
}

bool retry_prepare(struct pool *pool, uint64_t begin, uint64_t end)
{
    if (timed_stuck(pool->engine) == pool->config.workers) /* nobody would run them */
        return false;
    uint64_t tasks = arena_retry(pool->config.arena, begin, end, pool->ops->kill != NULL);
    if (tasks == 0)
        return false;
    pool_report_from(pool, end - tasks);
    let_pass(pool, futures_deadline(pool->config.task_retry_delay_s));
    return true;
}
