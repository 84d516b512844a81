/* Commands that answer with one JSON object on stdout, such as `poolbench run --json` and the
 * scripts of cases/peers: asked alone, or timed whole by hyperfine as well. */
#ifndef MEASURE_ANSWER_H
#define MEASURE_ANSWER_H

#include "../util/status.h"

#include <jansson.h>
#include <stddef.h>

/* A command's words. All zero is none; answer_words_free frees them. */
#define ANSWER_WORDS_MAX 40
struct answer_words {
    char *list[ANSWER_WORDS_MAX + 1]; /* ends with NULL */
    size_t count;
};

/* Adds one word, as by printf. Out of memory, or more than ANSWER_WORDS_MAX, aborts. */
void answer_word(struct answer_words *words, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Adds several: a text that is split at blanks. */
void answer_words_of(struct answer_words *words, const char *text);

/* Adds this very program, as its first word. */
void answer_program(struct answer_words *words);

void answer_words_free(struct answer_words *words);

/* Runs the command to its end, as child_run does, its output in two files of `folder`. Returns
 * STATUS_DONE with the object, which is the caller's (json_decref); STATUS_UNAVAILABLE where the
 * command ends with that status, or is not there; else STATUS_FAILED; with one line in why: the
 * last one on its stderr, or that there was no answer within so many seconds. */
enum status answer_ask(const struct answer_words *words, const char *folder, unsigned seconds,
    json_t **object, char *why, size_t size);

/* The same by hyperfine, which has no time limit: *whole_s is what the command has taken from its
 * start to its end, a shell's start (1 ms) included, which puts its output into the files. */
enum status answer_time(const struct answer_words *words, const char *folder, double *whole_s,
    json_t **object, char *why, size_t size);

/* The number under a key of an answer; NAN where there is none. */
double answer_number(const json_t *object, const char *key);

#endif
