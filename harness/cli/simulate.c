/* Whether to simulate, and what. Real options that have no meaning in virtual time are refused. */
#include "simulate.h"

#include "../measure/registry.h"
#include "../pool/backend.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Options that speak of real time, processes or memory. */
static const char *const real_only[] = {"whole", "timeout", "retries", "max-mem"};

static void count_backends(const char *names, size_t *simulated, size_t *real)
{
    char name[RESULT_NAME_MAX];
    *simulated = *real = 0;
    while (cli_list_next(&names, name, sizeof name)) {
        const struct pool_ops *ops = registry_backend(name);
        if (ops && ops->simulated)
            (*simulated)++;
        else
            (*real)++;
    }
}

static enum status check_options(const struct cli *cli)
{
    for (size_t i = 0; i < sizeof real_only / sizeof *real_only; i++)
        if (param_find(cli->command->options, real_only[i]) &&
            param_given(cli->options, real_only[i]))
            return cli_fail(cli, STATUS_USAGE,
                "--%s is of real time or memory, and a simulation has neither; leave one out",
                real_only[i]);
    return STATUS_DONE;
}

/* A new table of values, or NULL after a message. */
static struct param_values *read_given(const struct cli *cli)
{
    char why[512];
    const char *text;
    struct param_values *given = param_new(model_params);
    for (size_t i = 0; (text = param_many(cli->options, "sim", i)); i++)
        if (model_read(given, text, why, sizeof why)) {
            cli_fail(cli, STATUS_USAGE, "--sim: %s; `poolbench list sim` shows the keys", why);
            param_free(given);
            return NULL;
        }
    return given;
}

/* The first pool of a list, by its own name, or NULL. */
static const char *first_pool(const char *names)
{
    char name[RESULT_NAME_MAX];
    while (cli_list_next(&names, name, sizeof name)) {
        const struct pool_ops *ops = registry_backend(name);
        if (ops && (ops->simulated || model_knows(name)))
            return ops->name;
    }
    return NULL;
}

static enum status check_backends(const struct cli *cli, const char *names)
{
    char name[RESULT_NAME_MAX], why[512];
    while (cli_list_next(&names, name, sizeof name))
        if (strcmp(name, "all") != 0 && strcmp(name, "serial") != 0 && registry_backend(name) &&
            simulated_check(name, why, sizeof why))
            return cli_fail(cli, STATUS_USAGE, "--sim: %s", why);
    return STATUS_DONE;
}

enum status simulate_begin(const struct cli *cli, const char **backends)
{
    size_t simulated, real;
    bool asked = param_given(cli->options, "sim") || param_flag(cli->options, "from-machine");
    if (asked && !param_given(cli->options, "backend"))
        *backends = "sim";
    count_backends(*backends, &simulated, &real);
    if (!asked && simulated == 0)
        return STATUS_DONE;
    if (!asked && real > 0)
        return cli_fail(cli, STATUS_USAGE,
            "-b %s mixes real and virtual times; simulate all of them (--sim cores=16), or leave "
            "sim out",
            *backends);
    enum status status = check_options(cli);
    struct param_values *given = status ? NULL : read_given(cli);
    if (!given)
        return STATUS_USAGE;
    simulated_begin(&(struct simulated_request){
        .given = given,
        .backend = first_pool(*backends),
        .from_machine = param_flag(cli->options, "from-machine"),
        .seed =
            param_given(cli->options, "seed") ? param_count(cli->options, "seed") : WORKLOAD_SEED,
    });
    if (param_given(given, "as") && simulated == 0)
        return cli_fail(cli, STATUS_USAGE,
            "--sim: as=%s says what the backend sim stands for, but -b %s is not that; give one",
            param_text(given, "as"), *backends);
    return check_backends(cli, *backends);
}

void simulate_print(const struct result *result)
{
    if (result->simulated)
        printf("simulated, not measured: %s\n", result->simulated);
}
