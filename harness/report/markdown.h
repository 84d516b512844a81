/* Texts from result files inside Markdown, where some characters would be taken for markup.
 * GitHub's dialect; safe inside table cells. */
#ifndef REPORT_MARKDOWN_H
#define REPORT_MARKDOWN_H

#include <stdio.h>

/* Plain text: markup is escaped, a line break becomes a blank. */
void markdown_text(FILE *out, const char *text);

/* A code span; for text with backquotes too. Inside tables '|' is escaped, elsewhere it must not
 * be: say which. */
void markdown_code(FILE *out, const char *text);
void markdown_code_cell(FILE *out, const char *text);

/* The target of a link or an image: a relative path, percent-encoded where necessary. */
void markdown_path(FILE *out, const char *path);

#endif
