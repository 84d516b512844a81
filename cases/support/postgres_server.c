/* initdb and postgres are Debian's (package postgresql), which keeps them out of PATH; another
 * installation's are found by PATH, first.
 *
 * The server is started without what makes it durable or listens to the network. What it would
 * leave in the system if it is killed is little: its System V segment, which tells a second server
 * that one is there, is found by its key and removed; shared memory for parallel queries is files
 * in the folder. */
#include "postgres_server.h"

#include "../../harness/measure/clock.h"
#include "../../harness/pool/task.h"
#include "../../harness/util/printable.h"
#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SOCKET_NAME "/.s.PGSQL." POSTGRES_SERVER_PORT
#define INITDB_MS 60000
#define START_MS 60000
#define LOOK_MS 5 /* between two looks whether the server is ready */
#define STOP_MS 10000
#define KEYS 8 /* of shared memory that are looked at */
#define EXIT_NOT_RUN 126
#define EXIT_NO_ENTRY 125
#define DEBIAN "/usr/lib/postgresql/*/bin"
#define SHOWN_PATH "%.120s" /* a message has room for so much of a path beside the cause */
#define PATH_SIZE (PATH_MAX + 32)

/* ---- the programs ---- */

static bool has_programs(const char *folder)
{
    static const char *const names[] = {"initdb", "postgres"};
    char path[PATH_SIZE];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        if (access(path, X_OK))
            return false;
    }
    return true;
}

static bool find_on_path(char folder[PATH_MAX])
{
    const char *path = getenv("PATH");
    for (const char *at = path; at && *at; at += *at == ':') {
        int length = (int)strcspn(at, ":");
        snprintf(folder, PATH_MAX, "%.*s", length, at);
        if (length > 0 && has_programs(folder))
            return true;
        at += length;
    }
    return false;
}

/* The latest version of Debian's. */
static bool find_debian(char folder[PATH_MAX])
{
    glob_t found;
    *folder = '\0';
    if (glob(DEBIAN, 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++)
            if (has_programs(found.gl_pathv[i]) && strverscmp(found.gl_pathv[i], folder) > 0)
                snprintf(folder, PATH_MAX, "%s", found.gl_pathv[i]);
        globfree(&found);
    }
    return *folder != '\0';
}

static bool find_programs(char folder[PATH_MAX])
{
    return find_on_path(folder) || find_debian(folder);
}

const char *postgres_server_missing(void)
{
    char folder[PATH_MAX];
    return find_programs(folder)
               ? NULL
               : "needs PostgreSQL's server (apt-get install postgresql), or a running one by url=";
}

/* ---- running them ---- */

struct launch {
    char bin[PATH_MAX];
    const char *folder;
    const struct passwd *user; /* NULL: the program's own */
};

static int find_user(struct launch *launch)
{
    if (geteuid() != 0)
        return 0;
    launch->user = getpwnam("postgres");
    if (!launch->user)
        launch->user = getpwnam("nobody");
    if (!launch->user)
        return task_fail(ENOENT, "PostgreSQL does not run as root, and there is neither a user "
                                 "postgres nor nobody");
    if (chown(launch->folder, launch->user->pw_uid, launch->user->pw_gid))
        return task_fail(errno, "cannot give " SHOWN_PATH " to the user %s: %s", launch->folder,
            launch->user->pw_name, strerror(errno));
    return 0;
}

/* What the environment says is meant for other servers. */
static void set_environment(void)
{
    static const char *const others[] = {
        "PGDATA", "PGOPTIONS", "PGPORT", "PGHOST", "PGCLIENTENCODING", "PGDATESTYLE"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        unsetenv(others[i]);
    setenv("LC_ALL", "C", 1);
    setenv("TZ", "UTC", 1); /* initdb would look for the local one through all files of zones */
}

static bool become_user(const struct passwd *user)
{
    return !user ||
           (setgroups(0, NULL) == 0 && setgid(user->pw_gid) == 0 && setuid(user->pw_uid) == 0);
}

/* The signal at the keeper's death is set after the change of user, which clears it. */
static _Noreturn void become(
    const struct launch *launch, char *const *words, int death_signal, pid_t keeper)
{
    char log[PATH_SIZE];
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    snprintf(log, sizeof log, "%s/log", launch->folder);
    int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int out = open(log, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (in < 0 || out < 0 || dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
        dup2(out, STDERR_FILENO) < 0 || !become_user(launch->user))
        _exit(EXIT_NOT_RUN);
    close_range(STDERR_FILENO + 1, UINT_MAX, CLOSE_RANGE_CLOEXEC);
    prctl(PR_SET_PDEATHSIG, death_signal);
    if (getppid() != keeper)
        _exit(EXIT_NOT_RUN);
    if (chdir(launch->folder))
        _exit(EXIT_NO_ENTRY);
    set_environment();
    execv(words[0], words);
    _exit(EXIT_NOT_RUN);
}

static pid_t start(const struct launch *launch, char *const *words, int death_signal)
{
    pid_t keeper = getpid(), process = fork();
    if (process == 0)
        become(launch, words, death_signal, keeper);
    return process;
}

/* The first line of the log that tells of an error, else the last one. */
static void find_cause(const struct launch *launch, char *cause, size_t size)
{
    char path[PATH_SIZE], line[512];
    snprintf(path, sizeof path, "%s/log", launch->folder);
    FILE *log = fopen(path, "re");
    snprintf(cause, size, "it said nothing");
    while (log && fgets(line, sizeof line, log)) {
        line[strcspn(line, "\n")] = '\0';
        const char *error = strstr(line, "error: "), *fatal = strstr(line, "FATAL: ");
        if (!fatal)
            fatal = strstr(line, "PANIC: ");
        if (*line)
            snprintf(cause, size, "%.150s", error ? error : fatal ? fatal : line);
        if (error || fatal)
            break;
    }
    if (log)
        fclose(log);
    printable_line(cause);
}

/* Why a program that has ended did so. */
static int explain(const struct launch *launch, const char *program, int status)
{
    char cause[160];
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NO_ENTRY)
        return task_fail(EACCES,
            "the user %s, as whom PostgreSQL runs, cannot enter " SHOWN_PATH
            "; try folder=DIR that everybody can enter",
            launch->user ? launch->user->pw_name : "of this program", launch->folder);
    find_cause(launch, cause, sizeof cause);
    return task_fail(EIO, "%.80s/%s failed: %s", launch->bin, program, cause);
}

/* PostgreSQL's key of the segment follows from the folder of the data (sysv_shmem.c). */
static void note_memory(struct postgres_server *server, const char *folder)
{
    char path[PATH_SIZE];
    struct stat status;
    snprintf(path, sizeof path, "%s/data", folder);
    if (stat(path, &status))
        return;
    server->memory = (key_t)status.st_ino;
    server->user = status.st_uid;
}

/* initdb is to leave its folder where it fails: the key is not known otherwise. */
static int make_cluster(const struct launch *launch, struct postgres_server *server)
{
    char program[PATH_SIZE];
    snprintf(program, sizeof program, "%s/initdb", launch->bin);
    char *words[] = {program, "-D", "data", "-U", POSTGRES_SERVER_USER, "-A", "trust", "-E", "UTF8",
        "--locale=C", "--wal-segsize=1", "--no-sync", "--no-clean", "--no-instructions", NULL};
    int status;
    server->process = start(launch, words, SIGKILL);
    if (server->process < 0)
        return task_fail(errno, "cannot start initdb: %s", strerror(errno));
    int code = keeper_wait(server->process, &status, INITDB_MS);
    note_memory(server, launch->folder);
    if (code)
        return task_fail(code, "initdb did not end: %s", strerror(code));
    server->process = 0;
    return status ? explain(launch, "initdb", status) : 0;
}

/* What the server says of itself in a file. */
static bool is_ready(const char *folder)
{
    char path[PATH_SIZE], line[PATH_SIZE];
    bool ready = false;
    snprintf(path, sizeof path, "%s/data/postmaster.pid", folder);
    FILE *file = fopen(path, "re");
    for (int number = 1; file && fgets(line, sizeof line, file); number++)
        ready = number == 8 && strncmp(line, "ready", 5) == 0;
    if (file)
        fclose(file);
    return ready;
}

static int wait_until_ready(const struct launch *launch, struct postgres_server *server)
{
    uint64_t begun = clock_now();
    while (!is_ready(launch->folder)) {
        int status, code = keeper_wait(server->process, &status, LOOK_MS);
        if (code == 0) {
            server->process = 0;
            return explain(launch, "postgres", status);
        }
        if (code == ECANCELED || clock_since(begun) * 1e3 > START_MS)
            return task_fail(code, "PostgreSQL did not start: %s", strerror(code));
    }
    return 0;
}

static int start_server(const struct launch *launch, struct postgres_server *server)
{
    char program[PATH_SIZE], connections[64];
    snprintf(program, sizeof program, "%s/postgres", launch->bin);
    snprintf(connections, sizeof connections, "max_connections=%u", server->max_connections);
    char *words[] = {program, "-D", "data", "-k", (char *)launch->folder, "-p",
        POSTGRES_SERVER_PORT, "-F", "-c", "listen_addresses=", "-c", connections, "-c",
        "superuser_reserved_connections=0", "-c", "full_page_writes=off", "-c", "wal_level=minimal",
        "-c", "max_wal_senders=0", "-c", "max_logical_replication_workers=0", "-c",
        "autovacuum=off", "-c", "dynamic_shared_memory_type=mmap", "-c", "huge_pages=off", "-c",
        "jit=off", NULL};
    server->process = start(launch, words, SIGQUIT);
    if (server->process < 0)
        return task_fail(errno, "cannot start PostgreSQL: %s", strerror(errno));
    return wait_until_ready(launch, server);
}

int postgres_server_begin(struct postgres_server *server, const char *folder)
{
    struct launch launch = {.folder = folder};
    server->process = 0;
    server->memory = IPC_PRIVATE; /* not known */
    server->begun = time(NULL);
    if (!find_programs(launch.bin))
        return task_fail(ENOPKG, "%s", postgres_server_missing());
    if (strlen(folder) + strlen(SOCKET_NAME) >= sizeof((struct sockaddr_un *)0)->sun_path)
        return task_fail(ENAMETOOLONG,
            SHOWN_PATH " is too long a path for a Unix socket; try folder=DIR", folder);
    int code = find_user(&launch);
    if (!code)
        code = make_cluster(&launch, server);
    return code ? code : start_server(&launch, server);
}

/* What a process that was killed or has crashed leaves: a segment of that key, or of one a little
 * above where others have that. It is removed only where it is our user's, made since we began by
 * a process that is gone, and nobody's now. */
static void remove_memory(const struct postgres_server *server)
{
    for (key_t key = server->memory; server->memory != IPC_PRIVATE && key - server->memory < KEYS;
         key++) {
        struct shmid_ds status;
        int segment = key == IPC_PRIVATE ? -1 : shmget(key, 0, 0);
        if (segment >= 0 && shmctl(segment, IPC_STAT, &status) == 0 && status.shm_nattch == 0 &&
            status.shm_perm.cuid == server->user && status.shm_ctime >= server->begun &&
            kill(status.shm_cpid, 0) && errno == ESRCH)
            shmctl(segment, IPC_RMID, NULL);
    }
}

void postgres_server_end(struct postgres_server *server)
{
    if (server->process > 0) {
        kill(server->process, SIGQUIT); /* at once, without writing anything; initdb ends soon */
        uint64_t begun = clock_now();
        /* asked to end already, so that keeper_wait does not wait */
        while (waitpid(server->process, NULL, WNOHANG) == 0 && clock_since(begun) * 1e3 < STOP_MS)
            usleep(1000);
    }
    keeper_kill_all();
    remove_memory(server);
}
