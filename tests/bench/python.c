/* What Python has, by scripts that time themselves: starting an interpreter is no part of it. */
#include "arm.h"

#include "harness/measure/peer.h"
#include "harness/util/tempdir.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define SECONDS_MAX 300

static void make_words(const struct arm *arm, uint64_t tasks, struct answer_words *words)
{
    int pool = (int)strcspn(arm->name, ".");
    peer_words(words, "methods.py");
    answer_word(words, "%.*s", pool, arm->name);
    answer_word(words, "%s", arm->name + pool + 1);
    answer_word(words, "--workers=%d", BENCH_WORKERS);
    answer_word(words, "--tasks=%" PRIu64, tasks);
    answer_words_of(words, "--chunk=1");
}

/* The seconds of the script's answer. */
static int ask(struct answer_words *words, struct sample *sample)
{
    char folder[PATH_MAX];
    json_t *object = NULL;
    if (tempdir_make(folder, sizeof folder, NULL, "bench")) {
        snprintf(
            sample->failure, sizeof sample->failure, "no temporary folder: %s", strerror(errno));
        return -1;
    }
    enum status status =
        answer_ask(words, folder, SECONDS_MAX, &object, sample->failure, sizeof sample->failure);
    tempdir_remove(folder);
    sample->absent = status == STATUS_UNAVAILABLE;
    sample->seconds = json_number_value(json_object_get(object, "wall_s"));
    json_decref(object);
    return status == STATUS_DONE && sample->seconds > 0 ? 0 : -1;
}

int python_pool(const struct arm *arm, struct workload *workload, struct sample *sample)
{
    struct answer_words words = {0};
    const char *missing = peer_missing();
    if (missing) {
        snprintf(sample->failure, sizeof sample->failure, "%s", missing);
        sample->absent = true;
        return -1;
    }
    make_words(arm, workload->run.tasks, &words);
    int status = ask(&words, sample);
    answer_words_free(&words);
    return status;
}

int python_thumbnails(const struct arm *arm, struct workload *workload, struct sample *sample)
{
    struct answer_words words = {0};
    answer_word(&words, "%s", peer_interpreter());
    answer_words_of(&words, "tests/bench/thumbnails.py");
    answer_word(&words, "%s", arm->name);
    answer_word(&words, "%" PRIu64, workload->run.tasks);
    answer_word(&words, "%" PRIu64, param_count(workload->params, "size"));
    answer_word(&words, "%" PRIu64, param_count(workload->params, "quality"));
    answer_word(&words, "%" PRIu64, workload->run.seed);
    int status = ask(&words, sample);
    answer_words_free(&words);
    return status;
}
