/* Argument parsing and messages of all subcommands, from their option tables. */
#include "cli.h"

#include "../measure/cpus.h"
#include "../measure/registry.h"
#include "../measure/simulated.h"
#include "../pool/backend.h"
#include "../util/interrupt.h"
#include "../util/quote.h"
#include "../util/units.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum status cli_fail(const struct cli *cli, enum status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "poolbench %s: ", cli->command->name);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return status;
}

void *cli_must(void *memory)
{
    if (!memory) {
        fputs("poolbench: out of memory\n", stderr);
        abort();
    }
    return memory;
}

void cli_print_reasons(const struct cli *cli, const struct verdict *verdict)
{
    for (size_t i = 0; i < verdict->count; i++)
        cli_fail(cli, STATUS_DONE, "%s: %s", verdict_name(verdict->level), verdict->reasons[i]);
}

enum status cli_strict(const struct cli *cli, const struct verdict *verdict)
{
    bool strict = verdict->level == VERDICT_REFUSED && param_flag(cli->options, "strict");
    return strict ? STATUS_REFUSED : STATUS_DONE;
}

enum status cli_graver(enum status a, enum status b)
{
    static const enum status order[] = {
        STATUS_INTERRUPTED, STATUS_USAGE, STATUS_UNAVAILABLE, STATUS_FAILED, STATUS_REFUSED};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        if (a == order[i] || b == order[i])
            return order[i];
    return STATUS_DONE;
}

static void print_usage(FILE *out, const struct cli_command *command)
{
    fprintf(out, "usage: poolbench %s %s%s[options]\n%s.\n\n", command->name, command->words,
        *command->words ? " " : "", command->summary);
    param_usage(out, command->options, true);
    fputs("  --help                         show this\n", out);
}

/* One option at argv[*at], "--name=value", "--name value", "-n value" or "-nvalue". */
static int parse_option(struct cli *cli, int argc, char **argv, int *at)
{
    const char *word = argv[*at];
    bool is_long = word[1] == '-';
    char name[64];
    size_t length = is_long ? strcspn(word + 2, "=") : 0;
    snprintf(name, sizeof name, "%.*s", (int)length, word + 2);
    const struct param *option = is_long ? param_find(cli->command->options, name)
                                         : param_find_letter(cli->command->options, word[1]);
    if (!option) {
        cli_fail(cli, STATUS_USAGE, "unknown option %s; `poolbench %s --help` lists them", word,
            cli->command->name);
        return -1;
    }
    const char *value = is_long ? (word[2 + length] == '=' ? word + 3 + length : NULL)
                                : (word[2] ? word + 2 : NULL);
    char why[512];
    if (option->type == PARAM_FLAG && value) {
        cli_fail(cli, STATUS_USAGE, "--%s takes no value", option->name);
        return -1;
    }
    if (option->type != PARAM_FLAG && !value) {
        if (*at + 1 >= argc) {
            cli_fail(cli, STATUS_USAGE, "--%s needs a value", option->name);
            return -1;
        }
        value = argv[++*at];
    }
    if (param_set(cli->options, option->name, value, why, sizeof why)) {
        cli_fail(cli, STATUS_USAGE, "--%s", why);
        return -1;
    }
    return 0;
}

static enum status parse(struct cli *cli, int argc, char **argv)
{
    bool options_ended = false;
    for (int i = 1; i < argc; i++) {
        if (!options_ended && strcmp(argv[i], "--") == 0)
            options_ended = true;
        else if (options_ended || argv[i][0] != '-' || argv[i][1] == '\0') {
            cli->words[cli->words_count++] = argv[i];
            cli->words_behind += options_ended;
        } else if (parse_option(cli, argc, argv, &i))
            return STATUS_USAGE;
    }
    if (cli->words_count >= cli->command->words_min && cli->words_count <= cli->command->words_max)
        return STATUS_DONE;
    bool few = cli->words_count < cli->command->words_min;
    return cli_fail(cli, STATUS_USAGE, "%s%s; usage: poolbench %s %s%s[options]",
        few ? "missing: " : "one word too many: ",
        few ? cli->command->words : cli->words[cli->command->words_max], cli->command->name,
        cli->command->words, *cli->command->words ? " " : "");
}

static char *command_line(int argc, char **argv)
{
    char *line = NULL;
    size_t size;
    FILE *text = open_memstream(&line, &size);
    fputs("poolbench", text);
    for (int i = 0; i < argc; i++)
        quote_word(text, argv[i]);
    fclose(text);
    return line;
}

enum status cli_run(const struct cli_command *command, int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            print_usage(stdout, command);
            return STATUS_DONE;
        }
    }
    struct cli cli = {
        .command = command,
        .options = param_new(command->options),
        .words = calloc((size_t)argc + 1, sizeof *cli.words),
        .line = command_line(argc, argv),
    };
    unsigned cpus;
    enum status status = parse(&cli, argc, argv);
    if (status == STATUS_DONE && cpus_override(&cpus) < 0)
        status = cli_fail(&cli, STATUS_USAGE,
            "POOLBENCH_CPUS=%s is not a number of CPUs from 1 on; unset or correct it",
            getenv("POOLBENCH_CPUS"));
    if (status == STATUS_DONE)
        status = command->run(&cli);
    if (fflush(stdout) || ferror(stdout))
        status = cli_graver(status, cli_fail(&cli, STATUS_FAILED, "cannot write to stdout: %m"));
    param_free(cli.options);
    free(cli.words);
    free(cli.line);
    return status;
}

bool cli_list_next(const char **at, char *item, size_t size)
{
    if (!*at)
        return false;
    size_t length = strcspn(*at, ",");
    snprintf(item, size, "%.*s", (int)length, *at);
    *at = (*at)[length] ? *at + length + 1 : NULL;
    return true;
}

/* ---- which pools ---- */

/* What the options ask for, read. */
struct choice {
    int64_t *sizes;
    int sizes_count;
    uint64_t chunk;
    bool every_split;
    unsigned processes; /* of the one split that was given; 0: none was */
    unsigned threads_each;
};

static void add_config(struct result *result, const struct result_config *config)
{
    for (size_t i = 0; i < result->configs_count; i++)
        if (result_same_config(&result->configs[i], config))
            return;
    result_add_config(result, config);
}

static enum status add_splits(const struct cli *cli, struct result *result,
    const struct pool_ops *ops, struct result_config config, const struct choice *choice)
{
    unsigned workers = config.workers;
    if (choice->every_split) {
        for (unsigned threads = workers; threads > 0; threads--)
            if (workers % threads == 0) {
                split_write(config.split, workers, threads);
                add_config(result, &config);
            }
        return STATUS_DONE;
    }
    unsigned size = choice->processes * choice->threads_each; /* split_parse has seen to that */
    if (choice->processes && size != workers)
        return cli_fail(cli, STATUS_USAGE,
            "--split %s makes %u workers, not %u; leave -n out, or make both agree",
            param_text(cli->options, "split"), size, workers);
    split_write(config.split, workers,
        choice->processes ? choice->threads_each : ops->threads_each(workers));
    add_config(result, &config);
    return STATUS_DONE;
}

static enum status add_size(const struct cli *cli, struct result *result,
    const struct pool_ops *ops, int64_t size, const struct choice *choice)
{
    struct result_config config = {.workers = cpus_workers(size), .chunk = choice->chunk};
    snprintf(config.backend, sizeof config.backend, "%s", ops->name);
    if (config.workers == 0)
        return cli_fail(cli, STATUS_USAGE,
            "a pool of 0 workers can do nothing; give 1 or more, or -1 for all CPUs");
    if (strcmp(ops->name, "serial") == 0 && config.workers != 1)
        return cli_fail(cli, STATUS_USAGE, "serial has exactly 1 worker, not %u", config.workers);
    if (ops->threads_each)
        return add_splits(cli, result, ops, config, choice);
    add_config(result, &config);
    return STATUS_DONE;
}

static enum status add_backend(
    const struct cli *cli, struct result *result, const char *name, const struct choice *choice)
{
    const struct pool_ops *ops = registry_backend(name);
    if (!ops)
        return cli_fail(
            cli, STATUS_USAGE, "unknown backend \"%s\"; `poolbench list` shows the backends", name);
    const char *reason = ops->supported ? ops->supported() : NULL;
    if (reason)
        return cli_fail(cli, STATUS_UNAVAILABLE, "backend %s: %s", name, reason);
    enum status status = STATUS_DONE;
    for (int i = 0; i < choice->sizes_count && !status; i++)
        status = add_size(cli, result, ops, choice->sizes[i], choice);
    return status;
}

static bool is_one_of_all(const struct pool_ops *ops)
{
    bool possible = simulated_is_on() ? model_knows(ops->name) : !ops->simulated;
    return possible && strcmp(ops->name, "serial") != 0 && !(ops->supported && ops->supported());
}

static enum status add_all(
    const struct cli *cli, struct result *result, const char *names, const struct choice *choice)
{
    enum status status = STATUS_DONE;
    if (strcmp(names, "all") == 0) {
        for (const struct pool_ops *const *ops = registry_backends; *ops && !status; ops++)
            if (is_one_of_all(*ops))
                status = add_backend(cli, result, (*ops)->name, choice);
        return status;
    }
    char name[RESULT_NAME_MAX];
    while (!status && cli_list_next(&names, name, sizeof name))
        status = add_backend(cli, result, name, choice);
    return status;
}

static enum status read_split(const struct cli *cli, const char *text, struct choice *choice)
{
    choice->every_split = text && strcmp(text, "all") == 0;
    if (!text || choice->every_split)
        return STATUS_DONE;
    if (!split_parse(text, &choice->processes, &choice->threads_each))
        return cli_fail(cli, STATUS_USAGE,
            "--split: \"%s\" is not a split (2x4: 2 processes of 4 threads each)", text);
    return STATUS_DONE;
}

/* A split that is given alone is a size, too. */
static enum status read_sizes(
    const struct cli *cli, const struct cli_pools *pools, struct choice *choice)
{
    char size[32];
    const char *sizes = pools->sizes ? pools->sizes : pools->usual_sizes;
    if (!pools->sizes && choice->processes) {
        snprintf(size, sizeof size, "%u", choice->processes * choice->threads_each);
        sizes = size;
    }
    choice->sizes_count = units_parse_list(sizes, &choice->sizes);
    if (choice->sizes_count < 0)
        return cli_fail(
            cli, STATUS_USAGE, "\"%s\" is not a list of numbers of workers (1,2,4-16)", sizes);
    return STATUS_DONE;
}

static bool any_split(const struct result *result)
{
    for (size_t i = 0; i < result->configs_count; i++)
        if (*result->configs[i].split)
            return true;
    return false;
}

enum status cli_configs(const struct cli *cli, struct result *result, const struct cli_pools *pools)
{
    int64_t one = 1;
    const struct choice alone = {.sizes = &one, .sizes_count = 1};
    struct choice choice = {.chunk = pools->chunk};
    enum status status = read_split(cli, pools->split, &choice);
    if (status == STATUS_DONE)
        status = read_sizes(cli, pools, &choice);
    if (status)
        return status;
    if (pools->with_serial)
        status = add_backend(cli, result, "serial", &alone);
    if (status == STATUS_DONE)
        status = add_all(cli, result, pools->backends, &choice);
    if (status == STATUS_DONE && pools->split && !any_split(result))
        status = cli_fail(cli, STATUS_USAGE, "--split is for hybrid alone; add -b hybrid");
    free(choice.sizes);
    return status;
}

enum status cli_open(const struct cli *cli, struct workload *workload, const char *name)
{
    const struct workload_request request = {
        .name = name,
        .options = cli->options,
        .tasks = param_count(cli->options, "tasks"),
        .seed =
            param_given(cli->options, "seed") ? param_count(cli->options, "seed") : WORKLOAD_SEED,
    };
    char why[1024];
    enum status status = workload_open(workload, &request, why, sizeof why);
    if (status && interrupt_requested())
        return STATUS_INTERRUPTED;
    return status ? cli_fail(cli, status, "%s", why) : STATUS_DONE;
}
