# poolbench compare: results made by hand, with times that are known, and commits of a small repository made for it.

load common
setup() { common_setup; }
teardown() { common_teardown; }

# made FILE [STATEMENTS]: a result of 12 blocks of serial, threads 1, threads 2 and processes 2, with 0.1 % of noise;
# the Python statements may change the document `d`, and times by `slow(config, factor)`
made() {
    mkdir -p "$(dirname "$1")"
    python3 - "$@" <<'END'
import json, os, sys
seconds = [0.4, 0.4, 0.2, 0.21]
wave = sum(os.path.abspath(sys.argv[1]).encode()) % 11
def sample(block, config):
    noise = 1 + 1e-4 * ((block * 7 + config * 5 + wave) % 12 - 5.5) + 1e-6 * wave
    return {"block": block, "config": config, "order": config, "at_s": block, "tasks": 100, "regions": 1,
        "wall_s": seconds[config] * noise, "start_s": 0, "stop_s": 0, "cpu_s": 0.1, "user_s": 0, "system_s": 0,
        "voluntary": 0, "involuntary": 0, "minor_faults": 0, "major_faults": 0, "ok": 100, "errors": 0, "lost": 0,
        "checksum": "0x00000000000000aa", "checksum_wrong": False, "peak_memory": 0, "failure": ""}
d = {"schema": "poolbench/result/v1", "label": "spin", "started": "2026-01-02T03:04:05Z", "command": "poolbench sweep spin",
    "machine": {"cpu_model": "CPU A", "kernel": "Linux 6.1", "flags": "-O2", "commit": "0123456789ab"},
    "seed": "0x0000000000000001", "complete": True, "usable_cpus": 2,
    "noise": {"window_s": 10, "steal_ticks": 0, "cpu_ticks": 2000, "throttled": 0, "swapped_in": 0,
        "cpus_changed": False, "others_s": 0, "psi_cpu": -1},
    "case": "spin", "kind": "cpu", "summary": "", "description": "", "tasks": 100, "even": True, "answer": None,
    "params": [{"name": "grain", "value": "10us"}],
    "configs": [{"backend": b, "workers": n, "chunk": 0}
        for b, n in (("serial", 1), ("threads", 1), ("threads", 2), ("processes", 2))],
    "blocks": [{"at_s": i, "canary_s": 1e-4} for i in range(12)],
    "samples": [sample(block, config) for block in range(12) for config in range(4)],
    "commands": [], "runs": [], "searches": [], "pairs": []}
def slow(config, factor):
    for s in d["samples"]:
        if s["config"] == config: s["wall_s"] *= factor
def machine(key, value): d["machine"][key] = value
for statement in sys.argv[2:]: exec(statement)
with open(sys.argv[1], "w") as file: json.dump(d, file)
END
}

# compare STATUS ARGUMENT...: ends with that status; what it says is in out and err
compare() {
    local wanted=$1 status=0
    shift
    poolbench compare "$@" >out 2>err || status=$?
    echo "status $status; $(cat out err)"
    [ "$status" = "$wanted" ]
}

@test "B that is slower beyond the threshold ends with status 1, and B that is faster with 0" {
    made a.json
    made b.json 'slow(2, 1.1)'
    "$top/tests/schema-check" a.json b.json
    compare 1 a.json b.json --json
    json out 'd["schema"] == "poolbench/compare/v1" and d["of"] == "time" and "above 1, B is faster" in d["ratio_is"]'
    json out '[(r["case"], r["backend"], r["workers"], r["verdict"], r["regression"]) for r in d["rows"]] == [
        ("spin", "serial", 1, "no detectable difference", False), ("spin", "threads", 1, "no detectable difference", False),
        ("spin", "threads", 2, "slower", True), ("spin", "processes", 2, "no detectable difference", False)]'
    json out 'all(interval(r["ratio"]) and r["ratio"]["lo"] <= r["ratio"]["value"] <= r["ratio"]["hi"] for r in d["rows"])'
    json out 'abs(d["rows"][2]["ratio"]["value"] - 1 / 1.1) < 1e-3 and d["rows"][2]["method"] == "rank sum"'
    json out 'all(r["p"] <= r["p_adjusted"] and 1 < r["detectable"] < 1.01 for r in d["rows"])'
    json out '"run to run" in d["note"] and d["differences"] == [] and not d["forced"]'
    compare 0 b.json a.json
    grep -q '^ratio: .*above 1, B is faster; p after Holm over 4 comparisons$' out
    grep -q '^spin  *threads, 2 .* 1\.100 \[.* faster$' out
    grep -q '^note: one run a side: ' out
}

@test "a threshold lets small regressions pass, and is a percentage" {
    made a.json
    made b.json 'slow(2, 1.02)'
    compare 0 a.json b.json
    grep -q 'slower$' out
    compare 1 a.json b.json --threshold 1%
    grep -q '^poolbench compare: B is slower by more than 1 % in 1 of 4$' err
    compare 0 a.json b.json --threshold 2.5%
    refused 2 '*--threshold: "0" is not a percentage (5%) from 0% to 1000%; the % is missing' \
        compare a.json b.json --threshold 0
}

@test "speedups are another question than times" {
    made a.json
    made b.json 'slow(0, 1.2)' 'slow(1, 1.2)' 'slow(2, 1.2)' 'slow(3, 1.2)'
    compare 1 a.json b.json
    compare 0 a.json b.json --of speedup --json
    json out '[(r["backend"], r["verdict"]) for r in d["rows"]] == [("threads", "no detectable difference"),
        ("threads", "no detectable difference"), ("processes", "no detectable difference")]'
    json out '"serial loop" in d["ratio_is"]'
}

@test "two backends and two sizes of one file are compared by their blocks" {
    made a.json 'for s in d["samples"]: s["wall_s"] *= 1 + 0.2 * s["block"]'
    compare 1 a.json -b threads,processes --json
    json out '[(r["against"]["backend"], r["against"]["workers"], r["backend"], r["workers"], r["method"], r["verdict"])
        for r in d["rows"]] == [("threads", 2, "processes", 2, "sign", "slower")]'
    json out 'abs(d["rows"][0]["ratio"]["value"] - 0.2 / 0.21) < 1e-3 and d["note"] is None'
    compare 0 a.json -b threads:1,threads:2
    grep -q '^spin  *threads, 1  *threads, 2  *12 .* \(1\.999\|2\.000\) .* faster$' out
    compare 0 a.json -b serial,threads --json
    json out '[r["workers"] for r in d["rows"]] == [1, 2]'
    refused 2 '*give B, or two configurations within A (-b threads,processes)' compare a.json
    refused 2 '*give B, or two configurations*' compare a.json -b threads
    refused 2 '*a: no configurations that fit --backend threads,hybrid; *' compare a.json -b threads,hybrid
    refused 2 '*--backend: "threads:,x" is not a list of at most 32 configurations*' compare a.json -b threads:,x
    refused 2 '*within one run the ratio of speedups is that of times; leave --of out' \
        compare a.json -b threads,processes --of speedup
}

@test "of two files, --backend takes some rows alone" {
    made a.json
    made b.json
    compare 0 a.json b.json -b threads:2,processes --json
    json out '[(r["backend"], r["workers"]) for r in d["rows"]] == [("threads", 2), ("processes", 2)]'
}

@test "several files a side let what differs from run to run enter" {
    for i in 1 2 3 4 5; do
        made a$i.json "slow(2, 1 + 0.04 * ($i % 3))"
        made b$i.json "slow(2, 1.02 + 0.04 * ($i % 3))"
    done
    compare 0 a1.json b1.json -b threads:2
    grep -q 'slower$' out
    compare 0 a1.json,a2.json,a3.json,a4.json,a5.json b1.json,b2.json,b3.json,b4.json,b5.json -b threads:2 --json
    json out '[(r["method"], r["unit"], r["count_a"], r["count_b"], r["verdict"]) for r in d["rows"]] ==
        [("rank sum of runs", "runs", 5, 5, "no detectable difference")]'
    compare 0 a1.json,a2.json,a3.json b1.json -b threads:2
    grep -q '3/1 .* no detectable difference$' out
    grep -q "^note: few runs a side: these intervals take the runs' medians for normal" out
    made far.json 'slow(2, 3)'
    compare 0 a1.json,far.json b1.json -b threads:2
    grep -q '2/1 .*, [0-9]e+[0-9]*\]  .*  >1000 %  *no detectable difference$' out
    refused 2 '*a1.json is given twice on one side; *' compare a1.json,./a1.json b1.json
}

@test "folders and hosts are matched by label, and what is on one side only is listed" {
    for host in old new; do
        made results/$host/spin.json
        made results/$host/spin-2.json
    done
    made results/old/gone.json
    made results/new/other.json 'd["case"] = "null"'
    made results/old/other.json
    echo '{"no": "result"}' >results/new/foreign.json
    compare 0 old results/new/ --json
    json out '[r["label"] for r in d["rows"]] == 4 * ["spin"] + 4 * ["spin-2"] or
        [r["label"] for r in d["rows"]] == 4 * ["spin-2"] + 4 * ["spin"]'
    json out '{n["label"]: n["reason"] for n in d["not_compared"]} ==
        {"gone": "only in A", "other": "not the same work: case spin against null"}'
    grep -q '^left out: results/new/foreign.json: ' err
    compare 3 old new --strict
    grep -q '^not compared: gone: only in A$' out
}

@test "work that differs is never comparable, with or without --force" {
    made a.json
    made case.json 'd["case"] = "null"'
    made tasks.json 'd["tasks"] = 200'
    made params.json 'd["params"][0]["value"] = "20us"'
    made seed.json 'd["seed"] = "0x0000000000000002"'
    made kind.json 'd["kind"] = "io"'
    for force in '' --force '--across answer,host,system,cpus,compiler,commit'; do
        # shellcheck disable=SC2086 # several words
        {
            refused 2 '*a: not the same work: case spin against null' compare a.json case.json $force
            refused 2 '*a: not the same work: tasks 100 against 200' compare a.json tasks.json $force
            refused 2 '*a: not the same work: parameters grain=10us against grain=20us' compare a.json params.json $force
            refused 2 '*a: not the same work: seed 0x0000000000000001 against 0x*2' compare a.json seed.json $force
            refused 2 '*a: not the same work: kind cpu against io' compare a.json kind.json $force
        }
    done
}

@test "another machine, system or compiler must be named or forced, and is said" {
    made a.json
    made host.json 'machine("cpu_model", "CPU B")' 'machine("kernel", "Linux 6.2")'
    made flags.json 'machine("flags", "-O3")'
    made cpus.json 'd["usable_cpus"] = 1'
    made sum.json 'for s in d["samples"]: s["checksum"] = "0x00000000000000bb"'
    refused 2 '*a: cpu_model CPU A against CPU B; if that is the question, add --across host,system, else --force' \
        compare a.json host.json
    refused 2 '*a: kernel *; if that is the question, add --across system, else*' compare a.json host.json --across host
    refused 2 '*a: flags -O2 against -O3; if that is the question, add --across compiler, *' compare a.json flags.json
    refused 2 '*a: usable CPUs 2 against 1; *--across cpus, *' compare a.json cpus.json
    refused 2 '*a: checksum 0x00000000000000aa against *bb; *--across answer, *' compare a.json sum.json
    refused 2 '*--across: "work" is not one of answer, model, host, *' compare a.json a.json --across host,work
    compare 0 a.json host.json --across host,system
    grep -q '^differs: cpu_model: CPU A against CPU B$' out
    run ! grep -q '^forced' out
    compare 0 a.json flags.json --force --json
    json out 'd["forced"] and [x["group"] for x in d["differences"]] == ["compiler"]'
    compare 3 a.json flags.json --force --strict
    grep -q '^forced: ' out
}

@test "another commit alone needs no word" {
    made a.json
    made commit.json 'machine("commit", "cccccccccccc")'
    made both.json 'machine("commit", "cccccccccccc")' 'machine("flags", "-O3")'
    compare 0 a.json commit.json
    grep -q '^differs: commit: 0123456789ab against cccccccccccc$' out
    refused 2 '*; if that is the question, add --across compiler,commit, else --force' compare a.json both.json
    refused 2 '*a: commit 0123456789ab against cccccccccccc on one side, *; --force takes them' \
        compare a.json,commit.json both.json
}

@test "a REFUSED result is refused, unless forced, and said" {
    made a.json
    made b.json 'd["noise"]["throttled"] = 7'
    refused 1 '*b.json is REFUSED: *; measure again, or --force' compare a.json b.json
    compare 0 a.json b.json --force
    grep -q '^B: b.json (REFUSED, commit 0123456789ab)$' out
    grep -q '^forced: ' out
    grep -q 'b.json: REFUSED: ' err
    compare 3 a.json b.json --force --strict
}

@test "too few samples are not comparable, which is a failure where it is all" {
    made a.json
    made few.json 'd["blocks"] = d["blocks"][:3]' 'd["samples"] = d["samples"][:12]'
    made tiny.json 'd["blocks"] = d["blocks"][:2]' 'd["samples"] = d["samples"][:8]'
    compare 1 tiny.json tiny.json
    tr -s ' \n' ' ' <out | grep -q 'not comparable: 2 blocks against 2 are too few; at least 4 on each side '
    grep -q '^poolbench compare: nothing could be compared$' err
    compare 1 few.json -b threads,processes
    tr -s ' \n' ' ' <out | grep -q 'not comparable: 3 blocks in which both count are too few; at least 6 are needed '
}

@test "files that are no results are refused with file, line or key, and cause" {
    made a.json
    head -c 700 a.json >cut.json
    made other.json 'd["schema"] = "poolbench/result/v9"'
    made nan.json 'd["samples"][3]["wall_s"] = float("nan")'
    made inf.json 'd["samples"][3]["wall_s"] = float("inf")'
    made huge.json 'd["samples"][3]["wall_s"] = "HUGE"'
    sed -i 's/"HUGE"/1e999/' huge.json
    made negative.json 'd["samples"][3]["wall_s"] = -1'
    made key.json 'd["samples"][3]["extra"] = 1'
    made missing.json 'del d["blocks"]'
    made range.json 'd["samples"][3]["config"] = 9'
    made searches.json 'd["samples"] = []' 'd["blocks"] = []' 'd["case"] = ""'
    : >empty.json
    head -c 100 /dev/urandom >random.json
    refused 1 '*cut.json: line 1: *' compare a.json cut.json
    refused 1 '*cut.json: line 1: *' compare cut.json a.json
    refused 1 '*cut.json: line 1: *' compare cut.json -b threads,processes
    refused 1 '*other.json: schema: poolbench/result/v9, not *poolbench/result/v1*' compare a.json other.json
    refused 1 '*nan.json: line 1: invalid token near *NaN*' compare a.json nan.json
    refused 1 '*inf.json: line 1: invalid token near *Infinity*' compare a.json inf.json
    refused 1 '*huge.json: line 1: real number overflow*' compare a.json huge.json
    refused 1 '*negative.json: samples?3?.wall_s: -1 is below 0' compare a.json negative.json
    refused 1 '*key.json: samples?3?.extra: not a key of this format' compare a.json key.json
    refused 1 '*missing.json: blocks: missing' compare a.json missing.json
    refused 1 '*range.json: samples?3?.config: *' compare a.json range.json
    refused 1 '*searches.json: holds no samples of a sweep, which is what is compared' compare a.json searches.json
    refused 1 '*empty.json: line 1: *' compare a.json empty.json
    refused 1 '*random.json: line *' compare a.json random.json
    refused 1 '*nowhere: no such file or folder, and no such host below results/' compare a.json nowhere
    refused 1 '*"": no such file or folder*' compare a.json,, a.json
    mkdir folder
    refused 1 '*no results in folder: *' compare a.json folder
}

@test "options of the other way are refused" {
    made a.json
    refused 2 '*--blocks is for --commit' compare a.json a.json --blocks 10
    refused 2 '*--of does not go with --commit' compare --commit a..b null --of speedup
    refused 2 '*--commit takes one case, and no results' compare --commit a..b a.json a.json
    refused 2 '*missing: A \[B\]; usage: poolbench compare A \[B\] \[options\]' compare
}

# ---- commits ----

# A repository in which `make poolbench` makes a program that says it took so long, with noise, and in which commits
# v1, v2 (10 % slower), broken (does not build), wrong (other checksum), silent (says nothing) and late (fails after 20
# runs) are tagged.
repository() {
    git init -q repository
    cd repository || return
    git config user.name test
    git config user.email test@example.com
    cat >program.py <<'END'
#!/usr/bin/env python3
import json, random, sys, time
backend = sys.argv[sys.argv.index("-b") + 1]
with open("runs", "a") as log: print("SECONDS", *sys.argv[1:], file=log)
time.sleep(DELAY)
wall = SECONDS * random.uniform(0.999, 1.001) * (2 if backend == "processes" else 1)
print(json.dumps({"wall_s": wall, "start_s": 0, "stop_s": 0, "cpu_s": wall, "tasks": 40, "ok": 40, "errors": 0,
    "lost": 0, "timeout": 0, "checksum": "CHECKSUM"}))
END
    printf 'poolbench:\n\tsed "s/SECONDS/$(SECONDS)/g; s/DELAY/$(DELAY)/; s/CHECKSUM/$(CHECKSUM)/" program.py >$@\n' >rule
    printf '\tchmod +x $@\n' >>rule
    version v1 SECONDS=0.10 DELAY=0 CHECKSUM=0x00000000000000aa
    version v2 SECONDS=0.11 DELAY=0 CHECKSUM=0x00000000000000aa
    version wrong SECONDS=0.11 DELAY=0 CHECKSUM=0x00000000000000bb
    version slow SECONDS=0.11 DELAY=60 CHECKSUM=0x00000000000000bb
    version late SECONDS=0.10 "DELAY=0 if len(open('runs').readlines()) < 20 else sys.exit('too late')" \
        CHECKSUM=0x00000000000000aa
    printf 'poolbench:\n\t@echo no such thing >&2; exit 1\n' >Makefile
    git commit -qam broken
    git tag broken
    printf 'poolbench:\n\tprintf "#!/bin/sh\\necho no >&2; exit 3\\n" >$@; chmod +x $@\n' >Makefile
    git commit -qam silent
    git tag silent
}

version() {
    {
        printf '%s\n' "${@:2}"
        cat rule
    } >Makefile
    git add program.py Makefile
    git commit -qm "$1"
    git tag "$1"
}

# Neither the repository nor the temporary folder may know of the builds afterwards.
untouched() {
    [ "$(git worktree list | wc -l)" = 1 ]
    [ -z "$(git status --porcelain | grep -v -e ' runs$' -e ' rule$' -e ' out$' -e ' err$')" ]
    [ -z "$(ls -A "$TMPDIR")" ]
}

@test "two commits are built apart and measured in the same blocks" {
    repository
    compare 1 --commit v1..v2 powersum -N 40 -n 2 --blocks 8 --json
    json out '[(r["case"], r["backend"], r["workers"], r["method"], r["count_a"], r["verdict"], r["regression"])
        for r in d["rows"]] == [("powersum", b, 2, "sign", 8, "slower", True) for b in ("threads", "processes")]'
    json out 'all(abs(r["ratio"]["value"] - 1 / 1.1) < 2e-3 and r["p_adjusted"] < 0.05 for r in d["rows"])'
    json out 'd["old"] != d["new"] and len(d["old"]) == 40 and d["verdict"] in ("TRUSTED", "SUSPECT", "REFUSED")'
    [ "$(wc -l <runs)" = 36 ] # 9 blocks, the first a pilot, of two builds with two configurations
    for block in $(seq 0 8); do
        [ "$(tail -n +$((4 * block + 1)) runs | head -n 4 | sort | uniq | wc -l)" = 4 ]
    done
    [ "$(awk '{ print $1 }' runs | uniq | wc -l)" -gt 9 ]
    [ "$(sort -u runs | head -n 1)" = '0.10 run powersum -b processes -n 2 -N 40 --json' ]
    untouched
    compare 0 --commit v2..v1 powersum -N 40 -n 2 -b threads --blocks 6
    grep -q '^powersum  *threads, 2  *6  *1\.[01].* faster$' out
    untouched
}

@test "a commit against itself is built once and shows no difference" {
    repository
    compare 0 --commit v1..v1 powersum -N 40 -n 2 -b threads --blocks 10
    grep -q 'no detectable difference$' out
    [ "$(grep -c building err)" = 1 ]
}

@test "commits that cannot be compared are told in one line, and leave nothing" {
    repository
    local said
    refused 2 '*--commit: "v1" is not OLD..NEW' compare --commit v1 null
    refused 2 '*--commit: "v1...v2" is not OLD..NEW' compare --commit v1...v2 null
    refused 2 '*--commit: nosuch is no commit of this repository: *' compare --commit nosuch..v2 null
    refused 2 '*unknown case "nosuch"*' compare --commit v1..v2 nosuch
    compare 1 --commit v1..broken null -n 2
    [ "$(wc -l <err)" = 3 ]
    grep -q "building $(git rev-parse --short=12 broken): status 2: make: .*; check it out and run make to see all$" err
    compare 1 --commit v1..wrong null -n 2
    [ ! -s out ]
    grep -q 'null does other work in the two commits (tasks 40 and 40, checksums ' err
    compare 1 --commit v1..silent null -n 2 -b threads --blocks 6
    grep -q "$(git rev-parse --short=12 silent), threads, 2 workers: status 3: no$" err
    compare 1 --commit v1..late null -n 2 -b threads --blocks 12
    grep -q "$(git rev-parse --short=12 late), threads, 2 workers: status 1: too late$" err
    untouched
    cd ..
    refused 2 '*--commit: v1 is no commit of this repository: *' compare --commit v1..v2 null
}

@test "commits measured beside other load are REFUSED, which --strict makes the status" {
    repository
    spin() { while :; do :; done; }
    spin 3>&- & first=$!
    spin 3>&- & second=$!
    status=0
    compare 3 --commit v2..v1 null -n 2 -b threads --blocks 6 --strict || status=$?
    kill $first $second
    [ "$status" = 0 ]
    grep -q '^measured side by side: REFUSED$' out
    grep -q 'REFUSED: other processes used ' err
}

@test "Ctrl-C while commits are measured ends at once and leaves nothing" {
    repository
    start compare --commit v1..slow null -n 2
    within 20 grep -qs 0.11 runs
    kill -INT "$program"
    local status=0
    wait "$program" || status=$?
    [ "$status" = 130 ]
    nothing_left
    untouched
}

@test "what is simulated is told from what is measured, and not compared with it unasked" {
    made a.json
    made b.json 'd["simulated"] = "as=threads,cores=2"'
    made c.json 'd["simulated"] = "as=threads,cores=4"'
    compare 2 a.json b.json
    grep -q 'simulated measured against as=threads,cores=2; if that is the question, add --across model' err
    compare 2 b.json c.json
    compare 0 a.json b.json --across model
    grep -q '^A: a.json (TRUSTED' out
    grep -q '^B: b.json (simulated, not measured; TRUSTED' out
    compare 0 b.json b.json --json
    json out '[f["simulated"] for f in d["a"] + d["b"]] == [True, True] and d["a"][0]["model"] == "as=threads,cores=2"'
    mkdir -p x y
    cp a.json x/ && cp b.json x/ && cp a.json y/
    compare 0 x y
    grep -q '^left out: x/b.json: simulated, not measured' err
}
