/* The temporary folder of a case whose tasks make files: handed on to processes that repeat the
 * setup, and removed in the end with all that is in it, also where the program is killed
 * (keeper.h).
 *
 * While it is open, a file above the process's size limit is an error of whoever writes it (EFBIG),
 * as a full disk is, and no signal that ends the process. */
#ifndef SUPPORT_SCRATCH_H
#define SUPPORT_SCRATCH_H

#include "../case.h"
#include "keeper.h"

#include <limits.h>
#include <signal.h>
#include <stdbool.h>

struct scratch {
    char path[PATH_MAX];
    bool borrowed;                   /* another process's to fill and to remove */
    struct keeper *keeper;           /* NULL: borrowed */
    struct sigaction sigxfsz_before; /* what opening changes in the process, for closing */
};

/* For setup. parent is the case's parameter `folder` (NULL: TMPDIR or /tmp); name is a part of the
 * folder's. Returns 0, or a code with a message. */
int scratch_open(
    struct scratch *scratch, struct case_run *run, const char *name, const char *parent);

/* For teardown. What cannot be removed stays: a hook that returns nothing has nobody to tell. Of a
 * zeroed scratch, which was never open, it does nothing. */
void scratch_close(struct scratch *scratch);

#endif
