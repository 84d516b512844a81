#!/bin/sh
# Sees to what poolbench needs from the system: `setup.sh GROUP...` looks for everything in these groups, says what is
# missing by name and installs it with apt-get where the user is root or has sudo. Every make target calls it first, so
# it is silent and quick when nothing is missing.
#
#   setup.sh build report check lint ci   groups; ci is all of them and clang
#   setup.sh bench                        what only make bench compares with
#   setup.sh --missing NAME               "needs NAME (apt-get install PACKAGE)" where a library (its pkg-config name),
#                                         c++ or a compiler's -fFLAG is missing; nothing where it is there
#
# NO_INSTALL=1       only print what is missing
# WITHOUT="A B"      do without these optional libraries
# CC                 the compiler to look for; any of gcc and clang by default
#
# Status 0: all there (or only optional libraries missing, and no way to install them); 2: usage; 4: something missing.
# Messages go to stderr. Plain POSIX sh, because it runs before anything is installed.
set -u

# group, need (! required, ? optional), kind, what to look for, Debian package
table() {
    cat <<END
build  ! compiler ${CC:-gcc|clang} -
build  ! header  stdio.h         libc6-dev
build  ! command pkg-config      pkg-config
build  ! pkg     jansson         libjansson-dev
build  ! pkg     hwloc           libhwloc-dev
build  ! pkg     cminpack        libcminpack-dev
build  ? pkg     libjpeg         libjpeg-dev
build  ? pkg     libcurl         libcurl4-openssl-dev
build  ? pkg     libmicrohttpd   libmicrohttpd-dev
build  ? pkg     libcrypto       libssl-dev
build  ? pkg     libzstd         libzstd-dev
build  ? pkg     gmp             libgmp-dev
build  ? pkg     sqlite3         libsqlite3-dev
build  ? pkg     libpq           libpq-dev
build  ? pkg     libxxhash       libxxhash-dev
build  ? pkg     glib-2.0        libglib2.0-dev
build  ? pkg     libuv           libuv1-dev
build  ? pkg     tbb             libtbb-dev
build  ? c++     c++             g++
build  ? flag    -fopenmp        libomp-dev
report ! command gnuplot         gnuplot-nox
report ! command hyperfine       hyperfine
report ? debian  PIL             python3-pil
report ? debian  joblib          python3-joblib
check  ! pkg     cmocka          libcmocka-dev
check  ! command bats            bats
check  ! command git             git
check  ! command gnuplot         gnuplot-nox
check  ! command hyperfine       hyperfine
check  ! python  jsonschema      python3-jsonschema
check  ? server  postgresql      postgresql
check  ? debian  PIL             python3-pil
check  ? debian  joblib          python3-joblib
lint   ! command clang-format    clang-format
lint   ! command clang-tidy      clang-tidy
lint   ! command shellcheck      shellcheck
bench  ? debian  joblib          python3-joblib
bench  ? debian  PIL             python3-pil
bench  ? command vipsthumbnail   libvips-tools
ci     ! command gcc             gcc
ci     ! command clang           clang
END
}

say() {
    printf 'poolbench setup: %s\n' "$*" >&2
}

# The first of the commands in $1 (separated by |) that exists.
first_command() {
    (
        IFS='|'
        for name in $1; do
            command -v "${name%% *}" && break
        done
    )
}

# links -x LANGUAGE TEXT FLAG: whether the compiler makes a program of it
links() {
    # shellcheck disable=SC2086 # a compiler may be two words, as in "ccache gcc"
    printf '%s\nint main(void) { return 0; }\n' "$3" | ${CC:-$(first_command 'gcc|clang')} "$1" "$2" - -o /dev/null "$4" 2>/dev/null
}

# present KIND WHAT
present() {
    case $1 in
    command | compiler) [ -n "$(first_command "$2")" ] ;;
    pkg) pkg-config --exists "$2" 2>/dev/null ;;
    c++) links -x c++ '#include <atomic>' -lstdc++ ;;
    flag) links -x c '' "$2" ;;
    python) [ -d "/usr/lib/python3/dist-packages/$2" ] || python3 -c "import $2" 2>/dev/null ;;
    # a module of Debian's own Python; where there is none, its packages are of no use
    debian) [ ! -x /usr/bin/python3 ] || /usr/bin/python3 -c "import $2" 2>/dev/null ;;
    # Debian keeps a server's programs out of PATH, in a folder for each version
    server) [ -n "$(first_command postgres)" ] || ls /usr/lib/"$2"/*/bin/postgres >/dev/null 2>&1 ;;
    header)
        # shellcheck disable=SC2086 # a compiler may be two words, as in "ccache gcc"
        printf '#include <%s>\n' "$2" | ${CC:-$(first_command 'gcc|clang')} -E -x c - >/dev/null 2>&1
        ;;
    esac
}

# Debian calls its compiler packages by the command's name.
package_of() {
    case $1 in
    compiler)
        package=${2%%|*}
        package=${package%% *}
        echo "${package##*/}"
        ;;
    *) echo "$3" ;;
    esac
}

# Prints "need what package" for each line of the table in the groups $1 (" a b ") that is missing.
find_missing() {
    table | while read -r group need kind what package; do
        case $1 in *" $group "*) ;; *) continue ;; esac
        case "$need ${WITHOUT:-} " in "? "*" $what "*) continue ;; esac
        present "$kind" "$what" || echo "$need $what $(package_of "$kind" "$what" "$package")"
    done
}

# How to run apt-get here, or nothing.
installer() {
    command -v apt-get >/dev/null || return
    if [ "$(id -u)" = 0 ]; then
        echo env
    elif command -v sudo >/dev/null; then
        if [ -t 0 ]; then echo sudo env; elif sudo -n true 2>/dev/null; then echo sudo -n env; fi
    fi
}

# install RUNNER PACKAGE...; package lists are fetched only where the ones on disk do not do.
install() {
    apt="$1 DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120"
    shift
    if $apt --no-install-recommends --simulate install "$@" >/dev/null 2>&1 &&
        $apt --no-install-recommends install "$@" >&2; then
        return 0
    fi
    $apt update >&2
    $apt --no-install-recommends install "$@" >&2
}

list_missing() {
    say 'missing:'
    printf '%s\n' "$1" | while read -r need what package; do
        case $what in *'|'*) what="${what%%|*} or ${what#*|}" ;; esac
        note=
        [ "$need" = '?' ] && note=" (optional: make WITHOUT=$what does without)"
        printf '  %-16s Debian package %s%s\n' "$what" "$package" "$note" >&2
    done
}

# Nothing can be installed here: optional libraries are done without, the rest ends it.
give_up() {
    missing=$1
    packages=$2
    if printf '%s\n' "$missing" | grep -q '^!'; then
        list_missing "$missing"
        say "nothing was installed ($3). Install the packages, then run make again: apt-get install $packages"
        exit 4
    fi
    say "going on without optional libraries ($3); to have all cases: apt-get install $packages"
    exit 0
}

main() {
    groups=" $* "
    case $groups in *' ci '*) groups=' build report check lint ci ' ;; esac
    for group in $groups; do
        case $group in build | report | check | lint | bench | ci) ;; *)
            say "unknown group '$group': use build, report, check, lint, bench or ci"
            exit 2
            ;;
        esac
    done
    missing=$(find_missing "$groups")
    [ -z "$missing" ] && exit 0
    packages=$(printf '%s\n' "$missing" | while read -r need what package; do echo "$package"; done |
        sort -u | tr '\n' ' ')
    packages=${packages% }

    if [ -n "${NO_INSTALL:-}" ]; then
        list_missing "$missing"
        say "NO_INSTALL is set, so nothing was installed. To install: apt-get install $packages"
        exit 4
    fi
    runner=$(installer)
    [ -n "$runner" ] || give_up "$missing" "$packages" 'neither root nor sudo, or no apt-get'

    list_missing "$missing"
    say "installing with apt-get: $packages"
    # shellcheck disable=SC2086 # one word a package
    install "$runner" $packages
    status=$?
    missing=$(find_missing "$groups")
    [ -z "$missing" ] && exit 0
    list_missing "$missing"
    say "could not install all of it (apt-get status $status; its words are above). Check the network and the package" \
        "sources, or install by hand, then run make again: apt-get install $packages"
    exit 4
}

# Whether a name in the table, or a library that is not, is missing, and what to install.
say_missing() {
    line=$(table | grep -F " $1 " | head -n 1)
    case $1 in -*) kind=flag ;; *) kind=pkg ;; esac
    # shellcheck disable=SC2086 # the table's columns
    set -- "$1" ${line:-build "?" $kind "$1"}
    case " ${WITHOUT:-} " in *" $1 "*) ;; *) present "$4" "$1" && return ;; esac
    case $4 in
    c++) what='a C++ compiler' ;;
    flag) what="a compiler with $1" ;;
    *) what=$1 ;;
    esac
    echo "needs $what${6:+ (apt-get install $6)}"
}

if [ "${1:-}" = --missing ]; then
    say_missing "$2"
    exit 0
fi
if [ $# = 0 ]; then
    say 'usage: setup.sh GROUP... (build, report, check, lint, bench, ci) or setup.sh --missing NAME'
    exit 2
fi
main "$@"
