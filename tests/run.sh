#!/bin/sh
# Runs test programs and adds up what they say: `POOLBENCH=program tests/run.sh FILE...`, as `make check` calls it.
# A FILE is a cmocka program or a .bats file; each runs alone, in order, for at most TEST_TIMEOUT seconds (300).
#
# Both kinds speak TAP, but neither is taken at its word: tests share stdout with their own noise and with forked
# children that may repeat a buffered line, cmocka calls a skipped test "not ok", and a program that dies says nothing.
# So the plan (1..N) counts: a test that it announced and that did not report has failed, as has a file without a test
# and one whose exit status says otherwise than its lines.
#
# A line a file, all that a failed one printed, and at the end `N passed, N failed` (and `, N skipped`). Status 1 when
# anything failed, 2 without a FILE.
set -u

if [ $# = 0 ]; then
    echo 'tests/run.sh: no such test; see tests/unit and tests/cli for what TESTS= may name' >&2
    exit 2
fi
scratch=$(mktemp -d "${TMPDIR:-/tmp}/poolbench-check.XXXXXX") || exit 1
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM HUP

# Prints "passed failed skipped" for the TAP in file $1 of a program that ended with status $2.
tally() {
    awk -v status="$2" '
        function end_group(number) {
            for (number = 1; number <= plan; number++)
                if (state[number] == "pass") passed++
                else if (state[number] == "skip") skipped++
                else failed++
            split("", state)
            plan = 0
        }
        /^ *#/ { next }
        /1\.\.[0-9]+$/ { end_group(); sub(/.*1\.\./, ""); plan = $0 + 0; next }
        match($0, /(not )?ok [0-9]+ /) {
            line = substr($0, RSTART)
            bad = sub(/^not /, "", line)
            split(line, word, " ")
            if (tolower(line) ~ /# skip/) outcome = "skip"
            else outcome = bad ? "fail" : "pass"
            if (state[word[2]] != "fail") state[word[2]] = outcome
        }
        END {
            end_group()
            if (failed == 0 && (status != 0 || passed + skipped == 0)) failed = 1
            print passed + 0, failed + 0, skipped + 0
        }' "$1"
}

# What was skipped, and why: bats says it in the same line, a cmocka program in the line before.
reasons() {
    awk 'tolower($0) ~ /# skip/ { if (before !~ /(ok [0-9]+ |1\.\.[0-9]+$)/ && before != "") print "      " before; print "      " $0 }
         { before = $0 }' "$1"
}

# What an exit status of `timeout` or of a killed program means.
explain() {
    case $1 in
    0) echo 'it reported no test, or not all that it announced' ;;
    124 | 137) echo "killed, or not done after ${TEST_TIMEOUT:-300} s (status $1)" ;;
    13[0-9] | 14[0-9]) echo "died of signal $(($1 - 128))" ;;
    *) echo "status $1" ;;
    esac
}

run_file() {
    case $1 in
    *.bats) set -- bats --tap "$1" ;;
    esac
    CMOCKA_MESSAGE_OUTPUT=TAP timeout --kill-after=10 "${TEST_TIMEOUT:-300}" "$@" </dev/null >"$scratch/output" 2>&1
}

passed=0
failed=0
skipped=0
for file; do
    name=${file##*tests/}
    start=$(date +%s)
    run_file "$file"
    status=$?
    counts=$(tally "$scratch/output" "$status")
    seconds=$(($(date +%s) - start))
    # shellcheck disable=SC2086 # three numbers
    set -- $counts
    passed=$((passed + $1))
    failed=$((failed + $2))
    skipped=$((skipped + $3))
    if [ "$2" = 0 ]; then
        printf 'ok    %-32s %3d passed%s  %d s\n' "$name" "$1" "$([ "$3" = 0 ] || echo ", $3 skipped")" "$seconds"
        reasons "$scratch/output"
    else
        printf 'FAIL  %-32s %3d passed, %d failed: %s; all that it printed:\n' "$name" "$1" "$2" "$(explain "$status")"
        sed 's/^/      /' "$scratch/output"
        printf '\n'
    fi
done

summary="$passed passed, $failed failed"
[ "$skipped" = 0 ] || summary="$summary, $skipped skipped"
printf '%s\n' "$summary"
[ "$failed" = 0 ]
