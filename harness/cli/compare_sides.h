/* The two sides of a comparison, as words of the command line: files, folders, hosts below
 * results/, or several of them with commas between. */
#ifndef CLI_COMPARE_SIDES_H
#define CLI_COMPARE_SIDES_H

#include "../analyze/verdict.h"
#include "../report/input.h"
#include "cli.h"

struct compare_file {
    char *path;
    char *label; /* the file's name without .json */
    struct result *result;
    struct verdict verdict;
};

struct compare_side {
    struct compare_file *files;
    size_t count;
    bool folders; /* something was a folder: files are matched by label */
};

/* Reads everything that a word names: FILE, FOLDER (each .json in it that is a sweep), NAME (the
 * folder results/NAME), or a list of them. Files that are no sweep are an error by name, and are
 * told and left out in a folder. Returns STATUS_DONE, or another after a message; to be ended by
 * compare_side_free in any case. */
enum status compare_side_read(const struct cli *cli, struct compare_side *side, const char *word);
void compare_side_free(struct compare_side *side);

/* What is compared with what: runs of one thing on both sides. */
struct compare_match {
    const char *label; /* of A's first file */
    const struct result **a, **b;
    size_t a_count, b_count; /* one of them may be 0: the label is on one side only */
};

/* Matches the files of both sides: by label where a side has a folder, else all of A with all of B.
 * *matches is malloc'd, the caller's, to be freed by compare_matches_free. Returns how many. */
size_t compare_sides_match(
    const struct compare_side *a, const struct compare_side *b, struct compare_match **matches);
void compare_matches_free(struct compare_match *matches, size_t count);

#endif
