/* One hyperfine call a block, of this very program. */
#include "whole.h"

#include "../util/quote.h"
#include "../util/tempdir.h"
#include "hyperfine.h"
#include "plan.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *whole_words(
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
    for (size_t i = 0; (pair = param_many(options, "sim", i)); i++) {
        fputs(" --sim", text);
        quote_word(text, pair);
    }
    if (param_flag(options, "from-machine"))
        fputs(" --from-machine", text);
    fclose(text);
    return words;
}

void whole_add_commands(struct result *result, const char *name, const unsigned *configs,
    size_t count, const struct param_values *options)
{
    for (size_t i = 0; i < count; i++) {
        char *words = whole_words(name, &result->configs[configs[i]], options);
        char *text;
        if (words && asprintf(&text, "poolbench %s", words) >= 0) {
            result_add_command(result, configs[i], text);
            free(text);
        }
        free(words);
    }
}

/* The commands in the given order, with this very program in place of the name poolbench, which
 * hyperfine without a shell splits at blanks. NULL without memory; else freed by free_commands. */
static char **commands_of(const struct result *result, const unsigned *order)
{
    char program[PATH_MAX] = "", *quoted = NULL;
    size_t length, n = result->commands_count;
    char **commands = calloc(n + 1, sizeof *commands);
    FILE *text = open_memstream(&quoted, &length);
    if (readlink("/proc/self/exe", program, sizeof program - 1) > 0 && text)
        quote_word(text, program);
    if (text)
        fclose(text);
    for (size_t i = 0; commands && quoted && i < n; i++) {
        const char *words = result->commands[order[i]].text + strlen("poolbench ");
        if (asprintf(&commands[i], "%s %s", quoted + 1, words) < 0)
            commands[i] = NULL;
    }
    free(quoted);
    return commands;
}

static void free_commands(char **commands)
{
    for (size_t i = 0; commands && commands[i]; i++)
        free(commands[i]);
    free(commands);
}

static enum status run_block(struct result *result, unsigned block, unsigned *order,
    const char *folder, char *why, size_t size)
{
    size_t n = result->commands_count;
    struct hyperfine_run *runs = calloc(n + 1, sizeof *runs);
    plan_order(~result->seed, block, order, (unsigned)n);
    char **commands = commands_of(result, order);
    enum status status = STATUS_FAILED;
    if (commands && runs)
        status = hyperfine_block((const char *const *)commands, n, NULL, folder, runs, why, size);
    else
        snprintf(why, size, "no memory for a block of commands");
    for (unsigned i = 0; status == STATUS_DONE && i < n; i++)
        result_add_run(result, &(struct result_run){.block = block,
                                   .command = order[i],
                                   .order = i,
                                   .wall_s = runs[i].wall_s,
                                   .user_s = runs[i].user_s,
                                   .system_s = runs[i].system_s,
                                   .exit_code = runs[i].exit_code});
    free_commands(commands);
    free(runs);
    return status;
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
        status = run_block(result, block, order, folder, why, size);
    tempdir_remove(folder);
    free(order);
    return status;
}
