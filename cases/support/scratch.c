/* One for all workers: where they are processes that repeat the setup, its path comes to them by
 * run->handed. */
#include "scratch.h"

#include <stdio.h>
#include <string.h>

_Static_assert(CASE_HANDED_MAX >= PATH_MAX, "the folder is handed on");

int scratch_open(
    struct scratch *scratch, struct case_run *run, const char *name, const char *parent)
{
    scratch->keeper = NULL;
    scratch->borrowed = *run->handed != '\0';
    if (!scratch->borrowed) {
        int code = keeper_start(&scratch->keeper, name, parent, NULL);
        if (code)
            return code;
        snprintf(run->handed, sizeof run->handed, "%s", keeper_folder(scratch->keeper));
    }
    snprintf(scratch->path, sizeof scratch->path, "%s", run->handed);
    sigaction(SIGXFSZ, &(struct sigaction){.sa_handler = SIG_IGN}, &scratch->sigxfsz_before);
    return 0;
}

void scratch_close(struct scratch *scratch)
{
    if (!*scratch->path)
        return;
    keeper_stop(scratch->keeper);
    sigaction(SIGXFSZ, &scratch->sigxfsz_before, NULL);
}
