# Runs parts of the tests, one after the other, and counts what passed and failed.
# shellcheck shell=bash disable=SC2154 # `work` is the run's own directory

passed=0 failed=0 left_out=0 child=''

wanted() { [[ $1 =~ $ONLY ]]; }

# tell PART passed|failed|left-out WHAT
tell() { printf '%s\n' "== $1: $2 ($3)"; [ "$2" != failed ] || failed=$((failed + 1)); }

leave_out() {
    left_out=$((left_out + 1))
    tell "$1" left-out "$2"
}

# part NAME LIMIT COMMAND…: passes or fails as a whole.
part() {
    wanted "$1" || return 0
    if attempt "$@"; then
        passed=$((passed + 1))
        tell "$1" passed "${took} s"
    else
        tell "$1" failed "status $status after $took s"
    fi
}

# suite NAME LIMIT COMMAND…: a command that prints Rust's test results.
suite() {
    wanted "$1" || return 0
    attempt "$@" || true
    local good bad ignored
    read -r good bad ignored < <(results "$work/$1.log")
    passed=$((passed + good))
    failed=$((failed + bad + ignored))
    printf '%s\n' "== $1: $good passed, $bad failed, $ignored ignored ($took s)"
    if [ "$ignored" -gt 0 ]; then tell "$1" failed "a test that is not run is none"; fi
    # A test program that was killed, or does not compile, prints no result.
    if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then tell "$1" failed "status $status"; fi
    if [ "$status" -eq 0 ] && [ "$good" -eq 0 ] && [ ${#arguments[@]} -eq 0 ]; then
        tell "$1" failed "no test ran"
    fi
}

# Sums up lines like `test result: ok. 3 passed; 0 failed; 0 ignored; …`.
results() {
    awk '/^test result: / { for (i = 2; i <= NF; i++) {
            if ($i == "passed;") good += $(i - 1)
            if ($i == "failed;") bad += $(i - 1)
            if ($i == "ignored;") ignored += $(i - 1)
        } } END { print good + 0, bad + 0, ignored + 0 }' "$1"
}

# attempt NAME LIMIT COMMAND…: sets `status` and `took`, shows and keeps the output.
attempt() {
    local log=$work/$1.log limit=$2 start=$SECONDS reader
    printf '%s\n' "== $1"
    shift 2
    : >"$log"
    TMPDIR=$work/tmp timeout --kill-after=20 "$limit" "$@" >"$log" 2>&1 </dev/null &
    child=$!
    # Reads until the child is gone: not a pipe, which whatever a test leaves behind would hold.
    tail --quiet --lines=+1 --follow --pid="$child" "$log" &
    reader=$!
    status=0
    wait "$child" || status=$?
    child=''
    wait "$reader" || true
    took=$((SECONDS - start))
    return "$status"
}

summary() {
    if [ "$left_out" -gt 0 ]; then echo "NOT ALL PARTS WERE RUN, see above; --quick means no real swarms"; fi
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ] && [ "$left_out" -eq 0 ]
}
