/* Commands and their answers. Files carry the output, since hyperfine throws away what it is given
 * and a pipe would have to be emptied. */
#include "answer.h"

#include "../util/quote.h"
#include "child.h"
#include "hyperfine.h"

#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void answer_word(struct answer_words *words, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (words->count == ANSWER_WORDS_MAX ||
        vasprintf(&words->list[words->count++], format, arguments) < 0)
        abort();
    va_end(arguments);
}

void answer_words_of(struct answer_words *words, const char *text)
{
    while (*(text += strspn(text, " "))) {
        size_t length = strcspn(text, " ");
        answer_word(words, "%.*s", (int)length, text);
        text += length;
    }
}

void answer_program(struct answer_words *words)
{
    char program[PATH_MAX] = "";
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    answer_word(words, "%s", length > 0 ? program : "poolbench");
}

void answer_words_free(struct answer_words *words)
{
    while (words->count > 0)
        free(words->list[--words->count]);
    *words = (struct answer_words){0};
}

/* Where a command's output goes. */
struct files {
    char out[PATH_MAX], err[PATH_MAX];
};

static struct files files_in(const char *folder)
{
    struct files files;
    snprintf(files.out, sizeof files.out, "%s/answer.out", folder);
    snprintf(files.err, sizeof files.err, "%s/answer.err", folder);
    return files;
}

/* seconds: the time limit that there was. */
static enum status read_object(
    const struct files *files, int code, unsigned seconds, json_t **object, char *why, size_t size)
{
    json_error_t error;
    if (code == 0 && (*object = json_load_file(files->out, 0, &error)))
        return STATUS_DONE;
    if (code == 0)
        snprintf(why, size, "its answer is no JSON: %s", error.text);
    else if (code == CHILD_TIMED_OUT)
        snprintf(why, size, "no answer within %u s", seconds);
    else if (!*child_last_line(files->err, why, size))
        snprintf(why, size, code == CHILD_KILLED ? "killed by a signal" : "exit status %d", code);
    return code == STATUS_UNAVAILABLE || code == CHILD_NOT_FOUND ? STATUS_UNAVAILABLE
                                                                 : STATUS_FAILED;
}

enum status answer_ask(const struct answer_words *words, const char *folder, unsigned seconds,
    json_t **object, char *why, size_t size)
{
    const struct files files = files_in(folder);
    int code = child_run(words->list, files.out, files.err, seconds);
    return read_object(&files, code, seconds, object, why, size);
}

/* For hyperfine without a shell: one that becomes the command, its output in the files. Malloc'd;
 * NULL without memory. */
static char *line_of(const struct answer_words *words, const struct files *files)
{
    char *script = NULL, *line = NULL;
    size_t length;
    FILE *text = open_memstream(&script, &length);
    fputs("exec", text);
    for (size_t i = 0; i < words->count; i++)
        quote_word(text, words->list[i]);
    fputs(" >", text);
    quote_word(text, files->out);
    fputs(" 2>", text);
    quote_word(text, files->err);
    fclose(text);
    text = open_memstream(&line, &length);
    fputs("sh -c", text);
    quote_word(text, script);
    fclose(text);
    free(script);
    return line;
}

enum status answer_time(const struct answer_words *words, const char *folder, double *whole_s,
    json_t **object, char *why, size_t size)
{
    const struct files files = files_in(folder);
    struct hyperfine_run run;
    char *line = line_of(words, &files);
    enum status status = STATUS_FAILED;
    if (line)
        status = hyperfine_block((const char *const[]){line}, 1, NULL, folder, &run, why, size);
    else
        snprintf(why, size, "no memory for a command");
    free(line);
    if (status != STATUS_DONE)
        return status;
    *whole_s = run.wall_s;
    return read_object(&files, run.exit_code, 0, object, why, size);
}

double answer_number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}
