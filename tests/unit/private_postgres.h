/* One private PostgreSQL server for all tests of a program, so that not every setup makes a cluster
 * (a second each). A process of its own holds it, which is none of the program's children, so that
 * tests that look for children left do not see it; it ends with the program. To be included after
 * cmocka.h by one test program each. */
#ifndef UNIT_PRIVATE_POSTGRES_H
#define UNIT_PRIVATE_POSTGRES_H

#include "cases/support/keeper.h"
#include "cases/support/postgres_server.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PRIVATE_POSTGRES_CONNECTIONS 50

/* url=..., or, where there is no server, a parameter that leaves it to the setup to say why. */
static char private_postgres_url[PATH_MAX + 64] = "connections=20";
static int private_postgres_held = -1, private_postgres_ended = -1;

static inline int private_postgres_begin(void *ctx, const char *folder)
{
    return postgres_server_begin(ctx, folder);
}

static inline void private_postgres_finish(void *ctx, const char *folder)
{
    (void)folder;
    postgres_server_end(ctx);
}

/* The holder: tells the folder, then waits for the end of the program's other end. */
static inline _Noreturn void private_postgres_hold(int held, int ended)
{
    struct postgres_server server = {.max_connections = PRIVATE_POSTGRES_CONNECTIONS};
    const struct keeper_work work = {private_postgres_begin, private_postgres_finish, &server};
    struct keeper *keeper = NULL;
    char folder[PATH_MAX] = "";
    if (keeper_start(&keeper, "tests", "/tmp", &work) == 0)
        snprintf(folder, sizeof folder, "%s", keeper_folder(keeper));
    if (write(ended, folder, sizeof folder) == sizeof folder)
        while (read(held, folder, 1) > 0)
            ;
    keeper_stop(keeper);
    _exit(0);
}

/* Before the first test. Returns whether there is a server. */
static inline bool private_postgres_start(void)
{
    int held[2], ended[2];
    char folder[PATH_MAX] = "";
    if (postgres_server_missing() || pipe2(held, O_CLOEXEC) || pipe2(ended, O_CLOEXEC))
        return false;
    pid_t child = fork();
    if (child == 0) {
        close(held[1]);
        close(ended[0]);
        if (fork() == 0)
            private_postgres_hold(held[0], ended[1]);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    close(held[0]);
    close(ended[1]);
    private_postgres_held = held[1];
    private_postgres_ended = ended[0];
    if (read(ended[0], folder, sizeof folder) != sizeof folder || !*folder)
        return false;
    snprintf(private_postgres_url, sizeof private_postgres_url,
        "url=host=%s user=poolbench dbname=postgres", folder);
    return true;
}

/* After the last test; returns when all is gone. */
static inline void private_postgres_stop(void)
{
    char byte;
    if (private_postgres_held < 0)
        return;
    close(private_postgres_held);
    while (read(private_postgres_ended, &byte, 1) > 0)
        ;
    close(private_postgres_ended);
}

#endif
