/* A sweep's comparisons with serial, judged together. Several looks (stopping.h) multiply p as they
 * divide alpha, so that 0.05 is the limit everywhere. */
#include "family.h"

#include "holm.h"

#include <math.h>
#include <stdlib.h>

static enum family_side side_of(const struct family_member *member)
{
    if (isnan(member->p))
        return FAMILY_NONE;
    if (member->p > STAT_ALPHA)
        return FAMILY_TIED;
    return member->summary.speedup.value > 1 ? FAMILY_FASTER : FAMILY_SLOWER;
}

static void add_member(struct family *family, const struct summary *summary)
{
    family->members[family->count++] = (struct family_member){.summary = *summary};
    if (isnan(summary->p))
        return;
    if (family->compared++ == 0 || summary->pairs < family->blocks)
        family->blocks = summary->pairs;
}

static void judge(struct family *family, double looks)
{
    double *p = calloc(family->count + 1, sizeof *p);
    for (size_t i = 0; p && i < family->count; i++)
        p[i] = family->members[i].summary.p * looks;
    bool judged = p && holm_adjust(p, family->count, p) == 0;
    for (size_t i = 0; i < family->count; i++) {
        struct family_member *member = &family->members[i];
        member->p = judged ? p[i] : NAN;
        member->side = side_of(member);
    }
    free(p);
}

struct family family_of(const struct result *result)
{
    size_t n = result->configs_count;
    struct family family = {.members = calloc(n + 1, sizeof *family.members)};
    for (unsigned i = 0; family.members && i < n; i++) {
        struct summary summary = summary_of(result, i);
        add_member(&family, &summary);
    }
    judge(&family, STAT_ALPHA / summary_alpha(result));
    family.blocks_min = holm_blocks_min(family.compared, summary_alpha(result));
    return family;
}

void family_free(struct family *family)
{
    free(family->members);
    *family = (struct family){0};
}

const char *family_side_name(enum family_side side)
{
    static const char *const names[] = {"", "tied", "slower", "faster"};
    return names[side];
}
