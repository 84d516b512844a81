/* Result files as subcommands make them. */
#include "record.h"

#include "../measure/cpus.h"
#include "../measure/machine.h"
#include "../pool/backend.h"
#include "available.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void record_folder(const struct cli *cli, char *path, size_t size)
{
    char host[RESULT_NAME_MAX];
    const char *given = param_text(cli->options, "host");
    if (given)
        snprintf(host, sizeof host, "%s", given);
    else
        machine_host(host, sizeof host);
    snprintf(path, size, "results/%s", host);
}

static void file_path(const struct cli *cli, const struct result *result, char *path, size_t size)
{
    char folder[1024];
    const char *output = param_text(cli->options, "output");
    record_folder(cli, folder, sizeof folder);
    if (output)
        snprintf(path, size, "%s", output);
    else
        snprintf(path, size, "%s/%s.json", folder, result->label);
}

/* Whether path is no folder, and the deepest folder of it that is there lets a file be made. Better
 * told now than after minutes of measuring; what happens in between, record_save reports. */
static int check_writable(const char *path)
{
    char folder[PATH_MAX];
    struct stat file;
    if (stat(path, &file) == 0 && S_ISDIR(file.st_mode))
        return errno = EISDIR, -1;
    snprintf(folder, sizeof folder, "%s", path);
    for (;;) {
        char *slash = strrchr(folder, '/');
        if (!slash)
            return access(".", W_OK | X_OK);
        *slash = '\0';
        if (access(*folder ? folder : "/", W_OK | X_OK) == 0)
            return 0;
        if (errno != ENOENT)
            return -1;
    }
}

static bool is_plain_name(const char *name)
{
    return *name && *name != '.' && !strchr(name, '/') && strlen(name) < RESULT_NAME_MAX;
}

static char *utc_now(void)
{
    char text[32];
    time_t now = time(NULL);
    struct tm utc;
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    return strdup(text);
}

enum status record_begin(const struct cli *cli, const char *label, struct result **begun)
{
    const char *given = param_text(cli->options, "label");
    const char *host = param_text(cli->options, "host");
    if (!is_plain_name(given ? given : label) || (host && !is_plain_name(host)))
        return cli_fail(cli, STATUS_USAGE,
            "a label or host is a file's name of at most %d bytes without '/'",
            RESULT_NAME_MAX - 1);
    char path[PATH_MAX];
    struct result *result = result_new(given ? given : label);
    file_path(cli, result, path, sizeof path);
    if (check_writable(path)) {
        int cause = errno;
        result_free(result);
        return cli_fail(cli, STATUS_FAILED, "cannot write %s: %s; give another file with --output",
            path, strerror(cause));
    }
    result->started = utc_now();
    result->command = strdup(cli->line);
    result->machine = machine_probe();
    json_t *missing = available_missing();
    if (missing)
        json_object_set_new(result->machine, "unavailable", missing);
    result->usable_cpus = cpus_usable();
    *begun = result;
    return STATUS_DONE;
}

void record_case(struct result *result, const struct workload *workload)
{
    const struct bench_case *bench = workload->bench;
    snprintf(result->case_name, sizeof result->case_name, "%s", bench->name);
    snprintf(result->case_kind, sizeof result->case_kind, "%s", workload_kind_name(bench->kind));
    result->case_summary = strdup(bench->summary);
    result->case_description = strdup(bench->description ? bench->description : "");
    result->seed = workload->run.seed;
    for (const struct param *param = bench->params; param && param->name; param++) {
        const char *value = param_text(workload->params, param->name);
        if (value)
            result_add_param(result, param->name, value);
    }
}

enum status record_save(const struct cli *cli, const struct result *result)
{
    char path[PATH_MAX], why[PATH_MAX + 256];
    file_path(cli, result, path, sizeof path);
    if (result_save(result, path, why, sizeof why))
        return cli_fail(cli, STATUS_FAILED, "%s", why);
    fprintf(stderr, "poolbench %s: wrote %s%s\n", cli->command->name, path,
        result->complete ? "" : " (incomplete)");
    return STATUS_DONE;
}
