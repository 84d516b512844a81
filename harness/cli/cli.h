/* What subcommands share: the table entry, argument parsing, messages, sizes and backends. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "../analyze/stat.h"
#include "../analyze/verdict.h"
#include "../measure/workload.h"
#include "../store/result.h"
#include "../util/param.h"
#include "../util/status.h"

#include <stdbool.h>

/* A subcommand's arguments after parsing. Texts belong to argv. */
struct cli {
    const struct cli_command *command;
    struct param_values *options;
    char **words; /* what is not an option, in order */
    int words_count;
    int words_behind; /* of them, behind a "--" */
    char *line;       /* the whole command as typed, for provenance */
};

struct cli_command {
    const char *name;
    const char *words;   /* usage of the words: "CASE", "[DIR]" */
    const char *summary; /* one line */
    const struct param *options;
    int words_min, words_max;
    enum status (*run)(const struct cli *cli);
};

/* Parses and runs. argv[0] is the subcommand's name. Returns the exit status. */
enum status cli_run(const struct cli_command *command, int argc, char **argv);

/* Prints "poolbench SUBCOMMAND: message" to stderr and returns status. */
enum status cli_fail(const struct cli *cli, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Returns memory, or ends the program where there is none. */
void *cli_must(void *memory);

/* Prints a verdict's reasons as messages. */
void cli_print_reasons(const struct cli *cli, const struct verdict *verdict);

/* STATUS_REFUSED for such a verdict where --strict is given, or STATUS_DONE. */
enum status cli_strict(const struct cli *cli, const struct verdict *verdict);

/* The graver of two statuses, by the order that status.h gives. */
enum status cli_graver(enum status a, enum status b);

/* Copies the next item of a list "a,b,c" into `item` and moves *at behind it; NULL: behind the
 * last. Returns false where there is none. An item that does not fit is cut. */
bool cli_list_next(const char **at, char *item, size_t size);

/* Which pools a command is to compare. */
struct cli_pools {
    const char *backends; /* "threads,processes"; "all": every one that is available but serial */
    const char *sizes;    /* "1,2,-1"; NULL: not given, so that a split may set it */
    const char *usual_sizes; /* where neither is given */
    const char *split;       /* "2x4"; "all": every one of each size; NULL: the backend's choice */
    uint64_t chunk;
    bool with_serial;
};

/* Appends serial (first, if with_serial) and every combination of the backends, sizes and splits
 * to the result's configs. Returns STATUS_DONE or another after a message. */
enum status cli_configs(
    const struct cli *cli, struct result *result, const struct cli_pools *pools);

/* The options of every subcommand that opens a case, part of its table. */
#define CLI_CASE_OPTIONS                                                                           \
    {.name = "tasks",                                                                              \
        .letter = 'N',                                                                             \
        .type = PARAM_COUNT,                                                                       \
        .min = 1,                                                                                  \
        .max = 1e12,                                                                               \
        .help = "number of tasks, where the case leaves it open"},                                 \
        {.name = "chunk",                                                                          \
            .type = PARAM_COUNT,                                                                   \
            .min = 1,                                                                              \
            .max = 1e12,                                                                           \
            .help = "tasks that a worker claims at once (default: guided)"},                       \
        {.name = "param",                                                                          \
            .type = PARAM_MANY,                                                                    \
            .choices = "NAME=VALUE",                                                               \
            .help = "a parameter of the case; may be repeated"},                                   \
    {                                                                                              \
        .name = "seed", .type = PARAM_COUNT, .help = "seed of everything random"                   \
    }

/* The options of every subcommand that compares backends and sizes with serial, for cli_pools. */
#define CLI_POOLS_OPTIONS(sizes)                                                                   \
    {.name = "backend",                                                                            \
        .letter = 'b',                                                                             \
        .type = PARAM_TEXT,                                                                        \
        .value = "threads,processes",                                                              \
        .choices = "LIST",                                                                         \
        .help = "backends to compare with serial, or all"},                                        \
        {.name = "workers",                                                                        \
            .letter = 'n',                                                                         \
            .type = PARAM_LIST,                                                                    \
            .value = (sizes),                                                                      \
            .help = "pool sizes; -1: all CPUs"},                                                   \
    {                                                                                              \
        .name = "split", .type = PARAM_TEXT, .choices = "PxT",                                     \
        .help = "hybrid: P processes of T threads each; all: every split of each size"             \
    }

/* The options of every subcommand that judges what it has measured. */
#define CLI_VERDICT_OPTIONS                                                                        \
    {.name = "json", .type = PARAM_FLAG, .help = "print one JSON object"},                         \
    {                                                                                              \
        .name = "strict", .type = PARAM_FLAG, .help = "exit with 3 when the verdict is REFUSED"    \
    }

/* Opens a case with the options of CLI_CASE_OPTIONS. Returns STATUS_DONE or another after a
 * message. */
enum status cli_open(const struct cli *cli, struct workload *workload, const char *name);

/* "1.93", or a dash for what is not known. Returns text. */
const char *cli_number(char *text, size_t size, double value);

/* "1.93 [1.91, 1.95]", with a dash for what is not known. Returns text. */
const char *cli_interval(char *text, size_t size, struct interval interval);

/* Prints a paragraph to stdout, each line behind `indent` blanks and of at most 78 characters. */
void cli_print_wrapped(const char *text, int indent);

/* A table to stdout: cells of a row are separated by '\t' in text; columns are aligned. The
 * last column is broken between words where a line would be longer than 120 characters. */
struct cli_table;
struct cli_table *cli_table_new(void);
void cli_table_row(struct cli_table *table, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void cli_table_print(struct cli_table *table); /* prints and frees */

#endif
