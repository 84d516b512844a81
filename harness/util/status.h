/* What a subcommand ends with; the program's exit status. Where several apply, the order is
 * interrupted, usage, unavailable, failed, refused, done. */
#ifndef UTIL_STATUS_H
#define UTIL_STATUS_H

enum status {
    STATUS_DONE = 0,
    STATUS_FAILED = 1,      /* a failure, a wrong result, a task that is lost or timed out */
    STATUS_USAGE = 2,       /* the call's words are off */
    STATUS_REFUSED = 3,     /* with --strict: measured, but the verdict is REFUSED */
    STATUS_UNAVAILABLE = 4, /* a component or CPUs missing here */
    STATUS_INTERRUPTED = 130
};

#endif
