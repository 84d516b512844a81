/* The table of profiles. A row is a subcommand with its arguments, exactly as a user would type it,
 * so that every number of the report can be had again by the command that stands beside it.
 *
 * LABEL.sim is what the simulation predicts of LABEL, from costs measured on the same machine.
 *
 * quick: about 50 s; default: about 3 minutes; full: the source material's own dimensions. A serial
 * region takes at most about 0.5 s in quick and default. Every sweep has as many blocks as its
 * comparisons need to show a difference at all (holm_blocks_min), and a budget that a quiet machine
 * does not use up. */
#include "profile.h"

#include "commands.h"
#include "progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 64

struct row {
    const char *profiles; /* names of the profiles that have it */
    const char *label;    /* of the result file */
    double seconds;       /* what it takes, about: for the progress bar */
    const char *words;    /* subcommand and arguments but for label and host */
};

#define CPU_POOLS " -b threads,processes -n 1,2,4"
#define CPU_SIZES CPU_POOLS " --whole 2"
#define PREDICTED " -b threads,processes -n 1,2,4,8,16"
#define IO_SIZES " -b threads,processes"

static const struct row rows[] = {
    {"quick", "primes", 8, "sweep primes -N 12 --blocks 8 --budget 8s" CPU_SIZES},
    {"quick", "powersum", 4, "sweep powersum --param n=20M --blocks 8 --budget 5s" CPU_SIZES},
    {"quick", "thumbnails", 7, "sweep thumbnails -N 100 --blocks 8 --budget 6s" CPU_SIZES},
    {"quick", "http", 9,
        "sweep http -N 100 --param latency=2ms --blocks 9 --budget 12s -n 1,4,8,13,50" IO_SIZES},
    {"quick", "sleep-20", 3,
        "sweep sleep -N 20 --param duration=5ms --blocks 8 --budget 4s -n 3,4" IO_SIZES},
    {"quick", "breakeven", 14,
        "breakeven -b threads,processes -n 2 --resolution 1.5 --pairs 10 --budget 2s"},

    {"default", "primes", 20, "sweep primes -N 24 --blocks 12 --budget 18s" CPU_SIZES},
    {"default", "powersum", 20, "sweep powersum --param n=200M --blocks 12 --budget 18s" CPU_SIZES},
    {"default", "thumbnails", 25, "sweep thumbnails -N 300 --blocks 12 --budget 22s" CPU_SIZES},
    {"default", "files", 13, "sweep files -N 80 --blocks 10 --budget 14s -n 1,2,4,8" IO_SIZES},
    {"default", "http", 32,
        "sweep http -N 300 --param latency=5ms --blocks 9 --budget 36s -n 4,8,13,32,50" IO_SIZES},
    {"default", "sleep", 26,
        "sweep sleep -N 128 --param duration=5ms --blocks 9 --budget 28s -n "
        "2,4,8,16,32,64" IO_SIZES},
    {"default", "sleep-20", 6,
        "sweep sleep -N 20 --param duration=10ms --blocks 10 --budget 8s -n 3,4" IO_SIZES},
    {"default", "primes.sim", 5, "sweep primes -N 24 --blocks 10 --from-machine" CPU_POOLS},
    {"default", "sleep.sim", 5,
        "sweep sleep -N 128 --param duration=5ms --blocks 10 --from-machine -n "
        "2,4,8,16,32,64" IO_SIZES},
    {"default", "breakeven", 45,
        "breakeven -b threads,processes -n 2,4 --resolution 1.25 --pairs 16 --budget 3s"},

    {"full", "primes", 90, "sweep primes -N 24 --blocks 30 -b all -n 1-4,8 --whole 2"},
    {"full", "powersum", 150,
        "sweep powersum --param n=100M --blocks 30 -b all -n 1-4,8 --whole 2"},
    {"full", "thumbnails", 900, "sweep thumbnails -N 6000 --blocks 20 -b all -n 1-4,8 --whole 2"},
    {"full", "files", 120, "sweep files -N 500 --blocks 30 -b all -n 1,2,4,8,16"},
    {"full", "http", 600, "sweep http -N 1000 --blocks 20 -b all -n 2,4,8,9,13,16,32,50,100"},
    {"full", "sleep", 300, "sweep sleep -N 1000 --blocks 20 -b all -n 4,8,16,32,50,64,128,256"},
    {"full", "sleep-20", 1650, "sweep sleep -N 20 --param duration=1s --blocks 11 -b all -n 3,4"},
    {"full", "spin", 60, "sweep spin -N 2000 --param grain=50us --blocks 30" PREDICTED},
    {"full", "spin.sim", 5,
        "sweep spin -N 2000 --param grain=50us --blocks 10 --from-machine" PREDICTED},
    {"full", "primes.sim", 5, "sweep primes -N 24 --blocks 10 --from-machine" CPU_POOLS ",8"},
    {"full", "sleep.sim", 30, "sweep sleep -N 1000 --blocks 10 --from-machine" PREDICTED ",32,64"},
    {"full", "breakeven", 900, "breakeven -b all -n 2,4,8 --resolution 1.1 --pairs 40"},
    {"full", "breakeven-chunk", 150,
        "breakeven -b threads,processes,queue -n 2 --by grain --chunk 1,16,auto --pairs 40"},
    {"full", "breakeven-bytes", 200,
        "breakeven -b threads,processes,spawn,hybrid -n 2 --bytes 0,100,1k,10k,100k,1M --pairs 40"},
    {"full", "breakeven-map", 120,
        "breakeven -b threads,processes -n 2 --map --pairs 40 --budget 60s"},
};
#define ROWS (sizeof rows / sizeof *rows)

static const struct cli_command *command_named(const char *name)
{
    static const struct cli_command *const commands[] = {
        &command_sweep, &command_breakeven, &command_survey};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    abort(); /* a row of the table above names no other */
}

/* Runs a row in this very process, its words split at blanks. */
static enum status run_row(const struct row *row, const char *host)
{
    char text[512];
    char *words[WORDS_MAX + 5];
    int count = 0;
    snprintf(text, sizeof text, "%s", row->words);
    for (char *word = strtok(text, " "); word && count < WORDS_MAX; word = strtok(NULL, " "))
        words[count++] = word;
    words[count++] = "--label";
    words[count++] = (char *)row->label;
    if (host) {
        words[count++] = "--host";
        words[count++] = (char *)host;
    }
    words[count] = NULL;
    progress_step(row->label, row->seconds);
    enum status status = cli_run(command_named(words[0]), count, words);
    progress_step_end();
    return status;
}

enum status profile_run(const struct cli *cli, const char *name)
{
    enum status gravest = STATUS_DONE;
    double seconds = 0;
    for (size_t i = 0; i < ROWS; i++)
        if (strcmp(rows[i].profiles, name) == 0)
            seconds += rows[i].seconds;
    progress_begin(seconds);
    for (size_t i = 0; i < ROWS && gravest != STATUS_INTERRUPTED; i++)
        if (strcmp(rows[i].profiles, name) == 0)
            gravest = cli_graver(gravest, run_row(&rows[i], param_text(cli->options, "host")));
    return gravest;
}
