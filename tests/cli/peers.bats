# cases/peers: the same work in Python, on Python's pools. Answers are held against those of the program.

load common
setup() { common_setup; }
teardown() { common_teardown; }

# Debian's Pillow and joblib are there for Debian's own Python.
python=$([ -x /usr/bin/python3 ] && echo /usr/bin/)python3

# peer SCRIPT ARGUMENT...: a script of the folder, marked as the program is
peer() {
    local script=$1
    shift
    # shellcheck disable=SC2154 # set by common_setup
    env "$mark" "${interpreter:-$python}" -B "$top/cases/peers/$script" "$@"
}

# answers FILE: what the program and a peer both say of a case
answers() {
    grep -oE '"(checksum|result)": "[^"]*"' "$1"
}

# same CASE "ARGUMENT..." POOL...: on each pool, the case answers as in C
same() {
    local bench=$1 pool
    # shellcheck disable=SC2206 # words
    local arguments=($2)
    shift 2
    poolbench run "$bench" "${arguments[@]}" --json >c.json
    for pool; do
        peer run.py "$bench" "${arguments[@]}" --pool "$pool" >peer.json
        echo "$bench $pool: $(cat peer.json)"
        [ -n "$(answers c.json)" ]
        diff <(answers c.json) <(answers peer.json)
    done
}

joblib() {
    peer run.py --list | grep -E '^  joblib-loky +joblib.Parallel' || skip 'joblib is not installed'
}

# peer_refused STATUS PATTERN SCRIPT ARGUMENT...: a peer ends as the program does where it refuses
peer_refused() {
    local wanted=$1 pattern=$2
    shift 2
    run --separate-stderr peer "$@"
    # shellcheck disable=SC2154 # set by run
    echo "status $status; stdout: $output; stderr: $stderr"
    # shellcheck disable=SC2053 # a pattern
    [ "$status" = "$wanted" ] && [ -z "$output" ] && [ "$(wc -l <<<"$stderr")" = 1 ] && [[ $stderr == $pattern ]]
}

@test "each case that computes or waits gives C's answer in Python, on each pool of the standard library" {
    same powersum '-N 10 --param n=10k --param repeat=2' serial threading.Thread Thread-per-task ThreadPool Pool-fork \
        Pool-spawn ThreadPoolExecutor ProcessPoolExecutor
    same primes '--param from=100 --param to=150' serial Pool-fork ThreadPoolExecutor
    same sleep '-N 8 --param duration=1ms --seed 7' threading.Thread ProcessPoolExecutor
    same null '-N 100 --chunk 7' Thread-per-task Pool-fork ProcessPoolExecutor
}

@test "joblib's pools give C's answer" {
    joblib
    same powersum '-N 10 --param n=1k' joblib-threading joblib-multiprocessing joblib-loky
}

@test "thumbnails in Python are as many as in C, and each has the same size in pixels" {
    "$python" -c 'import PIL' || skip 'Pillow is not installed'
    poolbench run thumbnails -N 6 --param output=C >/dev/null
    peer run.py thumbnails -N 6 --pool Pool-fork --param output=P --param against=C >peer.json
    json peer.json 'd["result"] == "6 thumbnails" and d["checksum"] is None'
    diff <(ls C) <(ls P)
    poolbench run thumbnails -N 6 --param output=C --param size=60 >/dev/null
    peer_refused 1 'run.py: ValueError: photograph-*.jpg: *' run.py thumbnails -N 6 --param against="$PWD/C"
}

@test "the survey starts the server of http for Python, and its answers are C's" {
    poolbench survey python --only 'http threading.Thread,http Pool-fork' --rounds 1 -o http.json --json >out
    json out 'len(d["rows"]) == 12 and all(r["readings"] == 1 and not r["failed"] for r in d["rows"])'
}

@test "a command whose answer is not C's has failed, and the survey says with what" {
    printf '#!/bin/sh\necho "{\\"checksum\\": \\"0x0\\", \\"result\\": \\"1\\", \\"wall_s\\": 1, \\"start_s\\": 1}"\n' >liar
    chmod +x liar
    POOLBENCH_PYTHON=$PWD/liar run -1 --separate-stderr poolbench survey python --only 'small tasks serial' --rounds 1 -o wrong.json --json
    echo "$output" >out
    [[ $stderr == *"3 of 3 readings failed; the first, of small tasks serial: its checksum is 0x0, C's "* ]]
    json out 'all(r["failed"] == 1 and "its checksum is 0x0, C" in r["failure"] for r in d["rows"])'
}

@test "without Python, Pillow or joblib one line says what to install" {
    for survey in python python-faults; do
        POOLBENCH_PYTHON=/nowhere/python3 refused 4 '*needs python3 (apt-get install python3)' survey "$survey"
    done
    printf '#!/bin/sh\nexec %s -S "$@"\n' "$python" >bare # without the folder of packages
    chmod +x bare
    interpreter=$PWD/bare
    peer_refused 4 'run.py: *apt-get install python3-pil)' run.py thumbnails
    for pool in joblib-threading joblib-loky; do
        peer_refused 4 'run.py: *apt-get install python3-joblib)' run.py null --pool "$pool"
        peer_refused 4 'methods.py: *apt-get install python3-joblib)' methods.py "$pool" Parallel
        peer_refused 4 'faults.py: *apt-get install python3-joblib)' faults.py "$pool" Parallel fail
    done
    peer run.py --list >listed
    grep -E '^  thumbnails +not available: .*python3-pil' listed
    grep -E '^  joblib-loky +not available: .*python3-joblib' listed
    POOLBENCH_PYTHON=$interpreter run -1 --separate-stderr poolbench survey python --only 'small tasks joblib-loky' --rounds 1 -o x.json --json
    echo "$output" >out
    json out 'all("python3-joblib" in r["failure"] for r in d["rows"])'
}

@test "a peer refuses what cannot be with one line" {
    peer_refused 2 'run.py: no case nonsense; there are null, powersum, *' run.py nonsense
    peer_refused 2 'run.py: no pool Pool; there are serial, *' run.py null --pool Pool
    peer_refused 2 'run.py: workers are at least 1*' run.py null -w 0
    peer_refused 2 'run.py: --param n=1x: give a number*' run.py powersum --param n=1x
    peer_refused 2 'run.py: --param m: the case has no such parameter' run.py powersum -N 1 --param n=1 --param m=1
    peer_refused 2 'run.py: from and to belong together*' run.py primes --param from=1
    peer_refused 2 'run.py: http needs a server*' run.py http
    peer_refused 2 'run.py: no photographs in /nowhere: *' run.py thumbnails --param input=/nowhere
    peer_refused 1 'run.py: ConnectionRefusedError: *' run.py http --param url=http://127.0.0.1:1/
    peer_refused 2 'methods.py: Pool-fork has no method submit; it has apply, *' methods.py Pool-fork submit
    peer_refused 2 'methods.py: Pool-fork.apply has no chunks*' methods.py Pool-fork apply --chunk 2
    peer_refused 2 'breakeven.py: no pool nonsense; *' breakeven.py nonsense
}

@test "a killed worker hangs multiprocessing.Pool, breaks an executor and costs ours one task" {
    peer faults.py Pool-fork imap_unordered kill -N 100 --limit 2 >pool.json
    json pool.json '(d["results"], d["hang"]) == (99, 1)'
    peer faults.py ProcessPoolExecutor submit kill -N 100 --limit 30 >executor.json
    json executor.json 'd["results"] < 100 and d["hang"] == 0 and d["note"].startswith("BrokenProcessPool")'
    poolbench survey python-faults --rounds 1 --only 'worker killed: processes (C),worker killed: spawn (C)' \
        -o ours.json --json >out
    json out '[r["median"]["value"] for r in d["rows"] if r["figure"] != "until the end"] == [999, 1000, 0] * 2'
}

@test "a failing task of map_async costs the rest of its chunk, and the tasks of other chunks run" {
    for method in map_async starmap; do
        peer faults.py Pool-fork "$method" fail -N 100 --chunk 10 --limit 30 >chunks.json
        json chunks.json '(d["results"], d["ran"], d["hang"]) == (0, 91, 0)'
    done
    for known in 'joblib-loky Parallel' 'Thread-per-task map'; do
        read -r pool method <<<"$known"
        peer faults.py "$pool" "$method" fail -N 20 --limit 30 >one.json
        json one.json '11 <= d["ran"] <= 20 and d["results"] == 0 and d["note"].startswith("ValueError")'
    done
}

@test "methods are told apart by what they do: order of results, and whether the call waits" {
    for known in 'ThreadPool map 1 1' 'Pool-fork imap 1 0' 'Pool-fork imap_unordered 0 0' \
        'ThreadPoolExecutor submit 1 0' 'ThreadPool apply 1 1'; do
        read -r pool method order blocks <<<"$known"
        peer methods.py "$pool" "$method" >method.json
        json method.json "(d['in_order'], d['blocks']) == ($order, $blocks) and d['wall_s'] > 0"
    done
    poolbench survey methods --rounds 1 -o m.json --json \
        --only 'processes pool_submit (C),threads pool_imap unordered (C),threads pool_map (C)' >out
    json out '[r["median"]["value"] for r in d["rows"] if r["unit"] == ""] == [1, 1, 0, 0, 1, 0]'
}

@test "no worker outlives a run that is killed, nor a survey that is interrupted" {
    for pool in Pool-fork Pool-spawn ProcessPoolExecutor; do
        env "$mark" "$python" -B "$top/cases/peers/run.py" sleep --pool "$pool" -N 100 --param duration=5s 3>&- &
        within 20 eval '[ "$(marked | wc -w)" -ge 3 ]'
        kill -KILL $!
        within 10 nobody_marked
    done
    run peer run.py sleep --pool Pool-fork -N 2 --param duration=60s --limit 1
    [ "$status" = 142 ] # SIGALRM
    within 10 nobody_marked
    start survey python-faults --only 'worker killed: Pool-fork.map' --rounds 1 -o x.json
    within 20 eval '[ "$(marked | wc -w)" -ge 5 ]'
    kill -INT "$program"
    run wait "$program"
    nothing_left
}
