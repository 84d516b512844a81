/* The answer of tune: the size, what it was chosen from, what rules of thumb would have said, and a
 * line to paste. */
#include "tune_answer.h"

#include "../analyze/rule.h"
#include "../measure/whole.h"
#include "../util/units.h"
#include "json.h"
#include "simulate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct tune_candidate *chosen_of(const struct tune_answer *answer)
{
    return &answer->search.goal.candidates[answer->search.goal.recommended];
}

static const struct tune_candidate *best_of(const struct tune_answer *answer)
{
    return &answer->search.goal.candidates[answer->search.goal.best];
}

static const char *backend_of(const struct tune_answer *answer, struct tune_size size)
{
    return answer->pools ? answer->pools[size.group].backend : "command";
}

/* Tasks, or commands, a second. */
static struct interval throughput_of(const struct tune_search *search, struct tune_size size)
{
    size_t i = tune_measured(search, size);
    const struct interval none = {NAN, NAN, NAN};
    struct interval cost = i == TUNE_NONE ? none : search->throughput.candidates[i].cost;
    return (struct interval){1 / cost.value, 1 / cost.hi, 1 / cost.lo};
}

/* "poolbench run sleep -b threads -n 6", "./cmd --threads 6"; malloc'd. */
static char *line_of(const struct tune_answer *answer)
{
    const struct tune_size size = chosen_of(answer)->size;
    if (answer->command)
        return command_text(answer->command, size.workers);
    struct result_config config = answer->pools[size.group];
    char *line = NULL;
    config.workers = size.workers;
    *config.split = '\0'; /* the backend's choice, as it was measured */
    char *words = whole_words(answer->cli->words[0], &config, answer->cli->options);
    if (words && asprintf(&line, "poolbench %s", words) < 0)
        line = NULL;
    free(words);
    return line;
}

static const char *standing_of(const struct tune_answer *answer, size_t i)
{
    static const char *const names[] = {[TUNE_OPEN] = "undecided",
        [TUNE_TIED] = "tied",
        [TUNE_WORSE] = "worse",
        [TUNE_INEFFICIENT] = "inefficient",
        [TUNE_FAILED] = "failed"};
    const struct tune_candidate *candidate = &answer->search.goal.candidates[i];
    const struct tune_point *trouble =
        tune_trouble(&answer->search, &answer->options, candidate->size);
    if (trouble && !*trouble->failure)
        return "too large";
    return candidate->n == 0 && !trouble ? "not measured" : names[candidate->standing];
}

/* How much less than the best size that was searched this one achieves, 0 to 1 (below 0: more);
 * NAN: not measured. */
static double loss_of(const struct tune_search *search, struct tune_size size)
{
    double best = throughput_of(search, search->fastest).value;
    return 1 - throughput_of(search, size).value / best;
}

/* ---- JSON ---- */

static json_t *tied_json(const struct tune_answer *answer)
{
    const struct tune *tune = &answer->search.goal;
    json_t *list = json_array();
    for (size_t i = 0; i < tune->count; i++)
        if (tune->candidates[i].standing == TUNE_TIED && tune->candidates[i].n > 0 &&
            tune->candidates[i].size.group == chosen_of(answer)->size.group)
            json_array_append_new(list, json_integer(tune->candidates[i].size.workers));
    return list;
}

static json_t *candidate_json(const struct tune_answer *answer, size_t i)
{
    const struct tune_candidate *candidate = &answer->search.goal.candidates[i];
    const struct tune_point *trouble =
        tune_trouble(&answer->search, &answer->options, candidate->size);
    json_t *object = json_pack("{s:s, s:i, s:o, s:o, s:I, s:s}", "backend",
        backend_of(answer, candidate->size), "workers", (int)candidate->size.workers, "throughput",
        json_interval(throughput_of(&answer->search, candidate->size)), "excess",
        json_number(expm1(candidate->excess)), "samples", (json_int_t)candidate->n, "standing",
        standing_of(answer, i));
    if (answer->options.goal == TUNE_P99)
        json_object_set_new(object, "p99_s", json_interval(candidate->cost));
    if (trouble && trouble->memory)
        json_object_set_new(object, "peak_memory", json_integer((json_int_t)trouble->memory));
    if (trouble && *trouble->failure)
        json_object_set_new(object, "failure", json_text(trouble->failure));
    return object;
}

static json_t *predictions_json(const struct tune_search *search)
{
    json_t *object = json_object();
    for (size_t i = 0; i < TUNE_RULES; i++) {
        const struct tune_rule *rule = &search->rules[i];
        unsigned workers = rule->size.workers;
        json_object_set_new(object, rule->name,
            json_pack("{s:o, s:o, s:o, s:o}", "workers",
                workers ? json_integer(workers) : json_null(), "answer", json_number(rule->answer),
                "throughput", json_interval(throughput_of(search, rule->size)), "loss",
                json_number(loss_of(search, rule->size))));
    }
    return object;
}

static void print_json(const struct tune_answer *answer)
{
    const struct tune_search *search = &answer->search;
    const struct tune_candidate *chosen = chosen_of(answer), *best = best_of(answer);
    char *line = line_of(answer);
    json_t *candidates = json_array();
    for (size_t i = 0; i < search->goal.count; i++)
        json_array_append_new(candidates, candidate_json(answer, i));
    json_t *root =
        json_pack("{s:s, s:s, s:s, s:f, s:i, s:s, s:o, s:i, s:s, s:o, s:o, s:o, s:i, s:f, "
                  "s:b, s:f}",
            "schema", "poolbench/tune/v1", answer->command ? "command" : "case", answer->subject,
            "goal", param_text(answer->cli->options, "goal"), "within", answer->options.within,
            "recommended", (int)chosen->size.workers, "backend", backend_of(answer, chosen->size),
            "tied", tied_json(answer), "best", (int)best->size.workers, "best_backend",
            backend_of(answer, best->size), "candidates", candidates, "predictions",
            predictions_json(search), "line", json_text(line ? line : ""), "blocks",
            (int)search->throughput.blocks, "seconds", search->seconds, "complete",
            (int)search->complete, "noise", search->goal.noise);
    if (answer->options.efficiency_min > 0)
        json_object_set_new(root, "min_efficiency", json_real(answer->options.efficiency_min));
    json_set_simulated(root, answer->result);
    json_set_verdict(root, &answer->verdict);
    json_print(root);
    free(line);
}

/* ---- text ---- */

static const char *percent(char *text, size_t size, double part)
{
    if (isfinite(part))
        snprintf(text, size, "%+.1f %%", 100 * part);
    else
        snprintf(text, size, "-");
    return text;
}

/* "1.23k [1.2k, 1.26k]" */
static const char *rate(char *text, size_t size, struct interval interval)
{
    char value[24], lo[24], hi[24];
    if (!isfinite(interval.value))
        snprintf(text, size, "-");
    else
        snprintf(text, size, "%s [%s, %s]", units_si(value, sizeof value, interval.value),
            units_si(lo, sizeof lo, interval.lo), units_si(hi, sizeof hi, interval.hi));
    return text;
}

static void print_candidates(const struct tune_answer *answer)
{
    const struct tune *tune = &answer->search.goal;
    bool p99 = answer->options.goal == TUNE_P99;
    struct cli_table *table = cli_table_new();
    cli_table_row(table, "BACKEND\tWORKERS\t%s/S [95 %%]\t%sCOST VS BEST\tSAMPLES\tSTANDING",
        answer->command ? "RUNS" : "TASKS", p99 ? "P99\t" : "");
    for (size_t i = 0; i < tune->count; i++) {
        const struct tune_candidate *candidate = &tune->candidates[i];
        char throughput[96], excess[24], latency[32];
        cli_table_row(table, "%s\t%u\t%s\t%s%s%s\t%zu\t%s", backend_of(answer, candidate->size),
            candidate->size.workers,
            rate(throughput, sizeof throughput, throughput_of(&answer->search, candidate->size)),
            p99 ? units_seconds(latency, sizeof latency, candidate->cost.value) : "",
            p99 ? "\t" : "", percent(excess, sizeof excess, expm1(candidate->excess)), candidate->n,
            standing_of(answer, i));
    }
    cli_table_print(table);
}

static void print_rules(const struct tune_search *search)
{
    struct cli_table *table = cli_table_new();
    cli_table_row(table, "RULE OF THUMB\tSAYS\tTHROUGHPUT LOST\tWHAT IT IS");
    for (size_t i = 0; i < TUNE_RULES; i++) {
        const struct tune_rule *rule = &search->rules[i];
        char workers[24] = "-", loss[48] = "not measured";
        double lost = loss_of(search, rule->size);
        if (rule->size.workers)
            snprintf(workers, sizeof workers, "%u", rule->size.workers);
        if (isfinite(lost))
            snprintf(loss, sizeof loss, "%.1f %%", 100 * lost);
        cli_table_row(table, "%s\t%s\t%s\t%s", rule->name, workers, loss, rule->summary);
    }
    cli_table_print(table);
}

/* Smaller sizes of which it is not known whether they would do as well. */
static void print_undecided(const struct tune_answer *answer)
{
    const struct tune *tune = &answer->search.goal;
    unsigned found = 0;
    for (size_t i = 0; i < tune->count; i++) {
        const struct tune_candidate *candidate = &tune->candidates[i];
        if (candidate->standing != TUNE_OPEN || candidate->n == 0 ||
            candidate->size.workers >= chosen_of(answer)->size.workers)
            continue;
        printf("%s%u (%s)",
            found++ ? ", " : "undecided whether fewer would do: ", candidate->size.workers,
            backend_of(answer, candidate->size));
    }
    if (found)
        putchar('\n');
}

static void print_answer(const struct tune_answer *answer)
{
    const struct tune_candidate *chosen = chosen_of(answer), *best = best_of(answer);
    double within = 100 * answer->options.within;
    printf("%s: use %u worker%s (%s), ", answer->subject, chosen->size.workers,
        chosen->size.workers == 1 ? "" : "s", backend_of(answer, chosen->size));
    if (chosen == best)
        printf("the best; %s\n", verdict_name(answer->verdict.level));
    else
        printf("the fewest within %g %% of the best, %u (%s); %s\n", within, best->size.workers,
            backend_of(answer, best->size), verdict_name(answer->verdict.level));
    print_undecided(answer);
}

static void print_text(const struct tune_answer *answer)
{
    const struct tune_search *search = &answer->search;
    char *line = line_of(answer);
    simulate_print(answer->result);
    print_answer(answer);
    printf("%zu measurement%s in %u block%s, %.1f %s%s\n\n", search->count,
        search->count == 1 ? "" : "s", search->throughput.blocks,
        search->throughput.blocks == 1 ? "" : "s", search->seconds,
        answer->result->simulated ? "virtual s" : "s",
        search->complete ? "" : "; ended before all was decided");
    print_candidates(answer);
    putchar('\n');
    print_rules(search);
    printf("\n%s\n", line ? line : "");
    free(line);
}

void tune_answer_print(const struct tune_answer *answer)
{
    if (param_flag(answer->cli->options, "json"))
        print_json(answer);
    else
        print_text(answer);
}
