# Files that cannot be written, folders that vanish and runs that are ended: `copy` and `pipeline` count what fails with
# its cause, end, and leave nothing.

load common
setup() { common_setup; }
teardown() { common_teardown; }

# available NAME: the case was built, or the test is skipped
available() {
    poolbench list --json >list.json
    json list.json "[e['available'] for e in d['cases'] if e['name'] == '$1'] == [True]" || skip "$1 was not built"
}

# ended STATUS: waits for the program that was started
ended() {
    local status=0
    wait "$program" || status=$?
    cat out err
    [ "$status" = "$1" ]
}

some_file() { [ -n "$(find "$1" -type f -name "$2" 2>/dev/null)" ]; }

# The folder and all that its users put there meanwhile.
gone() { rm -rf "$1" 2>/dev/null && [ ! -e "$1" ]; }

@test "copies whose folder vanishes are errors with the cause, and the run ends" {
    available copy
    mkdir parent
    start run copy -N 100k --param size=0 --param folder=parent -b processes -n 2 --json
    within 10 some_file parent 'source-3'
    mv parent/poolbench-* moved
    ended 1
    json out 'd["errors"] > 0 and d["lost"] == 0 and d["ok"] + d["errors"] == 100000'
    json out 'all("No such file or directory" in f["cause"] for f in d["failures"])'
    rmdir parent
}

@test "copies on a full disk are errors with the cause, and all is removed" {
    available copy
    mount_folder full size=2300k
    run --separate-stderr poolbench run copy -N 6 --param size=500k --param "folder=$folder" -b threads -n 2 --json
    [ "$status" = 1 ]
    echo "$output" >run.json
    json run.json 'd["errors"] == 6 and all("No space left on device" in f["cause"] for f in d["failures"])'
    [ -z "$(ls -A "$folder")" ]
}

@test "sources that do not fit on the disk are refused, and removed" {
    available copy
    mount_folder full size=1M
    refused 1 '*source-*No space left on device*' run copy --param size=500k --param "folder=$folder"
    [ -z "$(ls -A "$folder")" ]
}

@test "direct copies are refused where the file system has none, with advice" {
    available copy
    mkdir "$BATS_TEST_TMPDIR/mount"
    mount -t ramfs none "$BATS_TEST_TMPDIR/mount" || {
        rmdir "$BATS_TEST_TMPDIR/mount"
        skip 'no file system can be mounted here'
    }
    refused 2 '*no O_DIRECT*folder=DIR*how=buffered*' run copy --param how=direct --param "folder=$BATS_TEST_TMPDIR/mount"
    [ -z "$(ls -A "$BATS_TEST_TMPDIR/mount")" ]
    echo words >"$BATS_TEST_TMPDIR/mount/file"
    refused 2 '*no O_DIRECT*give a file*' run copy --param how=direct --param "input=$BATS_TEST_TMPDIR/mount/file"
}

# left_nothing NAME PATTERN ARGUMENT...: ends `run NAME ARGUMENT...` by each signal once a file of that name is there
left_nothing() {
    local name=$1 pattern=$2 signal
    shift 2
    for signal in INT KILL; do
        start run "$name" "$@"
        within 20 some_file "$TMPDIR" "$pattern"
        kill -$signal "$program"
        ended "$([ $signal = INT ] && echo 130 || echo 137)"
        nothing_left
    done
}

@test "Ctrl-C in a run of copies or files, and SIGKILL, leave nothing" {
    available copy
    for backend in threads processes; do
        left_nothing copy 'source-3' -N 1M --param size=0 -b $backend -n 2
        left_nothing files '[0-9]*' -N 10M --param size=1k --param fsync=no -b $backend -n 2
    done
}

@test "Ctrl-C in a run of thumbnails or a pipeline, and SIGKILL, leave nothing" {
    available pipeline
    for backend in threads processes spawn; do
        left_nothing thumbnails 'photograph-*' -N 100 --param size=1024 -b $backend -n 2
        left_nothing pipeline 'photograph-*' -N 100 --param latency=50ms -b $backend -n 2
    done
}

# The setup's file has no name: it is seen by the descriptor.
makes_rows() { [ -n "$(find "/proc/$program/fd" -lname "$TMPDIR/*" 2>/dev/null)" ]; }

@test "Ctrl-C while groupby makes its rows, and SIGKILL, leave nothing" {
    for signal in INT KILL; do
        start run groupby --param rows=10M
        within 20 makes_rows
        kill -$signal "$program"
        ended "$([ $signal = INT ] && echo 130 || echo 137)"
        nothing_left
    done
}

@test "a pipeline whose output folder vanishes counts what it cannot write" {
    available pipeline
    poolbench run pipeline -N 12 --param latency=0 >made
    start run pipeline -N 12 --param latency=100ms --param output=thumbnails -b threads -n 2 --json
    within 20 some_file thumbnails 'photograph-*'
    within 10 gone thumbnails
    ended 1
    json out 'd["errors"] > 0 and d["lost"] == 0 and d["ok"] + d["errors"] == 12'
    json out 'all("photograph-" in f["cause"] and "No such file or directory" in f["cause"] for f in d["failures"])'
    [ ! -e thumbnails ]
}

@test "a pipeline onto a full disk counts what does not fit and leaves no half of one" {
    available pipeline
    mount_folder full size=12k
    run --separate-stderr poolbench run pipeline -N 12 --param latency=1ms --param "output=$folder" -b processes -n 4 --json
    [ "$status" = 1 ]
    echo "$output" >run.json
    json run.json 'd["ok"] > 0 and d["errors"] > 0 and d["ok"] + d["errors"] == 12'
    json run.json 'all("No space left on device" in f["cause"] for f in d["failures"])'
    [ "$(ls -A "$folder" | wc -l)" = "$(fields run.json ok)" ]
}

@test "pools for each stage make the files that one pool makes, or the reading fails with the cause" {
    available pipeline
    poolbench survey pipeline --rounds 1 --only 'one pool,split 2:1:2' -o survey.json
    json survey.json '{f["subject"] for f in d["figures"]} == {"one pool", "split 2:1:2"}'
    json survey.json 'all(r["value"] > 0 for r in d["readings"])'
    start survey pipeline --rounds 20 --only 'split 2:1:2' -o vanished.json
    within 20 some_file "$TMPDIR" 'photograph-000079.jpg' # the last that is made before the first round
    within 10 gone "$TMPDIR"/poolbench-pipeline-*
    ended 1
    json vanished.json 'any("No such file or directory" in r.get("failure", "") for r in d["readings"])'
}
