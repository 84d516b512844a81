/* The bounded set of connections that processes share, with connections that are numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cases/support/connections.h"
#include "leftovers.h"

#include <signal.h>
#include <sys/mman.h>

#define SECOND 1000000000u /* ns */

static struct connections *set;
static unsigned closed;

static int make_set(void **state)
{
    leftovers_mark(state);
    set = mmap(NULL, sizeof *set, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    closed = 0;
    return set == MAP_FAILED ? -1 : connections_make(set, 2);
}

static int free_set(void **state)
{
    munmap(set, sizeof *set);
    return leftovers_check(state);
}

static void note_closed(void *connection)
{
    (void)connection;
    closed++;
}

/* Takes a place, opens a connection if there is none, gives both back. */
static void use(void)
{
    struct connections_turn turn;
    assert_int_equal(connections_take(set, SECOND, &turn), 0);
    if (!turn.connection) {
        turn.connection = &closed;
        connections_count_opened(set, &turn);
    }
    connections_give(set, &turn, note_closed);
}

static void connection_stays_open_and_goes_with_the_last_worker(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        connections_join(set);
    for (int i = 0; i < 10; i++)
        use();
    assert_int_equal(connections_counts(set).opened, 1);
    connections_leave(set, note_closed);
    connections_leave(set, note_closed);
    assert_int_equal(closed, 0);
    connections_leave(set, note_closed);
    assert_int_equal(closed, 1);
}

static void taker_of_more_than_there_are_waits_and_is_counted(void **state)
{
    (void)state;
    struct connections_turn first, second, third;
    connections_join(set);
    assert_int_equal(connections_take(set, 0, &first), 0);
    assert_int_equal(connections_take(set, 0, &second), 0);
    assert_int_equal(connections_take(set, SECOND / 100, &third), ETIMEDOUT);
    assert_int_equal(connections_counts(set).waits, 1);
    connections_give(set, &first, note_closed);
    assert_int_equal(connections_take(set, 0, &third), 0);
    assert_int_equal(third.place, first.place);
    connections_give(set, &second, note_closed);
    connections_give(set, &third, note_closed);
    connections_leave(set, note_closed);
    assert_int_equal(closed, 0);
}

static void taker_that_is_refused_a_connection_is_not_counted_as_an_open_one(void **state)
{
    (void)state;
    struct connections_turn refused;
    connections_join(set);
    assert_int_equal(connections_take(set, 0, &refused), 0);
    use();
    connections_give(set, &refused, note_closed);
    assert_int_equal(connections_counts(set).most, 1);
    connections_leave(set, note_closed);
}

/* Forks a process with one worker that takes both places, with connections, and does not leave. */
static pid_t fork_taker(bool gives_back)
{
    int ready[2];
    char byte;
    assert_int_equal(pipe(ready), 0);
    pid_t process = fork();
    if (process == 0) {
        struct connections_turn turns[2];
        connections_join(set);
        for (int i = 0; i < 2; i++) {
            connections_take(set, SECOND, &turns[i]);
            turns[i].connection = set;
        }
        for (int i = 0; i < 2 && gives_back; i++)
            connections_give(set, &turns[i], note_closed);
        if (write(ready[1], gives_back && closed == 2 ? "c" : "o", 1) == 1)
            pause();
        _exit(0);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    assert_int_equal(byte, 'o'); /* nobody else had joined when it gave back */
    return process;
}

static void end_taker(pid_t process)
{
    kill(process, SIGKILL);
    assert_int_equal(waitpid(process, NULL, 0), process);
}

static void process_that_dies_gives_back_what_it_uses_and_what_it_keeps(void **state)
{
    (void)state;
    for (int gives_back = 0; gives_back < 2; gives_back++) {
        struct connections_turn turn;
        pid_t taker = fork_taker(gives_back);
        connections_join(set);
        assert_int_equal(connections_take(set, 0, &turn), ETIMEDOUT);
        end_taker(taker);
        assert_int_equal(connections_take(set, SECOND, &turn), 0);
        assert_null(turn.connection); /* the dead one's is of no use */
        connections_give(set, &turn, note_closed);
        connections_leave(set, note_closed);
    }
}

/* As if the pids of those who took both places were, after their end, given to other processes:
 * this one's parent and this one. */
static void process_with_the_pid_of_a_dead_owner_does_not_pass_for_it(void **state)
{
    (void)state;
    const pid_t others[] = {getppid(), getpid()};
    struct connections_turn turn;
    connections_join(set);
    for (int i = 0; i < 2; i++) {
        set->place[0].owner = (struct connections_process){getppid(), 1};
        set->place[1].owner = (struct connections_process){others[i], 1};
        set->place[0].state = CONNECTIONS_BUSY;
        set->place[1].state = CONNECTIONS_IDLE;
        set->place[1].connection = &closed;
        assert_int_equal(connections_take(set, SECOND, &turn), 0);
        assert_null(turn.connection);
        connections_give(set, &turn, note_closed);
    }
    connections_leave(set, note_closed);
}

static void process_among_more_workers_than_places_closes_what_it_gives_back(void **state)
{
    (void)state;
    int ready[2], told[2];
    char byte = 0;
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(told), 0);
    pid_t other = fork();
    if (other == 0) {
        connections_join(set);
        connections_join(set);
        byte = (char)write(ready[1], "r", 1);
        _exit(read(told[0], &byte, 1) == 1 ? 0 : 1);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    connections_join(set);
    use();
    use();
    assert_int_equal(closed, 2);
    assert_int_equal(connections_counts(set).opened, 2);
    end_taker(other);
    connections_leave(set, note_closed);
    connections_join(set); /* finds the other one dead */
    use();
    use();
    assert_int_equal(closed, 2);
    connections_leave(set, note_closed);
    for (int i = 0; i < 2; i++) {
        close(ready[i]);
        close(told[i]);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_set, free_set)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(connection_stays_open_and_goes_with_the_last_worker),
        TEST(taker_of_more_than_there_are_waits_and_is_counted),
        TEST(taker_that_is_refused_a_connection_is_not_counted_as_an_open_one),
        TEST(process_that_dies_gives_back_what_it_uses_and_what_it_keeps),
        TEST(process_with_the_pid_of_a_dead_owner_does_not_pass_for_it),
        TEST(process_among_more_workers_than_places_closes_what_it_gives_back),
    };
    return cmocka_run_group_tests_name("connections", tests, NULL, NULL);
}
