/* The answer of tune, as text or JSON to stdout. */
#ifndef CLI_TUNE_ANSWER_H
#define CLI_TUNE_ANSWER_H

#include "../measure/command.h"
#include "cli.h"

struct tune_answer {
    const struct cli *cli;
    struct tune_options options;
    struct tune_search search;
    struct result *result;
    const char *subject;               /* the case's name, or "command" */
    const struct result_config *pools; /* a case's: the backend of each group */
    const struct command *command;     /* a command's; NULL: a case is tuned */
    struct verdict verdict;
};

/* Prints in the form that the options ask for. A size is recommended. */
void tune_answer_print(const struct tune_answer *answer);

#endif
