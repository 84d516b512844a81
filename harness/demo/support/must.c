/* What a form cannot do without. See must.h. */
#include "must.h"

#include "../../share/memory.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

void *must_memory(const struct demo_run *run, size_t size)
{
    void *memory = memory_make(size, false);
    if (!memory)
        demo_cannot(run, "no memory for %zu bytes: %s", size, strerror(errno));
    return memory;
}

struct pool *must_pool(
    const struct demo_run *run, const struct pool_ops *ops, const struct pool_config *config)
{
    char why[DEMO_LINE_MAX];
    struct pool *pool = pool_start(ops, config, why, sizeof why);
    if (!pool)
        demo_cannot(run, "%s", why);
    return pool;
}

void must_run(const struct demo_run *run, const struct pool_ops *ops, unsigned workers,
    task_fn *task, const void *ctx, uint64_t *values)
{
    int code = pool_run(ops, workers, task, ctx, workers, values);
    if (code)
        demo_cannot(run, "%s", task_message(code));
}

struct future *must_submit(const struct demo_run *run, struct pool *pool, pool_function *function,
    const void *payload, size_t size, const struct pool_options *options)
{
    struct future *future = pool_submit(pool, function, payload, size, options);
    if (!future)
        demo_cannot(run, "a call cannot be submitted: %s", task_message(errno));
    return future;
}

pid_t must_fork(const struct demo_run *run)
{
    pid_t parent = getpid(), child = fork();
    if (child < 0)
        demo_cannot(run, "no process is to be had: %s", strerror(errno));
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(1);
    }
    return child;
}
