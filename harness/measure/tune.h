/* The search for the smallest pool size that is tied with the best: analyze/tune chooses, a source
 * measures. Cases and commands are the two sources. */
#ifndef MEASURE_TUNE_H
#define MEASURE_TUNE_H

#include "../analyze/tune.h"
#include "../store/result.h"
#include "../util/status.h"
#include "sweep.h"
#include "workload.h"

/* One measurement of one size. */
struct tune_point {
    unsigned block;
    struct tune_size size;
    double seconds;    /* a task, or a whole command */
    double p99_s;      /* 99 % of the tasks take at most this long; NAN: not asked for */
    double cpu_s;      /* CPU time of a task, or of the command */
    uint64_t memory;   /* peak, bytes; 0: not read */
    char failure[256]; /* why there is no time; empty: there is one */
};

/* What measures. take runs each size once, in the order given (one size a call in the first block,
 * and always where `whole_blocks` is false), and fills in size, seconds and what follows of count
 * points. Returns STATUS_DONE, STATUS_INTERRUPTED (the points are void), or another with one line
 * in why: nothing can be measured. */
struct tune_source {
    enum status (*take)(void *context, unsigned block, const struct tune_size *sizes, size_t count,
        struct tune_point *points, char *why, size_t size);
    void *context;
    bool whole_blocks;
    /* The seconds that measuring has taken so far, where they are virtual (simulated.h); NULL: the
     * clock tells, and the first block has this machine's own numbers of CPUs, too. */
    const double *virtual_s;
    unsigned groups; /* sizes of each group are searched side by side */
};

enum tune_goal { TUNE_THROUGHPUT, TUNE_P99 };

struct tune_options {
    enum tune_goal goal;
    double within;         /* see struct tune_problem */
    double efficiency_min; /* 0: any */
    unsigned ideal_cpus;   /* see struct tune_problem: cpus */
    uint64_t memory_max;   /* bytes; 0: any */
    unsigned max;          /* workers */
    unsigned cpus;         /* usable: for rules of thumb */
    unsigned blocks_max;
    double budget_s; /* begin nothing that will probably not end within it; 0: none */
    uint64_t seed;   /* of the order within blocks */
    struct sweep_progress progress;
};

enum {
    TUNE_RULE_CPUS,
    TUNE_RULE_TWICE,
    TUNE_RULE_GOETZ,
    TUNE_RULE_LITTLE,
    TUNE_RULE_USL,
    TUNE_RULES
};

/* What a rule of thumb says, in the group of the best. */
struct tune_rule {
    const char *name, *summary;
    double answer;         /* workers, not rounded; NAN: it says nothing */
    struct tune_size size; /* rounded; 0 workers: none */
};

/* Rules' sizes up to this are measured, also above `max`. */
#define TUNE_RULE_MEASURED 1024

struct tune_search {
    struct tune_point *points; /* in the order of measuring */
    size_t count;
    struct tune goal; /* the answer */
    struct tune
        throughput; /* all that was measured, the rules' sizes too, judged by seconds alone */
    struct tune_size fastest; /* of the sizes searched, the rules' own left out */
    struct tune_rule rules[TUNE_RULES];
    double alone_wall_s, alone_cpu_s; /* of a task, or command, without others beside it */
    double seconds;                   /* that all took, virtual ones where the source's are */
    bool complete; /* the search ended by itself: not by the budget, the blocks or a signal */
};

/* Searches. others: sizes beyond the coarse ones for the first block (count of them).
 * search->alone_* are the caller's to set before; where they are NAN, the first measurement of one
 * worker gives them. Returns STATUS_DONE, STATUS_INTERRUPTED (what was measured is judged), or the
 * source's status with one line in why. Freed by tune_search_free in any case. */
enum status tune_measure(struct tune_search *search, const struct tune_options *options,
    const struct tune_source *source, char *why, size_t size);
void tune_search_free(struct tune_search *search);

/* The size's index in search->throughput.candidates, or TUNE_NONE if it has no time. */
size_t tune_measured(const struct tune_search *search, struct tune_size size);

/* The last point of a size that failed or needs too much memory, or NULL. */
const struct tune_point *tune_trouble(
    const struct tune_search *search, const struct tune_options *options, struct tune_size size);

#endif
