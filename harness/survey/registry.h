/* Which surveys there are. The table is generated from the listing of this folder
 * (harness/util/registry.sh). It is constant: any thread may read it at any time. */
#ifndef SURVEY_REGISTRY_H
#define SURVEY_REGISTRY_H

struct survey;

/* In alphabetical order; ends with NULL. */
extern const struct survey *const registry_surveys[];

/* The survey of that name, spelled exactly; NULL if there is none. */
const struct survey *registry_survey(const char *name);

#endif
