/* Own cgroups from /proc/self/cgroup ("4:cpu,cpuacct:/a/b"; version 2: "0::/a/b"), joined with the
 * mounts that show them. A mount shows a hierarchy from its root on, which need not be the
 * hierarchy's: in a container /docker/ID may be mounted at /sys/fs/cgroup/cpu. Both paths are told
 * as seen from the reader's cgroup namespace; "/.." in them leads out of it. */
#include "cgroup.h"

#include "host.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct climb {
    const char *controller;
    void (*visit)(const struct cgroup_level *level, void *context);
    void *context;
    unsigned version;
    const char *names; /* the hierarchy's controllers as /proc/self/cgroup lists them */
    const char *path;  /* own cgroup in it */
};

/* Whether a list of words, "rw,cpu,cpuacct", has this one. */
static bool has_word(const char *list, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = list; *at; at += strcspn(at, ","), at += *at == ',')
        if (strcspn(at, ",") == length && strncmp(at, word, length) == 0)
            return true;
    return false;
}

/* The part of a cgroup's path below a mount's root, "" for the root itself; NULL if it is not below
 * it, or leads out of it again. */
static const char *path_below(const char *path, const char *root)
{
    size_t length = strcmp(root, "/") == 0 ? 0 : strlen(root);
    if (strncmp(path, root, length) != 0 || (path[length] && path[length] != '/'))
        return NULL;
    const char *rest = strcmp(path + length, "/") == 0 ? "" : path + length;
    for (const char *at = rest; (at = strstr(at, "/..")); at++)
        if (at[3] == '\0' || at[3] == '/')
            return NULL;
    return rest;
}

/* Visits the folder and those above it, up to the mount's. */
static void visit_all(const struct climb *climb, char *folder, size_t mount_length)
{
    for (;;) {
        struct cgroup_level level = {.version = climb->version, .folder = folder};
        climb->visit(&level, climb->context);
        char *slash = strrchr(folder, '/');
        if (!slash || strlen(folder) <= mount_length)
            return;
        *slash = '\0';
    }
}

/* Climbs where the mount shows the cgroup. Returns 0, or -1. */
static int climb_mount(const struct climb *climb, const char *mount, const char *root)
{
    char folder[PATH_MAX];
    const char *rest = path_below(climb->path, root);
    if (!rest || (size_t)snprintf(folder, sizeof folder, "%s%s", mount, rest) >= sizeof folder ||
        !host_exists(folder))
        return -1;
    visit_all(climb, folder, strlen(mount));
    return 0;
}

/* mountinfo writes blanks, tabs, newlines and backslashes as \040 and so on. */
static void decode(char *text)
{
    char *to = text;
    for (const char *at = text; *at; at++) {
        unsigned code;
        if (*at == '\\' && sscanf(at + 1, "%3o", &code) == 1 && code > 0 && code < 256) {
            *to++ = (char)code;
            at += 3;
        } else {
            *to++ = *at;
        }
    }
    *to = '\0';
}

/* Whether a mount of this type and with these options shows the climb's hierarchy. */
static bool shows(const struct climb *climb, const char *type, const char *options)
{
    if (climb->version == 2)
        return strcmp(type, "cgroup2") == 0;
    return strcmp(type, "cgroup") == 0 && has_word(options, climb->controller);
}

/* One line of mountinfo: "31 23 0:28 ROOT MOUNT options [tags] - TYPE source OPTIONS". Climbs if it
 * is the right one. Returns 0, or -1. */
static int try_mount(const struct climb *climb, char *line)
{
    char *rest, *field[5], *behind = strstr(line, " - ");
    if (!behind)
        return -1;
    *behind = '\0';
    behind += 3;
    char *word = strtok_r(line, " ", &rest);
    for (size_t i = 0; i < 5; i++, word = strtok_r(NULL, " ", &rest))
        if (!(field[i] = word))
            return -1;
    char *type = strtok_r(behind, " ", &rest), *source = strtok_r(NULL, " ", &rest),
         *options = strtok_r(NULL, " \n", &rest);
    if (!type || !source || !shows(climb, type, options ? options : ""))
        return -1;
    decode(field[3]);
    decode(field[4]);
    return climb_mount(climb, field[4], field[3]);
}

/* Where everybody mounts them. Returns 0, or -1. */
static int try_usual(const struct climb *climb)
{
    char mount[PATH_MAX];
    if (climb->version == 2)
        return climb_mount(climb, "/sys/fs/cgroup/unified", "/") &&
                       climb_mount(climb, "/sys/fs/cgroup", "/")
                   ? -1
                   : 0;
    snprintf(mount, sizeof mount, "/sys/fs/cgroup/%s", climb->names);
    return climb_mount(climb, mount, "/");
}

static void climb_hierarchy(const struct climb *climb)
{
    char *line = NULL;
    size_t size = 0;
    int missed = -1;
    FILE *mounts = host_open("/proc/self/mountinfo");
    while (missed && mounts && getline(&line, &size, mounts) > 0)
        missed = try_mount(climb, line);
    if (mounts)
        fclose(mounts);
    else
        missed = try_usual(climb);
    free(line);
    struct cgroup_level hidden = {.version = climb->version, .folder = climb->path, .hidden = true};
    if (missed)
        climb->visit(&hidden, climb->context);
}

/* Climbs in the hierarchies of this version that have the controller; whether there is one. */
static bool climb_version(struct climb climb)
{
    char *line = NULL;
    size_t size = 0;
    bool found = false;
    FILE *own = host_open("/proc/self/cgroup");
    while (own && getline(&line, &size, own) > 0) {
        line[strcspn(line, "\n")] = '\0';
        char *names = strchr(line, ':'), *path = names ? strchr(names + 1, ':') : NULL;
        if (!path || path[1] != '/')
            continue;
        *path++ = '\0';
        names++;
        if (climb.version == 2 ? *names != '\0' : !has_word(names, climb.controller))
            continue;
        climb.names = names;
        climb.path = path;
        climb_hierarchy(&climb);
        found = true;
    }
    if (own)
        fclose(own);
    free(line);
    return found;
}

void cgroup_climb(const char *controller,
    void (*visit)(const struct cgroup_level *level, void *context), void *context)
{
    struct climb climb = {
        .controller = controller, .visit = visit, .context = context, .version = 1};
    if (climb_version(climb))
        return; /* a controller is in one hierarchy alone */
    climb.version = 2;
    climb_version(climb);
}

int cgroup_path(const struct cgroup_level *level, const char *name, char *path, size_t size)
{
    bool fits = (size_t)snprintf(path, size, "%s/%s", level->folder, name) < size;
    return fits && !level->hidden ? 0 : -1;
}

static void take_tightest(const struct cgroup_level *level, void *context)
{
    char path[PATH_MAX];
    uint64_t *tightest = context, limit;
    const char *name = level->version == 2 ? "memory.max" : "memory.limit_in_bytes";
    if (cgroup_path(level, name, path, sizeof path) == 0 && host_count(path, &limit) == 0 &&
        limit < *tightest) /* "max" is no number */
        *tightest = limit;
}

uint64_t cgroup_memory(void)
{
    uint64_t tightest = UINT64_MAX;
    cgroup_climb("memory", take_tightest, &tightest);
    return tightest;
}
