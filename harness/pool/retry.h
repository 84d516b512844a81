/* Tasks that have failed are run again (pool_config.task_retries): by another pass over the region,
 * or over as much of it as was put in at once, when all of it has ended. Pass number i is then the
 * i-th repetition of every task in it, so that nobody counts them. */
#ifndef POOL_RETRY_H
#define POOL_RETRY_H

#include "backend.h"

/* What retry_follows does where there may be another pass. */
int retry_prepare(struct pool *pool, uint64_t begin, uint64_t end);

/* Owner, when tasks begin .. end-1 have ended and been repeated `round` times: 1 where some are
 * pending again, and task_retry_delay_s has passed; 0 where all is done; or -1 with a message when
 * the pool has broken meanwhile. */
static inline int retry_follows(struct pool *pool, uint64_t begin, uint64_t end, unsigned round)
{
    return round < pool->config.task_retries ? retry_prepare(pool, begin, end) : 0;
}

#endif
