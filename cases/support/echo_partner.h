/* The partner's own process. */
#ifndef SUPPORT_ECHO_PARTNER_H
#define SUPPORT_ECHO_PARTNER_H

#include "echo_host.h"

#include <sys/types.h>

/* What a partner says first, together with the worker's descriptors. */
struct echo_greeting {
    int code; /* 0, or why there is no link: errno */
    char why[160];
};

/* Makes a link to the worker at the other end of `control` and serves it until it ends, or until
 * `host`, whose child it is, has died. Ends the process with _exit. */
_Noreturn void echo_partner(int control, const struct echo_options *options, pid_t host);

#endif
