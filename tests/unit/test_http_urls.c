/* The http case on a list of URLs. They point at a small server written here, which also gives the
 * answers that a well-behaved one never would. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "drive.h"
#include "harness/measure/clock.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static char list_path[64];
static char list_param[80]; /* urls=PATH */
static pid_t server;
static unsigned server_port;
static unsigned closed_port; /* bound, but nobody listens */
static int closed_socket;

/* What the server sends for a path, before it closes the connection. */
static const struct {
    const char *path, *answer;
} answers[] = {
    {"GET /good ", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"},
    {"GET /missing ", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"},
    {"GET /broken ", "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"},
    {"GET /short ", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"},
    {"GET /other ", "220 this is no HTTP\r\n"},
    {"GET /silent ", ""},
};

static int listen_on(unsigned *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) ||
        getsockname(listener, (struct sockaddr *)&address, &size))
        return -1;
    *port = ntohs(address.sin_port);
    return listener;
}

static _Noreturn void serve(int listener)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
        char request[4096] = "";
        int client = accept(listener, NULL, NULL);
        if (client < 0 || read(client, request, sizeof request - 1) < 0)
            _exit(EXIT_FAILURE);
        for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
            if (strncmp(request, answers[i].path, strlen(answers[i].path)) == 0 &&
                write(client, answers[i].answer, strlen(answers[i].answer)) < 0)
                _exit(EXIT_FAILURE);
        close(client);
    }
}

static int start(void **state)
{
    (void)state;
    static const char *const proxies[] = {"http_proxy", "all_proxy", "ALL_PROXY"};
    for (size_t i = 0; i < sizeof proxies / sizeof *proxies; i++)
        unsetenv(proxies[i]);
    strcpy(list_path, "/tmp/poolbench-urls-XXXXXX");
    int list = mkstemp(list_path);
    int listener = listen_on(&server_port);
    closed_socket = listen_on(&closed_port);
    if (list < 0 || listener < 0 || closed_socket < 0 || listen(listener, 64))
        return -1;
    close(list);
    snprintf(list_param, sizeof list_param, "urls=%s", list_path);
    server = fork();
    if (server == 0)
        serve(listener);
    close(listener);
    return server < 0;
}

static int stop(void **state)
{
    (void)state;
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    close(closed_socket);
    return unlink(list_path);
}

static void write_bytes(const char *bytes, size_t size)
{
    FILE *list = fopen(list_path, "we");
    assert_non_null(list);
    assert_int_equal(fwrite(bytes, 1, size, list), size);
    assert_int_equal(fclose(list), 0);
}

/* Writes the list from text in which each # is the server's address. */
static void write_list(const char *text)
{
    char list[2048];
    size_t length = 0;
    for (; *text; text++)
        length +=
            (size_t)(*text == '#' ? snprintf(list + length, sizeof list - length,
                                        "http://127.0.0.1:%u", server_port)
                                  : snprintf(list + length, sizeof list - length, "%c", *text));
    write_bytes(list, length);
}

static void every_url_is_requested_once_unless_more_tasks_are_asked_for(void **state)
{
    (void)state;
    struct workload workload;
    write_list("#/good\n\n  #/missing\t\r\n#/good");
    drive_open(&workload, "http", 0, DRIVE_PARAMS(list_param));
    assert_int_equal(workload.run.tasks, 3);
    assert_false(workload.run.even);
    assert_int_equal(drive_run(&workload, "serial", 1).ok, 2);
    assert_true(arena_slot(&workload.arena, 0)->value == 200);
    workload_close(&workload);
    drive_open(&workload, "http", 8, DRIVE_PARAMS(list_param));
    assert_int_equal(drive_run(&workload, "threads", 3).errors, 3);
    assert_non_null(drive_failure(&workload, 7));
    workload_close(&workload);
}

static void comments_and_blank_lines_are_left_out(void **state)
{
    (void)state;
    struct workload workload;
    static const char text[] = "# http://a/\n   # http://b/\n\n \t \nhttp://127.0.0.1:1/#part\n";
    write_bytes(text, sizeof text - 1);
    drive_open(&workload, "http", 0, DRIVE_PARAMS(list_param));
    assert_int_equal(workload.run.tasks, 1);
    workload_close(&workload);
}

static void failing_request_is_its_tasks_error_with_url_and_cause(void **state)
{
    (void)state;
    static const struct {
        const char *path, *cause;
    } failures[] = {
        {"/missing", "HTTP status 404"},
        {"/broken", "HTTP status 502"},
        {"/short", "closed"},
        {"/other", "HTTP/0.9"},
        {"/silent", "Empty reply"},
    };
    struct workload workload;
    write_list("#/missing\n#/broken\n#/short\n#/other\n#/silent\n#/good\n");
    drive_open(&workload, "http", 0, DRIVE_PARAMS(list_param));
    struct workload_outcome outcome = drive_run(&workload, "serial", 1);
    assert_int_equal(outcome.errors, 5);
    assert_int_equal(outcome.ok, 1);
    for (size_t i = 0; i < 5; i++)
        drive_assert_failed(&workload, i, failures[i].path, failures[i].cause);
    workload_close(&workload);
}

static void refused_connection_and_unknown_host_are_told_apart(void **state)
{
    (void)state;
    char list[256];
    struct workload workload;
    int length = snprintf(
        list, sizeof list, "http://127.0.0.1:%u/a\nhttp://no-such-host.invalid/b\n", closed_port);
    write_bytes(list, (size_t)length);
    drive_open(&workload, "http", 0, DRIVE_PARAMS(list_param, "timeout=5s"));
    assert_int_equal(drive_run(&workload, "serial", 1).errors, 2);
    drive_assert_failed(&workload, 0, "/a", "Connection refused");
    drive_assert_failed(&workload, 1, "no-such-host.invalid", "esolv"); /* or no resolver here */
    assert_null(strstr(drive_failure(&workload, 1)->message, "refused"));
    workload_close(&workload);
}

static void silent_server_costs_no_more_than_the_timeout(void **state)
{
    (void)state;
    struct workload workload;
    write_list("#/good\n");
    drive_open(&workload, "http", 2, DRIVE_PARAMS(list_param, "timeout=100ms"));
    kill(server, SIGSTOP);
    uint64_t start = clock_now();
    assert_int_equal(drive_run(&workload, "serial", 1).errors, 2);
    double seconds = clock_since(start);
    kill(server, SIGCONT);
    assert_true(seconds < 2);
    drive_assert_failed(&workload, 1, "/good", "timed out");
    workload_close(&workload);
}

static void too_few_open_files_are_named_as_cause(void **state)
{
    (void)state;
    struct workload workload;
    int descriptors[4096], count = 0;
    write_list("#/good\n");
    drive_open(&workload, "http", 1, DRIVE_PARAMS(list_param));
    struct rlimit before, low;
    getrlimit(RLIMIT_NOFILE, &before);
    low = before;
    low.rlim_cur = 64;
    setrlimit(RLIMIT_NOFILE, &low);
    while ((descriptors[count] = dup(STDIN_FILENO)) >= 0)
        count++;
    assert_int_equal(drive_run(&workload, "serial", 1).errors, 1);
    while (count > 0)
        close(descriptors[--count]);
    setrlimit(RLIMIT_NOFILE, &before);
    drive_assert_failed(&workload, 0, "/good", "Too many open files");
    workload_close(&workload);
}

static void task_is_named_by_its_url(void **state)
{
    (void)state;
    struct workload workload;
    char name[128];
    write_bytes("http://a/1\nhttp://a/2\n", 22);
    drive_open(&workload, "http", 4, DRIVE_PARAMS(list_param));
    workload_task_name(&workload, 3, name, sizeof name);
    assert_string_equal(name, "http://a/2");
    workload_close(&workload);
}

static void unusable_list_is_a_usage_error_with_file_and_line(void **state)
{
    (void)state;
    static char long_line[9000];
    memset(long_line, 'a', sizeof long_line);
    static const struct {
        const char *text;
        size_t size;
        const char *where, *cause;
    } lists[] = {
        {"", 0, "", "no URL"},
        {"# nothing\n\n", 11, "", "no URL"},
        {"http://a/\n\nftp://b/\n", 20, ":3: \"ftp://b/\"", "http:// or https://"},
        {"a/b", 3, ":1: \"a/b\"", "http:// or https://"},
        {"http://a b/\n", 12, ":1: ", "host"},
        {"http://\n", 8, ":1: ", "host"},
        {"http://a/\n\0\n", 12, ":2: ", "not text"},
        {long_line, sizeof long_line, ":1: ", "longer than"},
    };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct workload workload;
        char where[128];
        write_bytes(lists[i].text, lists[i].size);
        snprintf(where, sizeof where, "%s%s", list_path, lists[i].where);
        assert_int_equal(drive_try(&workload, "http", 0, DRIVE_PARAMS(list_param)), STATUS_USAGE);
        if (!strstr(drive_why, where) || !strstr(drive_why, lists[i].cause))
            fail_msg("\"%s\" does not say \"%s\" and \"%s\"", drive_why, where, lists[i].cause);
    }
}

static void unreadable_list_is_a_usage_error(void **state)
{
    (void)state;
    static const char *const params[] = {"urls=/no/such/list", "urls=/tmp", "urls=/dev/zero"};
    static const char *const causes[] = {"No such file", "Is a directory", "not text"};
    for (size_t i = 0; i < 3; i++) {
        struct workload workload;
        assert_int_equal(drive_try(&workload, "http", 0, DRIVE_PARAMS(params[i])), STATUS_USAGE);
        assert_non_null(strstr(drive_why, params[i] + strlen("urls=")));
        assert_non_null(strstr(drive_why, causes[i]));
    }
}

static void parameters_of_the_own_server_do_not_go_with_a_list(void **state)
{
    (void)state;
    static const char *const params[] = {"latency=1ms", "error_rate=0.1", "size=10"};
    write_list("#/good\n");
    for (size_t i = 0; i < 3; i++) {
        struct workload workload;
        assert_int_equal(
            drive_try(&workload, "http", 0, DRIVE_PARAMS(list_param, params[i])), STATUS_USAGE);
        assert_non_null(strstr(drive_why, "urls="));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_url_is_requested_once_unless_more_tasks_are_asked_for),
        cmocka_unit_test(comments_and_blank_lines_are_left_out),
        cmocka_unit_test(failing_request_is_its_tasks_error_with_url_and_cause),
        cmocka_unit_test(refused_connection_and_unknown_host_are_told_apart),
        cmocka_unit_test(silent_server_costs_no_more_than_the_timeout),
        cmocka_unit_test(too_few_open_files_are_named_as_cause),
        cmocka_unit_test(task_is_named_by_its_url),
        cmocka_unit_test(unusable_list_is_a_usage_error_with_file_and_line),
        cmocka_unit_test(unreadable_list_is_a_usage_error),
        cmocka_unit_test(parameters_of_the_own_server_do_not_go_with_a_list),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
