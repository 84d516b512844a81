/* The subcommands, one file each. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli.h"

extern const struct cli_command command_list;
extern const struct cli_command command_run;
extern const struct cli_command command_sweep;
extern const struct cli_command command_breakeven;
extern const struct cli_command command_tune;
extern const struct cli_command command_fit;
extern const struct cli_command command_compare;
extern const struct cli_command command_survey;
extern const struct cli_command command_report;
extern const struct cli_command command_demo;
extern const struct cli_command command_doctor;
extern const struct cli_command command_cpus;

#endif
