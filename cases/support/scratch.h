/* The temporary folder of a case whose tasks make files: below the case's parameter `folder`,
 * handed on to processes that repeat the setup, and removed in the end with all that is in it.
 *
 * While it is open, a file above the process's size limit is an error of whoever writes it (EFBIG),
 * as a full disk is, and no signal that ends the process. */
#ifndef SUPPORT_SCRATCH_H
#define SUPPORT_SCRATCH_H

#include "../case.h"

#include <limits.h>
#include <signal.h>
#include <stdbool.h>

struct scratch {
    char path[PATH_MAX];
    bool borrowed;                   /* another process's to fill and to remove */
    struct sigaction sigxfsz_before; /* what opening changes in the process, for closing */
};

/* For setup of a case that has a parameter `folder` (NULL: TMPDIR or /tmp); name is a part of the
 * folder's. Returns 0, or a code with a message. */
int scratch_open(struct scratch *scratch, struct case_run *run, const char *name);

/* For teardown. What cannot be removed stays: a hook that returns nothing has nobody to tell. */
void scratch_close(struct scratch *scratch);

#endif
