/* The table of profiles. A row is a subcommand with its arguments, exactly as a user would type it,
 * so that every number of the report can be had again by the command that stands beside it.
 *
 * LABEL.sim is what the simulation predicts of LABEL, from costs measured on the same machine.
 *
 * quick: about 50 s; default: a dozen cases in about 3 minutes; full: all cases and surveys, in
 * some 40 minutes by the estimates below. A serial region takes at most about 0.5 s. Every sweep
 * has as many blocks as its comparisons need to show a difference at all (holm_blocks_min), and a
 * budget that a quiet machine does not use up. */
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
#define FULL_CPU " --blocks 12 --budget 30s -b threads,processes,gil -n 1,2,4"
#define FULL_IO " --blocks 10 --budget 45s -b threads,processes,gil"
#define FULL_SYNC " --blocks 10 --budget 15s -b threads,processes -n 1,2,4"

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

    {"default", "primes", 14, "sweep primes -N 24 --blocks 10 --budget 14s" CPU_SIZES},
    {"default", "powersum", 12, "sweep powersum --param n=100M --blocks 10 --budget 12s" CPU_SIZES},
    {"default", "thumbnails", 16, "sweep thumbnails -N 200 --blocks 10 --budget 16s" CPU_SIZES},
    {"default", "sha256", 8, "sweep sha256 -N 400 --blocks 8 --budget 8s" CPU_POOLS},
    {"default", "compress", 9, "sweep compress -N 100 --blocks 8 --budget 9s" CPU_POOLS},
    {"default", "stream", 10, "sweep stream --blocks 8 --budget 10s" CPU_POOLS},
    {"default", "counter", 8,
        "sweep counter --param critical=0.5 --blocks 8 --budget 8s" CPU_POOLS},
    {"default", "mixed", 9, "sweep mixed --blocks 9 --budget 9s -n 2,4,8,10,16" IO_SIZES},
    {"default", "files", 10, "sweep files -N 80 --blocks 9 --budget 10s -n 1,2,4,8" IO_SIZES},
    {"default", "sqlite", 8, "sweep sqlite --param writes=0 --blocks 8 --budget 8s" CPU_POOLS},
    {"default", "http", 22,
        "sweep http -N 300 --param latency=5ms --blocks 9 --budget 24s -n 4,8,13,32,50" IO_SIZES},
    {"default", "sleep", 18,
        "sweep sleep -N 128 --param duration=5ms --blocks 9 --budget 20s -n "
        "2,4,8,16,32,64" IO_SIZES},
    {"default", "sleep-20", 6,
        "sweep sleep -N 20 --param duration=10ms --blocks 9 --budget 7s -n 3,4" IO_SIZES},
    {"default", "primes.sim", 5, "sweep primes -N 24 --blocks 10 --from-machine" CPU_POOLS},
    {"default", "sleep.sim", 5,
        "sweep sleep -N 128 --param duration=5ms --blocks 10 --from-machine -n "
        "2,4,8,16,32,64" IO_SIZES},
    {"default", "breakeven", 36,
        "breakeven -b threads,processes -n 2,4 --resolution 1.25 --pairs 16 --budget 2s"},

    {"full", "primes", 70, "sweep primes -N 24 --blocks 11 --budget 80s -b all -n 2,4 --whole 2"},
    {"full", "powersum", 30, "sweep powersum --param n=100M --whole 2" FULL_CPU},
    {"full", "thumbnails", 30, "sweep thumbnails -N 300 --whole 2" FULL_CPU},
    {"full", "sha256", 25, "sweep sha256" FULL_CPU},
    {"full", "compress", 25, "sweep compress" FULL_CPU},
    {"full", "mandelbrot", 25, "sweep mandelbrot" FULL_CPU},
    {"full", "matmul", 25, "sweep matmul" FULL_CPU},
    {"full", "matmul-naive", 30, "sweep matmul --param block=0 --param n=512" FULL_CPU},
    {"full", "stream", 30, "sweep stream" FULL_CPU},
    {"full", "groupby", 25, "sweep groupby" FULL_CPU},
    {"full", "groupby-1", 25,
        "sweep groupby --param rows=300k --param group=1 --chunk 1 --blocks 10 --budget 30s -b "
        "threads,processes,queue -n 1,2,4"},
    {"full", "selfpower", 25, "sweep selfpower" FULL_CPU},
    {"full", "sort", 25, "sweep sort" FULL_CPU},
    {"full", "spin", 30, "sweep spin -N 2000 --param grain=50us --blocks 12" PREDICTED},
    {"full", "queue", 15,
        "sweep spin -N 100000 --param grain=500ns --chunk 1 --blocks 10 --budget 20s -b "
        "queue,threads -n 1,2,4,8"},
    {"full", "mixed", 25, "sweep mixed -n 2,4,8,10,16" FULL_IO},
    {"full", "pipeline", 30, "sweep pipeline -n 1,2,4,8" FULL_IO},

    {"full", "files", 30, "sweep files -N 100 -n 1,2,4,8" FULL_IO},
    {"full", "copy", 20, "sweep copy -n 1,2,4" FULL_IO},
    {"full", "copy-direct", 20, "sweep copy --param how=direct -n 1,2,4" FULL_IO},
    {"full", "http", 45,
        "sweep http -N 300 --param latency=5ms --blocks 10 --budget 50s -b "
        "threads,processes,gil,events -n 4,8,9,13,32,50"},
    {"full", "http-1000", 30,
        "sweep http -N 3000 --param latency=100ms --blocks 8 --budget 40s -b threads,events -n "
        "1000"},
    {"full", "sleep", 45,
        "sweep sleep -N 128 --param duration=5ms --blocks 10 --budget 50s -b "
        "threads,processes,gil,events -n 2,4,8,16,32,64"},
    {"full", "sleep-20", 60,
        "sweep sleep -N 20 --param duration=250ms --blocks 8 --budget 75s -n 3,4" IO_SIZES},
    {"full", "sleep-1000", 20,
        "sweep sleep -N 3000 --param duration=100ms --blocks 8 --budget 30s -b threads,events -n "
        "1000"},
    {"full", "sqlite", 20, "sweep sqlite --param writes=0 -n 1,2,4" FULL_IO},
    {"full", "sqlite-wal", 25, "sweep sqlite --param writes=0.1 -n 1,2,4" FULL_IO},
    {"full", "sqlite-delete", 30,
        "sweep sqlite --param writes=0.1 --param journal=delete -n 1,2,4" FULL_IO},
    {"full", "postgres", 40, "sweep postgres -n 2,4,8,16" FULL_IO},
    {"full", "postgres-4", 40, "sweep postgres --param connections=4 -n 2,4,8,16" FULL_IO},

    {"full", "counter-mutex-0", 10, "sweep counter --param critical=0" FULL_SYNC},
    {"full", "counter-mutex-10", 10, "sweep counter --param critical=0.1" FULL_SYNC},
    {"full", "counter-mutex-50", 10, "sweep counter --param critical=0.5" FULL_SYNC},
    {"full", "counter-mutex-100", 10, "sweep counter --param critical=1" FULL_SYNC},
    {"full", "counter-spin", 10, "sweep counter --param how=spin" FULL_SYNC},
    {"full", "counter-ticket", 10, "sweep counter --param how=ticket" FULL_SYNC},
    {"full", "counter-atomic", 10, "sweep counter --param how=atomic --param work=10" FULL_SYNC},
    {"full", "counter-local", 10, "sweep counter --param how=local --param work=10" FULL_SYNC},
    {"full", "counter-argument", 10,
        "sweep counter --param how=argument --param work=10" FULL_SYNC},
    {"full", "falsesharing-0", 10, "sweep falsesharing" FULL_SYNC},
    {"full", "falsesharing-56", 10, "sweep falsesharing --param padding=56" FULL_SYNC},
    {"full", "falsesharing-120", 10, "sweep falsesharing --param padding=120" FULL_SYNC},
    {"full", "rwlock", 10, "sweep rwlock" FULL_SYNC},
    {"full", "rwlock-mutex", 10, "sweep rwlock --param how=mutex" FULL_SYNC},
    {"full", "account-one", 10, "sweep account --param how=one" FULL_SYNC},
    {"full", "account-recursive", 10, "sweep account --param how=recursive" FULL_SYNC},
    {"full", "account-ordered", 10, "sweep account --param how=ordered" FULL_SYNC},

    {"full", "breakeven", 110,
        "breakeven -b threads,processes,queue,gil -n 2,4 --resolution 1.25 --pairs 16 --budget 3s"},
    {"full", "breakeven-chunk", 40,
        "breakeven -b threads,processes,queue -n 2 --by grain --chunk 1,16,auto --pairs 16 "
        "--budget 4s"},
    {"full", "breakeven-bytes", 90,
        "breakeven -b threads,processes,spawn -n 2 --bytes 0,1k,100k --pairs 16 --budget 6s"},
    {"full", "breakeven-map", 60,
        "breakeven -b threads,processes -n 2 --map --pairs 16 --budget 30s"},

    {"full", "locks", 6, "survey locks"},
    {"full", "queues", 4, "survey queues"},
    {"full", "ipc", 120, "survey ipc --budget 150s"},
    {"full", "lifecycle", 15, "survey lifecycle --budget 60s"},
    {"full", "latency", 42, "survey latency --budget 90s"},
    {"full", "pipelines", 15, "survey pipeline --budget 60s"},
    {"full", "hazards", 20, "survey hazards --rounds 3"},
    {"full", "methods", 216, "survey methods --budget 300s"},
    {"full", "python", 400, "survey python --budget 500s"},
    {"full", "python-sharing", 10, "survey python-sharing"},
    {"full", "python-faults", 60, "survey python-faults --rounds 1"},

    {"full", "spin.sim", 5,
        "sweep spin -N 2000 --param grain=50us --blocks 10 --from-machine" PREDICTED},
    {"full", "primes.sim", 5, "sweep primes -N 24 --blocks 10 --from-machine" CPU_POOLS},
    {"full", "sleep.sim", 5,
        "sweep sleep -N 128 --param duration=5ms --blocks 10 --from-machine -n "
        "2,4,8,16,32,64" IO_SIZES},
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
