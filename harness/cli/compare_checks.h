/* Whether results may be compared at all. Work that differs never may. Any other difference may be
 * the very question, and then --across names it; --force takes it without a name, and a REFUSED
 * result too, and is said in the output. */
#ifndef CLI_COMPARE_CHECKS_H
#define CLI_COMPARE_CHECKS_H

#include "compare_output.h"

/* Whether every word of --across is a group that may differ. Returns STATUS_DONE, or STATUS_USAGE
 * after a message. */
enum status compare_check_across(const struct cli *cli);

/* Checks all runs of a match against each other, and their verdicts, whose reasons become messages.
 * What is accepted although it differs, or would have been refused, is noted in the comparison.
 * Returns STATUS_DONE; STATUS_USAGE for what differs and STATUS_FAILED for a REFUSED result, with
 * one line in why. */
enum status compare_check_match(
    struct comparison *comparison, const struct compare_match *match, char *why, size_t size);

#endif
