/* What is not available on this machine, and why. */
#ifndef CLI_AVAILABLE_H
#define CLI_AVAILABLE_H

#include "../measure/registry.h"
#include "../pool/backend.h"
#include "../survey/survey.h"

#include <jansson.h>

/* NULL, or why not here, with what to install. */
const char *available_case(const struct registry_case *found);
const char *available_backend(const struct pool_ops *ops);
const char *available_survey(const struct survey *survey);

/* All that is not, as "case postgres: needs libpq (...)", an array of texts; NULL where all is. A
 * new reference. */
json_t *available_missing(void);

#endif
