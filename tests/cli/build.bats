# The makefile, the registries and the set-up, on a small tree of their own: the real headers and scripts, and a program
# that lists its registries. Nothing is installed here: what is missing is either not looked for or NO_INSTALL is set.

setup() {
    top=$BATS_TEST_DIRNAME/../..
    tree="$BATS_TEST_TMPDIR/a tree"
    mkdir -p "$tree/cases" "$tree/harness/pool" "$tree/harness/measure" "$tree/harness/util" \
        "$tree/harness/demo" "$tree/harness/survey"
    cp "$top/Makefile" "$tree"
    cp "$top/cases/case.h" "$tree/cases"
    cp "$top"/harness/pool/*.h "$tree/harness/pool"
    cp "$top"/harness/measure/registry.[ch] "$tree/harness/measure"
    cp "$top/harness/demo/demo.h" "$tree/harness/demo"
    cp "$top/harness/survey/registry.h" "$tree/harness/survey"
    cp "$top"/harness/util/*.h "$top"/harness/util/*.sh "$tree/harness/util"
    cd "$tree"
    # Not what the make that runs these tests was told.
    unset MAKEFLAGS MFLAGS MAKELEVEL MAKE_TERMOUT MAKE_TERMERR CC CFLAGS SANITIZE VARIANT TESTS WITHOUT
    make_case null
    for backend in threads serial; do
        printf '#include "backend.h"\nconst struct pool_ops pool_%s = {.name = "%s"};\n' \
            "$backend" "$backend" >"harness/pool/$backend.c"
    done
    cat >harness/main.c <<'END'
#include "measure/registry.h"
#include "pool/backend.h"
#include "util/buildinfo.h"

#include <stdio.h>

int main(void)
{
    for (const struct registry_case *entry = registry_cases; entry->name; entry++)
        printf("case %s %s\n", entry->name, entry->bench ? "built" : entry->missing);
    for (const struct pool_ops *const *entry = registry_backends; *entry; entry++)
        printf("backend %s%s%s\n", (*entry)->name, (*entry)->supported ? ": " : "",
            (*entry)->supported ? (*entry)->supported() : "");
    for (const struct registry_demo *entry = registry_demos; entry->name; entry++)
        printf("demo %s %s\n", entry->name, entry->demo ? "built" : entry->missing);
    printf("commit %s\nflags %s\n", buildinfo_commit, buildinfo_flags);
    return 0;
}
END
}

# make_case NAME [LIBRARIES]
make_case() {
    printf '/* A case. %s\n * More words. */\n#include "case.h"\n\nconst struct bench_case case_%s = {.name = "%s"};\n' \
        "${2:+pkg-config: $2}" "$1" "${1//_/-}" >"cases/$1.c"
}

# make_backend FILE KEY-AND-NEEDS: ends in const struct pool_ops pool_NAME
make_backend() {
    local name=${1%.*}
    printf '/* A backend.\n * %s */\n#include "backend.h"\n\nextern const struct pool_ops pool_%s;\n' \
        "$2" "$name" >"harness/pool/$1"
    printf 'const struct pool_ops pool_%s = {.name = "%s"};\n' "$name" "${name//_/-}" >>"harness/pool/$1"
}

build() {
    NO_INSTALL=1 make -j2 CFLAGS=-O0 "$@"
}

listed() {
    ./poolbench | grep -qx "$1"
}

@test "a new case is picked up and a removed one forgotten without make clean" {
    build
    listed 'case null built'
    make_case brand_new
    build
    listed 'case brand-new built'
    rm cases/brand_new.c
    build
    listed 'case null built'
    run listed 'case brand-new .*'
    [ "$status" = 1 ]
}

@test "a new backend is picked up and a removed one forgotten, and serial stays first" {
    build
    [ "$(./poolbench | grep backend | tr '\n' ' ')" = 'backend serial backend threads ' ]
    sed 's/serial/another/g' harness/pool/serial.c >harness/pool/another.c
    build
    [ "$(./poolbench | grep backend | tr '\n' ' ')" = 'backend serial backend another backend threads ' ]
    rm harness/pool/another.c
    build
    [ "$(./poolbench | grep backend | tr '\n' ' ')" = 'backend serial backend threads ' ]
}

@test "a new hazard is picked up, a removed one forgotten, and one whose library is missing says so" {
    build
    run listed 'demo .*'
    [ "$status" = 1 ]
    printf '/* A hazard.\n * pkg-config: libnowhere */\n#include "demo.h"\n\n' >harness/demo/brand_new.c
    printf 'const struct demo demo_brand_new = {.name = "brand-new"};\n' >>harness/demo/brand_new.c
    build
    listed 'demo brand-new needs libnowhere'
    sed -i 's/libnowhere/jansson/' harness/demo/brand_new.c
    build
    listed 'demo brand-new built'
    rm harness/demo/brand_new.c
    build
    run listed 'demo .*'
    [ "$status" = 1 ]
}

@test "a source that was removed is missed at once" {
    printf 'int extra(void);\n\nint extra(void)\n{\n    return 0;\n}\n' >harness/util/extra.c
    sed -i 's/^int main/int extra(void);\n\n&/; s/return 0/return extra()/' harness/main.c
    build
    rm harness/util/extra.c
    run build
    [ "$status" = 2 ]
    [[ $output == *'undefined reference to `extra'* ]]
}

@test "a case whose library is missing is not compiled and says what to install" {
    make_case broken 'jansson libcurl'
    echo '#error "this does not compile"' >>cases/broken.c
    build WITHOUT=libcurl
    listed 'case broken needs libcurl (apt-get install libcurl4-openssl-dev)'
    make_case broken 'libnowhere'
    build
    listed 'case broken needs libnowhere'
    make_case broken 'jansson'
    build
    listed 'case broken built'
}

@test "a backend whose library is missing is not compiled and says what to install" {
    make_backend my_own.c 'pkg-config: jansson libuv'
    build
    listed 'backend my-own'
    echo '#error "this does not compile"' >>harness/pool/my_own.c
    build WITHOUT=libuv
    listed 'backend my-own: needs libuv (apt-get install libuv1-dev)'
    [ "$(./poolbench | grep -c backend)" = 3 ]
}

@test "a backend may need a flag of the compiler" {
    make_backend flagged.c 'compiler: -fopenmp'
    printf '#ifndef _OPENMP\n#error "without the flag"\n#endif\n' >>harness/pool/flagged.c
    build
    listed 'backend flagged'
    build WITHOUT=-fopenmp
    listed 'backend flagged: needs a compiler with -fopenmp (apt-get install libomp-dev)'
    make_backend flagged.c 'compiler: -fno-such-flag-at-all'
    build
    listed 'backend flagged: needs a compiler with -fno-such-flag-at-all'
}

@test "a backend in C++ is built where the compiler can" {
    make_backend plus.cpp ''
    sed -i 's/{.name = "plus"}/[] { pool_ops ops{}; ops.name = "plus"; return ops; }()/' harness/pool/plus.cpp
    sed -i 's/^extern .*/extern "C" { & }/' harness/pool/plus.cpp
    build
    listed 'backend plus'
    build WITHOUT=c++
    listed 'backend plus: needs a C++ compiler (apt-get install g++)'
}

@test "a case file without its struct is refused by name" {
    mv cases/null.c cases/other.c
    run build
    [ "$status" = 2 ]
    [[ $output == *"cases/other.c: no 'const struct bench_case case_other'"* ]]
}

@test "what nothing changed in is not built again" {
    build
    run build
    [ "$status" = 0 ]
    [ "$output" = '' ]
}

@test "a changed header and changed flags are built again" {
    build
    touch cases/case.h
    run build
    [[ $output == *'CC      cases/null.c'* && $output != *'CC      harness/main.c'* ]]
    run build CFLAGS=-O1
    [[ $output == *'CC      cases/null.c'* && $output == *'CC      harness/main.c'* ]]
}

@test "the build is described without a path and without a commit that is not there" {
    build CFLAGS='-O0 -I/usr/include'
    listed 'commit unknown'
    listed 'flags .*-std=gnu17.* -O0 .*'
    run grep -o '/usr' <(./poolbench)
    [ "$status" = 1 ]
}

@test "an edited source makes the commit dirty and a new report does not" {
    git init -q .
    git add Makefile cases harness
    git -c user.name=tester -c user.email=tester@localhost commit -qm 'First'
    commit=$(git rev-parse --short=12 HEAD)
    echo text >REPORT.md
    build
    listed "commit $commit"
    make_case edited
    build
    listed "commit $commit-dirty"
}

@test "clean, help and a dry run want nothing, a build names the compiler that is missing" {
    export NO_INSTALL=1 CC=no-such-compiler
    make help
    make clean
    make -n
    run make
    [ "$status" = 2 ]
    [[ $output == *'Debian package no-such-compiler'*'config.mk] Error 4'* ]]
}

@test "make clean removes all that was built, also together with other targets" {
    build
    build clean all
    listed 'case null built'
    make clean
    [ ! -e build ]
    [ ! -e poolbench ]
}

@test "set-up names what is missing and stops with status 4 where nothing may be installed" {
    mkdir bin
    for command in sh cat grep sort tr; do ln -s "$(command -v "$command")" bin; done
    run env PATH="$PWD/bin" NO_INSTALL=1 sh harness/util/setup.sh report
    [ "$status" = 4 ]
    [[ $output == *'gnuplot          Debian package gnuplot-nox'* ]]
    [[ $output == *'hyperfine        Debian package hyperfine'* ]]
    [[ $output == *'apt-get install gnuplot-nox hyperfine' ]]
    install /dev/null bin/gnuplot
    run env PATH="$PWD/bin" NO_INSTALL=1 sh harness/util/setup.sh report
    [ "$status" = 4 ]
    [[ $output == *'apt-get install hyperfine' ]]
}

@test "set-up says nothing when nothing is missing, and knows its groups" {
    run env NO_INSTALL=1 sh harness/util/setup.sh build check
    [ "$status" = 0 ]
    [ "$output" = '' ]
    run sh harness/util/setup.sh nonsense
    [ "$status" = 2 ]
    run sh harness/util/setup.sh
    [ "$status" = 2 ]
}
