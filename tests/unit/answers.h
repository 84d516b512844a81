/* Cases held against known answers: what a whole region gives on every kind of pool, and what is
 * refused. Everything that is not meant to fail fails the test here. To be included after drive.h
 * by one test program each. */
#ifndef UNIT_ANSWERS_H
#define UNIT_ANSWERS_H

/* The pools beside serial; test_contract.c has all of them. */
static const char *const answers_pools[] = {"threads", "processes"};
#define ANSWERS_POOLS (sizeof answers_pools / sizeof answers_pools[0])

/* That verify accepts what stands in the slots. */
static inline void answers_verified(const struct workload *workload)
{
    if (workload_verify(workload, drive_why, sizeof drive_why) != 0)
        fail_msg("%s", drive_why);
}

/* Runs all tasks, none of which may fail, and has their results verified. */
static inline void answers_run(struct workload *workload, const char *backend, unsigned workers)
{
    assert_int_equal(workload->run.tasks, drive_run(workload, backend, workers).ok);
    if (workload_verify(workload, drive_why, sizeof drive_why) != 0)
        fail_msg("%s: %s", backend, drive_why);
}

/* Serial's answer, which verifies and which the pools give too. Valid until the next call. */
static inline const char *answers_of(const char *name, uint64_t tasks, const char *const *params)
{
    static char answer[256];
    char again[sizeof answer];
    struct workload workload;
    drive_open(&workload, name, tasks, params);
    answers_run(&workload, "serial", 1);
    workload_answer(&workload, answer, sizeof answer);
    for (size_t i = 0; i < ANSWERS_POOLS; i++) {
        answers_run(&workload, answers_pools[i], 3);
        workload_answer(&workload, again, sizeof again);
        assert_string_equal(answer, again);
    }
    workload_close(&workload);
    return answer;
}

/* Opens a case and runs it serially: its results may then be spoilt. */
static inline void answers_open(
    struct workload *workload, const char *name, uint64_t tasks, const char *const *params)
{
    drive_open(workload, name, tasks, params);
    answers_run(workload, "serial", 1);
}

/* That verify refuses what stands in the slots, in a line that names `what`. */
static inline void answers_wrong(const struct workload *workload, const char *what)
{
    assert_int_not_equal(0, workload_verify(workload, drive_why, sizeof drive_why));
    if (strstr(drive_why, what) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", drive_why, what);
}

/* That opening is refused with exit status 2 and a line that names `what`. */
static inline void answers_refused(
    const char *name, uint64_t tasks, const char *what, const char *const *params)
{
    struct workload workload;
    assert_int_equal(STATUS_USAGE, drive_try(&workload, name, tasks, params));
    if (strstr(drive_why, what) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", drive_why, what);
}

#endif
