/* What a manager owns: maps and lists by name. Used by one thread. */
#ifndef SHARE_MANAGER_STORE_H
#define SHARE_MANAGER_STORE_H

#include "manager_wire.h"

/* All zero is an empty store; it is freed with its process. */
struct manager_store {
    void *maps, *lists; /* trees of tsearch(3) */
};

/* Does what a request says. name and key end with 0; value has request->value_size bytes. Puts
 * what is handed out behind the reply's struct in `out`, fills in reply->number, and returns the
 * status. */
int manager_store_do(struct manager_store *store, const struct wire_request *request,
    const char *name, const char *key, const void *value, struct wire_reply *reply,
    struct wire_buffer *out);

#endif
