/* Jobs that Python and C both do: a case with its parameters, and what is to come of it.
 *
 * C's serial loop works that out. Its server (http) and its thumbnails are there for Python as long
 * as the job is expected. */
#ifndef SURVEY_JOB_H
#define SURVEY_JOB_H

#include "../measure/workload.h"

#include <jansson.h>

struct job {
    const char *name; /* of its subjects */
    const char *bench;
    uint64_t tasks;
    const char *params;     /* name=value texts, split at blanks */
    unsigned workers[4];    /* ends with 0 */
    const uint64_t *chunks; /* beside the default of each pool; ends with 0. NULL: none */
    const char *const *peers, *const *backends; /* end with NULL */
};

struct job_expected {
    bool open; /* the workload is */
    struct workload workload;
    char checksum[24], answer[128];
    char why[TASK_MESSAGE_MAX]; /* there is no checksum */
};

/* Runs the job in C, in a process with one thread; thumbnails go to C below the folder. Where there
 * is no result, why says so. job_forget undoes it. */
void job_expect(const struct job *job, const char *folder, struct job_expected *expected);
void job_forget(struct job_expected *expected);

/* Whether an answer's checksum and result are as expected: 0, or a code with a message (task_fail).
 * A checksum of null is not compared: Python makes other bytes than C (thumbnails), and has
 * compared the sizes in pixels itself. */
int job_compare(const struct job_expected *expected, const json_t *answer);

#endif
