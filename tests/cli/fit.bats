#!/usr/bin/env bats
# What `poolbench fit` says of published tables, of result files, and of what is neither.

load common
setup() {
    common_setup
    data=$top/tests/data
}
teardown() { common_teardown; }

# has EXPRESSION: whether it is true of fit.json, which is `fit` in it, and its models
has() {
    json fit.json "(lambda fit, amdahl, gustafson, usl, near: $1)(d, *d['models'],
        lambda value, printed, digits: abs(value - printed) <= 0.5 * 10 ** -digits)"
}

@test "the ray tracer is fitted as published" {
    poolbench fit "$data/usl-raytracer.csv" --json --at 96,128 >fit.json
    has 'near(usl["sigma"]["value"], 0.057771, 6) and usl["kappa"]["value"] == 0'
    has 'near(usl["lambda"]["value"], 21.848843, 6)'
    has 'near(usl["rss"], 697.2378, 4) and near(usl["rse"], 9.34, 2) and usl["df"] == 8'
    has 'near(usl["limit"], 378, 0) and usl["peak_n"] is None and usl["peak_x"] is None'
    has 'near(usl["predictions"][0]["x"]["value"], 323.3, 1)'
    has 'near(usl["predictions"][1]["x"]["value"], 335.5, 1)'
    has 'usl["predictions"][1]["x"]["lo"] < 300 and usl["predictions"][1]["x"]["hi"] > 340'
    has 'fit["chosen"] == "amdahl" and amdahl["kappa"] is None'
}

@test "the ray tracer's first six points are fitted as published" {
    head -n 8 "$data/usl-raytracer.csv" >six.csv
    poolbench fit six.csv --json >fit.json
    has 'near(usl["sigma"]["value"], 0.02444, 5) and near(usl["kappa"]["value"], 0.00163, 5)'
    has 'near(usl["lambda"]["value"], 20.85605, 5)'
    has 'abs(usl["peak_n"] - 24.5) < 0.1 and usl["peak_n_interval"]["lo"] < 24 < 25 < usl["peak_n_interval"]["hi"]'
}

@test "a table without a size of one is fitted as published" {
    poolbench fit "$data/usl-no-single.csv" --json >fit.json
    has 'abs(usl["sigma"]["value"] - 0.0418302) < 1e-7' # see test_squares.c on its last digit
    has 'near(usl["kappa"]["value"], 0.0004091, 7) and near(usl["lambda"]["value"], 12.67, 2)'
    has 'usl["peak_n"] is None and usl["kappa"]["lo"] == 0 and usl["kappa"]["se"] > 0'
    has 'usl["kappa"]["bootstrap"]["lo"] == 0 and usl["kappa"]["bootstrap"]["hi"] > 0.001'
}

@test "the synthetic table is fitted as it was made" {
    poolbench fit "$data/usl-synthetic.csv" --json >fit.json
    has 'near(usl["sigma"]["value"], 0.02, 4) and near(usl["kappa"]["value"], 0.02, 4) and near(usl["lambda"]["value"], 1, 4)'
    has 'fit["chosen"] == "usl" and near(usl["peak_n"], 7, 3) and usl["limit"] is None'
}

@test "the same call prints the same numbers, and words for people" {
    poolbench fit "$data/usl-raytracer.csv" --at 64 >a 2>err
    poolbench fit "$data/usl-raytracer.csv" --at 64 >b
    cmp a b
    grep -q '^LAW .* CHOICE$' a
    grep -q '^Amdahl .* chosen$' a
    grep -q 'approach a throughput of 378.2' a
    [ ! -s err ]
    poolbench fit "$data/usl-synthetic.csv" | grep -q 'peaks at 7 '
}

@test "times of the same work are fitted as throughput" {
    awk -F, '/^[0-9]/ { printf "%d %.17g\n", $1, 1 / $2 }' "$data/usl-raytracer.csv" >times.txt
    poolbench fit times.txt --times --json >fit.json
    has 'near(usl["lambda"]["value"], 21.848843, 6)'
}

@test "columns are picked by name from a table of more" {
    awk -F, '/^[0-9]/ { print "x;" $2 ";" $1 }' "$data/usl-raytracer.csv" | sed '1i host;tps;n' >wide.csv
    poolbench fit wide.csv --columns n,tps --json >fit.json
    has 'near(usl["lambda"]["value"], 21.848843, 6)'
    refused 1 '*wide.csv: line 1: 3 columns, not 2; --columns says which*' fit wide.csv
    refused 1 '*no column "mps"*' fit wide.csv --columns n,mps
}

@test "what is no table of throughput is refused in one line with its place" {
    rows='1,20\n2,38\n4,70\n8,120\n'
    printf "${rows}16,nan\n" >nan.csv
    refused 1 '*nan.csv: line 5: throughput nan is not a finite*' fit nan.csv
    printf "${rows}16,inf\n" >inf.csv
    refused 1 '*inf.csv: line 5: throughput inf is not a finite*' fit inf.csv
    printf "${rows}16,-5\n" >negative.csv
    refused 1 '*negative.csv: line 5: throughput -5 is not above 0*' fit negative.csv
    refused 1 '*negative.csv: line 5: time -5 is not above 0*' fit negative.csv --times
    printf "${rows}2.5,60\n" >half.csv
    refused 1 '*half.csv: line 5: workers 2.5 is not a whole number*' fit half.csv
    printf "${rows}0,60\n" >zero.csv
    refused 1 '*zero.csv: line 5: workers 0 is not a whole number*' fit zero.csv
    printf "${rows}16,2" >cut.csv
    refused 1 '*cut.csv: line 5: the file ends within this line*' fit cut.csv
    printf "${rows}16\n" >short.csv
    refused 1 '*short.csv: line 5: 1 column where the first line has 2*' fit short.csv
    : >empty.csv
    refused 1 '*empty.csv: no row of numbers*' fit empty.csv
    refused 1 '*missing.csv: No such file*' fit missing.csv
    refused 1 '*Is a directory*' fit "$data"
    [ "$(ls | grep -vc '\.csv$')" = 0 ] # nothing was written
}

@test "too few sizes are refused, repeated rows or not" {
    printf '4,1\n4,2\n4,3\n4,4\n4,5\n4,6\n' >one.csv
    refused 1 '*one.csv: no law can be fitted: its 2 coefficients need at least 4 distinct sizes, and there is 1*' fit one.csv
    printf '1,10\n2,19\n4,30\n8,40\n' >four.csv
    poolbench fit four.csv --json >fit.json 2>err
    grep -q 'USL is left out: its 3 coefficients need at least 5 distinct sizes, and there are 4' err
    has 'amdahl["fitted"] and not usl["fitted"] and usl["reason"] and fit["chosen"] == "amdahl"'
}

@test "ten million rows are fitted, and one more is refused" {
    awk 'BEGIN { for (n = 1; n <= 320; n++) { w = n % 32 + 1; print w "," w / (1 + 0.1 * (w - 1)) + n % 7 * 0.01 } }' >some.csv
    yes "$(<some.csv)" | head -n 10000000 >many.csv
    poolbench fit many.csv --json --replicates 99 >fit.json
    has 'fit["rows"] == 10000000 and abs(amdahl["sigma"]["value"] - 0.1) < 0.01'
    echo 1,1 >>many.csv
    refused 1 '*many.csv: line 10000001: more than 10000000 rows*' fit many.csv
    awk 'BEGIN { for (i = 1; i <= 1001; i++) print i "," i }' >sizes.csv
    refused 1 '*more than 1000 distinct sizes*' fit sizes.csv
    rm many.csv
}

# sweep LABEL WORKERS: a sweep of next to nothing
sweep() {
    poolbench sweep spin -N 20 --param grain=1us -b threads,queue -n "$2" --blocks 6 --label "$1" -o "$1.json" >out 2>err || cat err
}

@test "a sweep's samples are fitted a backend at a time" {
    sweep five 1,2,3,4,5
    refused 2 '*five.json has several backends: choose one by -b (threads, queue)*' fit five.json
    refused 2 '*five.json: no backend "spawn"; it has threads, queue*' fit five.json -b spawn
    poolbench fit five.json -b queue --json >fit.json
    has 'fit["backend"] == "queue" and fit["rows"] == 30 and fit["sizes"] == 5 and usl["fitted"] and "verdict" in fit'
    refused 2 '*for tables*' fit five.json -b queue --times
    refused 2 '*-b is for result files*' fit "$data/usl-raytracer.csv" -b queue
}

@test "result files that are none are refused in one line" {
    sweep three 1,2,3
    run --separate-stderr poolbench fit three.json -b threads
    [ "$status" = 1 ]
    [ -z "$output" ]
    [[ $stderr == *'three.json: no law can be fitted: its 2 coefficients need at least 4 distinct sizes'* ]]
    head -c 700 three.json >cut.json
    refused 1 '*cut.json: line *' fit cut.json
    sed 's|poolbench/result/v1|poolbench/result/v9|' three.json >other.json
    refused 1 '*other.json: *' fit other.json
    cp three.json three.csv
    refused 1 '*three.csv: line 1: this looks like JSON*' fit three.csv
}

@test "options that cannot be are refused" {
    refused 2 '*missing: FILE; *' fit 
    refused 2 '*--at 0,4: numbers of workers start at 1*' fit "$data/usl-raytracer.csv" --at 0,4
    refused 2 '*--at*' fit "$data/usl-raytracer.csv" --at many
}
