/* A host's folder of result files, read as a whole. */
#ifndef REPORT_INPUT_H
#define REPORT_INPUT_H

#include "view.h"

struct input {
    char *folder;       /* as given, without '/' at the end */
    const char *host;   /* its last part */
    struct view *views; /* by kind (cpu, memory, mixed, io, sync, overhead; break-even; surveys),
                           then label */
    size_t views_count;
    struct view *simulated; /* what was not measured, apart: behind them, in the same order */
    size_t simulated_count;
    char **left_out; /* names of .json files that are no results, sorted */
    size_t left_out_count;
};

/* Reads every .json file of the folder. One that does not load is told to `messages` (NULL: nobody)
 * and left out. Returns 0, or -1 with one line in why: the folder cannot be read, or nothing in it
 * is a result. To be ended by input_free only after success. */
int input_load(struct input *input, const char *folder, FILE *messages, char *why, size_t size);
void input_free(struct input *input);

#endif
