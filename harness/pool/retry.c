/* Another pass for what has failed. See retry.h. */
#include "retry.h"

#include "../measure/clock.h"
#include "engine.h"
#include "future.h"
#include "timed.h"

#include <time.h>

/* Meanwhile tends to the workers and tells of progress, as a wait does. Returns 0, or -1 with a
 * message when the pool is broken. */
static int let_pass(struct pool *pool, uint64_t deadline)
{
    const uint64_t step_ns = ENGINE_RECHECK_MS * 1000000ull;
    for (uint64_t now = clock_now(); now < deadline; now = clock_now()) {
        uint64_t left = deadline - now < step_ns ? deadline - now : step_ns;
        nanosleep(&(struct timespec){.tv_nsec = (long)left}, NULL);
        if (pool->ops->tend && pool->ops->tend(pool))
            return -1;
        pool_report(pool);
    }
    return 0;
}

int retry_prepare(struct pool *pool, uint64_t begin, uint64_t end)
{
    if (timed_stuck(pool->engine) == pool->config.workers) /* nobody would run them */
        return 0;
    uint64_t tasks = arena_retry(pool->config.arena, begin, end, pool->ops->kill != NULL);
    if (tasks == 0)
        return 0;
    pool_report_from(pool, end - tasks);
    return let_pass(pool, futures_deadline(pool->config.task_retry_delay_s)) ? -1 : 1;
}
