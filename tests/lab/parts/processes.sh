# Processes that the laboratory started, each remembered by id and start time: an id alone may
# by now belong to somebody else.
# shellcheck shell=bash

# When a process was started, in clock ticks since boot; nothing if there is none.
started_at() {
    # The name, in parentheses, may hold blanks: count fields after it.
    sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20
}

# remember NAME PID
remember() {
    mkdir -p "$LAB/processes"
    echo "$2 $(started_at "$2")" >"$LAB/processes/$1"
}

# Prints the id of a remembered process that still runs.
pid_of() {
    local pid since
    read -r pid since <"$LAB/processes/$1" || return 1
    # One that ended at once was remembered without a time.
    [ -n "$since" ] && [ "$(started_at "$pid")" = "$since" ] && echo "$pid"
}

gone() { ! pid_of "$1" >/dev/null; }

# stop NAME [SIGNAL]: returns when the process is gone.
stop() {
    local pid
    pid=$(pid_of "$1" 2>/dev/null) || return 0
    kill -"${2:-TERM}" "$pid"
    wait_for 20 "end of $1" gone "$1"
    rm -f "$LAB/processes/$1"
}
