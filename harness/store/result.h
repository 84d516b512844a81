/* The result file: what was measured, raw, with everything needed to judge and repeat it. This
 * module is the only owner of the schema (results/schema.json describes it); all else reads and
 * writes through these structs. Nothing derived is stored.
 *
 * A result holds one sweep of one case (samples, in blocks), the whole-command runs that belong to
 * it, a set of break-even searches, or a survey's readings. Times are in seconds. */
#ifndef STORE_RESULT_H
#define STORE_RESULT_H

#include "../util/split.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RESULT_SCHEMA "poolbench/result/v1"
#define RESULT_NAME_MAX 64
#define RESULT_UNIT_MAX 8
#define RESULT_NOTE_MAX 200

struct result_config {
    char backend[RESULT_NAME_MAX];
    unsigned workers;
    uint64_t chunk;        /* 0: guided */
    char split[SPLIT_MAX]; /* "2x4": processes and threads of each (split.h); empty: neither */
};

/* What tables call a configuration: its backend and, where it has one, its split. */
struct result_name {
    char text[RESULT_NAME_MAX + SPLIT_MAX];
};
struct result_name result_name(const struct result_config *config);

/* Whether both are the same backend, size and split; chunks may differ. */
bool result_same_pool(const struct result_config *a, const struct result_config *b);

/* Whether they are the same throughout, chunks too. */
bool result_same_config(const struct result_config *a, const struct result_config *b);

/* One timed stretch of one configuration; all of it runs in a process of its own. */
struct result_sample {
    unsigned block, config;  /* config: index into configs */
    unsigned order;          /* its place in the block */
    double at_s;             /* its start, since the result's start */
    uint64_t tasks;          /* in one region; fewer than the case's: a random subset */
    uint64_t regions;        /* regions run one after the other in wall_s */
    double wall_s;           /* all regions together; cold: with start and stop of each */
    double start_s, stop_s;  /* pool start and stop */
    double cpu_s;            /* CPU time of all workers during wall_s */
    double user_s, system_s; /* rusage of the whole sample, warm-up, start and stop included */
    uint64_t voluntary, involuntary, minor_faults, major_faults;
    uint64_t ok, errors, lost, timeout; /* tasks of the last region */
    uint64_t died;                      /* workers that died and were replaced during wall_s */
    uint64_t checksum;                  /* sum of hash_mix(index, value) over the ok tasks */
    bool checksum_wrong;                /* differs from serial's on the same tasks */
    uint64_t peak_memory; /* PSS of owner and workers after the region, bytes; 0: not read */
    char failure[256];    /* why there is no time; empty: there is one */
};

/* A block as a whole. Of searches it holds no samples, only the canary between their pairs. */
struct result_block {
    double at_s;     /* its start, since the result's start */
    double canary_s; /* median of its canary spins (fixed work) */
    bool pilot;      /* it only told how many blocks to take: it enters no estimate */
};

/* A command timed whole by hyperfine. */
struct result_command {
    unsigned config;
    char *text;
};
struct result_run {
    unsigned block, command, order;
    double wall_s, user_s, system_s;
    int exit_code;
};

enum result_axis {
    RESULT_BY_GRAIN,  /* regions of many tasks */
    RESULT_BY_TASKS,  /* regions of tasks of 10 us */
    RESULT_BY_CALLS,  /* by grain too, each task being a call that carries bytes */
    RESULT_OF_REGION, /* no search: regions of one empty task a worker, from = to = workers */
    RESULT_OF_MAP     /* no search: a grid of grain x tasks, target 1, from and to of the grain */
};

/* One search for the crossing of speedup = target, for one configuration. */
struct result_search {
    struct result_config config;
    enum result_axis axis;
    bool cold;                /* by tasks: with pool start and stop */
    uint64_t payload, result; /* by calls: bytes that each carries there and back */
    double target;            /* speedup looked for: 1 is break-even, else METG's */
    double from, to;          /* the range searched: ns a task, or tasks */
};
/* One paired block of a search. */
struct result_pair {
    unsigned search;
    double nominal; /* x that was asked for: grain in ns, or number of tasks (by tasks, region) */
    uint64_t tasks;
    double serial_s, pool_s; /* of one region */
};

/* What a survey reads (survey/survey.h): one figure of a subject, at an x where it has that axis.
 */
struct result_figure {
    char subject[RESULT_NAME_MAX];
    double x; /* 0: none */
    char figure[RESULT_NAME_MAX];
    char unit[RESULT_UNIT_MAX]; /* "s", "bytes", "/s"; empty: a plain number */
};
/* One reading of it. */
struct result_reading {
    unsigned block, figure, order; /* order: its probe's place in the block */
    double at_s;                   /* its start, since the result's start */
    double value;                  /* 0 where there is a failure */
    char note[RESULT_NOTE_MAX];    /* what else it found out; empty: nothing */
    char failure[256];             /* why there is no value; empty: there is one */
};

struct result_param {
    char *name, *value;
};

/* Counters of the machine, read before and after. */
struct result_noise {
    double window_s;
    uint64_t steal_ticks, cpu_ticks; /* of the CPUs of our mask, in the window */
    uint64_t throttled;              /* cgroup throttling periods in the window */
    uint64_t swapped_in;             /* pages */
    bool cpus_changed;               /* affinity or quota differ after the run */
    double others_s;                 /* CPU time that other processes took from us in the window */
    double psi_cpu;                  /* PSI "some avg10" of CPU at the end, %; < 0: not here */
    uint64_t stalled_us;             /* in which some task waited for memory (PSI) */
};

struct result {
    char label[RESULT_NAME_MAX]; /* the file's name without .json */
    char *started;               /* UTC, ISO 8601 */
    char *command;               /* the exact command that made it */
    json_t *machine;             /* see machine_probe */
    uint64_t seed;
    bool complete; /* false: interrupted, or the budget ended before the blocks asked for */
    double alpha;  /* an interval's level is 1 - alpha, so that what is reported holds in 95 of 100
                      although it was looked at several times (stopping.h); 0: 0.05 */
    unsigned usable_cpus;
    struct result_noise noise;
    char *simulated; /* the models that all its times come from; NULL: measured */

    /* a sweep's */
    char case_name[RESULT_NAME_MAX], case_kind[16];
    char *case_summary, *case_description;
    uint64_t tasks;
    bool even;
    char *answer; /* NULL: none */
    struct result_param *params;
    size_t params_count;
    struct result_config *configs;
    size_t configs_count;
    struct result_block *blocks;
    size_t blocks_count;
    struct result_sample *samples;
    size_t samples_count;
    struct result_command *commands;
    size_t commands_count;
    struct result_run *runs;
    size_t runs_count;

    /* break-even's */
    struct result_search *searches;
    size_t searches_count;
    struct result_pair *pairs;
    size_t pairs_count;

    /* a survey's; its summary and description stand where a case's do */
    char survey[RESULT_NAME_MAX];
    char *title, *axis; /* axis: what x is, with its unit; NULL: there is none */
    struct result_figure *figures;
    size_t figures_count;
    struct result_reading *readings;
    size_t readings_count;
};

/* An empty result, all zero but for what must not be. result_free frees everything in it. */
struct result *result_new(const char *label);
void result_free(struct result *result);

/* Append a copy to one of the arrays above. What a row refers to (a sample's block and config, a
 * command's config, a pair's search, a reading's figure) is to be there by the time of result_save.
 * Out of memory aborts with a message. */
unsigned result_add_config(struct result *result, const struct result_config *config);
void result_add_param(struct result *result, const char *name, const char *value);
void result_add_block(struct result *result, const struct result_block *block);
void result_add_sample(struct result *result, const struct result_sample *sample);
unsigned result_add_command(struct result *result, unsigned config, const char *text);
void result_add_run(struct result *result, const struct result_run *run);
unsigned result_add_search(struct result *result, const struct result_search *search);
void result_add_pair(struct result *result, const struct result_pair *pair);
unsigned result_add_figure(struct result *result, const struct result_figure *figure);
void result_add_reading(struct result *result, const struct result_reading *reading);

/* Writes PATH atomically: temporary file beside it, fsync, rename, fsync of the folder. Folders on
 * the way are made. Times keep 12 digits; bytes of a text that are not UTF-8 become '?'. Returns 0,
 * or -1 with one line in why (path, cause); nothing is left then, and a file that was there stays.
 * What result_load would refuse (NAN, an index out of range) is not written but refused here. */
int result_save(const struct result *result, const char *path, char *why, size_t size);

/* Reads a file that result_save wrote. Returns NULL with one line in why (path, line or key,
 * cause) for anything else: truncated, another schema, NaN, indices out of range. */
struct result *result_load(const char *path, char *why, size_t size);

#endif
