/* Processes with several threads each, every thread a worker with a lane of its own; the rest is as
 * `processes` (processes.c), which is the case of one thread.
 *
 * What isolation buys is then a process's, not a worker's: when one dies, all of its workers do, so
 * up to threads_each tasks are LOST, those that they were running, all for the same reason; the
 * process is replaced with all its threads, and what they had claimed is done by others. A process
 * that is stopped (SIGSTOP) while one of its workers holds tasks is killed as a whole, and so is
 * one with a call that has run out of time: that call is TIMEOUT, those that the process's other
 * workers were running are LOST and can be retried. */
#include "../measure/cpus.h"
#include "processes.h"

/* As many processes as there are usable CPUs, or the next fewer that the workers divide into. */
static unsigned hybrid_threads_each(unsigned workers)
{
    unsigned processes = cpus_usable();
    if (processes > workers)
        processes = workers;
    while (workers % processes)
        processes--;
    return workers / processes;
}

const struct pool_ops pool_hybrid = {
    .name = "hybrid",
    .summary = "forked processes of several threads each; a death costs a task a thread",
    .threads_each = hybrid_threads_each,
    PROCESSES_HOOKS,
    .start = processes_start,
};
