# poolbench demo: each hazard of the registry shows its failure and its mended form does not; what it reports, what bad
# input gets, and that nothing is left behind however it ends. Whatever is in harness/demo/ is tested here.

load common
setup() { common_setup; }

teardown() {
    if [ -n "${program:-}" ]; then kill -KILL "$program" 2>/dev/null || true; fi
    common_teardown
}

# Those that can be shown here, a line each.
hazards() {
    poolbench list --json | python3 -c 'import json, sys
print("\n".join(e["name"] for e in json.load(sys.stdin)["hazards"] if e["available"]))'
}

# shows NAME: the limit is for what hangs, since a sanitizer and a loaded machine take their time.
shows() {
    local status=0
    poolbench demo "$1" --json --time-limit 20s >"$1.json" || status=$?
    json "$1.json" "d['holds'] and d['name'] == '$1'"
    [ "$status" = 0 ]
    json "$1.json" '[f["form"] for f in d["forms"]] == ["unmended", "mended"]'
    json "$1.json" 'all(f["as_promised"] and f["dropped"] == 0 for f in d["forms"])'
    json "$1.json" 'd["forms"][0]["showed"] and not d["forms"][1]["showed"] and d["forms"][1]["end"] == "ended"'
    json "$1.json" 'all(f["figures"] and all(set(x) == {"name", "value", "unit"} for x in f["figures"]) for f in d["forms"])'
    json "$1.json" 'd["forms"][0]["failures"] or d["forms"][0]["end"] == "killed"'
    nothing_left
}

each_shows() {
    hazards >names
    [ -s names ]
    local name
    while read -r name; do
        echo "$name:"
        shows "$name"
    done <names
}

@test "every hazard's unmended form shows its failure and its mended form does not" {
    each_shows
}

@test "so it does on a single CPU" {
    cpu=$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')
    taskset -cp "$cpu" $$
    each_shows
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
