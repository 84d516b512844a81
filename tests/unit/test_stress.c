/* What `make stress` does, with fewer tasks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "group.h"
#include "leftovers.h"
#include "pools.h"

#include "tests/stress/stress.h"

#define THREADS_TASKS 10000000
#define PROCESSES_TASKS 1000000

static void each_index_of_many_regions_is_run_once(void **state)
{
    const struct pool_ops *ops = *state;
    assert_true(stress_backend(ops, pools_part(ops->processes ? PROCESSES_TASKS : THREADS_TASKS)));
}

int main(void)
{
    POOLS_ADD(each_index_of_many_regions_is_run_once, &pool_threads);
    POOLS_ADD(each_index_of_many_regions_is_run_once, &pool_processes);
    return group_run("stress", NULL, NULL);
}
