/* Python's pools, by a script that times itself: starting an interpreter is no part of it. */
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

static enum status ask(const struct arm *arm, uint64_t tasks, struct sample *sample)
{
    char folder[PATH_MAX];
    json_t *object;
    struct answer_words words = {0};
    if (tempdir_make(folder, sizeof folder, NULL, "bench")) {
        snprintf(
            sample->failure, sizeof sample->failure, "no temporary folder: %s", strerror(errno));
        return STATUS_FAILED;
    }
    make_words(arm, tasks, &words);
    enum status status =
        answer_ask(&words, folder, SECONDS_MAX, &object, sample->failure, sizeof sample->failure);
    answer_words_free(&words);
    tempdir_remove(folder);
    if (status != STATUS_DONE)
        return status;
    sample->seconds = json_number_value(json_object_get(object, "wall_s"));
    json_decref(object);
    return STATUS_DONE;
}

int python_pool(const struct arm *arm, struct workload *workload, struct sample *sample)
{
    const char *missing = peer_missing();
    if (missing)
        snprintf(sample->failure, sizeof sample->failure, "%s", missing);
    enum status status = missing ? STATUS_UNAVAILABLE : ask(arm, workload->run.tasks, sample);
    sample->absent = status == STATUS_UNAVAILABLE;
    return status == STATUS_DONE && sample->seconds > 0 ? 0 : -1;
}
