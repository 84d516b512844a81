/* A list of URLs in a text file: one a line, blank lines and lines that begin with # left out. */
#ifndef SUPPORT_URL_LIST_H
#define SUPPORT_URL_LIST_H

#include <stddef.h>

struct url_list {
    char **urls;
    size_t count;
};

/* Reads the whole list; every line must be a well-formed http or https URL. Returns 0, or EINVAL
 * or ENOMEM with a message (task_fail) that names the file and the line, and an empty list. */
int url_list_read(struct url_list *list, const char *path);

/* Frees the URLs; an empty list is allowed. */
void url_list_free(struct url_list *list);

#endif
