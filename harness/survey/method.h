/* The methods of our own pools: what they cost and guarantee.
 *
 * A method is two steps, as a program sees it: the call, and taking the results. Whether the call
 * waits for the tasks, and in which order results come, is tried out rather than claimed. */
#ifndef SURVEY_METHOD_H
#define SURVEY_METHOD_H

#include <stdbool.h>
#include <stddef.h>

#define METHOD_WORKERS 2

/* By their number: "pool_submit", "pool_map chunk 64". */
extern const char *const method_names[];
extern const size_t method_count;

struct method_figures {
    double task_s; /* of an empty task, call and result, in a region of 10^4 to 10^6 */
    double memory; /* bytes by which the process's peak has grown for each */
    bool in_order; /* results come in the order of items, though the first ends late */
    bool blocks;   /* the call returns only when the result is there */
};

/* Starts a pool of METHOD_WORKERS and looks at one method of it. To be called in a process of its
 * own, since what it needs of memory stays. Returns 0, or a code with a message (task_fail);
 * figures are 0 then, or those of what went well. */
int method_measure(size_t method, const char *backend, struct method_figures *figures);

#endif
