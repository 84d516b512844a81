# Bad input: one line that says what, where and what to do, the exit status, and nothing left or written.

load common
setup() { common_setup; }

teardown() {
    common_teardown
    [ -z "$(ls -A)" ] || {
        echo "left in the folder: $(ls -A)"
        return 1
    }
}

@test "unknown names are refused with what lists the known ones" {
    refused 2 'poolbench: unknown subcommand "walk"; `poolbench --help` lists them' walk
    for command in run sweep; do
        refused 2 "poolbench $command: unknown case \"nosuch\"; \`poolbench list\`*" $command nosuch
        refused 2 "poolbench $command: unknown backend \"nosuch\"; \`poolbench list\`*" $command null -b nosuch
        refused 2 "poolbench $command: unknown option --nosuch; \`poolbench $command --help\`*" $command null --nosuch
        refused 2 "poolbench $command: case null: unknown parameter \"x\"; \`poolbench list null\`*" \
            $command null --param x=1
    done
    refused 2 'poolbench list: unknown name "nosuch"*' list nosuch
    refused 2 'poolbench breakeven: unknown backend "nosuch"*' breakeven -b nosuch
    refused 2 'poolbench sweep: unknown backend ""*' sweep null -b ''
    refused 2 'poolbench sweep: unknown backend ""*' sweep null -b threads,
}

@test "values that are off are refused with what is accepted" {
    refused 2 '*--tasks: "0" is not a whole number (10k, 1M) from 1 to*' run null -N 0
    refused 2 '*--tasks: "many" is not a whole number*' run null -N many
    refused 2 '*--workers: "two" is not a list of whole numbers (1,2,4-16)' run null -n two
    refused 2 '*--workers: "-9223372036854775808-1" is not a list*' run null -n -9223372036854775808-1
    refused 2 '*--chunk: "-3" is not a whole number*' run null --chunk -3
    refused 2 '*--blocks: "5" is not a whole number * from 6 to*' sweep null --blocks 5
    refused 2 '*--vs: "threads" is not one of serial' run null --vs threads
    refused 2 '*--profile: "huge" is not one of quick|default|full' sweep --profile huge
    refused 2 '*--resolution: "1" is not a number from 1.01 to 10' breakeven --resolution 1
    refused 2 '*case spin: grain: "fast" is not a duration with its unit (20ms, 1s)*' run spin --param grain=fast
    refused 2 '*case spin: grain: "10" is not a duration with its unit*' run spin --param grain=10
    refused 2 '*case spin: shape: "round" is not one of even|uniform|*' run spin --param shape=round
    refused 2 '*--param "grain" is not of the form name=value' run spin --param grain
    refused 2 '*--param "=1" is not of the form name=value' run spin --param =1
    refused 2 '*case primes: from and to belong together*' run primes --param from=1
    refused 2 '*case spin: grain and iterations *' run spin --param grain=1us --param iterations=5
}

@test "a number of CPUs from the environment that is none is refused" {
    for value in 0 two '' 1.5; do
        POOLBENCH_CPUS=$value refused 2 "*POOLBENCH_CPUS=$value is not a number of CPUs*" run null -N 10
    done
}

@test "pools of no worker and of too many are refused" {
    refused 2 '*a pool of 0 workers can do nothing; give 1 or more, or -1 for all CPUs' run null -n 0
    refused 2 '*a pool of 0 workers can do nothing*' sweep null -n 1,0
    refused 2 '*a pool of 0 workers can do nothing*' breakeven -n 0
    refused 2 '*serial has exactly 1 worker, not 2' run null -b serial -n 2
    refused 2 '*run takes one backend and one size; `poolbench sweep` takes several' run null -n 1,2
    refused 2 '*run takes one backend and one size*' run null -b threads,queue -n 1
    export ASAN_OPTIONS=${ASAN_OPTIONS:-}:allocator_may_return_null=1 # as malloc does
    export TSAN_OPTIONS=${TSAN_OPTIONS:-}:allocator_may_return_null=1
    refused 1 '*threads: 100000000 workers are more than the system allows: *; ask for at most *' run null -N 1 -n 100000000
    refused 1 '*null: no memory for 1000000000000 tasks (*); ask for fewer with -N' run null -N 1T
}

@test "splits that are none, or do not fit, are refused" {
    for split in 2 2x x2 2x0 0x2 2x2x2 -1x2 2X2 ' 2x2' 65536x65536 2x99999999999; do
        refused 2 "*--split: \"$split\" is not a split (2x4: *)" run null -b hybrid --split "$split"
    done
    refused 2 '*--split 2x4 makes 8 workers, not 4; leave -n out, or make both agree' run null -b hybrid --split 2x4 -n 4
    refused 2 '*--split 2x2 makes 4 workers, not 2; *' sweep null -b hybrid --split 2x2 -n 4,2
    refused 2 '*--split is for hybrid alone; add -b hybrid' run null --split 2x4
    refused 2 '*--split is for hybrid alone; add -b hybrid' sweep null -b threads,processes --split all
    refused 2 '*run takes one split; `poolbench sweep` takes all of them' run null -b hybrid --split all
    refused 2 '*--split does not go with --profile*' sweep --profile quick --split all
}

@test "words that are missing or too many are refused with the usage" {
    refused 2 '*missing: CASE; usage: poolbench run CASE \[options\]' run
    refused 2 '*one word too many: null; usage: poolbench run CASE \[options\]' run null null
    refused 2 '*--workers needs a value' run null -n
    refused 2 '*--json takes no value' run null --json=yes
    refused 2 '*give a case or --profile, and not both' sweep
    refused 2 '*give a case or --profile, and not both' sweep null --profile quick
}

@test "a label or host that is a path is refused" {
    refused 2 '*a label or host is a file'\''s name *' sweep null --label a/b
    refused 2 '*a label or host is a file'\''s name *' sweep null --host ../other
    refused 2 '*a label or host is a file'\''s name *' breakeven --label ..
}

@test "folders and lists that cannot be used are refused by name" {
    mkdir empty
    refused 2 '*input=empty: no files in this folder; *' run thumbnails --param input=empty
    rmdir empty
    refused 2 '*input=nowhere: No such file or directory; *' run thumbnails --param input=nowhere
    refused 2 '*nowhere.txt: No such file or directory*' run http --param urls=nowhere.txt
    refused 2 '*/: Is a directory*' run http --param urls=/
    refused 2 '*/dev/null has no URL*' run http --param urls=/dev/null
    refused 2 '*nowhere/poolbench-files-*: No such file or directory*' run files --param folder=nowhere
}

@test "a read-only output folder is refused before anything is measured" {
    read_only_folder
    refused 1 "*cannot write $folder/x.json: *; give another file with --output" sweep null -o "$folder/x.json"
    refused 1 "*cannot write $folder: Is a directory; give another file with --output" sweep null -o "$folder"
    refused 1 "*cannot write $folder/x.json: *; give another file with --output" breakeven -o "$folder/x.json"
    refused 2 "*output=$folder: *; *" run thumbnails -N 3 --param "output=$folder"
    refused 2 "*output=$folder/new: *; *" run thumbnails -N 3 --param "output=$folder/new"
    refused 2 "*$folder/poolbench-files-*; *" run files --param "folder=$folder"
    (cd "$folder" && refused 1 '*cannot write results/*; give another file with --output' sweep null)
}

@test "a missing hyperfine is told before anything is measured, with what to install" {
    tools=/nowhere refused 4 'poolbench sweep: hyperfine was not found; install it (apt-get install hyperfine)' \
        sweep null -N 10 -n 1 --blocks 6 --whole 1 -o x.json
}

@test "a missing gnuplot is told with what to install, and the report can do without" {
    poolbench sweep null -N 10 -n 1 -b threads --blocks 6 -o results/here/null.json >sweep.out 2>&1
    tools=/nowhere refused 4 'poolbench report: gnuplot was not found; install it (apt-get install gnuplot-nox)*' \
        report results/here
    [ "$(find . -type f | sort | tr '\n' ' ')" = './results/here/null.json ./sweep.out ' ]
    tools=/nowhere poolbench report results/here --no-pictures
    [ -s REPORT.md ]
    rm -r results sweep.out REPORT.md
}

@test "a report from nothing is refused with what makes results" {
    refused 1 '*no results in nowhere: run `make report` or `poolbench sweep` first' report nowhere
    mkdir empty
    refused 1 '*no results in empty: *' report empty
    rmdir empty
}
