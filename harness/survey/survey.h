/* Surveys: figures that are no speed-up, such as latencies, costs of starting, or what is lost when
 * a worker is killed, read in interleaved rounds.
 *
 * A survey is one file in this folder that ends with `const struct survey survey_NAME`; a hyphen in
 * .name is an underscore in the file's. The folder is the registry: the Makefile finds the file. It
 * says which probes there are, and how one of them is read once; the rest is the same for all
 * (measure.h): in each round every probe is read once, in random order, each reading in a process
 * of its own with a time limit, so that what hangs or crashes costs that reading alone and is
 * noted as such.
 *
 * A probe looks at one subject, at one x where the survey has such an axis (bytes, workers), and
 * gives one or more figures at once: how long, how much memory, how many lost. */
#ifndef SURVEY_SURVEY_H
#define SURVEY_SURVEY_H

#include "../store/result.h"

#include <stdint.h>
#include <sys/types.h>

#define SURVEY_FIGURES_MAX 8
#define SURVEY_NOTE_MAX RESULT_NOTE_MAX

/* What a reading finds out: a value for each figure of the probe, in the order in which they were
 * added. What has no value stays NAN. */
struct survey_reading {
    double values[SURVEY_FIGURES_MAX];
    char note[SURVEY_NOTE_MAX]; /* what else is to be told: "999 of 1000 results came"; empty */
};

struct survey_run {
    /* given */
    uint64_t seed;
    const char *only; /* a list of subjects that alone are wanted; NULL: all */
    /* the survey's own, made by open */
    void *ctx;
    /* the driver's */
    struct result *result;
    struct survey_probe *probes;
    unsigned probes_count;
};

struct survey {
    const char *name;
    const char *title;       /* of its chapter in the report: "What a pool's methods cost" */
    const char *summary;     /* one line */
    const char *description; /* a paragraph of plain text: what is read and how, what to expect */
    const char *axis;        /* what x is, with its unit: "message size [bytes]"; NULL: none */
    unsigned rounds;         /* how many where none are asked for; at least 6 give intervals */
    double reading_seconds;  /* the time limit of one reading; what takes longer is noted */
    /* NULL, or why not here, with the package to install; a NULL hook: always. */
    const char *(*supported)(void);
    /* Adds the probes (below) and makes ctx. Runs once, in a process with one thread. Returns 0, or
     * a code with a message (task_fail) after having undone what it did. */
    int (*open)(struct survey_run *run);
    /* Reads one probe, `probe` being what survey_add_probe returned for it. Runs in a process of
     * its own, forked from one with one thread: it may start pools, threads and processes, and what
     * it leaves running is killed. It should take some 10 to 100 ms where that is enough. Returns
     * 0, or a code with a message (task_fail): the reading has then failed and has no values. */
    int (*read)(const struct survey_run *run, unsigned probe, struct survey_reading *reading);
    /* Undoes open. NULL: nothing to undo. */
    void (*close)(struct survey_run *run);
};

/* For open. Adds a probe and returns its number: 0, 1, 2, ... in the order in which they are
 * added, also where run->only leaves it out. A subject has no comma, which separates those of
 * --only. x: where the survey has an axis, above 0, or 0. */
unsigned survey_add_probe(struct survey_run *run, const char *subject, double x);

/* For open. Adds a figure to the probe that was added last. unit: "s" (shown as ns, us, ms),
 * "bytes", "/s", "" for a plain number or ratio. At most SURVEY_FIGURES_MAX a probe. */
void survey_add_figure(struct survey_run *run, const char *figure, const char *unit);

/* For read: forks a child that ends with whoever forked it, also where that is killed, so that no
 * partner waits for ever. Only from a process with one thread. Returns as fork does. */
pid_t survey_fork(void);

/* For read: what a probe is. */
const char *survey_subject(const struct survey_run *run, unsigned probe);
double survey_x(const struct survey_run *run, unsigned probe);

#endif
