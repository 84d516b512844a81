/* Checks of provenance and verdicts, with the words that confirm or force. */
#include "compare_checks.h"

#include <stdio.h>
#include <string.h>

#define WORD_MAX 64 /* of --across; longer ones are none of its words */

static bool may_differ(const struct cli *cli, enum provenance_group group)
{
    const char *at = param_text(cli->options, "across");
    char word[WORD_MAX];
    while (cli_list_next(&at, word, sizeof word))
        if (strcmp(word, provenance_group_name(group)) == 0)
            return true;
    return false;
}

enum status compare_check_across(const struct cli *cli)
{
    const char *at = param_text(cli->options, "across");
    char word[WORD_MAX];
    while (cli_list_next(&at, word, sizeof word)) {
        bool known = false;
        for (int group = PROVENANCE_ANSWER; group < PROVENANCE_GROUPS; group++)
            known |= strcmp(word, provenance_group_name((enum provenance_group)group)) == 0;
        if (!known)
            return cli_fail(cli, STATUS_USAGE,
                "--across: \"%s\" is not one of answer, model, host, system, cpus, compiler, "
                "commit",
                word);
    }
    return STATUS_DONE;
}

/* The differences that were accepted, each once. */
static void note_differences(
    struct comparison *comparison, const struct provenance_difference *found, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool known = comparison->differences_count == PROVENANCE_MAX;
        for (size_t j = 0; j < comparison->differences_count; j++)
            known |= strcmp(comparison->differences[j].what, found[i].what) == 0;
        if (!known)
            comparison->differences[comparison->differences_count++] = found[i];
    }
}

/* The first difference that nobody has confirmed, and in `groups` the names of all their groups.
 * Another commit needs no word where nothing else differs: it is what two runs are usually about.
 */
static const struct provenance_difference *unconfirmed(const struct cli *cli,
    const struct provenance_difference *found, size_t count, char *groups, size_t size)
{
    const struct provenance_difference *first = NULL;
    size_t length = 0;
    groups[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        bool alone = count == 1 && found[i].group == PROVENANCE_COMMIT;
        if (alone || may_differ(cli, found[i].group))
            continue;
        if (!first)
            first = &found[i];
        if (i > 0 && found[i].group == found[i - 1].group && length > 0)
            continue;
        length += (size_t)snprintf(groups + length, size - length, "%s%s", length ? "," : "",
            provenance_group_name(found[i].group));
    }
    return first;
}

/* Whether b may stand against a: as the other side, or as another run of the same. */
static enum status check_pair(struct comparison *comparison, const struct result *a,
    const struct result *b, bool same_side, char *why, size_t size)
{
    struct provenance_difference found[PROVENANCE_MAX];
    char groups[96];
    size_t count = provenance_compare(a, b, found);
    if (count > 0 && found[0].group == PROVENANCE_WORK) {
        snprintf(why, size, "not the same work: %s %s against %s", found[0].what, found[0].a,
            found[0].b);
        return STATUS_USAGE;
    }
    const struct provenance_difference *first =
        same_side ? (count > 0 ? found : NULL)
                  : unconfirmed(comparison->cli, found, count, groups, sizeof groups);
    if (first && !param_flag(comparison->cli->options, "force")) {
        int length = snprintf(why, size, "%s %s against %s", first->what, first->a, first->b);
        if (length > 0 && (size_t)length < size)
            snprintf(why + length, size - (size_t)length,
                same_side ? " on one side, whose runs are to be of one thing; --force takes them"
                          : "; if that is the question, add --across %s, else --force",
                groups);
        return STATUS_USAGE;
    }
    comparison->forced |= first != NULL;
    note_differences(comparison, found, count);
    return STATUS_DONE;
}

static enum status check_runs(
    struct comparison *comparison, const struct compare_match *match, char *why, size_t size)
{
    enum status status = STATUS_DONE;
    for (size_t i = 1; i < match->a_count && !status; i++)
        status = check_pair(comparison, match->a[0], match->a[i], true, why, size);
    for (size_t i = 1; i < match->b_count && !status; i++)
        status = check_pair(comparison, match->b[0], match->b[i], true, why, size);
    if (status == STATUS_DONE && match->b_count > 0)
        status = check_pair(comparison, match->a[0], match->b[0], false, why, size);
    return status;
}

/* A file with that verdict is refused, unless forced; what else its verdict says is told. */
static enum status check_verdict(
    struct comparison *comparison, const struct compare_file *file, char *why, size_t size)
{
    const struct cli *cli = comparison->cli;
    if (file->verdict.level == VERDICT_REFUSED && !param_flag(cli->options, "force")) {
        snprintf(why, size, "%.120s is REFUSED: %.120s; measure again, or --force", file->path,
            file->verdict.reasons[0]);
        return STATUS_FAILED;
    }
    comparison->forced |= file->verdict.level == VERDICT_REFUSED;
    for (size_t i = 0; i < file->verdict.count; i++)
        cli_fail(cli, STATUS_DONE, "%s: %s: %s", file->path, verdict_name(file->verdict.level),
            file->verdict.reasons[i]);
    return STATUS_DONE;
}

static bool holds(const struct result **runs, size_t count, const struct result *result)
{
    for (size_t i = 0; i < count; i++)
        if (runs[i] == result)
            return true;
    return false;
}

static enum status check_verdicts(
    struct comparison *comparison, const struct compare_match *match, char *why, size_t size)
{
    const struct compare_side *sides[] = {&comparison->a, &comparison->b};
    enum status status = STATUS_DONE;
    for (size_t s = 0; s < 2; s++)
        for (size_t i = 0; i < sides[s]->count && !status; i++)
            if (holds(match->a, match->a_count, sides[s]->files[i].result) ||
                holds(match->b, match->b_count, sides[s]->files[i].result))
                status = check_verdict(comparison, &sides[s]->files[i], why, size);
    return status;
}

enum status compare_check_match(
    struct comparison *comparison, const struct compare_match *match, char *why, size_t size)
{
    enum status status = check_runs(comparison, match, why, size);
    return status ? status : check_verdicts(comparison, match, why, size);
}
