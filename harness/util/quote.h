/* Words of a command, written so that a shell, or hyperfine without one, gives them back. */
#ifndef UTIL_QUOTE_H
#define UTIL_QUOTE_H

#include <stdio.h>

/* Writes a blank and the word, in single quotes where it needs them. */
void quote_word(FILE *text, const char *word);

#endif
