/* GET requests through libcurl. pkg-config: libcurl libmicrohttpd
 *
 * A worker has one easy handle, which keeps its connection open from one request to the next, as a
 * client would that is written with care. The default server is our own (support/http_server.h)
 * in a process of its own, so that the wait is exact and every body known; a list of URLs puts
 * real servers in its place, of whose pages only the status is stable.
 *
 * No body is kept: it is hashed piece by piece as it comes in. */
#include "case.h"

#include "support/content.h"
#include "support/http_server.h"
#include "support/multi.h"
#include "support/url_list.h"

#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

#define DEFAULT_TASKS 100
#define NS_PER_MS 1000000u
#define OWN_URL_SIZE 64    /* http://127.0.0.1:PORT/INDEX */
#define SHOWN_URL "%.120s" /* a message has room for so much of a URL beside the cause */

struct http {
    struct http_server_options options;
    struct http_server *server; /* NULL: another process has it, or a list of URLs is used */
    unsigned port;              /* of the built-in server; 0: a list of URLs */
    struct url_list list;
    long timeout_ms;
    struct rlimit files_before; /* what setup changes in the process, for teardown */
    struct sigaction sigpipe_before;
};

struct http_worker {
    CURL *easy;
    uint64_t hash;               /* of the body so far */
    char error[CURL_ERROR_SIZE]; /* what failed, in libcurl's words */
    int socket_error;            /* errno of the socket that could not be made, or 0 */
    struct event *event;         /* its request, in the form that does not block */
};

static const struct param http_params[] = {
    {.name = "latency",
        .type = PARAM_DURATION,
        .value = "20ms",
        .max = 60e9,
        .help = "time the built-in server takes to answer"},
    {.name = "error_rate",
        .type = PARAM_REAL,
        .value = "0",
        .max = 1,
        .help = "share of requests, 0 to 1, that the built-in server answers with 503"},
    {.name = "size",
        .type = PARAM_COUNT,
        .value = "1k",
        .max = 16e6,
        .help = "bytes of a body from the built-in server"},
    {.name = "urls",
        .type = PARAM_TEXT,
        .choices = "FILE",
        .help = "a list of URLs, one a line, # for comments, instead of the built-in server"},
    {.name = "timeout",
        .type = PARAM_DURATION,
        .value = "10s",
        .min = 1e6,
        .max = 3600e9,
        .help = "a request that takes longer has failed"},
    {.name = NULL},
};

/* Setup and teardown. */

/* A worker needs a connection and some descriptors of libcurl's, the server one a connection: a
 * soft limit of 1,024 would end at some hundred workers. A TLS library may write to a connection
 * that its server has closed, which must be an error of the task and not SIGPIPE. */
static void change_process(struct http *http)
{
    getrlimit(RLIMIT_NOFILE, &http->files_before);
    struct rlimit files = http->files_before;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, &http->sigpipe_before);
}

static void restore_process(const struct http *http)
{
    sigaction(SIGPIPE, &http->sigpipe_before, NULL);
    setrlimit(RLIMIT_NOFILE, &http->files_before);
}

static void http_teardown(void *ctx)
{
    struct http *http = ctx;
    curl_global_cleanup();
    http_server_stop(http->server);
    url_list_free(&http->list);
    restore_process(http);
    free(http);
}

static int refuse_server_params(const struct param_values *params)
{
    static const char *const names[] = {"latency", "error_rate", "size"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (param_given(params, names[i]))
            return task_fail(
                EINVAL, "%s= sets up the built-in server, which urls= does without", names[i]);
    return 0;
}

/* The server of the process whose setup this one repeats, or an own one. */
static int find_own(struct http *http, struct case_run *run)
{
    if (sscanf(run->handed, "%u", &http->port) == 1)
        return 0;
    int code = http_server_start(&http->server, &http->options);
    if (code)
        return code;
    http->port = http_server_port(http->server);
    snprintf(run->handed, sizeof run->handed, "%u", http->port);
    return 0;
}

static int find_server(struct http *http, struct case_run *run)
{
    const char *list = param_text(run->params, "urls");
    if (!list)
        return find_own(http, run);
    int code = refuse_server_params(run->params);
    return code ? code : url_list_read(&http->list, list);
}

static int http_setup(struct case_run *run)
{
    struct http *http = calloc(1, sizeof *http);
    if (!http)
        return task_fail(ENOMEM, "out of memory");
    http->options = (struct http_server_options){.latency = param_duration(run->params, "latency"),
        .error_rate = param_real(run->params, "error_rate"),
        .seed = run->seed,
        .size = param_count(run->params, "size")};
    http->timeout_ms = (long)((param_duration(run->params, "timeout") + NS_PER_MS - 1) / NS_PER_MS);
    change_process(http);
    /* The server first: forked before libcurl and its TLS library make anything. */
    int code = find_server(http, run);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK && !code)
        code = task_fail(EIO, "libcurl cannot be initialised");
    if (code) {
        http_teardown(http);
        return code;
    }
    if (run->tasks == 0)
        run->tasks = http->port ? DEFAULT_TASKS : http->list.count;
    run->even = http->port != 0;
    run->ctx = http;
    return 0;
}

/* A worker. */

static size_t hash_body(char *data, size_t unit, size_t count, void *local)
{
    struct http_worker *worker = local;
    worker->hash = hash_bytes(worker->hash, data, unit * count);
    return unit * count;
}

/* Computes in the midst of what is marked as blocking. */
static size_t hash_body_between(char *data, size_t unit, size_t count, void *local)
{
    blocking_end();
    size_t taken = hash_body(data, unit, count, local);
    blocking_begin();
    return taken;
}

static size_t skip_body(char *data, size_t unit, size_t count, void *local)
{
    (void)data;
    (void)local;
    return unit * count;
}

/* libcurl's own way to make a socket does not tell why it failed (too many open files). Where
 * there is no IPv6, libcurl goes on with IPv4, and that one's error is the cause. */
static curl_socket_t open_socket(void *local, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)purpose;
    struct http_worker *worker = local;
    int made = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (made < 0 && errno != EAFNOSUPPORT)
        worker->socket_error = errno;
    return made < 0 ? CURL_SOCKET_BAD : made;
}

/* Whether libcurl took every option. */
static bool set_options(
    const struct http *http, struct http_worker *worker, curl_write_callback take_body)
{
    CURL *easy = worker->easy;
    CURLcode codes[] = {
        curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L),
        curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, worker->error),
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, http->port ? take_body : skip_body),
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, worker),
        curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket),
        curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, worker),
        curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, http->timeout_ms),
        curl_easy_setopt(easy, CURLOPT_USERAGENT, "poolbench"),
        /* the request for 127.0.0.1 is not for a proxy from the environment */
        http->port ? curl_easy_setopt(easy, CURLOPT_PROXY, "") : CURLE_OK,
        /* a timeout must not wait for the resolver's thread, which may live on for seconds */
        curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L),
    };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i] != CURLE_OK)
            return false;
    return true;
}

/* Makes the handle and, by a request without a URL, which fails before it does anything, what
 * libcurl else makes with the first request. Both spin for a lock of libcurl's own: workers that
 * start at once would burn whole time slices on it, a thousand of them seconds, and inside the
 * region. Those who wait for this lock sleep. */
static bool make_easy(const struct http *http, struct http_worker *worker)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&lock);
    worker->easy = curl_easy_init();
    bool made = worker->easy && set_options(http, worker, hash_body_between);
    if (made)
        curl_easy_perform(worker->easy);
    pthread_mutex_unlock(&lock);
    return made;
}

static int http_worker_enter(const void *ctx, void **local)
{
    struct http_worker *worker = calloc(1, sizeof *worker);
    if (!worker)
        return task_fail(ENOMEM, "no memory for an HTTP client");
    if (!make_easy(ctx, worker)) {
        curl_easy_cleanup(worker->easy);
        free(worker);
        return task_fail(ENOMEM, "libcurl cannot make an HTTP client");
    }
    *local = worker;
    return 0;
}

static void http_worker_leave(const void *ctx, void *local)
{
    (void)ctx;
    struct http_worker *worker = local;
    curl_easy_cleanup(worker->easy);
    free(worker);
}

/* What each request begins with, and how it ends, in both forms of the task. */

/* The URL of a task; `own` is room for one of our own server's. */
static const char *find_url(const struct http *http, uint64_t index, char own[OWN_URL_SIZE])
{
    if (!http->port)
        return http->list.urls[index % http->list.count];
    snprintf(own, OWN_URL_SIZE, "http://127.0.0.1:%u/%" PRIu64, http->port, index);
    return own;
}

static void http_task_name(const void *ctx, uint64_t index, char *text, size_t size)
{
    char own[OWN_URL_SIZE];
    snprintf(text, size, "%s", find_url(ctx, index, own));
}

/* Why a connection failed, errno-like; 0: it did not. Only then is libcurl's errno this request's:
 * it keeps that of an earlier one. */
static int connection_error(const struct http_worker *worker, CURLcode code)
{
    long error = 0;
    if (code != CURLE_COULDNT_CONNECT)
        return 0;
    if (worker->socket_error)
        return worker->socket_error;
    curl_easy_getinfo(worker->easy, CURLINFO_OS_ERRNO, &error);
    return (int)error;
}

static int fail_request(const struct http_worker *worker, const char *url, CURLcode code)
{
    const char *what = worker->error[0] ? worker->error : curl_easy_strerror(code);
    int error = connection_error(worker, code);
    if (error)
        return task_fail(error, "GET " SHOWN_URL ": %s: %s", url, what, strerror(error));
    if (code == CURLE_OPERATION_TIMEDOUT)
        error = ETIMEDOUT;
    else if (code == CURLE_COULDNT_RESOLVE_HOST)
        error = EHOSTUNREACH;
    return task_fail(error, "GET " SHOWN_URL ": %s", url, what);
}

static CURLcode begin_request(const struct http *http, struct http_worker *worker, uint64_t index)
{
    char own[OWN_URL_SIZE];
    worker->hash = HASH_START;
    worker->error[0] = '\0';
    worker->socket_error = 0;
    return curl_easy_setopt(worker->easy, CURLOPT_URL, find_url(http, index, own));
}

/* Returns what the task does. */
static int end_request(const struct http *http, struct http_worker *worker, uint64_t index,
    CURLcode code, struct task_result *result)
{
    char own[OWN_URL_SIZE];
    const char *url = find_url(http, index, own);
    long status = 0;
    if (code != CURLE_OK)
        return fail_request(worker, url, code);
    curl_easy_getinfo(worker->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status >= 400)
        return task_fail(EIO, "GET " SHOWN_URL ": HTTP status %ld", url, status);
    result->value = (uint64_t)status;
    if (!http->port)
        return 0;
    const struct http_server_options *options = &http->options;
    if (worker->hash != content_hash(hash_mix(options->seed, index), options->size))
        return task_fail(EBADMSG, "GET %s: the body is not what the server was to send", url);
    result->value = hash_mix((uint64_t)status, worker->hash);
    return 0;
}

static int http_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    const struct http *http = ctx;
    struct http_worker *worker = local;
    CURLcode code = begin_request(http, worker, index);
    blocking_begin();
    if (code == CURLE_OK)
        code = curl_easy_perform(worker->easy);
    blocking_end();
    return end_request(http, worker, index, code, result);
}

/* The form that does not block: a handle a request in flight, all in one multi handle. */

struct http_loop {
    const struct http *http;
    struct multi *multi;
    unsigned most;
    struct http_worker workers[];
};

static void http_events_leave(const void *ctx, struct event_loop *loop, void *local)
{
    struct http_loop *own = local;
    (void)ctx;
    (void)loop;
    multi_free(own->multi);
    for (unsigned i = 0; i < own->most; i++)
        curl_easy_cleanup(own->workers[i].easy);
    free(own);
}

static void http_ended(void *data, CURLcode code)
{
    struct http_worker *worker = data;
    struct event *event = worker->event;
    const struct http_loop *own = event->data;
    event_end(event, end_request(own->http, worker, event->index, code, event->result));
}

static bool make_handle(const struct http *http, struct http_worker *worker)
{
    worker->easy = curl_easy_init();
    return worker->easy && set_options(http, worker, hash_body) &&
           curl_easy_setopt(worker->easy, CURLOPT_PRIVATE, worker) == CURLE_OK;
}

static int http_events_enter(const void *ctx, struct event_loop *loop, unsigned most, void **local)
{
    struct http_loop *own = calloc(1, sizeof *own + most * sizeof *own->workers);
    if (!own)
        return task_fail(ENOMEM, "no memory for %u HTTP clients", most);
    *own =
        (struct http_loop){.http = ctx, .multi = multi_make(loop, most, http_ended), .most = most};
    bool made = own->multi;
    for (unsigned i = 0; i < most && made; i++)
        made = make_handle(ctx, &own->workers[i]);
    if (!made) {
        http_events_leave(ctx, loop, own);
        return task_fail(ENOMEM, "libcurl cannot make %u HTTP clients", most);
    }
    *local = own;
    return 0;
}

static void http_begin(const void *ctx, void *local, struct event *event)
{
    const struct http *http = ctx;
    struct http_loop *own = local;
    struct http_worker *worker = &own->workers[event->worker];
    event->data = own;
    worker->event = event;
    CURLcode code = begin_request(http, worker, event->index);
    int failed = code == CURLE_OK ? multi_add(own->multi, worker->easy)
                                  : end_request(http, worker, event->index, code, event->result);
    if (failed)
        event_end(event, failed);
}

static const struct event_form http_events = {
    .enter = http_events_enter,
    .leave = http_events_leave,
    .begin = http_begin,
};

/* The connections show whether they are reused: a pool should need one a worker. The server
 * counts from its start on, warm-up and other regions included. */
static void http_answer(
    const void *ctx, const struct case_results *results, char *text, size_t size)
{
    const struct http *http = ctx;
    uint64_t answered = 0;
    uint64_t tasks = case_tasks(results);
    for (uint64_t i = 0; i < tasks; i++)
        answered += case_ok(results, i);
    int length = snprintf(text, size, "%" PRIu64 " requests answered, %" PRIu64 " failed", answered,
        tasks - answered);
    if (!http->server || length < 0 || (size_t)length >= size)
        return;
    struct http_server_counts counts = http_server_counts(http->server);
    snprintf(text + length, size - (size_t)length,
        "; the server has seen %" PRIu64 " requests on %" PRIu64 " connection%s", counts.requests,
        counts.connections, counts.connections == 1 ? "" : "s");
}

const struct bench_case case_http = {
    .name = "http",
    .summary = "GET requests through libcurl, a connection a worker",
    .description =
        "Requests a page and waits for it: from a built-in server that takes latency to answer, "
        "or from the servers of a list of URLs. Almost all of it is waiting, so the speedup "
        "follows the number of workers, far beyond the number of CPUs, until the CPU time of a "
        "request (client and server, both together) or the server's own limit stops it. Each "
        "worker keeps its connection open. Redirections are not followed.",
    .kind = CASE_IO,
    .params = http_params,
    .task = http_task,
    .setup = http_setup,
    .teardown = http_teardown,
    .worker_enter = http_worker_enter,
    .worker_leave = http_worker_leave,
    .events = &http_events,
    .task_name = http_task_name,
    .answer = http_answer,
};
