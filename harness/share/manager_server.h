/* The manager's own process. */
#ifndef SHARE_MANAGER_SERVER_H
#define SHARE_MANAGER_SERVER_H

#include <sys/types.h>

/* Serves those who connect to `listener` (listening, non-blocking) until it is killed, or until
 * `parent`, whose child it is, has died. key: MANAGER_KEY_SIZE bytes that a user of a TCP socket
 * begins with; NULL: a Unix socket, of the same user's processes. Ends the process with _exit. */
_Noreturn void manager_server(int listener, pid_t parent, const unsigned char *key);

#endif
