/* Which cases, backends and hazards there are. The tables are generated from the listing of cases/,
 * harness/pool/ and harness/demo/ (harness/util/registry.sh), so that a new file is all that a new
 * one takes. They are constant: any thread may read them at any time. */
#ifndef MEASURE_REGISTRY_H
#define MEASURE_REGISTRY_H

struct bench_case;
struct demo;
struct pool_ops;

/* A case that was built has bench, one that was not has missing; exactly one of the two is set. */
struct registry_case {
    const char *name; /* the file's name without .c, with hyphens */
    const struct bench_case *bench;
    const char *missing; /* why, and what to install: "needs libcurl (apt-get install ...)" */
};

/* A hazard likewise. */
struct registry_demo {
    const char *name;
    const struct demo *demo;
    const char *missing;
};

/* In alphabetical order; the last one's name is NULL. */
extern const struct registry_case registry_cases[];
extern const struct registry_demo registry_demos[];

/* serial first, then in alphabetical order; ends with NULL. */
extern const struct pool_ops *const registry_backends[];

/* The case, backend or hazard of that name, spelled exactly; NULL if there is none. A case or
 * hazard that was found may still be unavailable: look at missing. */
const struct registry_case *registry_case(const char *name);
const struct pool_ops *registry_backend(const char *name);
const struct registry_demo *registry_demo(const char *name);

#endif
