/* gnuplot as a child process. Its exit status alone is not trusted: a full disk does not show in
 * it, so that the picture's first and last bytes are looked at too. */
#include "gnuplot.h"

#include "../util/atomic_file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* -d: no ~/.gnuplot and the like, or two users would get two pictures. */
#define PROGRAM "gnuplot", "-d"

/* Reads all that comes and keeps the end of it, at least half of what fits in text. */
static void read_all(int fd, char *text, size_t size)
{
    size_t length = 0;
    ssize_t got;
    while ((got = read(fd, text + length, size - 1 - length)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            break;
        length += (size_t)got;
        if (length == size - 1) {
            length = size / 2;
            memmove(text, text + size - 1 - length, length);
        }
    }
    text[length] = '\0';
}

/* Starts it with both outputs in a pipe. Returns 0 or an errno. */
static int spawn(const char *const arguments[], int output, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    int code = posix_spawn_file_actions_init(&actions);
    if (code)
        return code;
    code = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!code)
        code = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    if (!code)
        code = posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
    if (!code)
        code = posix_spawnp(pid, arguments[0], &actions, NULL, (char *const *)arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return code;
}

/* Runs to the end. Returns the exit status, or -1 (killed, not started) with text saying so. */
static int run(const char *const arguments[], char *text, size_t size)
{
    int ends[2], status = 0;
    pid_t pid;
    if (pipe2(ends, O_CLOEXEC)) {
        snprintf(text, size, "%s", strerror(errno));
        return -1;
    }
    int code = spawn(arguments, ends[1], &pid);
    close(ends[1]);
    if (code) {
        close(ends[0]);
        snprintf(text, size, "cannot be started: %s", strerror(code));
        return -1;
    }
    read_all(ends[0], text, size);
    close(ends[0]);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFSIGNALED(status))
        snprintf(text, size, "ended by signal %d", WTERMSIG(status));
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool gnuplot_available(void)
{
    char text[256];
    const char *const arguments[] = {PROGRAM, "--version", NULL};
    return run(arguments, text, sizeof text) == 0;
}

/* Whether the file begins and ends as pictures of its kind do. */
static bool is_picture(const char *path)
{
    static const char png_start[] = "\x89PNG\r\n", png_end[] = "IEND\xae\x42\x60\x82";
    char start[8] = "", end[8] = "";
    const char *dot = strrchr(path, '.');
    bool svg = dot && strcmp(dot, ".svg") == 0;
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    size_t got = fread(start, 1, sizeof start, file);
    if (got == sizeof start && fseek(file, -(long)sizeof end, SEEK_END) == 0)
        got = fread(end, 1, sizeof end, file);
    fclose(file);
    if (got != sizeof end)
        return false;
    if (svg)
        return memcmp(start, "<?xml", 5) == 0 && memmem(end, sizeof end, "</svg>", 6);
    return memcmp(start, png_start, sizeof png_start - 1) == 0 && memcmp(end, png_end, 8) == 0;
}

/* To gnuplot a name that begins with '<' or '|' is a command, and "-" its own input. */
static void plain_path(char *path, size_t size, const char *name)
{
    snprintf(path, size, "%s%s", *name == '/' || *name == '.' ? "" : "./", name);
}

/* The last line that says something: gnuplot warns first and names what ended it last. */
static const char *last_line(char *text)
{
    size_t length = strlen(text);
    while (length > 0 && isspace((unsigned char)text[length - 1]))
        text[--length] = '\0';
    const char *newline = strrchr(text, '\n');
    return newline ? newline + 1 : text;
}

int gnuplot_draw(const char *script, const char *data, const char *picture, char *why, size_t size)
{
    char from[PATH_MAX], to[PATH_MAX], text[1024];
    struct atomic_file *file = atomic_open(picture, why, size);
    if (!file)
        return -1;
    plain_path(from, sizeof from, data);
    plain_path(to, sizeof to, atomic_path(file));
    const char *const arguments[] = {PROGRAM, "-c", script, from, to, NULL};
    int status = run(arguments, text, sizeof text);
    if (status == 0 && is_picture(to))
        return atomic_commit(file, why, size);
    const char *line = last_line(text);
    snprintf(why, size, "gnuplot -c %s %s %s: %s", script, data, picture,
        *line         ? line
        : status == 0 ? "it wrote no whole picture; is the disk full?"
                      : "failed without a message");
    atomic_abort(file);
    return -1;
}
