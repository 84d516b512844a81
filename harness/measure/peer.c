/* Peers are looked for beside the current folder's results, beside the program, and where `make
 * install` puts them. */
#include "peer.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEBIAN "/usr/bin/python3"
#define HERE "cases/peers"

const char *peer_interpreter(void)
{
    const char *given = getenv("POOLBENCH_PYTHON");
    if (given && *given)
        return given;
    return access(DEBIAN, X_OK) == 0 ? DEBIAN : "python3";
}

/* Whether a command of that name can be started. */
static bool is_command(const char *name)
{
    char path[PATH_MAX];
    const char *at = strchr(name, '/') ? "" : getenv("PATH");
    if (at && !*at)
        return access(name, X_OK) == 0;
    for (; at && *at; at += strcspn(at, ":"), at += *at == ':') {
        snprintf(path, sizeof path, "%.*s/%s", (int)strcspn(at, ":"), at, name);
        if (access(path, X_OK) == 0)
            return true;
    }
    return false;
}

/* The folder of the scripts; false: none is there. */
static bool find_scripts(char *path, size_t size)
{
    static const char *const beside[] = {HERE, "peers", "../share/poolbench/peers"};
    char program[PATH_MAX] = "";
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    char *slash = length > 0 ? strrchr(program, '/') : NULL;
    snprintf(path, size, HERE);
    for (size_t i = 0; slash && access(path, R_OK) && i < sizeof beside / sizeof *beside; i++)
        snprintf(path, size, "%.*s/%s", (int)(slash - program), program, beside[i]);
    return access(path, R_OK) == 0;
}

const char *peer_missing(void)
{
    char path[2 * PATH_MAX];
    if (!is_command(peer_interpreter()))
        return "needs python3 (apt-get install python3)";
    if (!find_scripts(path, sizeof path))
        return "needs the scripts of cases/peers, which are not here; run it in the project's top "
               "folder, or make install";
    return NULL;
}

void peer_words(struct answer_words *words, const char *script)
{
    char path[2 * PATH_MAX];
    find_scripts(path, sizeof path);
    answer_word(words, "%s", peer_interpreter());
    answer_word(words, "-B"); /* nothing is written beside the scripts */
    answer_word(words, "%s/%s", path, script);
}
