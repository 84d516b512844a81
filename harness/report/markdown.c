/* Escaping for GitHub Flavored Markdown (https://github.github.com/gfm). */
#include "markdown.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

void markdown_text(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("\\`*_|<", *text))
            fputc('\\', out);
        fputc(isspace((unsigned char)*text) ? ' ' : *text, out);
    }
}

/* The fence must be longer than any run of backquotes inside. */
static size_t fence_length(const char *text)
{
    size_t longest = 0;
    for (const char *at = text; (at = strchr(at, '`'));) {
        size_t run = strspn(at, "`");
        longest = run > longest ? run : longest;
        at += run;
    }
    return longest + 1;
}

static void code(FILE *out, const char *text, bool in_table)
{
    size_t fence = fence_length(text);
    const char *blank = fence > 1 ? " " : "";
    for (size_t i = 0; i < fence; i++)
        fputc('`', out);
    fputs(blank, out);
    for (; *text; text++) {
        if (*text == '|' && in_table)
            fputc('\\', out);
        fputc(isspace((unsigned char)*text) ? ' ' : *text, out);
    }
    fputs(blank, out);
    for (size_t i = 0; i < fence; i++)
        fputc('`', out);
}

void markdown_code(FILE *out, const char *text)
{
    code(out, text, false);
}

void markdown_code_cell(FILE *out, const char *text)
{
    code(out, text, true);
}

void markdown_path(FILE *out, const char *path)
{
    for (; *path; path++)
        if (isalnum((unsigned char)*path) || strchr("-._~/", *path))
            fputc(*path, out);
        else
            fprintf(out, "%%%02X", (unsigned)(unsigned char)*path);
}
