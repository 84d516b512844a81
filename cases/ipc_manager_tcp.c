/* Messages through this program's manager over loopback TCP. */
#include "case.h"

#include "support/managed.h"

static int setup(struct case_run *run)
{
    return managed_setup(run, true);
}

const struct bench_case case_ipc_manager_tcp = {
    .name = "ipc-manager-tcp",
    .summary = "messages to a manager process and back over loopback TCP",
    .description = "This program's manager, a process that keeps values for others (Python's "
                   "multiprocessing.Manager), reached over loopback TCP." MANAGED_DESCRIPTION,
    .setup = setup,
    MANAGED_HOOKS,
};
