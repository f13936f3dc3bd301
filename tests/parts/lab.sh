# The laboratory of a run: whether there can be one, its start and its end.
# shellcheck shell=bash disable=SC2034,SC2154 # `work` and `child` belong to the run

# Prints why there can be no laboratory here, if so.
lab_possible() {
    if [ "$(id -u)" -ne 0 ]; then echo "real swarms need root" && return 1; fi
    if ! command -v apt-get >/dev/null; then echo "real swarms need Debian or Ubuntu" && return 1; fi
    if ! unshare --uts --ipc --net --mount --pid --fork true 2>/dev/null; then
        echo "this machine allows no namespaces" && return 1
    fi
    local tool
    for tool in dockerd docker-registry jq; do
        command -v "$tool" >/dev/null || { echo "there is no $tool" && return 1; }
    done
}

install_tools() {
    if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then tests/lab/install; fi
}

# lab_up [OPTION OF tests/lab/up]…: takes the first prefix and subnet that are free, so that several runs
# can share a machine.
lab_up() {
    local number status
    for number in 0 1 2 3 4 5 6 7 8 9; do
        LAB_PREFIX=skept$number
        status=0
        start_lab --prefix "$LAB_PREFIX" --subnet "10.$((90 + number)).0" "$@" || status=$?
        case $status in
            0) SKEP_LAB=$(cat "$work/lab") && return 0 ;;
            75) LAB_PREFIX='' ;;
            *) break ;;
        esac
    done
    return 1
}

# In the background, as only then a signal interrupts the shell's waiting.
start_lab() {
    setsid tests/lab/up "$@" >"$work/lab" &
    child=$!
    wait "$child" || { status=$? && child='' && return "$status"; }
    child=''
}

lab_down() {
    if [ -z "${LAB_PREFIX:-}" ]; then return 0; fi
    tests/lab/down --prefix "$LAB_PREFIX"
    ENDED_PREFIX=$LAB_PREFIX LAB_PREFIX=''
}

left_of_lab() {
    if [ -n "${ENDED_PREFIX:-}" ]; then tests/lab/left --prefix "$ENDED_PREFIX"; fi
}
