/* What this program was built from, for the provenance of every result. Generated at build time by
 * buildinfo.sh; the texts are constant and contain no path of the machine that built it. */
#ifndef UTIL_BUILDINFO_H
#define UTIL_BUILDINFO_H

/* The commit's first 12 digits, with "-dirty" where the sources differ from it; "unknown" without
 * a git repository. */
extern const char buildinfo_commit[];

/* The first line of the compiler's --version. */
extern const char buildinfo_compiler[];

/* The flags that every file was compiled with. */
extern const char buildinfo_flags[];

#endif
