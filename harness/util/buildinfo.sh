#!/bin/sh
# Prints buildinfo.c (see buildinfo.h): `buildinfo.sh COMPILER FLAGS`. "-dirty" says that what the program is made of
# differs from the commit; results and reports do not count, because measuring changes them.
set -eu

commit=unknown
# An empty prefix: this folder is the top of its own repository, not a copy inside somebody else's.
if prefix=$(git rev-parse --show-prefix 2>/dev/null) && [ -z "$prefix" ]; then
    commit=$(git rev-parse --verify --short=12 HEAD 2>/dev/null || echo unknown)
    changes=$(git --no-optional-locks status --porcelain -- Makefile cases harness)
    if [ "$commit" != unknown ] && [ -n "$changes" ]; then
        commit=$commit-dirty
    fi
fi

# shellcheck disable=SC2086 # a compiler may be two words, as in "ccache gcc"
compiler=$($1 --version | head -n 1)

quote() {
    printf '%s' "$1" | sed 's/[\\"]/\\&/g'
}

printf '#include "harness/util/buildinfo.h"\n\n'
printf 'const char buildinfo_commit[] = "%s";\n' "$(quote "$commit")"
printf 'const char buildinfo_compiler[] = "%s";\n' "$(quote "$compiler")"
printf 'const char buildinfo_flags[] = "%s";\n' "$(quote "$2")"
