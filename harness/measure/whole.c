/* One hyperfine call a block. hyperfine without a shell splits a command at blanks and honours
 * quotes, so words are quoted; its JSON comes through a file in a temporary folder. */
#include "whole.h"

#include "../util/interrupt.h"
#include "../util/quote.h"
#include "../util/tempdir.h"
#include "plan.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_NOT_FOUND 127

/* The words behind the program's name, malloc'd: what the user gave, and nothing that is a default,
 * since a case may refuse parameters that do not go together. */
static char *command_words(
    const char *name, const struct result_config *config, const struct param_values *options)
{
    char *words = NULL;
    const char *pair;
    size_t length;
    FILE *text = open_memstream(&words, &length);
    if (!text)
        return NULL;
    fputs("run", text);
    quote_word(text, name);
    fprintf(text, " -b %s -n %u", config->backend, config->workers);
    if (*config->split)
        fprintf(text, " --split %s", config->split);
    if (param_given(options, "tasks"))
        fprintf(text, " -N %" PRIu64, param_count(options, "tasks"));
    if (config->chunk)
        fprintf(text, " --chunk %" PRIu64, config->chunk);
    for (size_t i = 0; (pair = param_many(options, "param", i)); i++) {
        fputs(" --param", text);
        quote_word(text, pair);
    }
    if (param_given(options, "seed"))
        fprintf(text, " --seed %" PRIu64, param_count(options, "seed"));
    fclose(text);
    return words;
}

void whole_add_commands(struct result *result, const char *name, const unsigned *configs,
    size_t count, const struct param_values *options)
{
    for (size_t i = 0; i < count; i++) {
        char *words = command_words(name, &result->configs[configs[i]], options);
        char *text;
        if (words && asprintf(&text, "poolbench %s", words) >= 0) {
            result_add_command(result, configs[i], text);
            free(text);
        }
        free(words);
    }
}

/* hyperfine's arguments for one block: the commands in the given order, with this very program in
 * place of the name poolbench. NULL-ended; the caller frees it with free_arguments. */
static char **make_arguments(const struct result *result, const unsigned *order, const char *json)
{
    static const char *const head[] = {"hyperfine", "--shell=none", "--runs=1", "--ignore-failure",
        "--style=none", "--export-json"};
    const size_t heads = sizeof head / sizeof *head, n = result->commands_count;
    char program[PATH_MAX] = "", *quoted = NULL;
    size_t length;
    char **arguments = calloc(heads + n + 2, sizeof *arguments);
    FILE *text = open_memstream(&quoted, &length);
    if (readlink("/proc/self/exe", program, sizeof program - 1) > 0 && text)
        quote_word(text, program);
    if (text)
        fclose(text);
    for (size_t i = 0; arguments && i < heads; i++)
        arguments[i] = strdup(head[i]);
    if (arguments)
        arguments[heads] = strdup(json);
    for (size_t i = 0; arguments && quoted && i < n; i++) {
        const char *words = result->commands[order[i]].text + strlen("poolbench ");
        if (asprintf(&arguments[heads + 1 + i], "%s %s", quoted + 1, words) < 0)
            arguments[heads + 1 + i] = NULL;
    }
    free(quoted);
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

enum status whole_check(char *why, size_t size)
{
    char *arguments[] = {"hyperfine", "--version", NULL};
    return run_hyperfine(arguments, NULL) == EXIT_NOT_FOUND ? not_found(why, size) : STATUS_DONE;
}

static double number_of(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

/* Appends the runs of one block from hyperfine's file. */
static int read_runs(struct result *result, const char *path, unsigned block, const unsigned *order)
{
    json_t *root = json_load_file(path, 0, NULL);
    const json_t *entries = json_object_get(root, "results");
    int failed = json_array_size(entries) == result->commands_count ? 0 : -1;
    for (unsigned i = 0; !failed && i < result->commands_count; i++) {
        const json_t *entry = json_array_get(entries, i);
        const json_t *code = json_array_get(json_object_get(entry, "exit_codes"), 0);
        result_add_run(result,
            &(struct result_run){
                .block = block,
                .command = order[i],
                .order = i,
                .wall_s = json_number_value(json_array_get(json_object_get(entry, "times"), 0)),
                .user_s = number_of(entry, "user"),
                .system_s = number_of(entry, "system"),
                /* null: it was killed by a signal */
                .exit_code = json_is_integer(code) ? (int)json_integer_value(code) : -1,
            });
    }
    json_decref(root);
    return failed;
}

static enum status run_block(
    struct result *result, unsigned block, unsigned *order, const char *folder)
{
    char json[PATH_MAX + 16];
    snprintf(json, sizeof json, "%s/block.json", folder);
    unlink(json); /* an earlier block's must not be taken for this one's */
    plan_order(~result->seed, block, order, (unsigned)result->commands_count);
    char **arguments = make_arguments(result, order, json);
    int code = arguments ? run_hyperfine(arguments, folder) : -1;
    free_arguments(arguments);
    if (interrupt_requested())
        return STATUS_INTERRUPTED;
    if (code == EXIT_NOT_FOUND)
        return STATUS_UNAVAILABLE;
    /* a failed command makes hyperfine's own status nonzero in some versions; the file decides */
    return read_runs(result, json, block, order) ? STATUS_FAILED : STATUS_DONE;
}

enum status whole_measure(struct result *result, unsigned blocks, char *why, size_t size)
{
    char folder[PATH_MAX];
    unsigned *order = calloc(result->commands_count + 1, sizeof *order);
    if (!order || tempdir_make(folder, sizeof folder, NULL, "hyperfine")) {
        snprintf(why, size, "no temporary folder for hyperfine: %s", strerror(errno));
        free(order);
        return STATUS_FAILED;
    }
    enum status status = STATUS_DONE;
    for (unsigned block = 0; block < blocks && status == STATUS_DONE; block++)
        status = run_block(result, block, order, folder);
    if (status == STATUS_UNAVAILABLE)
        not_found(why, size);
    else if (status == STATUS_FAILED)
        snprintf(why, size, "hyperfine gave no result for %s", result->case_name);
    tempdir_remove(folder);
    free(order);
    return status;
}
