#!/usr/bin/env bats
# survey: figures that are no speed-up, read in rounds.

load common

setup() { common_setup; }

teardown() {
    if [ -n "${program:-}" ]; then kill -KILL "$program" 2>/dev/null || true; fi
    common_teardown
}

@test "a survey prints a row a figure, and writes a file that the schema knows" {
    run -0 --separate-stderr poolbench survey queues --rounds 1 --only FIFO,LIFO -o q.json
    [[ $output == *"FIFO"*"put and get, alone"*"LIFO"*"room for 1"* ]]
    [[ $output != *priority* ]]
    "$top/tests/schema-check" q.json
}

@test "--json gives each figure's median, interval and count" {
    poolbench survey queues --rounds 6 --only FIFO --json -o q.json >said.json
    json said.json 'd["schema"] == "poolbench/survey/v1" and d["rounds"] == 6 and d["complete"] and len(d["rows"]) == 5'
    json said.json 'd["rows"][0]["subject"] == "FIFO" and d["rows"][0]["unit"] == "s" and d["rows"][0]["failed"] == 0'
    json said.json 'all(interval(r["median"]) and 0 < r["median"]["lo"] <= r["median"]["value"] for r in d["rows"])'
}

@test "an unknown survey or subject is refused with what there is" {
    run -2 --separate-stderr poolbench survey quues
    [[ $stderr == *'unknown survey "quues"'* ]]
    run -2 --separate-stderr poolbench survey queues --only FIFO,LILO -o q.json
    [[ $stderr == *'no subject "LILO"; there are FIFO, LIFO, priority'* ]]
    [ ! -e q.json ]
}

@test "list shows surveys, and list NAME what one reads" {
    run -0 poolbench list
    [[ $output == *SURVEY*locks*queues* ]]
    run -0 poolbench list locks
    [[ $output == *"Each kind of lock guards one counter."* ]]
}

# Whether the process of a reading is there, other than $reading; $reading is then that one.
reads() {
    local child
    child=$(cut -d ' ' -f 1 "/proc/$program/task/$program/children")
    [ -n "$child" ] && [ "$child" != "${reading:-}" ] && reading=$child
}

@test "Ctrl-C keeps what was read, and leaves nothing running" {
    start survey locks --rounds 1000 -o l.json
    within 20 reads
    within 20 reads # the second: the first was kept
    kill -INT "$program"
    status=0
    wait "$program" || status=$?
    [ "$status" = 130 ]
    grep -q incomplete err
    "$top/tests/schema-check" l.json
}

@test "a survey whose program is killed leaves nothing running" {
    start survey locks --rounds 1000 -o l.json
    within 20 reads
    kill -KILL "$program"
    wait "$program" || true
    nothing_left
}

# started WORDS COUNT: whether so many marked processes have a command line with these words (a pattern)
started() {
    local process count=0
    for process in $(marked); do
        if tr "\0" " " 2>/dev/null <"/proc/$process/cmdline" | grep -q "$1"; then count=$((count + 1)); fi
    done
    [ "$count" -ge "$2" ]
}

# killed: the program, which has a folder
killed() {
    [ -n "$(find "$TMPDIR" -name 'poolbench-survey-*')" ]
    kill -KILL "$program"
    wait "$program" || true
    nothing_left
}

@test "a survey of Python's pools that is killed leaves no process and no folder" {
    poolbench list methods >list.out 2>&1 || skip "$(tail -n 1 list.out)"
    start survey methods --rounds 1000 --only Pool-fork.map -o x.json
    within 30 started '^[^ ]*python3.*methods.py' 2
    killed
}

@test "a command of Python that hyperfine has started ends with the survey that is killed" {
    poolbench list python >list.out 2>&1 || skip "$(tail -n 1 list.out)"
    printf '#!/bin/sh\nPYTHONPATH=%q exec python3 -Bc "from peers import guard; import time; time.sleep(1000)"\n' \
        "$top/cases" >sleeper
    chmod +x sleeper
    export POOLBENCH_PYTHON=$PWD/sleeper
    start survey python --rounds 1000 --only 'sleep Pool-fork' -o x.json
    within 30 started '^[^ ]*python3 -Bc from peers import guard' 1
    killed
}

@test "a budget ends it after a round" {
    run -0 --separate-stderr poolbench survey locks --rounds 1000 --budget 1ms --only 'atomic addition' -o l.json
    [[ $output == *"locks: 1 round,"* ]]
}

@test "latency has the median and the 99th percentile for each number of computing workers" {
    poolbench survey latency --rounds 1 --only threads,gil --json -o l.json >said.json
    json said.json '[(r["subject"], r["x"], r["figure"]) for r in d["rows"]] ==
        [(s, x, f) for s in ("threads", "gil") for x in (1, 2, 4) for f in ("p50", "p99")]'
    json said.json 'all(r["failed"] == 0 and r["median"]["value"] > 0 for r in d["rows"])'
}

@test "a result says what is not available on the machine, and a survey without its program ends with 4" {
    export POOLBENCH_PYTHON=/nowhere/python3
    poolbench survey locks --rounds 1 --only 'atomic addition' -o l.json
    "$top/tests/schema-check" l.json
    json l.json 'any(t.startswith("survey python: ") for t in d["machine"]["unavailable"])'
    refused 4 '*survey python: needs python3 (apt-get install python3)' survey python --rounds 1 -o p.json
    [ ! -e p.json ]
}
