/* Any command as a source of the search for its number of workers: whole runs, timed by hyperfine,
 * one call a block. */
#ifndef MEASURE_COMMAND_H
#define MEASURE_COMMAND_H

#include "tune.h"

#define COMMAND_MARK "{n}" /* what the number of workers stands for in words and lines */

/* What to run: words, each with any number of marks, or a line for sh; and the variable, if any,
 * that is to hold the number. Exactly one of words and line is there. */
struct command {
    char *const *words;
    size_t words_count;
    const char *line;     /* NULL: words */
    const char *variable; /* NULL: none */
};

/* The command with n workers as a user would type it, malloc'd: variables first. NULL without
 * memory. */
char *command_text(const struct command *command, unsigned n);

struct tune_command {
    const struct command *command;
    struct result *result; /* gets configs, commands and runs */
    bool memory;           /* also read the peak memory of each size, by a run that is not timed */
    char folder[256];      /* temporary */
};

/* Makes the source, in an empty struct with the first three members set. Returns STATUS_DONE, or
 * another status with one line in why (no hyperfine, no temporary folder). End it with
 * tune_command_end. */
enum status tune_command_begin(
    struct tune_command *tune, struct tune_source *source, char *why, size_t size);
void tune_command_end(struct tune_command *tune);

#endif
