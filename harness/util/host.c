/* Reading of kernel files, below POOLBENCH_ROOT in tests. */
#include "host.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *host_root(void)
{
    const char *root = getenv("POOLBENCH_ROOT");
    return root ? root : "";
}

/* Returns 0, or -1 with errno. */
static int place(char *real, size_t size, const char *path)
{
    if ((size_t)snprintf(real, size, "%s%s", host_root(), path) < size)
        return 0;
    errno = ENAMETOOLONG;
    return -1;
}

FILE *host_open(const char *path)
{
    char real[PATH_MAX];
    return place(real, sizeof real, path) ? NULL : fopen(real, "re");
}

DIR *host_list(const char *folder)
{
    char real[PATH_MAX];
    return place(real, sizeof real, folder) ? NULL : opendir(real);
}

bool host_exists(const char *path)
{
    char real[PATH_MAX];
    return !place(real, sizeof real, path) && access(real, F_OK) == 0;
}

static void make_printable(char *text)
{
    for (char *at = text; *at; at++)
        if (!isprint((unsigned char)*at))
            *at = '?';
}

int host_line(const char *path, char *line, size_t size)
{
    FILE *file = host_open(path);
    char *got = file ? fgets(line, (int)size, file) : NULL;
    if (file)
        fclose(file);
    if (!got)
        *line = '\0';
    line[strcspn(line, "\n")] = '\0';
    make_printable(line);
    return *line ? 0 : -1;
}

int host_field(const char *path, const char *key, char *value, size_t size)
{
    char *line = NULL;
    size_t line_size = 0, length = strlen(key);
    int found = -1;
    FILE *file = host_open(path);
    *value = '\0';
    while (found && file && getline(&line, &line_size, file) > 0) {
        char *at = line + length;
        if (strncmp(line, key, length) != 0 || !strchr(" \t:=", *at))
            continue;
        at += strspn(at, " \t:=\"");
        at[strcspn(at, "\"\n")] = '\0';
        make_printable(at);
        snprintf(value, size, "%s", at);
        found = 0;
    }
    if (file)
        fclose(file);
    free(line);
    return found;
}

int host_number(const char **text, uint64_t *value)
{
    const char *at = *text + strspn(*text, " \t");
    char *end;
    if (!isdigit((unsigned char)*at))
        return -1;
    errno = 0;
    unsigned long long number = strtoull(at, &end, 10);
    if (errno || (*end && !strchr(" \t\n", *end)))
        return -1;
    *value = number;
    *text = end;
    return 0;
}

uint64_t host_counter(const char *path, const char *key)
{
    char text[64];
    const char *at = text;
    uint64_t value;
    return host_field(path, key, text, sizeof text) || host_number(&at, &value) ? 0 : value;
}

int host_count(const char *path, uint64_t *value)
{
    char line[64];
    const char *at = line;
    return host_line(path, line, sizeof line) || host_number(&at, value) || *at ? -1 : 0;
}
