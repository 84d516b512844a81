#!/bin/sh
# Runs the tests of pools again and again beside a busy loop on each CPU: `tests/soak.sh ROUNDS PROGRAM...`, as
# `make soak` calls it. In a round they run four at a time, for at most 60 seconds; one that takes longer has failed.
#
# A line a round, all that a failed one printed, and at the end `N passed, N failed`, the rounds. Status 1 when any failed.
set -u

rounds=$1
shift
POOLBENCH_TEST_PART=10 # what is done a thousand times in a round is done a hundred times
export POOLBENCH_TEST_PART
scratch=$(mktemp -d "${TMPDIR:-/tmp}/poolbench-soak.XXXXXX") || exit 1
busy=

# However this ends, the busy loops end.
finish() {
    # shellcheck disable=SC2086 # one word a process
    kill $busy 2>/dev/null
    rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

# Ends also when this script was killed.
# shellcheck disable=SC2016 # for the other shell
load='while kill -0 "$1" 2>/dev/null; do i=0; while [ $i -lt 300000 ]; do i=$((i + 1)); done; done'
cpu=0
while [ $cpu -lt "$(nproc)" ]; do
    sh -c "$load" load $$ &
    busy="$busy $!"
    cpu=$((cpu + 1))
done

# Every fourth program, beginning with number $1.
quarter() {
    number=$((4 - $1))
    shift
    for program; do
        if [ $((number % 4)) = 0 ]; then printf '%s\n' "$program"; fi
        number=$((number + 1))
    done
}

# What they print is in $scratch/0 to 3.
take_round() {
    sides=
    for side in 0 1 2 3; do
        # shellcheck disable=SC2046 # one word a program
        timeout --kill-after=10 60 "$(dirname "$0")/run.sh" $(quarter $side "$@") >"$scratch/$side" 2>&1 &
        sides="$sides $!"
    done
    status=0
    for side in $sides; do
        wait "$side" || status=1
    done
    return $status
}

passed=0
failed=0
round=0
while [ $round -lt "$rounds" ]; do
    round=$((round + 1))
    start=$(date +%s)
    if take_round "$@"; then
        passed=$((passed + 1))
        verdict=ok
    else
        failed=$((failed + 1))
        verdict=FAIL
    fi
    printf '%-4s  round %d of %d: %d files, %d s\n' "$verdict" "$round" "$rounds" \
        "$(cat "$scratch"/[0-3] | grep -c '^ok ')" $(($(date +%s) - start))
    if [ $verdict = FAIL ]; then sed 's/^/      /' "$scratch"/[0-3]; fi
done
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
