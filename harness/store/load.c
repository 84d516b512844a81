/* Reading a result file: parsed as a whole, decoded by the tables, then checked between rows. */
#include "../util/printable.h"
#include "layout.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static FILE *open_file(const char *path, struct field_trouble *trouble)
{
    FILE *file = fopen(path, "re");
    struct stat status;
    int code = errno;
    if (file && fstat(fileno(file), &status) == 0 && S_ISDIR(status.st_mode)) {
        fclose(file);
        file = NULL;
        code = EISDIR;
    }
    if (!file)
        snprintf(
            trouble->why, trouble->size, "%s: cannot be read: %s", trouble->path, strerror(code));
    return file;
}

static json_t *parse(const char *path, struct field_trouble *trouble)
{
    FILE *file = open_file(path, trouble);
    if (!file)
        return NULL;
    json_error_t error;
    json_t *root = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        snprintf(
            trouble->why, trouble->size, "%s: line %d: %s", trouble->path, error.line, error.text);
    fclose(file);
    return root;
}

static struct result *load(struct field_trouble *trouble)
{
    json_t *root = parse(trouble->path, trouble);
    if (!root)
        return NULL;
    struct result *result = result_new("");
    int status = field_decode(layout_result, root, result, trouble);
    json_decref(root);
    if (status == 0 && layout_check(result, trouble) == 0)
        return result;
    result_free(result);
    return NULL;
}

struct result *result_load(const char *path, char *why, size_t size)
{
    struct field_trouble trouble = {.why = why, .size = size, .path = path};
    struct result *result = load(&trouble);
    if (!result)
        printable_line(why); /* it may quote the file */
    return result;
}
