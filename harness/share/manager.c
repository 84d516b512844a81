/* Starting and ending the manager, and its users' side of each call. */
#include "manager.h"

#include "manager_address.h"
#include "manager_server.h"
#include "manager_wire.h"
#include "stream.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct manager {
    pid_t pid; /* 0: another process's to end */
    struct manager_address address;
};

struct manager_client {
    int socket; /* -1 after an error that leaves it out of step */
    pid_t owner;
};

/* ---- the manager ---- */

static int fork_manager(struct manager *manager, bool tcp)
{
    pid_t parent = getpid();
    int listener = manager_address_listen(&manager->address, tcp);
    if (listener < 0)
        return errno;
    manager->pid = fork();
    int code = errno;
    if (manager->pid == 0)
        manager_server(listener, parent, tcp ? manager->address.key : NULL);
    close(listener);
    return manager->pid < 0 ? code : 0;
}

static struct manager *start(bool tcp, char *why, size_t size)
{
    struct manager *manager = calloc(1, sizeof *manager);
    int code = manager ? fork_manager(manager, tcp) : ENOMEM;
    if (!code)
        return manager;
    snprintf(why, size, "cannot start a manager: %s", strerror(code));
    free(manager);
    return NULL;
}

struct manager *manager_start(char *why, size_t size)
{
    return start(false, why, size);
}

struct manager *manager_start_tcp(char *why, size_t size)
{
    return start(true, why, size);
}

void manager_write_address(const struct manager *manager, char *text, size_t size)
{
    manager_address_write(&manager->address, text, size);
}

struct manager *manager_at(const char *text)
{
    struct manager *manager = calloc(1, sizeof *manager);
    if (!manager || manager_address_read(&manager->address, text))
        return manager;
    free(manager);
    errno = EINVAL;
    return NULL;
}

void manager_stop(struct manager *manager)
{
    if (!manager)
        return;
    if (manager->pid > 0)
        kill(manager->pid, SIGKILL); /* it keeps nothing that outlives it */
    while (manager->pid > 0 && waitpid(manager->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    free(manager);
}

pid_t manager_pid(const struct manager *manager)
{
    return manager->pid;
}

/* ---- connections ---- */

struct manager_client *manager_connect(const struct manager *manager)
{
    struct manager_client *client = malloc(sizeof *client);
    if (!client)
        return NULL;
    *client = (struct manager_client){manager_address_connect(&manager->address), getpid()};
    if (client->socket >= 0)
        return client;
    int code = errno;
    free(client);
    errno = code;
    return NULL;
}

static void close_connection(struct manager_client *client)
{
    if (client->socket >= 0)
        close(client->socket);
    client->socket = -1;
}

void manager_disconnect(struct manager_client *client)
{
    if (client)
        close_connection(client);
    free(client);
}

/* ---- calls ---- */

struct call {
    enum wire_call what;
    const char *name, *key; /* key may be NULL */
    const void *value;
    size_t value_size;
    int64_t number;
};

struct answer {
    int64_t number;
    char *bytes; /* the receiver's to free */
    size_t size;
};

static int send_call(int socket, const struct call *call)
{
    size_t name_size = strlen(call->name) + 1, key_size = call->key ? strlen(call->key) + 1 : 0;
    bool begun;
    if (call->value_size > MANAGER_MESSAGE_MAX || name_size > MANAGER_MESSAGE_MAX ||
        key_size > MANAGER_MESSAGE_MAX ||
        name_size + key_size + call->value_size > MANAGER_MESSAGE_MAX)
        return MANAGER_TOO_LARGE;
    struct wire_request request = {.call = call->what,
        .name_size = (uint32_t)name_size,
        .key_size = (uint32_t)key_size,
        .value_size = (uint32_t)call->value_size,
        .number = call->number};
    struct iovec parts[] = {{&request, sizeof request}, {(void *)call->name, name_size},
        {(void *)call->key, key_size}, {(void *)call->value, call->value_size}};
    int code = stream_send(socket, parts, sizeof parts / sizeof *parts, &begun, NULL, NULL);
    return code ? MANAGER_GONE : 0;
}

static int receive_answer(int socket, struct answer *answer)
{
    struct wire_reply reply;
    if (stream_receive(socket, &reply, sizeof reply))
        return MANAGER_GONE;
    char *bytes = malloc((size_t)reply.size + 1);
    if (!bytes || stream_receive(socket, bytes, reply.size)) {
        free(bytes);
        return bytes ? MANAGER_GONE : ENOMEM;
    }
    bytes[reply.size] = '\0';
    *answer = (struct answer){reply.number, bytes, reply.size};
    if (reply.status)
        free(bytes);
    return (int)reply.status;
}

/* Makes a call. Returns its status; with 0, answer->bytes are the caller's to free. */
static int make_call(struct manager_client *client, const struct call *call, struct answer *answer)
{
    if (client->owner != getpid())
        return MANAGER_NOT_YOURS;
    if (client->socket < 0)
        return MANAGER_GONE;
    int code = send_call(client->socket, call);
    if (!code)
        code = receive_answer(client->socket, answer);
    if (code == MANAGER_GONE || code == ENOMEM)
        close_connection(client); /* what comes next belongs to this call */
    return code;
}

/* A call that hands nothing out but a number (which may be NULL). */
static int call_for_number(struct manager_client *client, const struct call *call, int64_t *number)
{
    struct answer answer;
    int code = make_call(client, call, &answer);
    if (code)
        return code;
    if (number)
        *number = answer.number;
    free(answer.bytes);
    return 0;
}

static int call_for_length(struct manager_client *client, const struct call *call, size_t *length)
{
    int64_t number;
    int code = call_for_number(client, call, &number);
    if (!code)
        *length = (size_t)number;
    return code;
}

static int call_for_bytes(
    struct manager_client *client, const struct call *call, void **value, size_t *size)
{
    struct answer answer;
    int code = make_call(client, call, &answer);
    if (code)
        return code;
    *value = answer.bytes;
    *size = answer.size;
    return 0;
}

/* ---- maps ---- */

int manager_map_get(
    struct manager_client *client, const char *map, const char *key, void **value, size_t *size)
{
    const struct call call = {.what = WIRE_MAP_GET, .name = map, .key = key};
    return call_for_bytes(client, &call, value, size);
}

int manager_map_set(
    struct manager_client *client, const char *map, const char *key, const void *value, size_t size)
{
    const struct call call = {
        .what = WIRE_MAP_SET, .name = map, .key = key, .value = value, .value_size = size};
    return call_for_number(client, &call, NULL);
}

int manager_map_delete(struct manager_client *client, const char *map, const char *key)
{
    const struct call call = {.what = WIRE_MAP_DELETE, .name = map, .key = key};
    return call_for_number(client, &call, NULL);
}

int manager_map_length(struct manager_client *client, const char *map, size_t *length)
{
    const struct call call = {.what = WIRE_MAP_LENGTH, .name = map};
    return call_for_length(client, &call, length);
}

int manager_map_keys(struct manager_client *client, const char *map, char ***keys)
{
    const struct call call = {.what = WIRE_MAP_KEYS, .name = map};
    struct answer answer;
    int code = make_call(client, &call, &answer);
    if (code)
        return code;
    size_t count = (size_t)answer.number;
    char **block = malloc((count + 1) * sizeof *block + answer.size);
    if (block) {
        char *key = memcpy(block + count + 1, answer.bytes, answer.size);
        for (size_t i = 0; i < count; i++, key += strlen(key) + 1)
            block[i] = key;
        block[count] = NULL;
        *keys = block;
    }
    free(answer.bytes);
    return block ? 0 : ENOMEM;
}

int manager_map_add(
    struct manager_client *client, const char *map, const char *key, int64_t number, int64_t *sum)
{
    const struct call call = {.what = WIRE_MAP_ADD, .name = map, .key = key, .number = number};
    return call_for_number(client, &call, sum);
}

/* ---- lists ---- */

int manager_list_append(
    struct manager_client *client, const char *list, const void *value, size_t size)
{
    const struct call call = {
        .what = WIRE_LIST_APPEND, .name = list, .value = value, .value_size = size};
    return call_for_number(client, &call, NULL);
}

int manager_list_get(
    struct manager_client *client, const char *list, int64_t index, void **value, size_t *size)
{
    const struct call call = {.what = WIRE_LIST_GET, .name = list, .number = index};
    return call_for_bytes(client, &call, value, size);
}

int manager_list_set(
    struct manager_client *client, const char *list, int64_t index, const void *value, size_t size)
{
    const struct call call = {
        .what = WIRE_LIST_SET, .name = list, .value = value, .value_size = size, .number = index};
    return call_for_number(client, &call, NULL);
}

int manager_list_length(struct manager_client *client, const char *list, size_t *length)
{
    const struct call call = {.what = WIRE_LIST_LENGTH, .name = list};
    return call_for_length(client, &call, length);
}

int manager_list_pop(
    struct manager_client *client, const char *list, int64_t index, void **value, size_t *size)
{
    const struct call call = {.what = WIRE_LIST_POP, .name = list, .number = index};
    return call_for_bytes(client, &call, value, size);
}
