/* The http case's own server. pkg-config: libmicrohttpd
 *
 * libmicrohttpd is driven by a loop of our own around its epoll descriptor, because its internal
 * loops count in milliseconds and a latency must not be rounded. With one latency for all the
 * requests fall due in the order of their arrival, so the waiting ones are a plain queue.
 *
 * libmicrohttpd calls the handler twice before it wants an answer: once when the headers are
 * there, once when the (empty) request body is. A request is suspended in the second call only: a
 * connection suspended in the first is answered with "Connection: close". */
#include "http_server.h"

#include "../../harness/measure/clock.h"
#include "../../harness/pool/task.h"
#include "companion.h"
#include "content.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <unistd.h>

#define NS_PER_S 1000000000u
#define NS_PER_MS 1000000u
#define STOP_MS 500          /* how long the server may take to end by itself */
#define OTHER_FILES 64       /* descriptors that are no connections: standard ones, epoll, … */
#define CONNECTION_POOL 8192 /* bytes for a connection's request and its headers */

/* Shared by both processes. Written by the server alone; plain counters that order nothing. */
struct shared_counts {
    _Atomic uint64_t connections;
    _Atomic uint64_t requests;
};

struct http_server {
    struct companion companion;
    uint16_t port;
    struct shared_counts *counts;
};

/* What the server says when it listens, or why it does not. */
struct greeting {
    int error;
    uint16_t port;
};

/* A connection and the one request that it carries at a time. */
struct exchange {
    struct MHD_Connection *connection;
    uint64_t due; /* when the request is answered, ns on CLOCK_MONOTONIC */
    bool waited;
    STAILQ_ENTRY(exchange) next;
};

/* The server process's own state. */
struct service {
    struct http_server_options options;
    struct shared_counts *counts;
    struct MHD_Daemon *daemon;
    STAILQ_HEAD(, exchange) waiting; /* earliest due first */
};

static volatile sig_atomic_t asked_to_stop;

bool http_server_fails(const struct http_server_options *options, uint64_t index)
{
    return hash_unit(hash_mix(options->seed, index)) < options->error_rate;
}

/* The server process: answering. */

static enum MHD_Result answer(
    struct MHD_Connection *connection, unsigned status, void *body, size_t size)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(size, body, MHD_RESPMEM_MUST_FREE);
    if (!response) {
        free(body);
        return MHD_NO;
    }
    enum MHD_Result queued = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result answer_path(
    const struct service *service, struct MHD_Connection *connection, const char *path)
{
    char *end;
    errno = 0;
    uint64_t index = strtoull(path + 1, &end, 10);
    if (errno || end == path + 1 || *end)
        return answer(connection, MHD_HTTP_NOT_FOUND, NULL, 0);
    if (http_server_fails(&service->options, index))
        return answer(connection, MHD_HTTP_SERVICE_UNAVAILABLE, NULL, 0);
    size_t size = service->options.size;
    void *body = size ? malloc(size) : NULL;
    if (size && !body)
        return MHD_NO;
    content_fill(hash_mix(service->options.seed, index), 0, body, size);
    return answer(connection, MHD_HTTP_OK, body, size);
}

static void suspend(struct service *service, struct exchange *exchange)
{
    exchange->waited = true;
    exchange->due = clock_now() + service->options.latency;
    STAILQ_INSERT_TAIL(&service->waiting, exchange, next);
    MHD_suspend_connection(exchange->connection);
}

/* Called for a request's headers, then for its empty body, and again after a suspension. */
static enum MHD_Result handle(void *cls, struct MHD_Connection *connection, const char *path,
    const char *method, const char *version, const char *upload, size_t *upload_size,
    void **request)
{
    (void)version;
    (void)upload;
    (void)upload_size;
    struct service *service = cls;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct exchange *exchange = info ? info->socket_context : NULL;
    if (!exchange || strcmp(method, MHD_HTTP_METHOD_GET) != 0)
        return MHD_NO;
    if (!*request) {
        *request = exchange;
        exchange->waited = service->options.latency == 0;
        atomic_fetch_add_explicit(&service->counts->requests, 1, memory_order_relaxed);
        return MHD_YES;
    }
    if (!exchange->waited) {
        suspend(service, exchange);
        return MHD_YES;
    }
    return answer_path(service, connection, path);
}

static void note_connection(void *cls, struct MHD_Connection *connection, void **context,
    enum MHD_ConnectionNotificationCode event)
{
    struct service *service = cls;
    if (event == MHD_CONNECTION_NOTIFY_CLOSED) {
        free(*context);
        return;
    }
    struct exchange *exchange = calloc(1, sizeof *exchange);
    if (exchange)
        exchange->connection = connection;
    *context = exchange;
    atomic_fetch_add_explicit(&service->counts->connections, 1, memory_order_relaxed);
}

/* The server process: the loop. */

static void resume_until(struct service *service, uint64_t now)
{
    struct exchange *first;
    while ((first = STAILQ_FIRST(&service->waiting)) && first->due <= now) {
        STAILQ_REMOVE_HEAD(&service->waiting, next);
        MHD_resume_connection(first->connection);
    }
}

static uint64_t pause_ns(const struct service *service)
{
    MHD_UNSIGNED_LONG_LONG ms;
    uint64_t pause = UINT64_MAX;
    if (MHD_get_timeout(service->daemon, &ms) == MHD_YES)
        pause = ms * NS_PER_MS;
    const struct exchange *first = STAILQ_FIRST(&service->waiting);
    if (first) {
        uint64_t now = clock_now();
        uint64_t left = first->due > now ? first->due - now : 0;
        pause = left < pause ? left : pause;
    }
    return pause;
}

static void serve(struct service *service, int events)
{
    sigset_t none;
    sigemptyset(&none);
    while (!asked_to_stop) {
        struct pollfd ready = {.fd = events, .events = POLLIN};
        uint64_t pause = pause_ns(service);
        struct timespec limit = {(time_t)(pause / NS_PER_S), (long)(pause % NS_PER_S)};
        ppoll(&ready, 1, pause == UINT64_MAX ? NULL : &limit, &none);
        resume_until(service, clock_now());
        MHD_run(service->daemon);
    }
    resume_until(service, UINT64_MAX);
    MHD_stop_daemon(service->daemon);
}

/* The server process: its start. */

static unsigned connection_limit(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) || files.rlim_cur <= 2 * OTHER_FILES)
        return OTHER_FILES;
    rlim_t limit = files.rlim_cur - OTHER_FILES;
    return limit < INT32_MAX ? (unsigned)limit : INT32_MAX;
}

static struct MHD_Daemon *listen_locally(struct service *service)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = 0};
    unsigned limit = connection_limit();
    return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, handle,
        service, MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_CONNECTION_LIMIT, limit,
        MHD_OPTION_LISTEN_BACKLOG_SIZE, limit, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_POOL, MHD_OPTION_NOTIFY_CONNECTION, note_connection, service,
        MHD_OPTION_END);
}

static void on_stop(int signal)
{
    (void)signal;
    asked_to_stop = 1;
}

/* Ctrl-C reaches every process of a terminal: the parent's teardown answers it, not the server.
 * SIGTERM stays blocked but while the loop waits, so that none is missed. */
static void set_signals(void)
{
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaction(SIGINT, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    sigaction(SIGTERM, &(struct sigaction){.sa_handler = on_stop}, NULL);
    sigprocmask(SIG_SETMASK, &blocked, NULL);
}

/* What the server is given. */
struct duty {
    const struct http_server_options *options;
    struct shared_counts *counts;
};

static void run_server(void *ctx, int to)
{
    const struct duty *duty = ctx;
    prctl(PR_SET_TIMERSLACK, 1);
    set_signals();

    struct service service = {.options = *duty->options, .counts = duty->counts};
    STAILQ_INIT(&service.waiting);
    errno = 0;
    service.daemon = listen_locally(&service);
    struct greeting greeting = {.error = service.daemon ? 0 : errno ? errno : EIO};
    if (service.daemon)
        greeting.port = MHD_get_daemon_info(service.daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    if (write(to, &greeting, sizeof greeting) == sizeof greeting && service.daemon)
        serve(&service, MHD_get_daemon_info(service.daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd);
}

/* The process that owns the server. */

static int start(struct http_server *server, const struct http_server_options *options)
{
    struct duty duty = {options, server->counts};
    const struct companion_role role = {"poolbench-http", SIGKILL, run_server, &duty};
    struct greeting greeting;
    int code = companion_start_greeted(&server->companion, &role, &greeting, sizeof greeting);
    if (code)
        return code;
    server->port = greeting.port;
    return greeting.error;
}

int http_server_start(struct http_server **server, const struct http_server_options *options)
{
    struct http_server *made = malloc(sizeof *made);
    if (!made)
        return task_fail(ENOMEM, "cannot start the HTTP server: out of memory");
    *made = (struct http_server){.companion = COMPANION_NONE};
    made->counts =
        mmap(NULL, sizeof *made->counts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int code = made->counts == MAP_FAILED ? errno : start(made, options);
    if (code) {
        http_server_stop(made);
        return task_fail(code, "cannot start the HTTP server on 127.0.0.1: %s", strerror(code));
    }
    *server = made;
    return 0;
}

void http_server_stop(struct http_server *server)
{
    if (!server)
        return;
    companion_end(&server->companion, STOP_MS);
    if (server->counts != MAP_FAILED)
        munmap(server->counts, sizeof *server->counts);
    free(server);
}

uint16_t http_server_port(const struct http_server *server)
{
    return server->port;
}

struct http_server_counts http_server_counts(const struct http_server *server)
{
    return (struct http_server_counts){
        .connections = atomic_load_explicit(&server->counts->connections, memory_order_relaxed),
        .requests = atomic_load_explicit(&server->counts->requests, memory_order_relaxed)};
}
