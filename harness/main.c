/* The table of subcommands. Worker processes of `spawn` end in the first line of main. */
#include "cli/commands.h"
#include "pool/pool.h"
#include "util/interrupt.h"

#include <stdio.h>
#include <string.h>

static const struct cli_command *const commands[] = {
    &command_list,
    &command_run,
    &command_sweep,
    &command_breakeven,
    &command_tune,
    &command_fit,
    &command_compare,
    &command_survey,
    &command_report,
    &command_demo,
    &command_doctor,
    &command_cpus,
};
#define COMMANDS (sizeof commands / sizeof *commands)

static void usage(FILE *out)
{
    fputs("usage: poolbench SUBCOMMAND [options]\n\n", out);
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    fputs("\n`poolbench SUBCOMMAND --help` shows a subcommand's options.\n", out);
}

int main(int argc, char **argv)
{
    pool_worker_main(argc, argv);
    if (argc < 2) {
        usage(stderr);
        return STATUS_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        usage(stdout);
        return STATUS_DONE;
    }
    interrupt_install();
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(argv[1], commands[i]->name) == 0)
            return (int)cli_run(commands[i], argc - 1, argv + 1);
    fprintf(
        stderr, "poolbench: unknown subcommand \"%s\"; `poolbench --help` lists them\n", argv[1]);
    return STATUS_USAGE;
}
