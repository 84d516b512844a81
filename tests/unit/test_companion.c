/* Processes beside the program: what they hold, how they end, and what their end is taken for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "leftovers.h"

#include "cases/support/companion.h"

#include <signal.h>
#include <sys/time.h>

/* Waits for ever; SIGTERM ends it, where it is let. */
static void wait_for_end(void *ctx, int kept)
{
    (void)kept;
    sigset_t set;
    sigemptyset(&set);
    if (ctx)
        sigaddset(&set, SIGTERM);
    char ready = 1;
    (void)!write(kept, &ready, 1);
    sigprocmask(SIG_SETMASK, &set, NULL);
    for (;;)
        pause();
}

static int stubborn;

static struct companion start(void *ctx)
{
    const struct companion_role role = {"test-companion", SIGKILL, wait_for_end, ctx};
    struct companion companion;
    char ready;
    assert_int_equal(companion_start_greeted(&companion, &role, &ready, 1), 0);
    return companion;
}

static void it_ends_when_it_is_asked_and_by_force_if_it_does_not(void **state)
{
    (void)state;
    struct companion companion = start(NULL);
    companion_end(&companion, 60000);
    assert_int_equal(companion.process, -1);
    companion = start(&stubborn);
    companion_end(&companion, 1);
    companion_end(&companion, 1); /* is none */
}

static void on_alarm(int signal)
{
    (void)signal;
}

/* Interrupted every millisecond, without SA_RESTART. */
static void an_interrupted_wait_neither_ends_early_nor_tells_of_a_death(void **state)
{
    (void)state;
    const struct itimerval often = {{0, 1000}, {0, 1000}}, never = {0};
    struct companion companion = start(&stubborn);
    sigaction(SIGALRM, &(struct sigaction){.sa_handler = on_alarm}, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    assert_false(companion_is_dead(&companion, 30));
    kill(companion.process, SIGKILL);
    assert_true(companion_is_dead(&companion, 60000));
    setitimer(ITIMER_REAL, &never, NULL);
    signal(SIGALRM, SIG_DFL);
    companion_end(&companion, 0);
}

/* As where the number of one that is dead and buried has been given to another process. */
static void the_end_of_one_that_others_have_buried_hits_no_other_process(void **state)
{
    (void)state;
    struct companion companion = start(NULL);
    kill(companion.process, SIGKILL);
    assert_int_equal(waitpid(companion.process, NULL, 0), companion.process);
    assert_true(companion_is_dead(&companion, 0));
    struct companion other = start(NULL);
    companion.process = other.process;
    companion_end(&companion, 0);
    assert_false(companion_is_dead(&other, 0));
    companion_end(&other, 60000);
}

static void leave(void *ctx, int kept)
{
    (void)ctx;
    (void)kept;
}

static void one_that_ends_without_a_greeting_is_an_error_and_leaves_nothing(void **state)
{
    (void)state;
    const struct companion_role role = {"test-companion", SIGKILL, leave, NULL};
    struct companion companion;
    int greeting;
    assert_int_equal(
        companion_start_greeted(&companion, &role, &greeting, sizeof greeting), ECANCELED);
    assert_int_equal(companion.process, -1);
}

static void say_what_is_open(void *ctx, int kept)
{
    (void)ctx;
    unsigned open = leftovers_entries("/proc/self/fd", "") - 1; /* that of the listing */
    (void)!write(kept, &open, sizeof open);
}

static void it_holds_the_standard_descriptors_and_one(void **state)
{
    (void)state;
    const struct companion_role role = {"test-companion", SIGKILL, say_what_is_open, NULL};
    struct companion companion;
    unsigned open = 0;
    int more[2];
    assert_int_equal(pipe(more), 0);
    assert_int_equal(companion_start_greeted(&companion, &role, &open, sizeof open), 0);
    assert_int_equal(open, 4);
    companion_end(&companion, 60000);
    close(more[0]);
    close(more[1]);
}

/* The companion becomes a child of the test when its own parent is killed. */
static void it_ends_with_its_parent(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t parent = fork();
    if (parent == 0) {
        struct companion companion = start(&stubborn);
        (void)!write(ends[1], &companion.process, sizeof companion.process);
        pause();
        _exit(0);
    }
    pid_t companion = 0;
    assert_int_equal(read(ends[0], &companion, sizeof companion), sizeof companion);
    kill(parent, SIGKILL);
    assert_int_equal(waitpid(parent, NULL, 0), parent);
    int status = 0;
    assert_int_equal(waitpid(companion, &status, 0), companion);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    close(ends[0]);
    close(ends[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, leftovers_mark, leftovers_check)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_ends_when_it_is_asked_and_by_force_if_it_does_not),
        TEST(an_interrupted_wait_neither_ends_early_nor_tells_of_a_death),
        TEST(the_end_of_one_that_others_have_buried_hits_no_other_process),
        TEST(one_that_ends_without_a_greeting_is_an_error_and_leaves_nothing),
        TEST(it_holds_the_standard_descriptors_and_one),
        TEST(it_ends_with_its_parent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
