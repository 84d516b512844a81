/* The manager: its maps and lists, its users in threads and processes, and who dies in between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "shares.h"

#include "harness/share/manager.h"
#include "harness/share/manager_wire.h"

#include <sys/socket.h>

#define USERS 4
#define EACH 500

static struct manager *start(void)
{
    char why[256];
    struct manager *manager = manager_start(why, sizeof why);
    if (!manager)
        fail_msg("%s", why);
    return manager;
}

static struct manager_client *join(const struct manager *manager)
{
    struct manager_client *client = manager_connect(manager);
    if (!client)
        fail_msg("manager_connect: %s", strerror(errno));
    return client;
}

static int set(struct manager_client *client, const char *map, const char *key, const char *text)
{
    return manager_map_set(client, map, key, text, strlen(text));
}

static void assert_maps(
    struct manager_client *client, const char *map, const char *key, const char *text)
{
    void *value = NULL;
    size_t size = 0;
    assert_int_equal(manager_map_get(client, map, key, &value, &size), 0);
    assert_int_equal(size, strlen(text));
    assert_string_equal(value, text);
    free(value);
}

static void assert_lists(
    struct manager_client *client, const char *list, int64_t index, const char *text)
{
    void *value = NULL;
    size_t size = 0;
    assert_int_equal(manager_list_get(client, list, index, &value, &size), 0);
    assert_string_equal(value, text);
    assert_int_equal(size, strlen(text));
    free(value);
}

static int64_t number_at(struct manager_client *client, const char *key)
{
    void *value;
    size_t size;
    int64_t number = 0;
    assert_int_equal(manager_map_get(client, "numbers", key, &value, &size), 0);
    assert_int_equal(size, sizeof number);
    memcpy(&number, value, sizeof number);
    free(value);
    return number;
}

/* ---- maps and lists ---- */

static void a_map_keeps_what_is_set(void **state)
{
    struct manager *manager = start();
    struct manager_client *client = join(manager), *other = join(manager);
    void *value = client;
    size_t size = 5, length;
    char **keys;
    (void)state;
    assert_int_equal(manager_map_get(client, "m", "a", &value, &size), MANAGER_NO_KEY);
    assert_ptr_equal(value, client);
    assert_int_equal(manager_map_delete(client, "m", "a"), MANAGER_NO_KEY);
    assert_int_equal(set(client, "m", "b", "two"), 0);
    assert_int_equal(set(client, "m", "", ""), 0);
    assert_int_equal(set(client, "m", "a", "one"), 0);
    assert_int_equal(set(client, "m", "b", "twenty"), 0);
    assert_int_equal(set(client, "n", "b", "elsewhere"), 0);
    assert_maps(other, "m", "a", "one");
    assert_maps(other, "m", "b", "twenty");
    assert_maps(other, "m", "", "");
    assert_maps(other, "n", "b", "elsewhere");
    assert_int_equal(manager_map_length(other, "m", &length), 0);
    assert_int_equal(length, 3);
    assert_int_equal(manager_map_keys(other, "m", &keys), 0);
    assert_string_equal(keys[0], "");
    assert_string_equal(keys[1], "a");
    assert_string_equal(keys[2], "b");
    assert_null(keys[3]);
    free(keys);
    assert_int_equal(manager_map_delete(other, "m", "a"), 0);
    assert_int_equal(manager_map_get(client, "m", "a", &value, &size), MANAGER_NO_KEY);
    assert_int_equal(manager_map_length(client, "m", &length), 0);
    assert_int_equal(length, 2);
    assert_int_equal(manager_map_keys(other, "empty", &keys), 0);
    assert_null(keys[0]);
    free(keys);
    manager_disconnect(client);
    manager_disconnect(other);
    manager_stop(manager);
}

static void a_map_of_many_keys_loses_none(void **state)
{
    struct manager *manager = start();
    struct manager_client *client = join(manager);
    char key[32], **keys;
    size_t length;
    (void)state;
    for (unsigned i = 0; i < 2000; i++) {
        snprintf(key, sizeof key, "%04u", i * 7919 % 2000);
        assert_int_equal(set(client, "m", key, key), 0);
    }
    for (unsigned i = 0; i < 2000; i += 2) {
        snprintf(key, sizeof key, "%04u", i);
        assert_int_equal(manager_map_delete(client, "m", key), 0);
    }
    assert_int_equal(manager_map_length(client, "m", &length), 0);
    assert_int_equal(length, 1000);
    assert_int_equal(manager_map_keys(client, "m", &keys), 0);
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(key, sizeof key, "%04u", 2 * i + 1);
        assert_string_equal(keys[i], key);
        assert_maps(client, "m", key, key);
    }
    free(keys);
    manager_disconnect(client);
    manager_stop(manager);
}

static void a_list_keeps_its_order(void **state)
{
    struct manager *manager = start();
    struct manager_client *client = join(manager);
    void *value = NULL;
    size_t size, length;
    char text[16];
    (void)state;
    assert_int_equal(manager_list_pop(client, "l", -1, &value, &size), MANAGER_NO_INDEX);
    for (unsigned i = 0; i < 100; i++) {
        snprintf(text, sizeof text, "%u", i);
        assert_int_equal(manager_list_append(client, "l", text, strlen(text)), 0);
    }
    assert_lists(client, "l", 0, "0");
    assert_lists(client, "l", 99, "99");
    assert_lists(client, "l", -1, "99");
    assert_lists(client, "l", -100, "0");
    assert_int_equal(manager_list_get(client, "l", 100, &value, &size), MANAGER_NO_INDEX);
    assert_int_equal(manager_list_get(client, "l", -101, &value, &size), MANAGER_NO_INDEX);
    assert_int_equal(manager_list_set(client, "l", 100, "x", 1), MANAGER_NO_INDEX);
    assert_int_equal(manager_list_set(client, "l", -99, "one", 3), 0);
    assert_lists(client, "l", 1, "one");
    assert_int_equal(manager_list_pop(client, "l", 0, &value, &size), 0);
    assert_string_equal(value, "0");
    free(value);
    assert_int_equal(manager_list_pop(client, "l", -1, &value, &size), 0);
    assert_string_equal(value, "99");
    free(value);
    assert_lists(client, "l", 0, "one");
    assert_lists(client, "l", -1, "98");
    assert_int_equal(manager_list_length(client, "l", &length), 0);
    assert_int_equal(length, 98);
    assert_int_equal(
        manager_map_length(client, "l", &length), 0); /* a map of that name is another */
    assert_int_equal(length, 0);
    manager_disconnect(client);
    manager_stop(manager);
}

/* ---- many users ---- */

static int add_many(void *manager)
{
    struct manager_client *client = manager_connect(manager);
    int code = client ? 0 : 1;
    for (int i = 0; i < EACH && !code; i++)
        code = manager_map_add(client, "numbers", "sum", 2, NULL) +
               manager_list_append(client, "l", &i, sizeof i);
    manager_disconnect(client);
    return code;
}

static void *add_many_in_thread(void *manager)
{
    return (void *)(intptr_t)add_many(manager);
}

static void adds_of_threads_and_processes_lose_nothing(void **state)
{
    struct manager *manager = start();
    unsigned processes = shares_skip_processes() ? 0 : USERS;
    pid_t pids[USERS];
    pthread_t threads[USERS];
    size_t length;
    void *code;
    (void)state;
    for (unsigned i = 0; i < processes; i++)
        pids[i] = shares_fork(add_many, manager);
    for (unsigned i = 0; i < USERS; i++)
        threads[i] = shares_thread(add_many_in_thread, manager);
    for (unsigned i = 0; i < processes; i++)
        assert_int_equal(shares_reap(pids[i]), 0);
    for (unsigned i = 0; i < USERS; i++) {
        pthread_join(threads[i], &code);
        assert_null(code);
    }
    struct manager_client *client = join(manager);
    assert_int_equal(number_at(client, "sum"), 2 * EACH * (USERS + processes));
    assert_int_equal(manager_list_length(client, "l", &length), 0);
    assert_int_equal(length, EACH * (USERS + processes));
    manager_disconnect(client);
    manager_stop(manager);
}

static void a_get_and_a_set_lose_the_update_in_between(void **state)
{
    struct manager *manager = start();
    struct manager_client *client = join(manager), *other = join(manager);
    int64_t sum = 0;
    (void)state;
    assert_int_equal(manager_map_add(client, "numbers", "n", -5, &sum), 0);
    assert_int_equal(sum, -5);
    int64_t mine = number_at(client, "n") + 1, others = number_at(other, "n") + 1;
    assert_int_equal(manager_map_set(client, "numbers", "n", &mine, sizeof mine), 0);
    assert_int_equal(manager_map_set(other, "numbers", "n", &others, sizeof others), 0);
    assert_int_equal(number_at(client, "n"), -4); /* two were added to -5 */
    assert_int_equal(manager_map_add(client, "numbers", "n", INT64_MIN, &sum), 0);
    assert_true(sum == INT64_MAX - 3);
    assert_int_equal(set(client, "numbers", "n", "text"), 0);
    assert_int_equal(manager_map_add(client, "numbers", "n", 1, &sum), MANAGER_NOT_A_NUMBER);
    manager_disconnect(client);
    manager_disconnect(other);
    manager_stop(manager);
}

static void hundreds_of_connections_are_served(void **state)
{
    struct manager *manager = start();
    struct manager_client *clients[300];
    int64_t sum = 0;
    (void)state;
    for (int i = 0; i < 300; i++)
        clients[i] = join(manager);
    for (int i = 299; i >= 0; i -= 2)
        manager_disconnect(clients[i]);
    for (int i = 0; i < 300; i += 2)
        assert_int_equal(manager_map_add(clients[i], "numbers", "n", 1, &sum), 0);
    assert_int_equal(sum, 150);
    for (int i = 0; i < 300; i += 2)
        manager_disconnect(clients[i]);
    manager_stop(manager);
}

/* ---- what is refused ---- */

/* A connection together with its socket, to say what manager.c would not. */
static struct manager_client *join_raw(const struct manager *manager, int *socket)
{
    *socket = dup(STDIN_FILENO); /* the lowest free number: the next one to be used */
    close(*socket);
    return join(manager);
}

static void a_request_that_is_too_large_is_refused(void **state)
{
    struct manager *manager = start();
    struct manager_client *client = join(manager);
    void *large = calloc(1, MANAGER_MESSAGE_MAX), *value = NULL;
    size_t most = MANAGER_MESSAGE_MAX - sizeof "m" - sizeof "k", size;
    char **keys;
    (void)state;
    assert_int_equal(manager_map_set(client, "m", "k", large, most + 1), MANAGER_TOO_LARGE);
    assert_int_equal(manager_map_set(client, "m", "k", large, SIZE_MAX), MANAGER_TOO_LARGE);
    assert_int_equal(manager_map_set(client, "m", "k", large, most), 0);
    assert_int_equal(manager_map_get(client, "m", "k", &value, &size), 0);
    assert_int_equal(size, most);
    assert_int_equal(memcmp(value, large, size), 0);
    memset(large, 'k', MANAGER_MESSAGE_MAX); /* two long keys are too many to be handed out */
    ((char *)large)[MANAGER_MESSAGE_MAX / 2] = '\0';
    assert_int_equal(set(client, "keys", large, ""), 0);
    ((char *)large)[0] = 'l';
    assert_int_equal(set(client, "keys", large, ""), 0);
    assert_int_equal(manager_map_keys(client, "keys", &keys), MANAGER_TOO_LARGE);
    assert_int_equal(set(client, "m", "k", "small"), 0);
    free(value);
    free(large);
    manager_disconnect(client);
    manager_stop(manager);
}

static void assert_refused(
    const struct manager *manager, const struct wire_request *request, const char *rest, int status)
{
    int socket;
    char more;
    struct wire_reply reply = {0};
    struct manager_client *client = join_raw(manager, &socket);
    size_t size = request->name_size + request->key_size;
    assert_int_equal(send(socket, request, sizeof *request, 0), sizeof *request);
    if (status == EPROTO)
        assert_int_equal(send(socket, rest, size, 0), size);
    assert_int_equal(recv(socket, &reply, sizeof reply, MSG_WAITALL), sizeof reply);
    assert_int_equal(reply.status, status);
    assert_int_equal(recv(socket, &more, 1, 0), 0);
    assert_int_equal(set(client, "m", "k", ""), MANAGER_GONE);
    manager_disconnect(client);
}

static void a_malformed_request_ends_its_connection_only(void **state)
{
    const struct wire_request requests[] = {
        {.call = WIRE_MAP_SET, .name_size = 2, .key_size = 2, .value_size = UINT32_MAX},
        {.call = WIRE_MAP_SET, .name_size = UINT32_MAX, .key_size = UINT32_MAX},
        {.call = 77, .name_size = 2, .key_size = 2},
        {.call = WIRE_MAP_GET, .name_size = 1, .key_size = 2},
        {.call = WIRE_MAP_GET, .name_size = 2, .key_size = 1},
        {.call = WIRE_MAP_GET, .name_size = 2, .key_size = 0},
        {.call = WIRE_LIST_POP, .name_size = 3, .key_size = 0},
    };
    struct manager *manager = start();
    struct manager_client *client = join(manager);
    (void)state;
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
        assert_refused(manager, &requests[i], "m\0k", i < 2 ? MANAGER_TOO_LARGE : EPROTO);
    assert_int_equal(set(client, "m", "k", "still there"), 0);
    assert_maps(client, "m", "k", "still there");
    manager_disconnect(client);
    manager_stop(manager);
}

static int use_connection(void *client)
{
    return set(client, "m", "k", "");
}

static void a_connection_is_of_no_use_to_a_forked_process(void **state)
{
    (void)state;
    SHARES_NEEDS_PROCESSES();
    struct manager *manager = start();
    struct manager_client *client = join(manager);
    assert_int_equal(shares_reap(shares_fork(use_connection, client)), MANAGER_NOT_YOURS);
    assert_int_equal(use_connection(client), 0);
    manager_disconnect(client);
    manager_stop(manager);
}

/* ---- addresses ---- */

static void a_manager_is_found_by_its_address(void **state)
{
    struct manager *(*const starts[])(char *, size_t) = {manager_start, manager_start_tcp};
    (void)state;
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        char text[MANAGER_ADDRESS_MAX], why[256];
        struct manager *manager = starts[i](why, sizeof why);
        assert_non_null(manager);
        manager_write_address(manager, text, sizeof text);
        struct manager *found = manager_at(text);
        assert_non_null(found);
        struct manager_client *client = join(manager), *other = join(found);
        assert_int_equal(set(client, "m", "k", "value"), 0);
        assert_maps(other, "m", "k", "value");
        manager_disconnect(other);
        manager_stop(found);
        assert_int_equal(set(client, "m", "k", "still there"), 0);
        manager_disconnect(client);
        manager_stop(manager);
    }
}

static void a_text_that_is_no_address_is_refused(void **state)
{
    static const char *const texts[] = {"", "unix:", "tcp:", "tcp:80:", "tcp:80:00ff",
        "tcp:99999:00112233445566778899aabbccddeeff", "tcp:80:0011223344556677 899aabbccddeefg"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_null(manager_at(texts[i]));
        assert_int_equal(errno, EINVAL);
    }
}

static void a_user_with_another_key_does_not_get_in(void **state)
{
    char text[MANAGER_ADDRESS_MAX], why[256];
    struct manager *manager = manager_start_tcp(why, sizeof why);
    (void)state;
    assert_non_null(manager);
    manager_write_address(manager, text, sizeof text);
    char *last = text + strlen(text) - 1;
    *last = *last == '0' ? '1' : '0';
    struct manager *found = manager_at(text);
    assert_non_null(found);
    struct manager_client *client = join(manager), *stranger = join(found);
    assert_int_equal(set(stranger, "m", "k", "v"), MANAGER_GONE);
    assert_int_equal(set(client, "m", "k", "v"), 0);
    manager_disconnect(stranger);
    manager_disconnect(client);
    manager_stop(found);
    manager_stop(manager);
}

/* ---- who dies ---- */

static int set_large_for_ever(void *manager)
{
    struct manager_client *client = manager_connect(manager);
    size_t size = (size_t)4 << 20;
    char *value = malloc(size);
    for (char byte = 'a'; client && value; byte ^= 3) {
        memset(value, byte, size);
        if (manager_map_set(client, "m", "k", value, size))
            break;
    }
    return 1;
}

static void a_user_killed_in_the_middle_of_a_call_costs_nobody_else_anything(void **state)
{
    (void)state;
    SHARES_NEEDS_PROCESSES();
    struct manager *manager = start();
    struct manager_client *client = join(manager);
    uint64_t random = 99;
    assert_int_equal(set(client, "m", "k", "a"), 0);
    for (int i = 0; i < 25; i++) {
        pid_t pid = shares_fork(set_large_for_ever, manager);
        shares_sleep((double)(shares_random(&random) % 12000) * 1e-6);
        shares_kill(pid);
        void *value;
        size_t size;
        assert_int_equal(manager_map_get(client, "m", "k", &value, &size), 0);
        for (size_t at = 1; at < size; at++) /* whole, the one or the other */
            if (((char *)value)[at] != ((char *)value)[0])
                fail_msg("byte %zu of %zu is of another request", at, size);
        free(value);
    }
    manager_disconnect(client);
    manager_stop(manager);
}

static void a_user_that_stops_in_the_middle_of_a_call_keeps_nobody_waiting(void **state)
{
    const struct wire_request part = {.call = WIRE_MAP_SET, .name_size = 2, .value_size = 100};
    struct manager *manager = start();
    int socket;
    (void)state;
    struct manager_client *idle = join_raw(manager, &socket);
    for (size_t size = 1; size < sizeof part; size += 10) {
        assert_int_equal(send(socket, &part, size, 0), size);
        struct manager_client *client = join(manager);
        assert_int_equal(set(client, "m", "k", "v"), 0);
        manager_disconnect(client);
        manager_disconnect(idle);
        idle = join_raw(manager, &socket);
    }
    manager_disconnect(idle);
    manager_stop(manager);
}

static void a_dead_manager_is_a_status_and_no_hang(void **state)
{
    struct manager *manager = start();
    struct manager_client *client = join(manager), *late = join(manager);
    (void)state;
    assert_int_equal(set(client, "m", "k", "v"), 0);
    assert_int_equal(kill(manager_pid(manager), SIGKILL), 0);
    for (int i = 0; i < 2; i++)
        assert_true(set(client, "m", "k", "v") == MANAGER_GONE || i == 0);
    siginfo_t info;
    assert_int_equal(waitid(P_PID, (id_t)manager_pid(manager), &info, WEXITED | WNOWAIT), 0);
    assert_int_equal(set(client, "m", "k", "v"), MANAGER_GONE);
    assert_int_equal(set(late, "m", "k", "v"), MANAGER_GONE);
    assert_null(manager_connect(manager));
    assert_int_equal(errno, ECONNREFUSED);
    manager_disconnect(client);
    manager_disconnect(late);
    manager_stop(manager);
}

static int start_and_die(void *shared)
{
    char why[256];
    struct manager *manager = manager_start(why, sizeof why);
    *(pid_t *)shared = manager ? manager_pid(manager) : 0;
    kill(getpid(), SIGKILL);
    return 1;
}

static void a_manager_ends_with_its_parent(void **state)
{
    (void)state;
    SHARES_NEEDS_PROCESSES();
    pid_t *pid = memory_make(sizeof *pid, false);
    assert_int_equal(shares_reap(shares_fork(start_and_die, pid)), -SIGKILL);
    assert_true(*pid > 0);
    shares_reap(*pid); /* it is ours now: we are the subreaper */
    memory_free(pid, sizeof *pid);
}

static void a_manager_keeps_no_descriptor_of_its_parent(void **state)
{
    int pipes[2];
    char byte;
    (void)state;
    assert_int_equal(pipe(pipes), 0);
    struct manager *manager = start();
    struct manager_client *client = join(manager);
    assert_int_equal(set(client, "m", "k", ""), 0); /* it has set itself apart by now */
    close(pipes[1]);
    assert_int_equal(read(pipes[0], &byte, 1), 0);
    close(pipes[0]);
    manager_disconnect(client);
    manager_stop(manager);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHARES_TEST(a_map_keeps_what_is_set),
        SHARES_TEST(a_map_of_many_keys_loses_none),
        SHARES_TEST(a_list_keeps_its_order),
        SHARES_TEST(adds_of_threads_and_processes_lose_nothing),
        SHARES_TEST(a_get_and_a_set_lose_the_update_in_between),
        SHARES_TEST(hundreds_of_connections_are_served),
        SHARES_TEST(a_request_that_is_too_large_is_refused),
        SHARES_TEST(a_manager_is_found_by_its_address),
        SHARES_TEST(a_text_that_is_no_address_is_refused),
        SHARES_TEST(a_user_with_another_key_does_not_get_in),
        SHARES_TEST(a_malformed_request_ends_its_connection_only),
        SHARES_TEST(a_connection_is_of_no_use_to_a_forked_process),
        SHARES_TEST(a_user_killed_in_the_middle_of_a_call_costs_nobody_else_anything),
        SHARES_TEST(a_user_that_stops_in_the_middle_of_a_call_keeps_nobody_waiting),
        SHARES_TEST(a_dead_manager_is_a_status_and_no_hang),
        SHARES_TEST(a_manager_ends_with_its_parent),
        SHARES_TEST(a_manager_keeps_no_descriptor_of_its_parent),
    };
    return cmocka_run_group_tests_name("share manager", tests, NULL, NULL);
}
