/* Builds and blocks of two commits. */
#include "commits.h"

#include "../analyze/stat.h"
#include "../util/interrupt.h"
#include "child.h"
#include "clock.h"
#include "noise.h"
#include "plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GIT_SECONDS 120
#define BUILD_SECONDS 1200
#define RUN_SECONDS 600

/* ---- git and make ---- */

/* Runs a command with its output in folder/out and folder/err. A failure is told with `what` and
 * the last line that it said. */
static enum status run(char *const *words, const char *folder, unsigned seconds, const char *what,
    char *why, size_t size)
{
    char out[PATH_MAX], err[PATH_MAX], line[256];
    snprintf(out, sizeof out, "%s/out", folder);
    snprintf(err, sizeof err, "%s/err", folder);
    int code = child_run(words, out, err, seconds);
    if (code == 0)
        return STATUS_DONE;
    if (interrupt_requested())
        return STATUS_INTERRUPTED;
    if (code == CHILD_NOT_FOUND) {
        snprintf(
            why, size, "%s was not found; install it (apt-get install %s)", words[0], words[0]);
        return STATUS_UNAVAILABLE;
    }
    if (code == CHILD_KILLED)
        snprintf(why, size, "%s: stopped by a signal", what);
    else if (code == CHILD_TIMED_OUT)
        snprintf(why, size, "%s: stopped after %u s", what, seconds);
    else
        snprintf(
            why, size, "%s: status %d: %s", what, code, child_last_line(err, line, sizeof line));
    return STATUS_FAILED;
}

/* The same, with the only line of the output. */
static enum status ask(char *const *words, const char *folder, const char *what, char *answer,
    size_t answer_size, char *why, size_t size)
{
    char out[PATH_MAX];
    enum status status = run(words, folder, GIT_SECONDS, what, why, size);
    snprintf(out, sizeof out, "%s/out", folder);
    if (status == STATUS_DONE)
        child_last_line(out, answer, answer_size);
    return status;
}

static enum status resolve(
    const char *name, const char *folder, struct commits_build *build, char *why, size_t size)
{
    char revision[256], what[320];
    snprintf(revision, sizeof revision, "%s^{commit}", name);
    snprintf(what, sizeof what, "--commit: %s is no commit of this repository", name);
    char *words[] = {"git", "rev-parse", "--verify", "--end-of-options", revision, NULL};
    enum status status = ask(words, folder, what, build->commit, sizeof build->commit, why, size);
    return status == STATUS_FAILED ? STATUS_USAGE : status;
}

enum status commits_resolve(
    const char *range, const char *folder, struct commits_build *builds, char *why, size_t size)
{
    char old[200], new[200];
    const char *dots = strstr(range, "..");
    size_t length = dots ? (size_t)(dots - range) : 0;
    if (length == 0 || length >= sizeof old || strlen(dots) >= sizeof new || dots[2] == '.') {
        snprintf(why, size, "--commit: \"%s\" is not OLD..NEW", range);
        return STATUS_USAGE;
    }
    snprintf(old, sizeof old, "%.*s", (int)length, range);
    snprintf(new, sizeof new, "%s", dots[2] ? dots + 2 : "HEAD");
    enum status status = resolve(old, folder, &builds[0], why, size);
    return status ? status : resolve(new, folder, &builds[1], why, size);
}

enum status commits_build(const char *folder, const char *name, unsigned jobs,
    struct commits_build *build, char *why, size_t size)
{
    char top[PATH_MAX] = "", path[PATH_MAX], parallel[16], what[64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    snprintf(parallel, sizeof parallel, "-j%u", jobs);
    char *find[] = {"git", "rev-parse", "--show-toplevel", NULL};
    char *clone[] = {"git", "clone", "--quiet", "--shared", "--no-checkout", top, path, NULL};
    char *checkout[] = {"git", "-C", path, "checkout", "--quiet", build->commit, NULL};
    char *make[] = {"make", "-C", path, parallel, "poolbench", "NO_INSTALL=1", NULL};
    enum status status = ask(find, folder, "git rev-parse", top, sizeof top, why, size);
    if (status == STATUS_DONE)
        status = run(clone, folder, GIT_SECONDS, "git clone", why, size);
    if (status == STATUS_DONE)
        status = run(checkout, folder, GIT_SECONDS, "git checkout", why, size);
    snprintf(what, sizeof what, "building %.12s", build->commit);
    if (status == STATUS_DONE)
        status = run(make, folder, BUILD_SECONDS, what, why, size);
    if (status == STATUS_FAILED && access(path, X_OK) == 0 && strlen(why) + 1 < size)
        snprintf(why + strlen(why), size - strlen(why), "; check it out and run make to see all");
    snprintf(build->program, sizeof build->program, "%.4000s/poolbench", path);
    if (status == STATUS_DONE && access(build->program, X_OK)) {
        snprintf(why, size, "%s: make left no program there", what);
        status = STATUS_FAILED;
    }
    return status;
}

/* ---- one run ---- */

struct session {
    const struct commits_options *options;
    struct result *result;
    char out[PATH_MAX], err[PATH_MAX];
    uint64_t start;
    uint64_t checksum; /* of the first run that had one */
    bool has_checksum;
    bool *given_up;
};

/* A command's words, with room for all, and where those that are numbers are kept. */
struct words {
    char **list;
    size_t count;
    char numbers[4][24];
    size_t numbers_count;
};

/* Without the case's parameters. */
#define WORDS_MAX 20

static void add(struct words *words, const char *word)
{
    words->list[words->count++] = (char *)(uintptr_t)word;
}

static void add_number(struct words *words, const char *option, uint64_t number)
{
    char *text = words->numbers[words->numbers_count++];
    snprintf(text, sizeof words->numbers[0], "%" PRIu64, number);
    add(words, option);
    add(words, text);
}

/* PROGRAM run CASE ... --json: what was given, and no default, which another commit may have
 * otherwise. The list is the caller's. Returns 0, or -1 without memory. */
static int make_words(const struct session *session, unsigned config, struct words *words)
{
    const struct param_values *given = session->options->given;
    const struct result_config *row = &session->result->configs[config];
    size_t build = config / (session->result->configs_count / COMMITS);
    const char *pair;
    size_t params = 0;
    while (param_many(given, "param", params))
        params++;
    words->list = calloc(WORDS_MAX + 2 * params, sizeof *words->list);
    if (!words->list)
        return -1;
    add(words, session->options->builds[build].program);
    add(words, "run");
    add(words, session->result->case_name);
    add(words, "-b");
    add(words, row->backend);
    add_number(words, "-n", row->workers);
    if (*row->split) {
        add(words, "--split");
        add(words, row->split);
    }
    if (param_given(given, "tasks"))
        add_number(words, "-N", param_count(given, "tasks"));
    if (row->chunk)
        add_number(words, "--chunk", row->chunk);
    if (param_given(given, "seed"))
        add_number(words, "--seed", param_count(given, "seed"));
    for (size_t i = 0; (pair = param_many(given, "param", i)); i++) {
        add(words, "--param");
        add(words, pair);
    }
    add(words, "--json");
    return 0;
}

static double real_of(const json_t *root, const char *key)
{
    return json_number_value(json_object_get(root, key));
}

static uint64_t count_of(const json_t *root, const char *key)
{
    json_int_t value = json_integer_value(json_object_get(root, key));
    return value > 0 ? (uint64_t)value : 0;
}

/* What the run printed. Returns 0, or -1: it is not what run prints. */
static int read_sample(const char *path, struct result_sample *sample)
{
    json_t *root = json_load_file(path, 0, NULL);
    const char *checksum = json_string_value(json_object_get(root, "checksum"));
    sample->wall_s = real_of(root, "wall_s");
    sample->start_s = real_of(root, "start_s");
    sample->stop_s = real_of(root, "stop_s");
    sample->cpu_s = real_of(root, "cpu_s");
    sample->tasks = count_of(root, "tasks");
    sample->ok = count_of(root, "ok");
    sample->errors = count_of(root, "errors");
    sample->lost = count_of(root, "lost");
    sample->timeout = count_of(root, "timeout");
    sample->checksum = checksum ? strtoull(checksum, NULL, 16) : 0;
    json_decref(root);
    return checksum && sample->wall_s > 0 ? 0 : -1;
}

static enum status take_sample(struct session *session, struct result_sample *sample)
{
    struct words words = {0};
    char line[160];
    sample->at_s = clock_since(session->start);
    sample->regions = 1;
    int code = CHILD_KILLED;
    unlink(session->out); /* the last run's must not be taken for this one's */
    if (make_words(session, sample->config, &words) == 0)
        code = child_run(words.list, session->out, session->err, RUN_SECONDS);
    free(words.list);
    if (interrupt_requested())
        return STATUS_INTERRUPTED;
    child_last_line(session->err, line, sizeof line);
    /* with status 1 the run may have printed what it measured: failed tasks, for instance */
    if (read_sample(session->out, sample))
        snprintf(sample->failure, sizeof sample->failure, "status %d: %s", code,
            *line ? line : "no result of run --json");
    result_add_sample(session->result, sample);
    session->given_up[sample->config] |= *sample->failure && sample->block == 0;
    return STATUS_DONE;
}

/* ---- blocks ---- */

/* Whether the sample's results are those of the first. */
static enum status check_work(
    struct session *session, const struct result_sample *sample, char *why, size_t size)
{
    if (*sample->failure || sample->errors || sample->lost || sample->timeout)
        return STATUS_DONE;
    if (!session->has_checksum) {
        session->checksum = sample->checksum;
        session->result->tasks = sample->tasks;
        session->has_checksum = true;
    }
    if (sample->checksum == session->checksum && sample->tasks == session->result->tasks)
        return STATUS_DONE;
    snprintf(why, size,
        "%s does other work in the two commits (tasks %" PRIu64 " and %" PRIu64
        ", checksums 0x%016" PRIx64 " and 0x%016" PRIx64 "): their times are not comparable",
        session->result->case_name, session->result->tasks, sample->tasks, session->checksum,
        sample->checksum);
    return STATUS_FAILED;
}

static enum status take_block(
    struct session *session, unsigned block, unsigned *order, char *why, size_t size)
{
    unsigned n = (unsigned)session->result->configs_count;
    struct result_block record = {
        .at_s = clock_since(session->start), .canary_s = noise_canary(), .pilot = block == 0};
    enum status status = STATUS_DONE;
    plan_order(session->result->seed, block, order, n);
    result_add_block(session->result, &record);
    for (unsigned i = 0; i < n && status == STATUS_DONE; i++) {
        struct result_sample sample = {.block = block, .config = order[i], .order = i};
        if (session->given_up[order[i]])
            continue;
        status = take_sample(session, &sample);
        if (status == STATUS_DONE)
            status = check_work(session, &sample, why, size);
        if (session->options->progress.report)
            session->options->progress.report(session->options->progress.context,
                ((double)block + (i + 1.0) / n) / (session->options->blocks + 1));
    }
    return status;
}

static enum status take_blocks(struct session *session, unsigned *order, char *why, size_t size)
{
    enum status status = STATUS_DONE;
    unsigned blocks = session->options->blocks + 1; /* the pilot */
    double budget = session->options->budget_s;
    for (unsigned block = 0; block < blocks && status == STATUS_DONE; block++) {
        if (budget > 0 && clock_since(session->start) > budget && block > STAT_PAIRS_MIN)
            break;
        status = take_block(session, block, order, why, size);
    }
    session->result->complete = status == STATUS_DONE && session->result->blocks_count == blocks;
    return status;
}

enum status commits_measure(
    const struct commits_options *options, struct result *result, char *why, size_t size)
{
    struct session session = {.options = options, .result = result, .start = clock_now()};
    unsigned *order = calloc(result->configs_count, sizeof *order);
    struct noise_mark before = noise_mark();
    enum status status = STATUS_FAILED;
    snprintf(session.out, sizeof session.out, "%s/out", options->folder);
    snprintf(session.err, sizeof session.err, "%s/err", options->folder);
    session.given_up = calloc(result->configs_count, sizeof *session.given_up);
    if (order && session.given_up)
        status = take_blocks(&session, order, why, size);
    else
        snprintf(why, size, "no memory for %zu configurations", result->configs_count);
    result->noise = noise_since(&before);
    free(session.given_up);
    free(order);
    return status;
}
