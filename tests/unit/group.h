/* Groups of tests that are put together at run time: one test function for each case or backend
 * that the registry has. To be included after cmocka.h by one test program each. */
#ifndef UNIT_GROUP_H
#define UNIT_GROUP_H

#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static struct CMUnitTest *group_tests;
static size_t group_count;

/* Adds a test whose name is made as by printf. */
static inline void __attribute__((format(printf, 5, 6))) group_add(CMUnitTestFunction test,
    CMFixtureFunction setup, CMFixtureFunction teardown, void *state, const char *format, ...)
{
    char *name = NULL;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&name, format, arguments) < 0)
        abort();
    va_end(arguments);
    group_tests = realloc(group_tests, (group_count + 1) * sizeof *group_tests);
    if (!group_tests)
        abort();
    group_tests[group_count++] = (struct CMUnitTest){.name = name,
        .test_func = test,
        .setup_func = setup,
        .teardown_func = teardown,
        .initial_state = state};
}

/* cmocka's handlers would make a worker process that crashes go on with the tests. */
static inline void group_in_child(void)
{
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++)
        signal(crashes[i], SIG_DFL);
}

/* Runs them all, frees them and returns how many failed. */
static inline int group_run(const char *name, CMFixtureFunction setup, CMFixtureFunction teardown)
{
    pthread_atfork(NULL, NULL, group_in_child);
    int failed = _cmocka_run_group_tests(name, group_tests, group_count, setup, teardown);
    while (group_count > 0)
        free((char *)group_tests[--group_count].name);
    free(group_tests);
    return failed;
}

#endif
