/* One for all workers: where they are processes that repeat the setup, its path comes to them by
 * run->handed. */
#include "scratch.h"

#include <errno.h>
#include <string.h>

_Static_assert(CASE_HANDED_MAX >= PATH_MAX, "the folder is handed on");

int scratch_open(struct scratch *scratch, struct case_run *run, const char *name)
{
    const char *parent = param_text(run->params, "folder");
    scratch->borrowed = *run->handed != '\0';
    if (!scratch->borrowed && tempdir_make(run->handed, sizeof scratch->path, parent, name)) {
        int cause = errno;
        return task_fail(parent && cause != ENOSPC ? EINVAL : cause,
            "cannot make the temporary folder %.160s: %s; try folder=DIR", run->handed,
            strerror(cause));
    }
    memcpy(scratch->path, run->handed, sizeof scratch->path);
    sigaction(SIGXFSZ, &(struct sigaction){.sa_handler = SIG_IGN}, &scratch->sigxfsz_before);
    return 0;
}

void scratch_close(struct scratch *scratch)
{
    if (!scratch->borrowed)
        tempdir_remove(scratch->path);
    sigaction(SIGXFSZ, &scratch->sigxfsz_before, NULL);
}
