/* python-sharing: what tutorials say of threads and shared values in Python, tried. */
#include "../measure/answer.h"
#include "../measure/peer.h"
#include "../pool/task.h"
#include "folder.h"
#include "survey.h"

#include <errno.h>
#include <stdio.h>

#define READING_SECONDS 20

/* A word of cases/peers/sharing.py, and the key of its answer. */
static const struct trial {
    const char *subject, *word, *key, *figure;
} trials[] = {
    {"daemon thread", "daemon", "share", "part of the CPU that two threads share"},
    {"Value += 1", "value", "lost", "updates lost per million"},
    {"Value += 1 under its lock", "value-lock", "lost", "updates lost per million"},
    {"Value as an argument of Pool.map", "value-pool", "works", "works"},
};
#define TRIALS (sizeof trials / sizeof *trials)

static int sharing_open(struct survey_run *run)
{
    struct keeper *folder;
    int code = survey_folder_make(&folder);
    if (code)
        return code;
    run->ctx = folder;
    for (size_t i = 0; i < TRIALS; i++) {
        survey_add_probe(run, trials[i].subject, 0);
        survey_add_figure(run, trials[i].figure, "");
    }
    return 0;
}

static void sharing_close(struct survey_run *run)
{
    survey_folder_remove(run->ctx);
}

static int sharing_read(
    const struct survey_run *run, unsigned probe, struct survey_reading *reading)
{
    char why[TASK_MESSAGE_MAX];
    json_t *object;
    struct answer_words words = {0};
    peer_words(&words, "sharing.py");
    answer_words_of(&words, trials[probe].word);
    enum status status = answer_ask(
        &words, survey_folder_path(run->ctx), READING_SECONDS - 1, &object, why, sizeof why);
    answer_words_free(&words);
    if (status != STATUS_DONE)
        return task_fail(ENOEXEC, "%s", why);
    reading->values[0] = answer_number(object, trials[probe].key);
    const char *note = json_string_value(json_object_get(object, "note"));
    snprintf(reading->note, sizeof reading->note, "%s", note ? note : "");
    json_decref(object);
    return 0;
}

const struct survey survey_python_sharing = {
    .name = "python-sharing",
    .title = "Daemon threads and shared values in Python",
    .summary = "whether a daemon thread gets less CPU, and what becomes of Value += 1",
    .description =
        "Two threads count side by side for 0.3 s, one of them a daemon: its part of the counting "
        "is one half where a daemon is a thread like others, which only does not keep the program "
        "alive. Two processes do Value += 1, which reads, adds and writes in three steps, each "
        "under the Value's lock but not together, and the same under the lock as a whole. And a "
        "Value is given to Pool.map as an argument, which would have to go through a pipe.",
    .rounds = 6,
    .reading_seconds = READING_SECONDS,
    .supported = peer_missing,
    .open = sharing_open,
    .read = sharing_read,
    .close = sharing_close,
};
