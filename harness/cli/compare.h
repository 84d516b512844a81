/* Inner to compare: what its two ways share, results that are there and builds that are measured.
 */
#ifndef CLI_COMPARE_H
#define CLI_COMPARE_H

#include "compare_output.h"

/* Adds a row. label: of the file, or the case; it and result must live as long as the comparison.
 */
void compare_add(struct comparison *comparison, const char *label, const struct result *result,
    struct compare_row row);

/* Judges all rows together, prints them, and gives the status: STATUS_FAILED for a regression
 * beyond the threshold and where nothing could be compared. */
enum status compare_finish(struct comparison *comparison);

/* compare --commit OLD..NEW CASE: builds both and measures them in one interleaved run. */
enum status compare_commits(const struct cli *cli, struct comparison *comparison);

#endif
