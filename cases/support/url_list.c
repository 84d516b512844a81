/* Lists of URLs. pkg-config: libcurl
 *
 * libcurl's own parser decides what a URL is, so that a wrong line is refused when the list is
 * read and not when it is requested. Lines are bounded, so that a file which is no list (/dev/zero)
 * is refused as well, instead of being read into memory. */
#include "url_list.h"

#include "../../harness/pool/task.h"

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_SIZE 8192 /* with its end and the terminating zero */
/* The parts of a message, cut so that the cause behind them still fits. */
#define PATH_SHOWN "%.100s"
#define TEXT_SHOWN "%.40s"

/* Why text is no URL of ours, or NULL. */
static const char *find_defect(const char *text)
{
    CURLU *url = curl_url();
    if (!url)
        return "out of memory";
    char *scheme = NULL;
    const char *defect = NULL;
    CURLUcode code = curl_url_set(url, CURLUPART_URL, text, 0);
    if (code == CURLUE_OK)
        code = curl_url_get(url, CURLUPART_SCHEME, &scheme, 0);
    if (code == CURLUE_BAD_SCHEME ||
        (code == CURLUE_OK && strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0))
        defect = "it must begin with http:// or https://";
    else if (code != CURLUE_OK)
        defect = curl_url_strerror(code);
    curl_free(scheme);
    curl_url_cleanup(url);
    return defect;
}

/* The array doubles whenever its count is a power of two. */
static int add(struct url_list *list, const char *text)
{
    if ((list->count & (list->count - 1)) == 0) {
        size_t room = list->count ? 2 * list->count : 1;
        char **urls = realloc(list->urls, room * sizeof *urls);
        if (!urls)
            return task_fail(ENOMEM, "no memory for a list of %zu URLs", room);
        list->urls = urls;
    }
    list->urls[list->count] = strdup(text);
    if (!list->urls[list->count])
        return task_fail(ENOMEM, "no memory for a list of %zu URLs", list->count + 1);
    list->count++;
    return 0;
}

static char *trim(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    size_t length = strlen(text);
    while (length > 0 && isspace((unsigned char)text[length - 1]))
        length--;
    text[length] = '\0';
    return text;
}

static int read_lines(struct url_list *list, FILE *file, const char *path)
{
    char line[LINE_SIZE];
    for (size_t number = 1; fgets(line, sizeof line, file); number++) {
        if (!strchr(line, '\n') && !feof(file))
            return task_fail(EINVAL, PATH_SHOWN ":%zu: not text, or longer than %d characters",
                path, number, LINE_SIZE - 2);
        const char *text = trim(line);
        if (!*text || *text == '#')
            continue;
        const char *defect = find_defect(text);
        if (defect)
            return task_fail(EINVAL,
                PATH_SHOWN ":%zu: \"" TEXT_SHOWN "\" cannot be used as a "
                           "URL: %s",
                path, number, text, defect);
        int code = add(list, text);
        if (code)
            return code;
    }
    if (ferror(file))
        return task_fail(
            EINVAL, "cannot read the list of URLs " PATH_SHOWN ": %s", path, strerror(errno));
    if (list->count == 0)
        return task_fail(EINVAL, "the list " PATH_SHOWN " has no URL; write one a line", path);
    return 0;
}

int url_list_read(struct url_list *list, const char *path)
{
    *list = (struct url_list){0};
    FILE *file = fopen(path, "re");
    if (!file)
        return task_fail(
            EINVAL, "cannot read the list of URLs " PATH_SHOWN ": %s", path, strerror(errno));
    int code = read_lines(list, file, path);
    fclose(file);
    if (code)
        url_list_free(list);
    return code;
}

void url_list_free(struct url_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->urls[i]);
    free(list->urls);
    *list = (struct url_list){0};
}
