/* Messages through this program's manager over a Unix socket. */
#include "case.h"

#include "support/managed.h"

static int setup(struct case_run *run)
{
    return managed_setup(run, false);
}

const struct bench_case case_ipc_manager_unix = {
    .name = "ipc-manager-unix",
    .summary = "messages to a manager process and back over a Unix socket",
    .description = "This program's manager, a process that keeps values for others (Python's "
                   "multiprocessing.Manager), reached over a Unix socket." MANAGED_DESCRIPTION,
    .setup = setup,
    MANAGED_HOOKS,
};
