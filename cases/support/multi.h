/* Many transfers of libcurl at once in an event loop: a multi handle whose sockets and timeout the
 * loop watches. Belongs to the loop's thread. */
#ifndef SUPPORT_MULTI_H
#define SUPPORT_MULTI_H

#include "../../harness/pool/events.h"

#include <curl/curl.h>

struct multi;

/* Called when a transfer has ended, with the easy handle's CURLOPT_PRIVATE; the handle is free for
 * the next one then. */
typedef void multi_ended(void *data, CURLcode code);

/* connections: how many are kept open for later transfers. NULL: no memory. */
struct multi *multi_make(struct event_loop *loop, unsigned connections, multi_ended *ended);

/* Ends what is under way without a word. The easy handles stay, to be freed after this. NULL is
 * allowed. */
void multi_free(struct multi *multi);

/* Begins a transfer. Returns 0, or a code with a message. */
int multi_add(struct multi *multi, CURL *easy);

#endif
