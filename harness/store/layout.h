/* The result file's keys, types and ranges as tables (see field.h), and what no table can say: the
 * rules between rows. Inner to store/. */
#ifndef STORE_LAYOUT_H
#define STORE_LAYOUT_H

#include "field.h"
#include "result.h"

/* The whole file, a struct result. */
extern const struct field layout_result[];

/* The entry of layout_result for the array of that key, which must be there. */
const struct field *layout_rows(const char *key);

/* Indices in range, a time or a failure in every sample, ranges the right way round. Returns 0, or
 * -1 with a message. */
int layout_check(const struct result *result, struct field_trouble *trouble);

#endif
