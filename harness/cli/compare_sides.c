/* Reading and matching sides. A name is a path if there is such a path, else a host. */
#include "compare_sides.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define NO_SAMPLES "holds no samples of a sweep, which is what is compared"

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* ---- reading ---- */

static bool is_there(const struct compare_side *side, const char *path)
{
    struct stat wanted, other;
    if (stat(path, &wanted))
        return false;
    for (size_t i = 0; i < side->count; i++)
        if (stat(side->files[i].path, &other) == 0 && wanted.st_dev == other.st_dev &&
            wanted.st_ino == other.st_ino)
            return true;
    return false;
}

/* Adds a result, which is the side's from now on, whatever comes of it. */
static enum status add_file(const struct cli *cli, struct compare_side *side, const char *path,
    const char *label, struct result *result)
{
    if (is_there(side, path)) {
        result_free(result);
        return cli_fail(cli, STATUS_USAGE,
            "%s is given twice on one side; what was measured once counts once", path);
    }
    side->files = cli_must(realloc(side->files, (side->count + 1) * sizeof *side->files));
    side->files[side->count++] = (struct compare_file){.path = cli_must(strdup(path)),
        .label = cli_must(strdup(label)),
        .result = result,
        .verdict = verdict_of(result)};
    return STATUS_DONE;
}

/* The file's name without .json. */
static char *label_of(const char *path)
{
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    size_t length = strlen(name), ending = strlen(".json");
    if (length > ending && strcmp(name + length - ending, ".json") == 0)
        length -= ending;
    return cli_must(strndup(name, length));
}

static enum status read_file(const struct cli *cli, struct compare_side *side, const char *path)
{
    char why[1024];
    struct result *result = result_load(path, why, sizeof why);
    if (!result)
        return cli_fail(cli, STATUS_FAILED, "%s", why);
    if (result->samples_count == 0) {
        result_free(result);
        return cli_fail(cli, STATUS_FAILED, "%s: " NO_SAMPLES, path);
    }
    char *label = label_of(path);
    enum status status = add_file(cli, side, path, label, result);
    free(label);
    return status;
}

/* One result of a folder. */
static enum status take_view(
    const struct cli *cli, struct compare_side *side, const char *folder, struct view *view)
{
    char *path;
    enum status status = STATUS_DONE;
    if (asprintf(&path, "%s/%s.json", folder, view->label) < 0)
        abort();
    if (view->result->samples_count > 0) {
        status = add_file(cli, side, path, view->label, view->result);
        view->result = NULL;
    } else {
        fprintf(stderr, "left out: %s: " NO_SAMPLES "\n", path);
    }
    free(path);
    return status;
}

static enum status read_folder(const struct cli *cli, struct compare_side *side, const char *path)
{
    struct input input;
    char why[1024];
    enum status status = STATUS_DONE;
    if (input_load(&input, path, stderr, why, sizeof why))
        return cli_fail(cli, STATUS_FAILED, "%s", why);
    for (size_t i = 0; i < input.views_count && status == STATUS_DONE; i++)
        status = take_view(cli, side, input.folder, &input.views[i]);
    for (size_t i = 0; i < input.simulated_count; i++)
        fprintf(stderr,
            "left out: %s/%s.json: simulated, not measured; give its file to compare it\n",
            input.folder, input.simulated[i].label);
    input_free(&input);
    side->folders = true;
    return status;
}

static enum status read_name(const struct cli *cli, struct compare_side *side, const char *name)
{
    char host[1024];
    struct stat status;
    snprintf(host, sizeof host, "results/%s", name);
    if (is_folder(name))
        return read_folder(cli, side, name);
    if (stat(name, &status) == 0)
        return read_file(cli, side, name);
    if (*name && is_folder(host))
        return read_folder(cli, side, host);
    return cli_fail(cli, STATUS_FAILED,
        "%s: no such file or folder, and no such host below results/", *name ? name : "\"\"");
}

enum status compare_side_read(const struct cli *cli, struct compare_side *side, const char *word)
{
    struct stat as_it_is;
    char name[PATH_MAX];
    enum status status = STATUS_DONE;
    *side = (struct compare_side){0};
    if (stat(word, &as_it_is) == 0) /* a comma may be part of a name */
        return read_name(cli, side, word);
    for (const char *at = word; !status && cli_list_next(&at, name, sizeof name);)
        status = read_name(cli, side, name);
    if (status == STATUS_DONE && side->count == 0)
        status = cli_fail(cli, STATUS_FAILED, "%s: no sweep's result there", word);
    return status;
}

void compare_side_free(struct compare_side *side)
{
    for (size_t i = 0; i < side->count; i++) {
        free(side->files[i].path);
        free(side->files[i].label);
        result_free(side->files[i].result);
    }
    free(side->files);
    *side = (struct compare_side){0};
}

/* ---- matching ---- */

/* The runs of that label, of all labels for NULL. */
static const struct result **runs_of(
    const struct compare_side *side, const char *label, size_t *count)
{
    const struct result **runs = cli_must(calloc(side->count + 1, sizeof *runs));
    *count = 0;
    for (size_t i = 0; i < side->count; i++)
        if (!label || strcmp(side->files[i].label, label) == 0)
            runs[(*count)++] = side->files[i].result;
    return runs;
}

static bool is_matched(const struct compare_match *matches, size_t count, const char *label)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(matches[i].label, label) == 0)
            return true;
    return false;
}

size_t compare_sides_match(
    const struct compare_side *a, const struct compare_side *b, struct compare_match **matches)
{
    size_t count = 0;
    struct compare_match *all = *matches = cli_must(calloc(a->count + b->count + 1, sizeof *all));
    bool by_label = a->folders || b->folders;
    for (size_t i = 0; i < a->count + b->count; i++) {
        const char *label = i < a->count ? a->files[i].label : b->files[i - a->count].label;
        const char *wanted = by_label ? label : NULL;
        if (by_label ? is_matched(all, count, label) : count > 0)
            continue;
        struct compare_match *match = &all[count++];
        match->label = label;
        match->a = runs_of(a, wanted, &match->a_count);
        match->b = runs_of(b, wanted, &match->b_count);
    }
    return count;
}

void compare_matches_free(struct compare_match *matches, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(matches[i].a);
        free(matches[i].b);
    }
    free(matches);
}
