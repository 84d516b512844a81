/* The manager's own process. */
#ifndef SHARE_MANAGER_SERVER_H
#define SHARE_MANAGER_SERVER_H

#include <sys/types.h>

/* Serves those who connect to `listener` (a listening, non-blocking Unix socket) until it is
 * killed, or until `parent`, whose child it is, has died. Ends the process with _exit. */
_Noreturn void manager_server(int listener, pid_t parent);

#endif
