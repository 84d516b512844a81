/* Cases from shared objects, given by their path. */
#ifndef MEASURE_PLUGIN_H
#define MEASURE_PLUGIN_H

#include "../../cases/case.h"

/* Whether a case's name is meant as a path: it has a '/', or ends in ".so". */
bool plugin_is_path(const char *name);

/* The file's name without folder and ".so", for labels. Returns text. */
const char *plugin_label(const char *path, char *text, size_t size);

/* Loads the object and returns its case, or NULL with one line in why: no shared object, no
 * `bench_plugin` in it, another version or size, or a case with a fault. It stays
 * loaded until the program ends, since workers may run its code. */
const struct bench_case *plugin_load(const char *path, char *why, size_t size);

#endif
