/* Pipes: whole messages or a status, whoever closes, dies or is interrupted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "shares.h"

#include "harness/share/event.h"
#include "harness/share/pipe.h"

#define LARGE ((size_t)16 << 20)

static const size_t sizes[] = {0, 1, 7, 4096, 65537, LARGE, 0, 3};
#define SIZES (sizeof sizes / sizeof *sizes)

static unsigned char *make_message(size_t size, uint64_t seed)
{
    unsigned char *message = malloc(size + 1);
    assert_non_null(message);
    for (size_t i = 0; i < size; i++)
        message[i] = (unsigned char)((seed + i) * 2654435761u >> 13);
    return message;
}

static struct pipe *make(void)
{
    struct pipe *pipe = pipe_make();
    if (!pipe)
        fail_msg("pipe_make: %s", strerror(errno));
    return pipe;
}

/* Receives a message of that size and seed. */
static void assert_receives(struct pipe *pipe, enum pipe_end end, size_t size, uint64_t seed)
{
    void *message = NULL;
    size_t received = size + 1;
    assert_int_equal(pipe_receive(pipe, end, &message, &received), 0);
    assert_int_equal(received, size);
    unsigned char *expected = make_message(size, seed);
    expected[size] = 0;
    assert_int_equal(memcmp(message, expected, size + 1), 0);
    free(expected);
    free(message);
}

static void assert_ends(struct pipe *pipe, enum pipe_end end, int expected)
{
    void *message = pipe;
    size_t size = 77;
    assert_int_equal(pipe_receive(pipe, end, &message, &size), expected);
    assert_ptr_equal(message, pipe);
    assert_int_equal(size, 77);
}

/* ---- messages ---- */

/* Sends each message back until the other end is closed. */
static int echo(void *context)
{
    struct pipe *pipe = context;
    void *message;
    size_t size;
    int code;
    pipe_close(pipe, PIPE_LEFT);
    while ((code = pipe_receive(pipe, PIPE_RIGHT, &message, &size)) == 0) {
        code = pipe_send(pipe, PIPE_RIGHT, message, size);
        free(message);
        if (code)
            return code;
    }
    return code;
}

static void echo_all(struct pipe *pipe, size_t seed)
{
    for (size_t i = 0; i < SIZES; i++) {
        unsigned char *message = make_message(sizes[i], seed + i);
        assert_int_equal(pipe_send(pipe, PIPE_LEFT, sizes[i] ? message : NULL, sizes[i]), 0);
        assert_receives(pipe, PIPE_LEFT, sizes[i], seed + i);
        free(message);
    }
}

static void messages_of_any_size_go_both_ways_whole(void **state)
{
    (void)state;
    SHARES_NEEDS_PROCESSES();
    struct pipe *pipe = make();
    pid_t pid = shares_fork(echo, pipe);
    pipe_close(pipe, PIPE_RIGHT);
    echo_all(pipe, 1);
    pipe_close(pipe, PIPE_LEFT);
    assert_int_equal(shares_reap(pid), PIPE_CLOSED);
    pipe_free(pipe);
}

static void *send_sizes(void *context)
{
    for (size_t i = 0; i < SIZES; i++) {
        unsigned char *message = make_message(sizes[i], i);
        pipe_send(context, PIPE_LEFT, message, sizes[i]);
        free(message);
    }
    return NULL;
}

static void threads_have_pipes_as_well(void **state)
{
    struct pipe *pipe = make();
    (void)state;
    pthread_t sender = shares_thread(send_sizes, pipe);
    for (size_t i = 0; i < SIZES; i++)
        assert_receives(pipe, PIPE_RIGHT, sizes[i], i);
    pthread_join(sender, NULL);
    pipe_free(pipe);
}

static void a_poll_tells_whether_something_is_there(void **state)
{
    struct pipe *pipe = make();
    (void)state;
    assert_int_equal(pipe_poll(pipe, PIPE_LEFT, 0), PIPE_NOTHING);
    uint64_t start = clock_now();
    assert_int_equal(pipe_poll(pipe, PIPE_LEFT, 0.06), PIPE_TIMED_OUT);
    assert_true(clock_since(start) >= 0.06);
    assert_int_equal(pipe_send(pipe, PIPE_RIGHT, NULL, 0), 0);
    assert_int_equal(pipe_poll(pipe, PIPE_RIGHT, 0), PIPE_NOTHING);
    for (int i = -1; i < 2; i++)
        assert_int_equal(pipe_poll(pipe, PIPE_LEFT, i), 0);
    assert_receives(pipe, PIPE_LEFT, 0, 0);
    assert_int_equal(pipe_poll(pipe, PIPE_LEFT, 0), PIPE_NOTHING);
    pipe_close(pipe, PIPE_RIGHT);
    assert_int_equal(pipe_poll(pipe, PIPE_LEFT, -1), 0);
    pipe_free(pipe);
}

#define SENDERS 4
#define EACH 300

static int send_many(void *context)
{
    uint64_t random = (uint64_t)getpid();
    for (int i = 0; i < EACH; i++) {
        size_t size = 8 + shares_random(&random) % 3000;
        unsigned char *message = make_message(size, size);
        int code = pipe_send(context, PIPE_LEFT, message, size);
        free(message);
        if (code)
            return code;
    }
    return 0;
}

static void messages_of_several_senders_do_not_mix(void **state)
{
    pid_t pids[SENDERS];
    (void)state;
    SHARES_NEEDS_PROCESSES();
    struct pipe *pipe = make();
    for (int i = 0; i < SENDERS; i++)
        pids[i] = shares_fork(send_many, pipe);
    for (int i = 0; i < SENDERS * EACH; i++) {
        void *message;
        size_t size;
        assert_int_equal(pipe_receive(pipe, PIPE_RIGHT, &message, &size), 0);
        unsigned char *expected = make_message(size, size);
        assert_memory_equal(message, expected, size);
        free(expected);
        free(message);
    }
    for (int i = 0; i < SENDERS; i++)
        assert_int_equal(shares_reap(pids[i]), 0);
    pipe_free(pipe);
}

static void take_no_notice(int signal)
{
    (void)signal;
}

static int disturb(void *context)
{
    (void)context;
    while (kill(getppid(), SIGUSR1) == 0)
        shares_sleep(50e-6);
    return 0;
}

static void signals_leave_messages_whole(void **state)
{
    struct sigaction handler = {.sa_handler = take_no_notice}, before; /* without SA_RESTART */
    (void)state;
    SHARES_NEEDS_PROCESSES();
    sigaction(SIGUSR1, &handler, &before);
    struct pipe *pipe = make();
    pid_t pid = shares_fork(echo, pipe), disturber = shares_fork(disturb, NULL);
    pipe_close(pipe, PIPE_RIGHT);
    for (size_t round = 0; round < 3; round++)
        echo_all(pipe, round);
    assert_int_equal(pipe_poll(pipe, PIPE_LEFT, 0.05), PIPE_TIMED_OUT);
    shares_kill(disturber);
    pipe_close(pipe, PIPE_LEFT);
    assert_int_equal(shares_reap(pid), PIPE_CLOSED);
    pipe_free(pipe);
    sigaction(SIGUSR1, &before, NULL);
}

/* ---- ends ---- */

static void a_closed_end_is_told_after_its_last_message(void **state)
{
    struct pipe *pipe = make();
    (void)state;
    assert_int_equal(pipe_send(pipe, PIPE_RIGHT, "a\1", 2), 0);
    assert_int_equal(pipe_send(pipe, PIPE_LEFT, "unread", 6), 0);
    pipe_close(pipe, PIPE_RIGHT);
    assert_int_equal(pipe_send(pipe, PIPE_LEFT, "x", 1), PIPE_CLOSED); /* and no SIGPIPE */
    void *message;
    size_t size;
    assert_int_equal(pipe_receive(pipe, PIPE_LEFT, &message, &size), 0);
    assert_string_equal(message, "a\1");
    free(message);
    for (int i = 0; i < 2; i++)
        assert_ends(pipe, PIPE_LEFT, PIPE_CLOSED);
    assert_ends(pipe, PIPE_RIGHT, EBADF);
    assert_int_equal(pipe_send(pipe, PIPE_RIGHT, "x", 1), EBADF);
    assert_int_equal(pipe_poll(pipe, PIPE_RIGHT, -1), EBADF);
    pipe_free(pipe);
}

static int send_one_and_pause(void *context)
{
    pipe_close(context, PIPE_LEFT);
    pipe_send(context, PIPE_RIGHT, "last", 4);
    return pause();
}

static void a_process_killed_between_messages_has_closed_its_end(void **state)
{
    (void)state;
    SHARES_NEEDS_PROCESSES();
    struct pipe *pipe = make();
    pid_t pid = shares_fork(send_one_and_pause, pipe);
    pipe_close(pipe, PIPE_RIGHT);
    assert_int_equal(pipe_poll(pipe, PIPE_LEFT, -1), 0);
    shares_await_sleep(pid);
    shares_kill(pid);
    void *message;
    size_t size;
    assert_int_equal(pipe_receive(pipe, PIPE_LEFT, &message, &size), 0);
    assert_int_equal(size, 4);
    free(message);
    assert_ends(pipe, PIPE_LEFT, PIPE_CLOSED);
    assert_int_equal(pipe_send(pipe, PIPE_LEFT, "x", 1), PIPE_CLOSED);
    pipe_free(pipe);
}

static int send_large(void *context)
{
    unsigned char *message = make_message(LARGE, 0);
    return pipe_send(context, PIPE_RIGHT, message, LARGE);
}

/* others_have_it: somebody else has the dead one's end open, so that it does not close. */
static void kill_in_the_middle(bool others_have_it)
{
    struct pipe *pipe = make();
    pid_t pid = shares_fork(send_large, pipe);
    if (!others_have_it)
        pipe_close(pipe, PIPE_RIGHT);
    assert_int_equal(pipe_poll(pipe, PIPE_LEFT, -1), 0);
    shares_await_sleep(pid); /* the socket is full */
    shares_kill(pid);
    uint64_t start = clock_now();
    assert_ends(pipe, PIPE_LEFT, PIPE_BROKEN);
    assert_true(clock_since(start) < SHARES_PATIENCE);
    assert_ends(pipe, PIPE_LEFT, PIPE_BROKEN);
    if (others_have_it)
        assert_int_equal(pipe_send(pipe, PIPE_RIGHT, "x", 1), PIPE_BROKEN);
    pipe_free(pipe);
}

static void a_sender_killed_in_the_middle_of_a_message_breaks_the_pipe(void **state)
{
    (void)state;
    SHARES_NEEDS_PROCESSES();
    kill_in_the_middle(false);
    kill_in_the_middle(true);
}

static int receive_one(void *context)
{
    void *message;
    size_t size;
    return pipe_receive(context, PIPE_RIGHT, &message, &size);
}

static int send_large_left(void *context)
{
    unsigned char *message = make_message(LARGE, 0);
    return pipe_send(context, PIPE_LEFT, message, LARGE);
}

static void a_waiting_receiver_that_is_killed_takes_no_message(void **state)
{
    (void)state;
    SHARES_NEEDS_PROCESSES();
    struct pipe *pipe = make();
    pid_t first = shares_fork(receive_one, pipe);
    shares_await_sleep(first);
    pid_t second = shares_fork(receive_one, pipe); /* waits behind the first */
    shares_await_sleep(second);
    shares_kill(first);
    assert_int_equal(pipe_send(pipe, PIPE_LEFT, "for the second", 14), 0);
    assert_int_equal(shares_reap(second), 0);
    pipe_free(pipe);
}

/* Forks a sender that has filled the socket and is stopped then. */
static pid_t stop_in_the_middle(struct pipe *pipe)
{
    pid_t sender = shares_fork(send_large_left, pipe);
    shares_await_sleep(sender); /* the socket is full */
    assert_int_equal(kill(sender, SIGSTOP), 0);
    assert_int_equal(waitpid(sender, NULL, WUNTRACED), sender);
    return sender;
}

static void a_receiver_killed_in_the_middle_of_a_message_breaks_the_pipe(void **state)
{
    (void)state;
    SHARES_NEEDS_PROCESSES();
    struct pipe *pipe = make();
    pid_t sender = stop_in_the_middle(pipe);
    pid_t first = shares_fork(receive_one, pipe); /* takes what there is and wants more */
    shares_await_sleep(first);
    pid_t second = shares_fork(receive_one, pipe);
    shares_await_sleep(second);
    shares_kill(first);
    assert_int_equal(shares_reap(second), PIPE_BROKEN);
    assert_int_equal(kill(sender, SIGCONT), 0);
    assert_int_equal(shares_reap(sender), PIPE_BROKEN);
    pipe_free(pipe);
}

/* Nobody receives any more, but this process has the dead one's end, too. */
static void a_sender_does_not_wait_for_a_receiver_that_is_dead(void **state)
{
    (void)state;
    SHARES_NEEDS_PROCESSES();
    struct pipe *pipe = make();
    pid_t sender = stop_in_the_middle(pipe);
    pid_t receiver = shares_fork(receive_one, pipe);
    shares_await_sleep(receiver); /* it has taken what there was */
    shares_kill(receiver);
    assert_int_equal(kill(sender, SIGCONT), 0);
    assert_int_equal(shares_reap(sender), PIPE_BROKEN);
    assert_int_equal(pipe_send(pipe, PIPE_LEFT, "x", 1), PIPE_BROKEN);
    assert_ends(pipe, PIPE_RIGHT, PIPE_BROKEN);
    pipe_free(pipe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHARES_TEST(messages_of_any_size_go_both_ways_whole),
        SHARES_TEST(threads_have_pipes_as_well),
        SHARES_TEST(a_poll_tells_whether_something_is_there),
        SHARES_TEST(messages_of_several_senders_do_not_mix),
        SHARES_TEST(signals_leave_messages_whole),
        SHARES_TEST(a_closed_end_is_told_after_its_last_message),
        SHARES_TEST(a_process_killed_between_messages_has_closed_its_end),
        SHARES_TEST(a_sender_killed_in_the_middle_of_a_message_breaks_the_pipe),
        SHARES_TEST(a_waiting_receiver_that_is_killed_takes_no_message),
        SHARES_TEST(a_receiver_killed_in_the_middle_of_a_message_breaks_the_pipe),
        SHARES_TEST(a_sender_does_not_wait_for_a_receiver_that_is_dead),
    };
    return cmocka_run_group_tests_name("share pipe", tests, NULL, NULL);
}
