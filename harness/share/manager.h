/* A manager: a process that owns maps and lists, for any number of threads and processes: Python's
 * multiprocessing.Manager.
 *
 * The manager is forked by manager_start and ends with manager_stop, or with the thread that
 * started it (so start it from one that outlives it, such as main's). Each user opens a connection
 * of its own: one thread uses it at a time, and a forked process opens another. Only processes of
 * the same user get in, or, over TCP, those that know the manager's key.
 *
 * Maps (string to bytes) and lists (of bytes) have names; they exist as soon as they are named,
 * and are empty then. Each call is one step that no other user can come between; two calls, as a
 * get and a set, are two. A user that dies in the middle of a call costs the others nothing. With
 * the manager dead, calls return MANAGER_GONE.
 *
 * Statuses: 0 or one of enum manager_status, or ENOMEM (on either side). Bytes and strings that
 * are handed out are the caller's to free, the bytes with a 0 behind them; after an error, nothing
 * is handed out. */
#ifndef SHARE_MANAGER_H
#define SHARE_MANAGER_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum manager_status {
    MANAGER_NO_KEY = ENOENT,       /* the map does not have it */
    MANAGER_NO_INDEX = ERANGE,     /* the list is not that long */
    MANAGER_NOT_A_NUMBER = EINVAL, /* map_add to a value that is not of 8 bytes */
    MANAGER_TOO_LARGE = E2BIG,     /* a request or a reply above MANAGER_MESSAGE_MAX */
    MANAGER_NOT_YOURS = EPERM,     /* a connection that a process had before it forked this one */
    MANAGER_GONE = EPIPE           /* the manager has ended, or the connection after an error */
};

/* Names, keys and values of one request, or what one reply hands out, have at most that many bytes
 * in all. */
#define MANAGER_MESSAGE_MAX ((size_t)1 << 24)

struct manager;
struct manager_client;

/* Starts a manager; other processes may be forked before or after, and use it once they have the
 * pointer. Returns NULL with one line in why. */
struct manager *manager_start(char *why, size_t size);

/* The same at a TCP port of 127.0.0.1, as where users are in another container or namespace of
 * processes. Who connects has to know a key, which the pointer and the address below hold. */
struct manager *manager_start_tcp(char *why, size_t size);

#define MANAGER_ADDRESS_MAX 128

/* The manager's address as text, for a process that has no copy of the pointer, and what such a
 * process connects with: NULL with errno (EINVAL: it is no address; ENOMEM). manager_stop frees
 * that and leaves the manager alone. Keep the text of a TCP manager to yourself. */
void manager_write_address(const struct manager *manager, char *text, size_t size);
struct manager *manager_at(const char *text);

/* Ends it and waits for it; in the process that started it. NULL is ignored. */
void manager_stop(struct manager *manager);

pid_t manager_pid(const struct manager *manager);

/* A connection, or NULL with errno (ECONNREFUSED: the manager has ended; EMFILE, ENOMEM). */
struct manager_client *manager_connect(const struct manager *manager);
void manager_disconnect(struct manager_client *client);

/* ---- maps ---- */

int manager_map_get(
    struct manager_client *client, const char *map, const char *key, void **value, size_t *size);
int manager_map_set(struct manager_client *client, const char *map, const char *key,
    const void *value, size_t size);
int manager_map_delete(struct manager_client *client, const char *map, const char *key);
int manager_map_length(struct manager_client *client, const char *map, size_t *length);

/* All keys, sorted by strcmp, as one block with a NULL behind them. */
int manager_map_keys(struct manager_client *client, const char *map, char ***keys);

/* Adds to the integer (8 bytes, 0 if the key is new; it wraps around) in one step, and gives the
 * sum (sum may be NULL). manager_map_get reads it as an int64_t. */
int manager_map_add(
    struct manager_client *client, const char *map, const char *key, int64_t number, int64_t *sum);

/* ---- lists: an index below 0 counts from the end ---- */

int manager_list_append(
    struct manager_client *client, const char *list, const void *value, size_t size);
int manager_list_get(
    struct manager_client *client, const char *list, int64_t index, void **value, size_t *size);
int manager_list_set(
    struct manager_client *client, const char *list, int64_t index, const void *value, size_t size);
int manager_list_length(struct manager_client *client, const char *list, size_t *length);

/* Gets and removes. */
int manager_list_pop(
    struct manager_client *client, const char *list, int64_t index, void **value, size_t *size);

#endif
