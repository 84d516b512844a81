/* Reading a folder. Everything is sorted by bytes, never by the listing's or the locale's order. */
#include "input.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENDING ".json"

static int is_json(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name), ending = strlen(ENDING);
    return entry->d_name[0] != '.' && length > ending &&
           strcmp(entry->d_name + length - ending, ENDING) == 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* The order of the report: what computes, what waits, what shares, what measures the harness; then
 * break-even and surveys. */
static int place_of(const struct view *view)
{
    static const char *const kinds[] = {"cpu", "memory", "mixed", "io", "sync", "overhead"};
    const int count = sizeof kinds / sizeof *kinds;
    int place = 0;
    if (!view_has_sweep(view))
        return count + view_has_survey(view);
    while (place < count && strcmp(kinds[place], view->result->case_kind) != 0)
        place++;
    return place;
}

static int compare_views(const void *a, const void *b)
{
    int order = view_is_simulated(a) - view_is_simulated(b);
    if (!order)
        order = place_of(a) - place_of(b);
    return order ? order : strcmp(((const struct view *)a)->label, ((const struct view *)b)->label);
}

/* Adds one file of the folder, or notes that it is left out. */
static void add_file(struct input *input, const char *name, FILE *messages)
{
    char why[1024], *path = NULL;
    if (asprintf(&path, "%s/%s", input->folder, name) < 0)
        abort();
    struct result *result = result_load(path, why, sizeof why);
    free(path);
    char *label = strdup(name);
    if (!label)
        abort();
    if (!result) {
        if (messages)
            fprintf(messages, "left out: %s\n", why);
        input->left_out[input->left_out_count++] = label;
        return;
    }
    label[strlen(label) - strlen(ENDING)] = '\0';
    view_make(&input->views[input->views_count++], label, result);
    free(label);
}

/* Copies the folder's path without the slashes at its end. */
static void set_folder(struct input *input, const char *folder)
{
    input->folder = strdup(folder);
    if (!input->folder)
        abort();
    size_t length = strlen(input->folder);
    while (length > 1 && input->folder[length - 1] == '/')
        input->folder[--length] = '\0';
    const char *slash = strrchr(input->folder, '/');
    input->host = slash && slash[1] ? slash + 1 : input->folder;
}

/* They are the last ones. */
static void set_simulated_apart(struct input *input)
{
    while (input->views_count > 0 && view_is_simulated(&input->views[input->views_count - 1])) {
        input->views_count--;
        input->simulated_count++;
    }
    input->simulated = input->views + input->views_count;
}

static void explain_nothing(const struct input *input, char *why, size_t size)
{
    int length = snprintf(
        why, size, "no results in %s: run `make report` or `poolbench sweep` first", input->folder);
    if (input->left_out_count > 0 && length > 0 && (size_t)length < size)
        snprintf(why + length, size - (size_t)length, " (%zu other .json file%s there)",
            input->left_out_count, input->left_out_count == 1 ? " is" : "s are");
}

int input_load(struct input *input, const char *folder, FILE *messages, char *why, size_t size)
{
    struct dirent **entries = NULL;
    *input = (struct input){0};
    set_folder(input, folder);
    int count = scandir(input->folder, &entries, is_json, by_bytes);
    if (count < 0 && errno != ENOENT) {
        snprintf(why, size, "%s: cannot be read: %s", input->folder, strerror(errno));
        input_free(input);
        return -1;
    }
    size_t room = count > 0 ? (size_t)count : 0;
    input->views = calloc(room + 1, sizeof *input->views);
    input->left_out = calloc(room + 1, sizeof *input->left_out);
    if (!input->views || !input->left_out)
        abort();
    for (size_t i = 0; i < room; i++) {
        add_file(input, entries[i]->d_name, messages);
        free(entries[i]);
    }
    free(entries);
    qsort(input->views, input->views_count, sizeof *input->views, compare_views);
    set_simulated_apart(input);
    if (input->views_count + input->simulated_count > 0)
        return 0;
    explain_nothing(input, why, size);
    input_free(input);
    return -1;
}

void input_free(struct input *input)
{
    for (size_t i = 0; i < input->views_count + input->simulated_count; i++)
        view_clear(&input->views[i]);
    for (size_t i = 0; i < input->left_out_count; i++)
        free(input->left_out[i]);
    free(input->views);
    free(input->left_out);
    free(input->folder);
}
