/* The backend events and its loop: timers, descriptors, tasks in flight, cases in both forms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "drive.h"
#include "group.h"
#include "leftovers.h"
#include "pools.h"

#include "harness/measure/clock.h"
#include "harness/pool/event_loop.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#define MS 1000000u

/* ---- the loop ---- */

struct calls {
    unsigned count;
    int order[8];
};

struct call {
    struct event_timer timer;
    struct calls *calls;
    int number;
};

static void note_call(void *data)
{
    struct call *call = data;
    call->calls->order[call->calls->count++] = call->number;
}

static void timers_are_called_in_the_order_of_their_ends(void **state)
{
    (void)state;
    static const unsigned ms[] = {5, 1, 4, 0, 3, 2};
    struct event_loop *loop = event_loop_make();
    struct calls calls = {0};
    struct call all[6] = {0};
    for (int i = 0; i < 6; i++) {
        all[i] = (struct call){{.then = note_call, .data = &all[i]}, &calls, (int)ms[i]};
        assert_int_equal(event_timer_set(loop, &all[i].timer, ms[i] * MS), 0);
    }
    event_timer_stop(loop, &all[4].timer);                             /* 3 */
    event_timer_stop(loop, &all[4].timer);                             /* is stopped already */
    assert_int_equal(event_timer_set(loop, &all[1].timer, 9 * MS), 0); /* 1, set anew */
    while (calls.count < 5)
        assert_int_equal(event_loop_turn(loop), 0);
    static const int expected[] = {0, 2, 4, 5, 1};
    assert_memory_equal(calls.order, expected, sizeof expected);
    event_loop_free(loop);
}

/* No order of setting and stopping upsets the heap. */
static void many_timers_are_called_once_each(void **state)
{
    (void)state;
    struct event_loop *loop = event_loop_make();
    static struct call all[1000];
    static struct calls sink[1000];
    for (int i = 0; i < 1000; i++) {
        sink[i].count = 0;
        all[i] = (struct call){{.then = note_call, .data = &all[i]}, &sink[i], i};
        assert_int_equal(
            event_timer_set(loop, &all[i].timer, hash_mix(1, (uint64_t)i) % (5 * MS)), 0);
    }
    for (int i = 0; i < 1000; i += 3)
        event_timer_stop(loop, &all[i].timer);
    uint64_t end = clock_now() + 8 * MS;
    struct calls last = {0};
    struct call guard = {{.then = note_call, .data = &guard}, &last, 0};
    assert_int_equal(event_timer_set(loop, &guard.timer, end - clock_now()), 0);
    while (last.count == 0)
        assert_int_equal(event_loop_turn(loop), 0);
    assert_true(clock_now() >= end);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(sink[i].count, i % 3 != 0);
    event_loop_free(loop);
}

struct pipe_end {
    struct event_loop *loop;
    char byte;
    unsigned ready;
};

static void read_byte(void *data, int fd, uint32_t events)
{
    struct pipe_end *end = data;
    assert_true(events & EPOLLIN);
    assert_int_equal(read(fd, &end->byte, 1), 1);
    end->ready++;
    assert_int_equal(event_watch(end->loop, fd, 0, NULL, NULL), 0);
}

static void a_descriptor_is_watched_until_it_is_not(void **state)
{
    (void)state;
    int fds[2];
    struct pipe_end end = {.loop = event_loop_make()};
    struct calls calls = {0};
    struct call call = {{.then = note_call, .data = &call}, &calls, 1};
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    assert_int_equal(event_watch(end.loop, fds[0], EPOLLIN, read_byte, &end), 0);
    assert_int_equal(event_watch(end.loop, fds[0], EPOLLIN, read_byte, &end), 0); /* as before */
    assert_int_equal(write(fds[1], "xy", 2), 2);
    assert_int_equal(event_timer_set(end.loop, &call.timer, 5 * MS), 0);
    while (calls.count == 0)
        assert_int_equal(event_loop_turn(end.loop), 0);
    assert_int_equal(end.ready, 1);
    assert_int_equal(end.byte, 'x');
    assert_int_not_equal(event_watch(end.loop, 1 << 20, EPOLLIN, read_byte, &end), 0);
    assert_non_null(strstr(task_message(0), "epoll_ctl"));
    close(fds[0]);
    close(fds[1]);
    event_loop_free(end.loop);
}

/* ---- tasks ---- */

#define IN_FLIGHT 5
#define TASKS 100

static struct {
    unsigned in_flight, most, left;
    void *local;
} scene;

static void end_task(void *data)
{
    struct event *event = data;
    scene.in_flight--;
    event->result->value = 3 * event->index;
    event_end(
        event, event->index % 10 == 7 ? task_fail(EDOM, "task %d fails", (int)event->index) : 0);
}

/* Every third one ends at once. */
static void begin_task(const void *ctx, void *local, struct event *event)
{
    (void)ctx;
    assert_ptr_equal(local, &scene);
    assert_true(event->worker < IN_FLIGHT);
    scene.in_flight++;
    if (scene.in_flight > scene.most)
        scene.most = scene.in_flight;
    event->timer.then = end_task;
    event->timer.data = event;
    if (event->index % 3 == 0)
        end_task(event);
    else
        assert_int_equal(event_timer_set(event->loop, &event->timer, event->index % 4 * 100000), 0);
}

static int enter_loop(const void *ctx, struct event_loop *loop, unsigned most, void **local)
{
    (void)loop;
    if (ctx)
        return task_fail(ENOMEM, "no room for %u", most);
    *local = &scene;
    return 0;
}

static void leave_loop(const void *ctx, struct event_loop *loop, void *local)
{
    (void)ctx;
    (void)loop;
    scene.left += local == &scene;
}

static const struct event_form form = {enter_loop, leave_loop, begin_task};

static int never(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)ctx;
    (void)local;
    (void)index;
    (void)result;
    return task_fail(EIO, "the blocking form has run");
}

static struct pool *try_events(
    const struct event_form *events, const void *ctx, struct arena *arena, char *why, size_t size)
{
    const struct pool_config config = {
        .workers = IN_FLIGHT, .task = never, .ctx = ctx, .arena = arena, .events = events};
    memset(&scene, 0, sizeof scene);
    return pool_start(registry_backend("events"), &config, why, size);
}

static void as_many_tasks_as_workers_are_in_flight_and_failures_cost_no_other(void **state)
{
    (void)state;
    struct arena arena;
    char why[512];
    assert_int_equal(arena_make(&arena, TASKS, 0), 0);
    struct pool *pool = try_events(&form, NULL, &arena, why, sizeof why);
    assert_non_null(pool);
    for (int region = 0; region < 3; region++) {
        assert_int_equal(pool_map(pool, TASKS, 7), 0);
        for (uint64_t i = 0; i < TASKS; i++) {
            assert_int_equal(arena.status[i], i % 10 == 7 ? TASK_ERROR : TASK_OK);
            assert_int_equal(arena_slot(&arena, i)->value, 3 * i);
        }
        assert_int_equal(*arena.failed, TASKS / 10);
        assert_non_null(strstr(arena.failures[0].message, "fails"));
    }
    assert_int_equal(pools_worker_tasks(pool), 3 * TASKS);
    assert_int_equal(scene.most, IN_FLIGHT);
    pool_stop(pool);
    assert_int_equal(scene.left, 1);
    arena_free(&arena);
}

static void what_cannot_be_in_a_loop_is_refused_with_the_reason(void **state)
{
    (void)state;
    struct arena arena;
    char why[512];
    assert_int_equal(arena_make(&arena, 1, 0), 0);
    assert_null(try_events(NULL, NULL, &arena, why, sizeof why));
    assert_int_equal(errno, ENOTSUP);
    assert_non_null(strstr(why, "not implemented"));
    assert_null(try_events(&form, why, &arena, why, sizeof why));
    assert_int_equal(errno, ECANCELED);
    assert_non_null(strstr(why, "no room for 5"));
    assert_int_equal(scene.left, 0);
    arena_free(&arena);
}

/* ---- cases ---- */

static void failed_requests_are_errors_with_their_url_and_cost_no_other(void **state)
{
    (void)state;
    struct workload workload;
    drive_open(&workload, "http", 60, DRIVE_PARAMS("latency=1ms", "error_rate=0.2"));
    struct workload_outcome serial = drive_run(&workload, "serial", 1);
    struct workload_outcome events = drive_run(&workload, "events", 7);
    assert_true(events.errors > 0);
    assert_int_equal(events.errors, serial.errors);
    assert_int_equal(events.checksum, serial.checksum);
    for (uint64_t i = 0; i < 60; i++)
        if (drive_failure(&workload, i))
            drive_assert_failed(&workload, i, "GET http://127.0.0.1:", "HTTP status 503");
    workload_close(&workload);
}

static void a_slow_request_times_out_alone(void **state)
{
    (void)state;
    struct workload workload;
    drive_open(&workload, "http", 5, DRIVE_PARAMS("latency=20s", "timeout=50ms"));
    assert_int_equal(drive_run(&workload, "events", 3).errors, 5);
    drive_assert_failed(&workload, 4, "GET http://127.0.0.1:", "imed out");
    workload_close(&workload);
}

static void a_region_keeps_its_connections_for_the_next(void **state)
{
    (void)state;
    struct workload workload;
    char answer[256];
    drive_open(&workload, "http", 40, DRIVE_PARAMS("latency=1ms"));
    assert_int_equal(drive_run(&workload, "events", 4).ok, 40);
    workload_answer(&workload, answer, sizeof answer);
    assert_non_null(strstr(answer, "40 requests on 4 connections"));
    workload_close(&workload);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, leftovers_mark, leftovers_check)
        TEST(timers_are_called_in_the_order_of_their_ends),
        TEST(many_timers_are_called_once_each),
        TEST(a_descriptor_is_watched_until_it_is_not),
        TEST(as_many_tasks_as_workers_are_in_flight_and_failures_cost_no_other),
        TEST(what_cannot_be_in_a_loop_is_refused_with_the_reason),
        TEST(failed_requests_are_errors_with_their_url_and_cost_no_other),
        TEST(a_slow_request_times_out_alone),
        TEST(a_region_keeps_its_connections_for_the_next),
    };
    return cmocka_run_group_tests_name("events", tests, NULL, NULL);
}
