/* The scripts of cases/peers, which do the same work in Python: where they are, and what runs
 * them. */
#ifndef MEASURE_PEER_H
#define MEASURE_PEER_H

#include "answer.h"

/* Debian's packages (joblib, Pillow) are there for Debian's own Python, so it is looked for first.
 * Returns its path or name. */
const char *peer_interpreter(void);

/* NULL, or why there are no peers here, with what to do about it; the text stays. */
const char *peer_missing(void);

/* Begins a command with the interpreter and a script, as "run.py"; its own words follow. */
void peer_words(struct answer_words *words, const char *script);

#endif
