/* Writing a result file. The text is made in memory first, so that one write stands before the
 * commit, and an error's cause is its own. Laid out for people too: a line a key, and a line a
 * row of every array. */
#include "../util/atomic_file.h"
#include "layout.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* 1 ns within 1000 s, and far finer than any clock for shorter times. */
#define DIGITS 12

#define DUMP_FLAGS (JSON_ENCODE_ANY | JSON_REAL_PRECISION(DIGITS))

/* ---- text ---- */

static void print_rows(FILE *out, const json_t *array)
{
    size_t i;
    json_t *row;
    fputc('[', out);
    json_array_foreach (array, i, row) {
        fputs(i ? ",\n  " : "\n  ", out);
        json_dumpf(row, out, DUMP_FLAGS);
    }
    fputs(json_array_size(array) ? "\n ]" : "]", out);
}

static void print_object(FILE *out, json_t *object, const char *indent, int depth)
{
    const char *key, *separator = "";
    json_t *value;
    fputc('{', out);
    json_object_foreach (object, key, value) {
        fprintf(out, "%s\n%s\"%s\": ", separator, indent, key);
        separator = ",";
        if (json_is_object(value) && depth == 0)
            print_object(out, value, "  ", 1);
        else if (json_is_array(value) && depth == 0)
            print_rows(out, value);
        else
            json_dumpf(value, out, DUMP_FLAGS);
    }
    fprintf(out, "%s%s}", *separator ? "\n" : "", *separator ? indent + 1 : "");
}

/* The file's text, malloc'd; NULL with a message. */
static char *format(const struct result *result, size_t *length, struct field_trouble *trouble)
{
    if (layout_check(result, trouble))
        return NULL;
    trouble->list = NULL;
    json_t *root = field_encode(layout_result, result, trouble);
    if (!root)
        return NULL;
    char *text = NULL;
    FILE *out = open_memstream(&text, length);
    if (out) {
        print_object(out, root, " ", 0);
        fputc('\n', out);
    }
    json_decref(root);
    if (!out || ferror(out) | fclose(out)) {
        free(text);
        text = NULL;
        snprintf(trouble->why, trouble->size, "%s: out of memory", trouble->path);
    }
    return text;
}

/* ---- folders on the way ---- */

/* Ends path behind its next component and returns where, or NULL behind the last folder. */
static char *next_slash(char *at)
{
    at += strspn(at, "/");
    return strchr(at, '/');
}

/* Makes the folders of path; *made is how many bytes of path lead to the first new one, 0: none
 * was. Returns 0, or -1 with errno. */
static int make_folders(char *path, size_t *made)
{
    for (char *at = next_slash(path); at; at = next_slash(at)) {
        *at = '\0';
        int status = mkdir(path, 0777);
        int code = errno;
        size_t length = (size_t)(at - path);
        *at = '/';
        if (status == 0 && *made == 0)
            *made = length;
        if (status && code != EEXIST) {
            errno = code;
            return -1;
        }
    }
    return 0;
}

/* Takes the new folders away again, the innermost first. Best effort: one that somebody else has
 * put something into stays. */
static void remove_folders(char *path, size_t made)
{
    char *slash;
    while (made > 0 && (slash = strrchr(path, '/')) && (size_t)(slash - path) >= made) {
        *slash = '\0';
        rmdir(path);
    }
}

/* ---- file ---- */

static int write_text(
    const char *path, const char *text, size_t length, struct field_trouble *trouble)
{
    struct atomic_file *file = atomic_open(path, trouble->why, trouble->size);
    if (!file)
        return -1;
    fwrite(text, 1, length, atomic_stream(file)); /* commit finds an error */
    return atomic_commit(file, trouble->why, trouble->size);
}

static int store(const char *path, const char *text, size_t length, struct field_trouble *trouble)
{
    char *folders = strdup(path);
    size_t made = 0;
    int status = -1;
    if (!folders || make_folders(folders, &made))
        snprintf(trouble->why, trouble->size, "%s: its folder cannot be made: %s", path,
            strerror(errno));
    else
        status = write_text(path, text, length, trouble);
    if (status && folders)
        remove_folders(folders, made);
    free(folders);
    return status;
}

int result_save(const struct result *result, const char *path, char *why, size_t size)
{
    struct field_trouble trouble = {.why = why, .size = size, .path = path};
    size_t length = 0;
    char *text = format(result, &length, &trouble);
    if (!text)
        return -1;
    int status = store(path, text, length, &trouble);
    free(text);
    return status;
}
