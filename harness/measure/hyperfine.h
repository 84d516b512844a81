/* Commands timed by hyperfine (github.com/sharkdp/hyperfine), which starts processes and subtracts
 * nothing of its own but a shell's start. */
#ifndef MEASURE_HYPERFINE_H
#define MEASURE_HYPERFINE_H

#include "../util/status.h"

#include <stddef.h>

struct hyperfine_run {
    double wall_s, user_s, system_s;
    int exit_code; /* -1: killed by a signal */
};

/* Whether hyperfine is there: STATUS_DONE, or STATUS_UNAVAILABLE with one line in why. */
enum status hyperfine_check(char *why, size_t size);

/* Runs each of n commands once, in the order given, by one call of hyperfine; failures are kept.
 * shell: NULL for none (words are split at blanks, quotes are honoured: quote.h), or the shell that
 * is to take each command as a line. folder: for temporary files, those of the commands included.
 * Returns STATUS_DONE, STATUS_UNAVAILABLE, STATUS_INTERRUPTED, or STATUS_FAILED where hyperfine
 * gave no result, as when a command cannot be started at all; with one line in why but for
 * STATUS_INTERRUPTED. Only STATUS_DONE fills in all of runs. */
enum status hyperfine_block(const char *const *commands, size_t n, const char *shell,
    const char *folder, struct hyperfine_run *runs, char *why, size_t size);

#endif
