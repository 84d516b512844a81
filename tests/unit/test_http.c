/* The http case on its own server, through its hooks. Times are deadlines far beyond what is
 * promised, or ratios to what the same requests would take one after the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cases/support/content.h"
#include "drive.h"
#include "harness/measure/clock.h"
#include "leftovers.h"

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* The one server process of this process. */
static pid_t find_server(void)
{
    int count = 0;
    pid_t found = 0;
    DIR *listing = opendir("/proc");
    assert_non_null(listing);
    for (struct dirent *entry; (entry = readdir(listing));) {
        char path[300], name[64];
        int pid, parent;
        snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
        FILE *file = fopen(path, "re");
        if (!file)
            continue;
        if (fscanf(file, "%d (%63[^)]) %*c %d", &pid, name, &parent) == 3 && parent == getpid() &&
            strcmp(name, "poolbench-http") == 0) {
            count++;
            found = pid;
        }
        fclose(file);
    }
    closedir(listing);
    assert_int_equal(count, 1);
    return found;
}

/* What the answer says of the server since its start. */
static void read_counts(
    const struct workload *workload, unsigned long *requests, unsigned long *connections)
{
    char answer[256];
    workload_answer(workload, answer, sizeof answer);
    const char *server = strstr(answer, "the server has seen ");
    assert_non_null(server);
    assert_int_equal(
        sscanf(server, "the server has seen %lu requests on %lu connection", requests, connections),
        2);
}

static void every_body_is_the_one_of_its_index(void **state)
{
    (void)state;
    static const unsigned sizes[] = {0, 1, 1000, 100001};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char size[32];
        struct workload workload;
        snprintf(size, sizeof size, "size=%u", sizes[i]);
        drive_open(&workload, "http", 5, DRIVE_PARAMS("latency=0", size));
        assert_int_equal(drive_run(&workload, "serial", 1).ok, 5);
        for (uint64_t task = 0; task < 5; task++) {
            uint64_t body = content_hash(hash_mix(WORKLOAD_SEED, task), sizes[i]);
            assert_true(arena_slot(&workload.arena, task)->value == hash_mix(200, body));
        }
        workload_close(&workload);
    }
}

static void serial_needs_one_connection_and_a_pool_one_a_worker(void **state)
{
    (void)state;
    struct workload workload;
    unsigned long requests, connections;
    drive_open(&workload, "http", 64, DRIVE_PARAMS("latency=2ms"));
    drive_run(&workload, "serial", 1);
    read_counts(&workload, &requests, &connections);
    assert_int_equal(requests, 64);
    assert_int_equal(connections, 1);
    drive_run(&workload, "threads", 8);
    read_counts(&workload, &requests, &connections);
    assert_int_equal(requests, 128);
    assert_in_range(connections, 2, 9);
    drive_run(&workload, "processes", 8);
    read_counts(&workload, &requests, &connections);
    assert_int_equal(requests, 192);
    assert_in_range(connections, 3, 17);
    workload_close(&workload);
}

static void connections_outlive_errors_of_the_server(void **state)
{
    (void)state;
    struct workload workload;
    unsigned long requests, connections;
    drive_open(&workload, "http", 20, DRIVE_PARAMS("latency=1ms", "error_rate=1"));
    assert_int_equal(drive_run(&workload, "serial", 1).errors, 20);
    read_counts(&workload, &requests, &connections);
    assert_int_equal(connections, 1);
    workload_close(&workload);
}

static void seed_and_index_decide_which_requests_fail_on_every_backend(void **state)
{
    (void)state;
    static const char *const backends[] = {"serial", "threads", "processes"};
    struct workload workload;
    drive_open(&workload, "http", 200, DRIVE_PARAMS("latency=0", "error_rate=0.25"));
    for (size_t i = 0; i < sizeof backends / sizeof *backends; i++) {
        struct workload_outcome outcome = drive_run(&workload, backends[i], i == 0 ? 1 : 4);
        uint64_t expected = 0;
        for (uint64_t task = 0; task < 200; task++) {
            bool fails = hash_unit(hash_mix(WORKLOAD_SEED, task)) < 0.25;
            expected += fails;
            assert_int_equal(drive_failure(&workload, task) != NULL, fails);
            if (fails)
                drive_assert_failed(&workload, task, "http://127.0.0.1:", "503");
        }
        assert_int_equal(outcome.errors, expected);
    }
    workload_close(&workload);
}

static void requests_wait_for_the_latency_at_the_same_time(void **state)
{
    (void)state;
    struct workload workload;
    drive_open(&workload, "http", 200, DRIVE_PARAMS("latency=100ms"));
    uint64_t start = clock_now();
    assert_int_equal(drive_run(&workload, "threads", 200).ok, 200);
    double seconds = clock_since(start);
    assert_true(seconds >= 0.1);
    assert_true(seconds < 20 / 5.0); /* one after the other they would take 20 s */
    workload_close(&workload);
}

/* A request that met a delayed acknowledgement would take 40 ms. */
static void request_without_latency_does_not_wait_for_an_acknowledgement(void **state)
{
    (void)state;
    struct workload workload;
    drive_open(&workload, "http", 200, DRIVE_PARAMS("latency=0"));
    uint64_t start = clock_now();
    assert_int_equal(drive_run(&workload, "serial", 1).ok, 200);
    assert_true(clock_since(start) < 200 * 0.040 / 2);
    workload_close(&workload);
}

static void request_beyond_its_timeout_fails(void **state)
{
    (void)state;
    struct workload workload;
    drive_open(&workload, "http", 3, DRIVE_PARAMS("latency=10s", "timeout=50ms"));
    uint64_t start = clock_now();
    assert_int_equal(drive_run(&workload, "serial", 1).errors, 3);
    assert_true(clock_since(start) < 9);
    drive_assert_failed(&workload, 2, "http://127.0.0.1:", "timed out");
    workload_close(&workload);
}

static pid_t victim;

static void kill_victim(int signal)
{
    (void)signal;
    kill(victim, SIGKILL);
}

static void server_killed_half_way_fails_the_rest_with_a_cause(void **state)
{
    (void)state;
    struct workload workload;
    drive_open(&workload, "http", 40, DRIVE_PARAMS("latency=10ms"));
    victim = find_server();
    sigaction(SIGALRM, &(struct sigaction){.sa_handler = kill_victim}, NULL);
    setitimer(ITIMER_REAL, &(struct itimerval){.it_value.tv_usec = 100000}, NULL);
    struct workload_outcome outcome = drive_run(&workload, "serial", 1);
    assert_int_equal(outcome.ok + outcome.errors, 40);
    assert_in_range(outcome.errors, 1, 40);
    drive_assert_failed(&workload, 39, "http://127.0.0.1:", "Connection refused");
    workload_close(&workload);
    sigaction(SIGALRM, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
}

static void interrupt_from_the_terminal_does_not_end_the_server(void **state)
{
    (void)state;
    struct workload workload;
    drive_open(&workload, "http", 3, DRIVE_PARAMS("latency=0"));
    kill(find_server(), SIGINT);
    assert_int_equal(drive_run(&workload, "serial", 1).ok, 3);
    workload_close(&workload);
}

/* The fixture looks for what is left of the servers and their pipes. */
static void setups_and_teardowns_leave_nothing(void **state)
{
    (void)state;
    for (int round = 0; round < 3; round++) {
        struct workload workload;
        drive_open(&workload, "http", 4, DRIVE_PARAMS("latency=1ms"));
        assert_int_equal(drive_run(&workload, "threads", 2).ok, 4);
        workload_close(&workload);
    }
}

static void teardown_ends_a_server_that_does_not_answer(void **state)
{
    (void)state;
    struct workload workload;
    drive_open(&workload, "http", 1, DRIVE_PARAMS("latency=0"));
    kill(find_server(), SIGSTOP);
    uint64_t start = clock_now();
    workload_close(&workload);
    assert_true(clock_since(start) < 5);
}

static void two_setups_have_servers_of_their_own(void **state)
{
    (void)state;
    struct workload first, second;
    drive_open(&first, "http", 3, DRIVE_PARAMS("latency=0"));
    drive_open(&second, "http", 3, DRIVE_PARAMS("latency=0", "error_rate=1"));
    assert_int_equal(drive_run(&first, "serial", 1).ok, 3);
    assert_int_equal(drive_run(&second, "serial", 1).errors, 3);
    workload_close(&second);
    assert_int_equal(drive_run(&first, "serial", 1).ok, 3);
    workload_close(&first);
}

/* The fixture makes this process the one that gets orphans, so that both can be waited for. */
static void server_ends_with_a_process_that_is_killed(void **state)
{
    (void)state;
    struct workload workload;
    drive_open(&workload, "http", 1, DRIVE_PARAMS("latency=0")); /* skips where there is none */
    workload_close(&workload);
    pid_t owner = fork();
    if (owner == 0) {
        if (drive_try(&workload, "http", 1, DRIVE_PARAMS("latency=0")) == STATUS_DONE)
            kill(getpid(), SIGKILL);
        _exit(EXIT_FAILURE);
    }
    int killed = 0, status;
    while (waitpid(-1, &status, 0) > 0)
        killed += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    assert_int_equal(killed, 2);
}

static void limits_and_signals_are_as_before_after_teardown(void **state)
{
    (void)state;
    struct workload workload;
    struct rlimit before, low, raised, after;
    struct sigaction pipe_signal;
    getrlimit(RLIMIT_NOFILE, &before);
    low = before;
    low.rlim_cur = 256;
    setrlimit(RLIMIT_NOFILE, &low);
    enum status status = drive_try(&workload, "http", 1, DRIVE_PARAMS("latency=0"));
    assert_int_equal(status, STATUS_DONE);
    getrlimit(RLIMIT_NOFILE, &raised);
    workload_close(&workload);
    getrlimit(RLIMIT_NOFILE, &after);
    setrlimit(RLIMIT_NOFILE, &before);
    sigaction(SIGPIPE, NULL, &pipe_signal);
    assert_int_equal(raised.rlim_cur, raised.rlim_max);
    assert_int_equal(after.rlim_cur, 256);
    assert_true(pipe_signal.sa_handler == SIG_DFL);
}

/* What is there for good after the first threads (the thread sanitizer has one of its own) must be
 * there before the first look at what is left. */
static int start_threads(void **state)
{
    (void)state;
    struct workload workload;
    drive_open(&workload, "null", 2, DRIVE_PARAMS());
    drive_run(&workload, "threads", 2);
    workload_close(&workload);
    return 0;
}

#define CLEAN(test) cmocka_unit_test_setup_teardown(test, leftovers_mark, leftovers_check)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLEAN(every_body_is_the_one_of_its_index),
        CLEAN(serial_needs_one_connection_and_a_pool_one_a_worker),
        CLEAN(connections_outlive_errors_of_the_server),
        CLEAN(seed_and_index_decide_which_requests_fail_on_every_backend),
        CLEAN(requests_wait_for_the_latency_at_the_same_time),
        CLEAN(request_without_latency_does_not_wait_for_an_acknowledgement),
        CLEAN(request_beyond_its_timeout_fails),
        CLEAN(server_killed_half_way_fails_the_rest_with_a_cause),
        CLEAN(interrupt_from_the_terminal_does_not_end_the_server),
        CLEAN(setups_and_teardowns_leave_nothing),
        CLEAN(teardown_ends_a_server_that_does_not_answer),
        CLEAN(two_setups_have_servers_of_their_own),
        CLEAN(server_ends_with_a_process_that_is_killed),
        CLEAN(limits_and_signals_are_as_before_after_teardown),
    };
    return cmocka_run_group_tests(tests, start_threads, NULL);
}
