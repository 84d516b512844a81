/* libcurl's multi_socket interface on the loop. pkg-config: libcurl
 *
 * What libcurl asks for in its callbacks may be done there; transfers that have ended are taken up
 * only after it has returned, since none of its calls may be made from within another. */
#include "multi.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>

#define NS_PER_MS 1000000u

struct multi {
    CURLM *handle;
    struct event_loop *loop;
    struct event_timer timer; /* libcurl's one timeout */
    multi_ended *ended;
};

static void take_ended(struct multi *multi)
{
    CURLMsg *message;
    for (int left; (message = curl_multi_info_read(multi->handle, &left));) {
        CURL *easy = message->easy_handle; /* the message ends with the removal */
        CURLcode code = message->data.result;
        void *data = NULL;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, &data);
        curl_multi_remove_handle(multi->handle, easy);
        multi->ended(data, code);
    }
}

static void go_on(struct multi *multi, curl_socket_t socket, int what)
{
    int running;
    curl_multi_socket_action(multi->handle, socket, what, &running);
    take_ended(multi);
}

static void socket_ready(void *data, int fd, uint32_t events)
{
    int what = (events & EPOLLIN ? CURL_CSELECT_IN : 0) |
               (events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
               (events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
    go_on(data, fd, what);
}

static void timed_out(void *data)
{
    go_on(data, CURL_SOCKET_TIMEOUT, 0);
}

/* Where the loop refuses, libcurl ends all transfers with an error. */
static int socket_changed(CURL *easy, curl_socket_t socket, int what, void *data, void *own)
{
    static const uint32_t events[] = {[CURL_POLL_IN] = EPOLLIN,
        [CURL_POLL_OUT] = EPOLLOUT,
        [CURL_POLL_INOUT] = EPOLLIN | EPOLLOUT};
    struct multi *multi = data;
    (void)easy;
    (void)own;
    uint32_t wanted = what == CURL_POLL_REMOVE ? 0 : events[what];
    return event_watch(multi->loop, socket, wanted, socket_ready, multi) ? -1 : 0;
}

/* ms: -1: none. */
static int timeout_changed(CURLM *handle, long ms, void *data)
{
    struct multi *multi = data;
    (void)handle;
    if (ms >= 0)
        return event_timer_set(multi->loop, &multi->timer, (uint64_t)ms * NS_PER_MS) ? -1 : 0;
    event_timer_stop(multi->loop, &multi->timer);
    return 0;
}

/* Whether libcurl took every option. */
static bool set_options(struct multi *multi, unsigned connections)
{
    CURLM *handle = multi->handle;
    CURLMcode codes[] = {
        curl_multi_setopt(handle, CURLMOPT_SOCKETFUNCTION, socket_changed),
        curl_multi_setopt(handle, CURLMOPT_SOCKETDATA, multi),
        curl_multi_setopt(handle, CURLMOPT_TIMERFUNCTION, timeout_changed),
        curl_multi_setopt(handle, CURLMOPT_TIMERDATA, multi),
        curl_multi_setopt(handle, CURLMOPT_MAXCONNECTS, (long)connections),
        curl_multi_setopt(handle, CURLMOPT_PIPELINING, CURLPIPE_NOTHING),
    };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i] != CURLM_OK)
            return false;
    return true;
}

struct multi *multi_make(struct event_loop *loop, unsigned connections, multi_ended *ended)
{
    struct multi *multi = malloc(sizeof *multi);
    if (!multi)
        return NULL;
    *multi = (struct multi){.handle = curl_multi_init(),
        .loop = loop,
        .timer = {.then = timed_out, .data = multi},
        .ended = ended};
    if (multi->handle && set_options(multi, connections))
        return multi;
    multi_free(multi);
    return NULL;
}

void multi_free(struct multi *multi)
{
    if (!multi)
        return;
    curl_multi_cleanup(multi->handle);
    event_timer_stop(multi->loop, &multi->timer);
    free(multi);
}

int multi_add(struct multi *multi, CURL *easy)
{
    CURLMcode code = curl_multi_add_handle(multi->handle, easy);
    return code == CURLM_OK ? 0 : task_fail(EIO, "libcurl: %s", curl_multi_strerror(code));
}
