# Leaves the machine as it was, also when a run is interrupted.
# shellcheck shell=bash disable=SC2154

prepare() {
    work=$(mktemp -d "${TMPDIR:-/tmp}/skep-run.XXXXXX")
    mkdir "$work/tmp"
    trap clean EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
}

# The part `left`: what tests left running, and what is left of the laboratory.
look_back() {
    wanted left || return 0
    local rest
    rest=$(processes_of "$work" && left_of_lab)
    if [ -z "$rest" ]; then
        passed=$((passed + 1))
        tell left passed nothing
    else
        tell left failed "$rest"
    fi
}

clean() {
    trap '' INT TERM HUP
    if [ -n "$child" ]; then
        kill "$child" 2>/dev/null || true
        wait "$child" || true
    fi
    if [ -z "$KEEP" ]; then lab_down; fi
    if [ -n "${LAB_PREFIX:-}" ]; then
        echo "still up: $SKEP_LAB; its end: tests/lab/down --prefix $LAB_PREFIX"
    fi
    processes_of "$work" | cut -d' ' -f1 | xargs --no-run-if-empty kill -KILL || true
    rm -rf "$work"
}

# Processes that work in a run's directory, or were started with it in arguments or environment.
processes_of() {
    local process
    for process in /proc/[0-9]*; do
        if [ "${process#/proc/}" = $$ ] || [ "${process#/proc/}" = "$BASHPID" ]; then continue; fi
        if grep -qF "$1/tmp" "$process/environ" "$process/cmdline" 2>/dev/null ||
            [[ $(readlink "$process/cwd") == "$1"* ]]; then
            echo "${process#/proc/} $(tr '\0' ' ' <"$process/cmdline")"
        fi
    done
}
