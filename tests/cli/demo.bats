# poolbench demo: each hazard of the registry shows its failure and its mended form does not; what it reports, what bad
# input gets, and that nothing is left behind however it ends. Whatever is in harness/demo/ is tested here.

load common

setup() {
    common_setup
    [ -z "${POOLBENCH_TSAN:-}" ] || skip 'pools of forked processes cannot be started beside the thread of its own that TSan has'
}

teardown() {
    if [ -n "${program:-}" ]; then kill -KILL "$program" 2>/dev/null || true; fi
    common_teardown
}

# Those that can be shown here, a line each.
hazards() {
    poolbench list --json | python3 -c 'import json, sys
print("\n".join(e["name"] for e in json.load(sys.stdin)["hazards"] if e["available"]))'
}

# every OPTION...: runs each hazard, all into all.json; the limit is for what hangs, since a sanitizer and a loaded machine
# take their time. A hazard that does not hold is named.
every() {
    local name
    hazards >names
    [ -s names ]
    while read -r name; do
        poolbench demo "$name" --json --time-limit 20s "$@" >"$name.json" || echo "status $? of $name: $(cat "$name.json")"
    done <names >failed
    cat failed
    { sed 's/.*/"&":/' names | paste -d ' ' - <(while read -r name; do tr '\n' ' ' <"$name.json"; echo; done <names) |
        paste -sd ','; } | sed 's/^/{/; s/$/}/' >all.json
    [ ! -s failed ]
    json all.json 'all(h["holds"] and h["name"] == name for name, h in d.items())'
    json all.json 'all(f["as_promised"] and f["dropped"] == 0 for h in d.values() for f in h["forms"])'
    json all.json 'all(f["showed"] is (f["form"] == "unmended") for h in d.values() for f in h["forms"])'
}

@test "every hazard's unmended form shows its failure and its mended form does not" {
    every
    json all.json 'all([f["form"] for f in h["forms"]] == ["unmended", "mended"] for h in d.values())'
    json all.json 'all(h["forms"][1]["end"] == "ended" for h in d.values())'
    json all.json 'all(h["forms"][0]["failures"] or h["forms"][0]["end"] == "killed" for h in d.values())'
    json all.json 'all(f["figures"] and all(set(x) == {"name", "value", "unit"} for x in f["figures"])
        for h in d.values() for f in h["forms"])'
}

@test "so it is on a single CPU" {
    taskset -cp "$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')" $$
    every
}

@test "demo alone lists the hazards, and list describes each with its forms" {
    run --separate-stderr poolbench demo
    [ "$status" = 0 ]
    [ -z "$stderr" ]
    hazards >names
    [ -s names ]
    while read -r name; do
        grep -Eq "^$name +(safety|liveness|loss|speed) +.* .*" <<<"$output"
        poolbench list "$name" >described
        grep -q "^$name (hazard, " described
        grep -q '^unmended: .' described
        grep -q '^mended:   .' described
    done <names
    poolbench demo --json >hazards.json
    poolbench list --json >list.json
    json hazards.json 'd["hazards"] == json.load(open("list.json"))["hazards"]'
    json hazards.json 'all(h["kind"] in ("safety", "liveness", "loss", "speed") for h in d["hazards"])'
}

@test "demo prints the two forms' figures side by side, in lines that fit" {
    poolbench demo race >out
    grep -Eq '^FIGURE +UNMENDED +MENDED$' out
    grep -Eq '^updates lost, threads +[1-9][0-9]* per million +0 per million$' out
    grep -q '^The unmended form showed its failure, the mended one did not\.$' out
    LC_ALL=C.UTF-8 run grep -nE '^.{121}|[^ ] +$' out
    [ "$status" = 1 ]
}

@test "a single form is run and judged alone" {
    poolbench demo race --form mended --json >mended.json
    json mended.json 'd["holds"] and [f["form"] for f in d["forms"]] == ["mended"]'
    poolbench demo race --form unmended >out
    grep -Eq '^FIGURE +UNMENDED$' out
    grep -q '^The form did what it was to show\.$' out
}

@test "bad usage is refused in one line" {
    refused 2 '*unknown hazard "nothing"; there are *race*' demo nothing
    refused 2 '*unknown hazard ""; there are *race*' demo ''
    refused 2 '*one word too many: deadlock*' demo race deadlock
    refused 2 '*--form*both|unmended|mended*' demo race --form broken
    refused 2 '*--time-limit*' demo race --time-limit 0
    refused 2 '*--time-limit*' demo race --time-limit 5
    refused 2 '*--seed*' demo race --seed -1
}

@test "what cannot be printed is a failure" {
    [ -c /dev/full ] || skip 'no /dev/full here'
    run --separate-stderr sh -c '"$POOLBENCH" demo shared-state >/dev/full'
    [ "$status" = 1 ]
    [[ $stderr == *'cannot write to stdout: No space left on device' ]]
}

# stopped SIGNAL STATUS: each hazard is stopped at some moment of it. One that was quicker than that has done.
stopped() {
    local name status delay=0
    hazards >names
    while read -r name; do
        delay=$(((delay + 70) % 300))
        echo "$name after $delay ms"
        start demo "$name"
        sleep "0.$(printf %03d $delay)"
        kill "-$1" "$program" 2>/dev/null || true
        status=0
        wait "$program" || status=$?
        [ "$status" = "$2" ] || [ "$status" = 0 ]
    done <names
    nothing_left
}

@test "Ctrl-C ends a hazard with all that it has started" {
    stopped INT 130
}

@test "SIGKILL of the program ends a hazard with all that it has started" {
    stopped KILL 137
}

# whether the workers of the program whose end `daemon` shows are there, beside the program, its keeper, the form
has_workers() {
    [ "$(marked | wc -w)" -ge 5 ]
}

@test "SIGKILL of the program ends orphans that would have gone on for 20 s" {
    start demo daemon --form unmended
    within 10 has_workers
    kill -KILL "$program"
    wait "$program" || true
    nothing_left
}
