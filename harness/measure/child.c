/* Commands. The limit is the child's own alarm, which an exec keeps, so that nobody has to watch.
 */
#include "child.h"

#include "../util/interrupt.h"
#include "../util/printable.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_NOT_RUN 126

static int redirect(const char *path, int flags, int to)
{
    int file = open(path ? path : "/dev/null", flags | O_CLOEXEC, 0600);
    return file < 0 || dup2(file, to) < 0 ? -1 : 0;
}

static void become(char *const *words, const char *out, const char *err, unsigned seconds)
{
    static const char *const outer[] = {
        "MAKEFLAGS", "MAKELEVEL", "MFLAGS", "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"};
    for (size_t i = 0; i < sizeof outer / sizeof *outer; i++)
        unsetenv(outer[i]);
    alarm(seconds);
    if (redirect(NULL, O_RDONLY, STDIN_FILENO) ||
        redirect(out, O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO) ||
        redirect(err, O_WRONLY | O_CREAT | O_TRUNC, STDERR_FILENO))
        _exit(EXIT_NOT_RUN);
    execvp(words[0], words);
    _exit(errno == ENOENT ? CHILD_NOT_FOUND : EXIT_NOT_RUN);
}

int child_run(char *const *words, const char *out, const char *err, unsigned seconds)
{
    int status = 0;
    siginfo_t info;
    pid_t pid = interrupt_fork();
    if (pid == 0)
        become(words, out, err, seconds);
    if (pid < 0)
        return CHILD_KILLED;
    /* its group is ended before its number can be given to anybody else */
    while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) && errno == EINTR)
        ;
    kill(-pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    interrupt_forget();
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    return WTERMSIG(status) == SIGALRM ? CHILD_TIMED_OUT : CHILD_KILLED;
}

const char *child_last_line(const char *path, char *line, size_t size)
{
    char text[1024];
    FILE *file = fopen(path, "re");
    line[0] = '\0';
    while (file && fgets(text, sizeof text, file)) {
        text[strcspn(text, "\n")] = '\0';
        if (!*text)
            continue;
        snprintf(line, size, "%s", text);
        printable_line(line);
    }
    if (file)
        fclose(file);
    return line;
}
