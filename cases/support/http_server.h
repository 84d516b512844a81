/* An HTTP server on 127.0.0.1 that answers every request after the same latency.
 *
 * It is a process of its own, so that its work is not the measured program's, with one thread and
 * one epoll loop: a waiting request is a suspended connection in a list, so that thousands wait at
 * once at no cost. The server ends with the process that started it, whatever ends that one.
 *
 * GET /INDEX is answered with status 200 and the first `size` bytes of the content (content.h) of
 * hash_mix(seed, INDEX), or with 503 if http_server_fails. Connections are kept open between
 * requests. Any other path is 404, any other method ends the connection. */
#ifndef SUPPORT_HTTP_SERVER_H
#define SUPPORT_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_server_options {
    uint64_t latency;  /* ns from the request's arrival to its answer; 0: at once */
    double error_rate; /* 0 to 1: the share of indices that is answered with 503 */
    uint64_t seed;     /* decides the bodies and which indices fail */
    size_t size;       /* bytes of a body */
};

/* What the server has seen since its start. A request counts when it has arrived, thus before its
 * answer is seen. */
struct http_server_counts {
    uint64_t connections;
    uint64_t requests;
};

struct http_server;

/* Forks the server and returns when it listens. Call it from a process with one thread. How many
 * connections it serves at once follows from the soft limit of open files. Returns 0 and the
 * server, which the caller owns, or an errno code with a message (task_fail), nothing left. */
int http_server_start(struct http_server **server, const struct http_server_options *options);

/* Ends the server, by force if it does not end by itself within half a second, waits for the
 * process and frees everything. To be called by the process that started it. NULL is allowed. */
void http_server_stop(struct http_server *server);

uint16_t http_server_port(const struct http_server *server);

/* Safe from any process that holds the server, forked ones included. */
struct http_server_counts http_server_counts(const struct http_server *server);

/* Whether the request of this index is answered with 503. Pure. */
bool http_server_fails(const struct http_server_options *options, uint64_t index);

#endif
