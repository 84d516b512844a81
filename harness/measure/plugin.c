/* Loading cases. Nothing of the case itself is read before its version and size are known to be
 * ours. */
#include "plugin.h"

#include "../store/result.h"

#include <ctype.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool ends_in_so(const char *name)
{
    size_t length = strlen(name);
    return length > 3 && strcmp(name + length - 3, ".so") == 0;
}

bool plugin_is_path(const char *name)
{
    return strchr(name, '/') || ends_in_so(name);
}

const char *plugin_label(const char *path, char *text, size_t size)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    int length = (int)strlen(name) - (ends_in_so(name) ? 3 : 0);
    snprintf(text, size, "%.*s", length, name);
    return text;
}

/* A name goes into tables, labels and file names. */
static bool plain(const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)name[i]) && !strchr("-_.", name[i]))
            return false;
    return length > 0 && length < RESULT_NAME_MAX && *name != '.';
}

/* What is wrong with a case: the struct's members that must be there, and its parameters. Returns 0
 * for a sound one, or -1 with one line in why. */
static int find_fault(const struct bench_case *bench, char *why, size_t size)
{
    if (!bench)
        snprintf(why, size, "it names no case");
    else if (!bench->name || !plain(bench->name))
        snprintf(why, size, "the case's name is not of letters, digits, '-', '_' and '.'");
    else if (!bench->summary || !*bench->summary || strchr(bench->summary, '\n'))
        snprintf(why, size, "case %s has no summary of one line", bench->name);
    else if ((unsigned)bench->kind > CASE_OVERHEAD)
        snprintf(why, size, "case %s has a kind that is none", bench->name);
    else if (!bench->task)
        snprintf(why, size, "case %s has no task function", bench->name);
    else if (bench->teardown && !bench->setup)
        snprintf(why, size, "case %s has a teardown without a setup", bench->name);
    else
        return param_check(bench->params, why, size);
    return -1;
}

/* The loader's message names the path first; ours does, too. */
static const char *loader_message(const char *path)
{
    const char *text = dlerror();
    size_t length = strlen(path);
    if (text && strncmp(text, path, length) == 0 && strncmp(text + length, ": ", 2) == 0)
        text += length + 2;
    return text ? text : "unknown cause";
}

/* Whether what stands behind bench_plugin (NULL: nothing does) is a sound case for this program. */
static int check(const char *path, const struct bench_plugin *plugin, char *why, size_t size)
{
    char fault[512];
    if (!plugin)
        snprintf(why, size,
            "%s is no plug-in: it has no symbol bench_plugin; end it with BENCH_PLUGIN(case_NAME)",
            path);
    else if (plugin->version != BENCH_PLUGIN_VERSION)
        snprintf(why, size,
            "%s was built for version %u of cases/case.h, and this program has %d; build it anew",
            path, plugin->version, BENCH_PLUGIN_VERSION);
    else if (plugin->size != sizeof(struct bench_case))
        snprintf(why, size,
            "%s has a struct bench_case of %u bytes, and this program one of %zu; build it anew",
            path, plugin->size, sizeof(struct bench_case));
    else if (find_fault(plugin->bench, fault, sizeof fault))
        snprintf(why, size, "%s: %s", path, fault);
    else
        return 0;
    return -1;
}

const struct bench_case *plugin_load(const char *path, char *why, size_t size)
{
    char whole[PATH_MAX];
    if (!realpath(path, whole)) { /* a name without '/' would be looked for elsewhere */
        snprintf(why, size, "%s: %s; a plug-in is given by its path", path, strerror(errno));
        return NULL;
    }
    void *object = dlopen(whole, RTLD_NOW | RTLD_LOCAL);
    if (!object) {
        snprintf(why, size, "%s cannot be loaded: %s", path, loader_message(whole));
        return NULL;
    }
    const struct bench_plugin *plugin = dlsym(object, "bench_plugin");
    if (check(path, plugin, why, size) == 0)
        return plugin->bench;
    dlclose(object);
    return NULL;
}
