/* What is said of commands that do not answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "drive.h"

#include "harness/measure/answer.h"
#include "scratch.h"

#define TEST(test) cmocka_unit_test_setup_teardown(test, make_scratch, remove_scratch)

/* Asks a shell, which is to fail, for why. */
static const char *ask(const char *script, unsigned seconds)
{
    static char why[200];
    json_t *object;
    struct answer_words words = {0};
    answer_words_of(&words, "sh -c");
    answer_word(&words, "%s", script);
    *why = '\0';
    assert_int_equal(answer_ask(&words, scratch, seconds, &object, why, sizeof why), STATUS_FAILED);
    answer_words_free(&words);
    return why;
}

static void command_ended_by_its_limit_gave_no_answer_in_that_time(void **state)
{
    (void)state;
    assert_string_equal(ask("sleep 60", 1), "no answer within 1 s");
    assert_string_equal(ask("echo working on it >&2; sleep 60", 1), "no answer within 1 s");
}

static void command_that_ends_otherwise_is_told_by_its_words_status_or_signal(void **state)
{
    (void)state;
    assert_string_equal(ask("echo first >&2; echo no luck >&2; exit 3", 60), "no luck");
    assert_string_equal(ask("exit 3", 60), "exit status 3");
    assert_string_equal(ask("kill -TERM $$", 60), "killed by a signal");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(command_ended_by_its_limit_gave_no_answer_in_that_time),
        TEST(command_that_ends_otherwise_is_told_by_its_words_status_or_signal),
    };
    return cmocka_run_group_tests_name("answer", tests, NULL, NULL);
}
