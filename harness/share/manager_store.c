/* Maps are the C library's balanced trees (tsearch), lists are arrays that double. */
#include "manager_store.h"

#include "manager.h"

#include <search.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct blob {
    void *bytes;
    size_t size;
};

/* Everything in a tree begins with its name. */
struct pair {
    char *name;
    struct blob value;
};

struct map {
    char *name;
    void *pairs; /* a tree of struct pair */
    size_t length;
};

struct list {
    char *name;
    struct blob *values;
    size_t length, room;
};

/* One call, taken apart. */
struct call {
    const char *key;
    struct blob value; /* borrowed */
    int64_t number;
    struct wire_reply *reply;
    struct wire_buffer *out;
};

/* ---- trees and blobs ---- */

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void *find_named(void *const *tree, const char *name)
{
    void **node = tfind(&name, tree, compare_names);
    return node ? *node : NULL;
}

/* Finds what has that name, or makes it: `size` zero bytes and the name. NULL: no memory. */
static void *have_named(void **tree, const char *name, size_t size, bool *made)
{
    void *found = find_named(tree, name);
    *made = !found;
    if (found)
        return found;
    char **new = calloc(1, size);
    if (new && (*new = strdup(name)) && tsearch(new, tree, compare_names))
        return new;
    if (new)
        free(*new);
    free(new);
    return NULL;
}

/* Replaces a blob by a copy of another. Returns 0 or ENOMEM, with nothing changed. */
static int copy_blob(struct blob *to, const struct blob *from)
{
    void *bytes = malloc(from->size + 1);
    if (!bytes)
        return ENOMEM;
    if (from->size > 0)
        memcpy(bytes, from->bytes, from->size);
    free(to->bytes);
    *to = (struct blob){bytes, from->size};
    return 0;
}

static int hand_out(const struct call *call, const struct blob *blob)
{
    return wire_append(call->out, blob->bytes, blob->size);
}

/* ---- maps ---- */

static void delete_pair(struct map *map, struct pair *pair)
{
    tdelete(pair, &map->pairs, compare_names);
    map->length--;
    free(pair->value.bytes);
    free(pair->name);
    free(pair);
}

static int map_get(const struct map *map, const struct call *call)
{
    const struct pair *pair = find_named(&map->pairs, call->key);
    return pair ? hand_out(call, &pair->value) : MANAGER_NO_KEY;
}

static int map_set(struct map *map, const struct call *call)
{
    bool made;
    struct pair *pair = have_named(&map->pairs, call->key, sizeof *pair, &made);
    if (!pair)
        return ENOMEM;
    map->length += made;
    int code = copy_blob(&pair->value, &call->value);
    if (code && made)
        delete_pair(map, pair);
    return code;
}

static int map_delete(struct map *map, const struct call *call)
{
    struct pair *pair = find_named(&map->pairs, call->key);
    if (!pair)
        return MANAGER_NO_KEY;
    delete_pair(map, pair);
    return 0;
}

static int map_length(const struct map *map, const struct call *call)
{
    call->reply->number = (int64_t)map->length;
    return 0;
}

struct walk {
    const struct call *call;
    int code;
};

static void append_key(const void *node, VISIT visit, void *closure)
{
    struct walk *walk = closure;
    const struct pair *pair = *(const struct pair *const *)node;
    if ((visit != postorder && visit != leaf) || walk->code) /* postorder: between the subtrees */
        return;
    walk->code = wire_append(walk->call->out, pair->name, strlen(pair->name) + 1);
}

static int map_keys(const struct map *map, const struct call *call)
{
    struct walk walk = {call, 0};
    call->reply->number = (int64_t)map->length;
    twalk_r(map->pairs, append_key, &walk);
    return walk.code;
}

static int map_add(struct map *map, const struct call *call)
{
    uint64_t sum = 0;
    const struct pair *pair = find_named(&map->pairs, call->key);
    if (pair && pair->value.size != sizeof sum)
        return MANAGER_NOT_A_NUMBER;
    if (pair)
        memcpy(&sum, pair->value.bytes, sizeof sum);
    sum += (uint64_t)call->number;
    call->reply->number = (int64_t)sum;
    struct call set = *call;
    set.value = (struct blob){&sum, sizeof sum};
    return map_set(map, &set);
}

/* ---- lists ---- */

static struct blob *list_at(const struct list *list, int64_t index)
{
    int64_t length = (int64_t)list->length;
    if (index < -length || index >= length)
        return NULL;
    return &list->values[index < 0 ? index + length : index];
}

static int list_append(struct list *list, const struct call *call)
{
    if (list->length == list->room) {
        size_t room = list->room > 0 ? 2 * list->room : 16;
        struct blob *values = reallocarray(list->values, room, sizeof *values);
        if (!values)
            return ENOMEM;
        list->values = values;
        list->room = room;
    }
    list->values[list->length] = (struct blob){0};
    int code = copy_blob(&list->values[list->length], &call->value);
    list->length += !code;
    return code;
}

static int list_get(const struct list *list, const struct call *call)
{
    const struct blob *value = list_at(list, call->number);
    return value ? hand_out(call, value) : MANAGER_NO_INDEX;
}

static int list_set(struct list *list, const struct call *call)
{
    struct blob *value = list_at(list, call->number);
    return value ? copy_blob(value, &call->value) : MANAGER_NO_INDEX;
}

static int list_length(const struct list *list, const struct call *call)
{
    call->reply->number = (int64_t)list->length;
    return 0;
}

static int list_pop(struct list *list, const struct call *call)
{
    struct blob *value = list_at(list, call->number);
    int code = value ? hand_out(call, value) : MANAGER_NO_INDEX;
    if (code)
        return code;
    free(value->bytes);
    size_t behind = (size_t)(list->values + --list->length - value);
    memmove(value, value + 1, behind * sizeof *value);
    return 0;
}

/* ---- calls ---- */

static int do_map(struct map *map, uint32_t what, const struct call *call)
{
    switch (what) {
    case WIRE_MAP_GET:
        return map_get(map, call);
    case WIRE_MAP_SET:
        return map_set(map, call);
    case WIRE_MAP_DELETE:
        return map_delete(map, call);
    case WIRE_MAP_LENGTH:
        return map_length(map, call);
    case WIRE_MAP_KEYS:
        return map_keys(map, call);
    default:
        return map_add(map, call);
    }
}

static int do_list(struct list *list, uint32_t what, const struct call *call)
{
    switch (what) {
    case WIRE_LIST_APPEND:
        return list_append(list, call);
    case WIRE_LIST_GET:
        return list_get(list, call);
    case WIRE_LIST_SET:
        return list_set(list, call);
    case WIRE_LIST_LENGTH:
        return list_length(list, call);
    default:
        return list_pop(list, call);
    }
}

int manager_store_do(struct manager_store *store, const struct wire_request *request,
    const char *name, const char *key, const void *value, struct wire_reply *reply,
    struct wire_buffer *out)
{
    bool made;
    const struct call call = {
        key, {(void *)value, request->value_size}, request->number, reply, out};
    if (request->call <= WIRE_MAP_ADD) {
        struct map *map = have_named(&store->maps, name, sizeof *map, &made);
        return map ? do_map(map, request->call, &call) : ENOMEM;
    }
    struct list *list = have_named(&store->lists, name, sizeof *list, &made);
    return list ? do_list(list, request->call, &call) : ENOMEM;
}
