/* One call of hyperfine a block. Its JSON comes through a file in a temporary folder. */
#include "hyperfine.h"

#include "../util/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_NOT_FOUND 127

/* hyperfine's arguments for one block, NULL-ended; the caller frees it with free_arguments. */
static char **make_arguments(
    const char *const *commands, size_t n, const char *shell, const char *json)
{
    static const char *const head[] = {
        "hyperfine", "--runs=1", "--ignore-failure", "--style=none", "--export-json"};
    const size_t heads = sizeof head / sizeof *head;
    char **arguments = calloc(heads + n + 3, sizeof *arguments), **at = arguments;
    for (size_t i = 0; arguments && i < heads; i++)
        *at++ = strdup(head[i]);
    if (arguments)
        *at++ = strdup(json);
    if (arguments && asprintf(at++, "--shell=%s", shell ? shell : "none") < 0)
        at[-1] = NULL;
    for (size_t i = 0; arguments && i < n; i++)
        *at++ = strdup(commands[i]);
    return arguments;
}

static void free_arguments(char **arguments)
{
    for (size_t i = 0; arguments && arguments[i]; i++)
        free(arguments[i]);
    free(arguments);
}

/* Runs hyperfine to its end, silent. A signal kills the commands with it, so what they have in
 * temporary folders is put below ours (NULL: it has none). Returns its exit status, or -1. */
static int run_hyperfine(char **arguments, const char *folder)
{
    int status = 0;
    pid_t pid = interrupt_fork();
    if (pid == 0) {
        if (folder)
            setenv("TMPDIR", folder, 1);
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0 &&
            dup2(null, STDERR_FILENO) >= 0)
            execvp(arguments[0], arguments);
        _exit(errno == ENOENT ? EXIT_NOT_FOUND : 126);
    }
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    interrupt_forget();
    return pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static enum status not_found(char *why, size_t size)
{
    snprintf(why, size, "hyperfine was not found; install it (apt-get install hyperfine)");
    return STATUS_UNAVAILABLE;
}

enum status hyperfine_check(char *why, size_t size)
{
    char *arguments[] = {"hyperfine", "--version", NULL};
    return run_hyperfine(arguments, NULL) == EXIT_NOT_FOUND ? not_found(why, size) : STATUS_DONE;
}

static double number_of(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static int read_runs(const char *path, size_t n, struct hyperfine_run *runs)
{
    json_t *root = json_load_file(path, 0, NULL);
    const json_t *entries = json_object_get(root, "results");
    int failed = json_array_size(entries) == n ? 0 : -1;
    for (size_t i = 0; !failed && i < n; i++) {
        const json_t *entry = json_array_get(entries, i);
        const json_t *code = json_array_get(json_object_get(entry, "exit_codes"), 0);
        runs[i] = (struct hyperfine_run){
            .wall_s = json_number_value(json_array_get(json_object_get(entry, "times"), 0)),
            .user_s = number_of(entry, "user"),
            .system_s = number_of(entry, "system"),
            /* null: it was killed by a signal */
            .exit_code = json_is_integer(code) ? (int)json_integer_value(code) : -1,
        };
    }
    json_decref(root);
    return failed;
}

enum status hyperfine_block(const char *const *commands, size_t n, const char *shell,
    const char *folder, struct hyperfine_run *runs, char *why, size_t size)
{
    char json[PATH_MAX + 16];
    snprintf(json, sizeof json, "%s/block.json", folder);
    unlink(json); /* an earlier block's must not be taken for this one's */
    char **arguments = make_arguments(commands, n, shell, json);
    int code = arguments ? run_hyperfine(arguments, folder) : -1;
    free_arguments(arguments);
    if (interrupt_requested())
        return STATUS_INTERRUPTED;
    if (code == EXIT_NOT_FOUND)
        return not_found(why, size);
    /* a failed command makes hyperfine's own status nonzero in some versions; the file decides */
    if (read_runs(json, n, runs) == 0)
        return STATUS_DONE;
    snprintf(why, size, "hyperfine gave no result for %s", commands[0]);
    return STATUS_FAILED;
}
