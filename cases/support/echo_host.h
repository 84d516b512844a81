/* Partners: for each worker, on whatever backend, a process that takes its messages through a
 * transport and sends them back.
 *
 * A worker may be a thread, or a process that knows nothing but an address. So there is a host: a
 * process that setup forks while it has one thread. A worker connects to it over a Unix socket (an
 * abstract address that the kernel picks: no file), the host forks a partner for it, and the
 * partner makes the link and sends the worker its descriptors through that socket. From then on
 * nothing goes through the socket; each side's death is its end at the other.
 *
 * A partner ends with its worker, all of them with the host, and the host with the process that
 * started it, whatever ends that one. */
#ifndef SUPPORT_ECHO_HOST_H
#define SUPPORT_ECHO_HOST_H

#include "echo_link.h"

#define ECHO_ADDRESS_MAX 64

struct echo_options {
    const struct echo_transport *transport;
    size_t size;         /* of a message: 1 to MESSAGE_MAX */
    bool oneway;         /* the partner answers the last of `messages` with a hash of all; else each
                            one with itself */
    uint64_t messages;   /* of a task */
    uint64_t iterations; /* of a chain (chain.h) that the partner computes with each message */
};

struct echo_host;

/* Forks the host. Call it from a process with one thread. Returns 0 and the host, which the caller
 * owns, or an errno code with a message (task_fail), nothing left. */
int echo_host_start(struct echo_host **host, const struct echo_options *options);

/* Ends host and partners, waits for them and frees the host. To be called by the process that
 * started it. NULL is allowed. */
void echo_host_stop(struct echo_host *host);

/* Where workers find it: a short text, valid until it is stopped. */
const char *echo_host_address(const struct echo_host *host);

/* For a worker: gets a partner, and opens the link to it. Returns 0, or a code with a message. The
 * link is for one thread at a time, and closed by echo_disconnect, which ends the partner. */
int echo_connect(const char *address, const struct echo_options *options, struct echo_link *link);
void echo_disconnect(const struct echo_options *options, struct echo_link *link);

#endif
