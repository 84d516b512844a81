/* Quoting: a word of harmless characters stays as it is, any other is put in single quotes. */
#include "quote.h"

#include <string.h>

void quote_word(FILE *text, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_=+./,:@%";
    if (*word && word[strspn(word, plain)] == '\0') {
        fprintf(text, " %s", word);
        return;
    }
    fputs(" '", text);
    for (; *word; word++)
        if (*word == '\'')
            fputs("'\\''", text);
        else
            fputc(*word, text);
    fputc('\'', text);
}
