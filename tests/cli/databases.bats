# The cases sqlite and postgres from outside: limits, faults and kills are counted or said, and neither a process, a
# socket, a segment of shared memory nor a folder stays behind.

load common

setup() {
    common_setup
    # PostgreSQL's server does not run as root, and its user must come as far as its folder.
    chmod o+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$BATS_TEST_TMPDIR" "$TMPDIR"
}

teardown() {
    if [ -n "${program:-}" ]; then kill -KILL "$program" 2>/dev/null || true; fi
    within 10 no_server
    common_teardown
}

# available CASE: or the test is skipped
available() {
    poolbench list "$1" >list.out 2>&1 || skip "$(tail -n 1 list.out)"
}

# The processes of PostgreSQL's servers, which write over their environment but stay in their folder.
server_processes() {
    local process folder
    for process in /proc/[0-9]*; do
        folder=$(readlink "$process/cwd") || continue
        case $folder in "$BATS_TEST_TMPDIR"/*/poolbench-postgres-*) echo "${process#/proc/}" ;; esac
    done
}

no_server() {
    [ -z "$(server_processes)" ]
}

# Whether the server of $program is ready; $server is its first process, $segment its shared memory.
has_server() {
    local file
    file=$(find "$TMPDIR" -name postmaster.pid 2>/dev/null)
    [ -n "$file" ] && grep -q '^ready' "$file" || return 1
    server=$(sed -n 1p "$file")
    segment=$(sed -n 7p "$file" | awk '{ print $2 }')
}

has_segment() {
    ipcs -m | awk '{ print $2 }' | grep -qx "$1"
}

# Nothing of ours that `nothing_left` does not see.
no_server_left() {
    nothing_left
    within 10 no_server
    run has_segment "$segment"
    [ "$status" = 1 ]
}

# named NAME: the program's processes of that name (a pattern)
named() {
    local process
    for process in $(marked); do
        if grep -qs "^$1" "/proc/$process/comm"; then echo "$process"; fi
    done
}

# has_workers COUNT: whether at least so many worker processes are there
has_workers() {
    [ "$(named pb-process- | wc -l)" -ge "$1" ]
}

# Segments of shared memory that nobody has mapped: what servers have left.
orphans() {
    ipcs -m | awk '$5 == 56 && $6 == 0 { print $2 }'
}

# ended STATUS: waits for the program
ended() {
    local status=0
    wait "$program" || status=$?
    echo "status $status; $(cat err)"
    [ "$status" = "$1" ]
}

@test "sqlite counts reads, writes and lock waits, and verifies them" {
    available sqlite
    for journal in wal delete; do
        poolbench run sqlite -b processes -n 2 -N 60 --param journal=$journal --param writes=0.5 --json >run.json
        json run.json 'd["ok"] == 60 and d["lost"] == 0'
        json run.json '"reads" in d["result"] and "writes" in d["result"] and "waits for a lock" in d["result"]'
    done
}

@test "Ctrl-C in a run of sqlite, and SIGKILL, leave no folder and no process" {
    available sqlite
    for signal in INT KILL; do
        start run sqlite -b processes -n 2 -N 1M --param fsync=no
        within 20 has_workers 2
        [ -n "$(ls "$TMPDIR")" ]
        kill -$signal "$program"
        ended "$([ $signal = INT ] && echo 130 || echo 137)"
        nothing_left
    done
}

@test "a full disk fails a run of sqlite with the cause and leaves nothing" {
    available sqlite
    mount_folder '' size=400k
    run --separate-stderr poolbench run sqlite -N 1k --param folder="$folder" --param writes=1 --param rows=100
    [ "$status" = 1 ]
    [[ $stderr == *'/db: database or disk is full'* ]]
    [ -z "$(ls -A "$folder")" ]
}

@test "postgres runs on a private server of which nothing is left" {
    available postgres
    poolbench run postgres -b processes -n 4 -N 20 --json >run.json
    json run.json 'd["ok"] == 20'
    json run.json '"20 selects of 10 rows, 0 failed" in d["result"] and "waits for a connection" in d["result"]'
}

@test "postgres says which package is missing where there are no server programs" {
    available postgres
    hidden() {
        unshare --mount sh -c 'mount -t tmpfs none /usr/lib/postgresql && exec "$@"' sh env "$mark" PATH=/usr/bin:/bin \
            "$POOLBENCH" "$@"
    }
    hidden list >list.out 2>&1 || skip 'programs cannot be hidden here'
    grep -q '^postgres .*; not here: needs' list.out
    hidden list --json >list.json
    json list.json '[(e["available"], "apt-get install postgresql" in e["reason"]) for e in d["cases"]
        if e["name"] == "postgres"] == [(False, True)]'
    for words in 'run postgres' 'sweep postgres -o x.json' 'list postgres'; do
        # shellcheck disable=SC2086 # several words
        run --separate-stderr hidden $words
        [ "$status" = 4 ]
        [[ $stderr == *'case postgres: needs '*'(apt-get install postgresql)'* ]]
    done
}

@test "connections above the server's limit are counted as errors in the server's words" {
    available postgres
    run --separate-stderr poolbench run postgres -b threads -n 8 -N 40 --param max_connections=2 --json
    [ "$status" = 1 ]
    echo "$output" >run.json
    json run.json 'd["ok"] >= 1 and d["errors"] >= 1 and d["ok"] + d["errors"] == 40'
    json run.json 'all("too many clients already" in f["cause"] for f in d["failures"])'
}

@test "a server killed half-way fails the tasks behind, and the run ends" {
    available postgres
    start run postgres -b processes -n 2 -N 400 --param latency=20ms --json
    within 60 has_server
    within 20 has_workers 2
    kill -KILL "$server"
    ended 1
    json out 'd["errors"] >= 1 and d["ok"] + d["errors"] == 400'
    json out 'all("PostgreSQL" in f["cause"] or "select failed" in f["cause"] for f in d["failures"])'
    no_server_left
}

@test "Ctrl-C in a run of postgres, and SIGKILL, leave no server, socket, segment or folder" {
    available postgres
    for signal in INT KILL; do
        start run postgres -b processes -n 2 -N 1M
        within 60 has_server
        within 20 has_workers 2
        kill -$signal "$program"
        ended "$([ $signal = INT ] && echo 130 || echo 137)"
        no_server_left
    done
}

has_cluster() {
    [ -n "$(find "$TMPDIR" -name PG_VERSION 2>/dev/null)" ]
}

@test "SIGKILL while the cluster is made leaves nothing" {
    available postgres
    before=$(orphans)
    start run postgres
    within 60 has_cluster
    kill -KILL "$program"
    ended 137
    nothing_left
    [ "$(orphans)" = "$before" ]
}

@test "a keeper that is killed takes the server with it" {
    available postgres
    start run postgres -b processes -n 2 -N 200 --param latency=20ms
    within 60 has_server
    within 20 has_workers 2
    keeper=$(named poolbench-keep)
    kill -KILL "$keeper"
    ended 1
    grep -q 'cannot connect to PostgreSQL' err
    no_server_left
}

@test "a disk too small for a cluster is the cause that a run of postgres ends with" {
    available postgres
    mount_folder '' size=8m
    before=$(orphans)
    run --separate-stderr poolbench run postgres --param folder="$folder"
    [ "$status" = 1 ]
    [[ $stderr == *'initdb failed: '*'No space left on device'* ]]
    [ -z "$(ls -A "$folder")" ]
    [ "$(orphans)" = "$before" ]
}
