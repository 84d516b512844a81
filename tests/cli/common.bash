# What the tests of the command line share: a folder for each test, TMPDIR in it, and a check afterwards that nothing
# is left there and no process of the program lives on. A test file's setup calls `common_setup`, its teardown
# `common_teardown`.

bats_require_minimum_version 1.5.0

common_setup() {
    mkdir "$BATS_TEST_TMPDIR/tmp" "$BATS_TEST_TMPDIR/work"
    export TMPDIR=$BATS_TEST_TMPDIR/tmp XDG_CACHE_HOME=$BATS_FILE_TMPDIR/cache
    mark=POOLBENCH_TEST=$BATS_TEST_TMPDIR
    top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
    cd "$BATS_TEST_TMPDIR/work" || return
}

common_teardown() {
    nothing_left
    local folder
    for folder in "$BATS_TEST_TMPDIR"/mount*; do
        if [ -d "$folder" ]; then umount "$folder"; fi
    done
}

# The program, marked in its environment, which everything that it starts inherits; with the PATH of $tools, if set.
poolbench() {
    env "$mark" PATH="${tools:-$PATH}" "$POOLBENCH" "$@"
}

# start ARGUMENT...: the program in the background; $program is its process id, out and err what it says
start() {
    env "$mark" "$POOLBENCH" "$@" >out 2>err 3>&- &
    program=$!
}

# Process ids of the program and all that it has started, on one line.
marked() {
    grep -lsxzF "$mark" /proc/[0-9]*/environ | cut -d / -f 3 | tr '\n' ' '
}

# within SECONDS COMMAND...: looks every 10 ms until the command succeeds
within() {
    local end=$((SECONDS + $1 + 1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.01
    done
}

nobody_marked() {
    [ -z "$(marked)" ]
}

# Descendants are to be gone within 1 s of the program's end: ten times that.
nothing_left() {
    within 10 nobody_marked || {
        echo "still running: $(marked)"
        return 1
    }
    [ -z "$(ls -A "$TMPDIR")" ] || {
        echo "left in TMPDIR: $(ls -A "$TMPDIR")"
        return 1
    }
}

# refused STATUS PATTERN ARGUMENT...: the program ends with that status, silent but for one line on stderr that matches
refused() {
    local wanted=$1 pattern=$2 said
    shift 2
    run --separate-stderr poolbench "$@"
    # shellcheck disable=SC2154 # set by run
    said=$(grep -v '^==[0-9]*==WARNING' <<<"$stderr") # a sanitizer's own words
    echo "status $status; stdout: $output; stderr: $said"
    # shellcheck disable=SC2053 # a pattern
    [ "$status" = "$wanted" ] && [ -z "$output" ] && [ "$(wc -l <<<"$said")" = 1 ] && [[ $said == $pattern ]]
}

# json FILE EXPRESSION: the Python expression of the document `d` is true
json() {
    python3 - "$@" <<'END'
import json, sys
def refuse(name): raise ValueError(name + " is no JSON")
with open(sys.argv[1], encoding="utf-8") as file:
    d = json.load(file, parse_constant=refuse)
def interval(x):
    return set(x) == {"value", "lo", "hi"} and all(v is None or number(v) for v in x.values())
def number(x): return isinstance(x, (int, float)) and not isinstance(x, bool)
def count(x): return isinstance(x, int) and not isinstance(x, bool) and x >= 0
def texts(x): return isinstance(x, list) and all(isinstance(t, str) for t in x)
if not eval(f"({sys.argv[2]})"):
    sys.exit(f"{sys.argv[2]} does not hold for {json.dumps(d)[:2000]}")
END
}

# fields FILE NAME...: the values of these keys of a JSON object, a line each
fields() {
    python3 - "$@" <<'END'
import json, sys
with open(sys.argv[1], encoding="utf-8") as file:
    d = json.load(file)
print("\n".join(str(d[name]) for name in sys.argv[2:]))
END
}

# mount_folder NAME OPTIONS: a file system in memory at $BATS_TEST_TMPDIR/mountNAME, or the test is skipped
mount_folder() {
    folder=$BATS_TEST_TMPDIR/mount$1
    mkdir "$folder"
    mount -t tmpfs -o "$2" none "$folder" 2>/dev/null || {
        rmdir "$folder"
        skip 'no file system can be mounted here'
    }
}

# A folder that may not be written to, also by root where it can mount; else the test is skipped.
read_only_folder() {
    if [ "$(id -u)" != 0 ]; then
        folder=$BATS_TEST_TMPDIR/read-only
        mkdir -m 555 "$folder"
    else
        mount_folder '' ro
    fi
}
