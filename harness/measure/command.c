/* Commands under search. hyperfine keeps neither what a command writes to stderr nor, before its
 * version 1.19, how much memory it had: where either is wanted, the command is run once more by
 * ourselves, untimed. */
#include "command.h"

#include "../util/interrupt.h"
#include "../util/quote.h"
#include "../util/tempdir.h"
#include "child.h"
#include "hyperfine.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- its words ---- */

/* The text with the number in place of each mark, malloc'd; NULL without memory. */
static char *fill_in(const char *text, unsigned n)
{
    char *filled = NULL;
    const char *mark;
    size_t length;
    FILE *out = open_memstream(&filled, &length);
    if (!out)
        return NULL;
    for (; (mark = strstr(text, COMMAND_MARK)); text = mark + strlen(COMMAND_MARK))
        fprintf(out, "%.*s%u", (int)(mark - text), text, n);
    fputs(text, out);
    fclose(out);
    return filled;
}

static void write_words(FILE *out, const struct command *command, unsigned n)
{
    for (size_t i = 0; i < command->words_count; i++) {
        char *word = fill_in(command->words[i], n);
        if (word)
            quote_word(out, word); /* a blank, and the word */
        free(word);
    }
}

/* set: what stands before the variable's name where words follow; a line exports it. */
static char *write_command(const struct command *command, unsigned n, const char *set)
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    char *line = command->line ? fill_in(command->line, n) : NULL;
    if (!out)
        return NULL;
    if (command->variable)
        fprintf(out, "%s%s=%u%s", line ? "export " : set, command->variable, n, line ? "; " : "");
    if (line)
        fputs(line, out);
    else
        write_words(out, command, n);
    fclose(out);
    free(line);
    if (text && *text == ' ')
        memmove(text, text + 1, length);
    return text;
}

char *command_text(const struct command *command, unsigned n)
{
    return write_command(command, n, "");
}

/* The same for hyperfine, which without a shell sets no variables. */
static char *command_timed(const struct command *command, unsigned n)
{
    return write_command(command, n, "env ");
}

/* ---- a run that is not timed ---- */

struct look {
    int exit_code; /* -1: killed by a signal */
    uint64_t memory;
    char said[200]; /* the last line on stderr that is not empty */
};

static _Noreturn void run_command(const struct command *command, unsigned n, const char *errors)
{
    char number[16];
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int out = open(errors, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    char **words = calloc(command->words_count + 4, sizeof *words);
    if (null < 0 || out < 0 || !words || dup2(null, STDIN_FILENO) < 0 ||
        dup2(null, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0)
        _exit(CHILD_NOT_FOUND);
    snprintf(number, sizeof number, "%u", n);
    if (command->variable)
        setenv(command->variable, number, 1);
    if (command->line) {
        words[0] = strdup("sh");
        words[1] = strdup("-c");
        words[2] = fill_in(command->line, n);
    }
    for (size_t i = 0; !command->line && i < command->words_count; i++)
        words[i] = fill_in(command->words[i], n);
    if (words[0])
        execvp(words[0], words);
    dprintf(STDERR_FILENO, "cannot be started: %s\n", strerror(errno));
    _exit(CHILD_NOT_FOUND);
}

/* Returns 0, or -1 after a signal. */
static int look_at(const struct tune_command *tune, unsigned n, struct look *look)
{
    char errors[sizeof tune->folder + 16];
    int status = 0;
    struct rusage usage = {0};
    *look = (struct look){.exit_code = -1};
    snprintf(errors, sizeof errors, "%s/stderr", tune->folder);
    pid_t pid = interrupt_fork();
    if (pid == 0)
        run_command(tune->command, n, errors);
    while (pid > 0 && wait4(pid, &status, 0, &usage) < 0 && errno == EINTR)
        ;
    interrupt_forget();
    if (interrupt_requested())
        return -1;
    if (pid > 0 && WIFEXITED(status))
        look->exit_code = WEXITSTATUS(status);
    look->memory = (uint64_t)usage.ru_maxrss * 1024;
    child_last_line(errors, look->said, sizeof look->said);
    return 0;
}

/* ---- the source ---- */

/* The result's command with n workers, added where it is new. */
static unsigned command_of(struct tune_command *tune, unsigned n)
{
    struct result *result = tune->result;
    for (unsigned i = 0; i < result->commands_count; i++)
        if (result->configs[result->commands[i].config].workers == n)
            return i;
    const struct result_config config = {.backend = "command", .workers = n};
    char *text = command_timed(tune->command, n);
    unsigned index =
        result_add_command(result, result_add_config(result, &config), text ? text : "(no memory)");
    free(text);
    return index;
}

static int explain(
    const struct tune_command *tune, unsigned n, int exit_code, char *why, size_t size)
{
    struct look look;
    if (look_at(tune, n, &look))
        return -1;
    int length = exit_code < 0 ? snprintf(why, size, "killed by a signal")
                               : snprintf(why, size, "exit status %d", exit_code);
    if (*look.said)
        snprintf(why + length, size - (size_t)length, ": %s", look.said);
    return 0;
}

/* The peak memory of a size, from a run of its own, once: when its only timed run is this one. */
static int find_memory(const struct tune_command *tune, unsigned n, struct tune_point *point)
{
    struct look look;
    size_t runs = 0;
    for (size_t i = 0; i < tune->result->runs_count; i++) {
        const struct result_command *command =
            &tune->result->commands[tune->result->runs[i].command];
        runs += tune->result->configs[command->config].workers == n;
    }
    if (runs > 1)
        return 0;
    if (look_at(tune, n, &look))
        return -1;
    point->memory = look.memory;
    return 0;
}

static int fill_point(struct tune_command *tune, const struct hyperfine_run *run, unsigned n,
    struct tune_point *point)
{
    point->seconds = run->wall_s;
    point->cpu_s = run->user_s + run->system_s;
    point->p99_s = NAN;
    if (run->exit_code != 0)
        return explain(tune, n, run->exit_code, point->failure, sizeof point->failure);
    return tune->memory ? find_memory(tune, n, point) : 0;
}

static void keep_run(
    struct tune_command *tune, unsigned block, unsigned n, const struct hyperfine_run *run)
{
    unsigned before = 0; /* runs of this block so far, which has several calls at first */
    for (size_t i = tune->result->runs_count; i-- > 0 && tune->result->runs[i].block == block;)
        before++;
    result_add_run(tune->result, &(struct result_run){.block = block,
                                     .command = command_of(tune, n),
                                     .order = before,
                                     .wall_s = run->wall_s,
                                     .user_s = run->user_s,
                                     .system_s = run->system_s,
                                     .exit_code = run->exit_code});
}

/* hyperfine gave nothing: it does where a program cannot be started. */
static enum status explain_nothing(
    const struct tune_command *tune, unsigned n, char *why, size_t size)
{
    struct look look;
    if (look_at(tune, n, &look))
        return STATUS_INTERRUPTED;
    if (look.exit_code == CHILD_NOT_FOUND && *look.said)
        snprintf(why, size, "%s %s", tune->command->words[0], look.said);
    return STATUS_FAILED;
}

static enum status take(void *context, unsigned block, const struct tune_size *sizes, size_t count,
    struct tune_point *points, char *why, size_t size)
{
    struct tune_command *tune = context;
    struct hyperfine_run *runs = calloc(count, sizeof *runs);
    char **texts = calloc(count, sizeof *texts);
    enum status status = STATUS_FAILED;
    bool there = runs && texts;
    for (size_t i = 0; there && i < count; i++)
        there = (texts[i] = command_timed(tune->command, sizes[i].workers));
    if (there)
        status = hyperfine_block((const char *const *)texts, count,
            tune->command->line ? "sh" : NULL, tune->folder, runs, why, size);
    else
        snprintf(why, size, "no memory for a block of commands");
    if (status == STATUS_FAILED && there)
        status = explain_nothing(tune, sizes[0].workers, why, size);
    for (size_t i = 0; status == STATUS_DONE && i < count; i++) {
        keep_run(tune, block, sizes[i].workers, &runs[i]);
        if (fill_point(tune, &runs[i], sizes[i].workers, &points[i]))
            status = STATUS_INTERRUPTED;
    }
    for (size_t i = 0; texts && i < count; i++)
        free(texts[i]);
    free(texts);
    free(runs);
    return status;
}

enum status tune_command_begin(
    struct tune_command *tune, struct tune_source *source, char *why, size_t size)
{
    enum status status = hyperfine_check(why, size);
    if (status)
        return status;
    if (tempdir_make(tune->folder, sizeof tune->folder, NULL, "tune")) {
        snprintf(why, size, "no temporary folder for hyperfine: %s", strerror(errno));
        return STATUS_FAILED;
    }
    *source =
        (struct tune_source){.take = take, .context = tune, .whole_blocks = true, .groups = 1};
    return STATUS_DONE;
}

void tune_command_end(struct tune_command *tune)
{
    tempdir_remove(tune->folder);
}
