# What all pieces of the laboratory share: which laboratory, where it lies, how it speaks.
# shellcheck shell=bash disable=SC2034 # the variables are for the files that read this one

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
PREFIX=skep
SUBNET=10.77.0
SWARMS="one three managers"
# The root of the Debian system whose engine is started: this machine's own, or one that `engine-root`
# made. Empty is this machine's.
ENGINE_ROOT=
words=()

# Takes --prefix, --subnet, --swarms and --engine out of the arguments; the others land in `words`.
read_settings() {
    while [ $# -gt 0 ]; do
        case $1 in
            --prefix) PREFIX=${2:?--prefix wants a name} && shift 2 ;;
            --subnet) SUBNET=${2:?--subnet wants three numbers} && shift 2 ;;
            --swarms) SWARMS=${2:?--swarms wants names} && shift 2 ;;
            --engine) ENGINE_ROOT=$(engine_root "${2:?--engine wants trixie or sid}") && shift 2 ;;
            --*) fail "unknown option $1" ;;
            *) words+=("$1") && shift ;;
        esac
    done
    # Interface names have 15 characters at most, and `-three-1` is added.
    [[ $PREFIX =~ ^[a-z][a-z0-9]{0,6}$ ]] || fail "--prefix $PREFIX: use 1 to 7 letters and digits"
    [[ $SUBNET =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || fail "--subnet $SUBNET: write it like 10.77.0"
    # A fixed name: a second laboratory of this prefix is refused, and `down` finds what is left
    # of one that never came up.
    LAB=/tmp/$PREFIX-lab
}

# Takes the settings of a laboratory that is up from its description.
recall_settings() {
    [ -e "$LAB/lab.json" ] || fail "no laboratory is up at $LAB"
    SUBNET=$(jq -r .subnet "$LAB/lab.json")
    SWARMS=$(jq -r '.swarms | keys | join(" ")' "$LAB/lab.json")
    ENGINE_ROOT=$(cat "$LAB/engine-root" 2>/dev/null || true)
}

# Where the engine of a Debian release lies: made once, and shared by all laboratories.
engine_root() {
    case $1 in
        trixie | sid) echo "/var/tmp/skep-engines/$1" ;;
        *) fail "no engine of $1: use trixie, sid" ;;
    esac
}

say() { echo "lab $PREFIX: $*" >&2; }

fail() {
    say "$*"
    exit 1
}

# Runs a command until it succeeds: wait_for SECONDS WHAT COMMAND…
wait_for() {
    local deadline=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $deadline ] || fail "no $what in time"
        sleep 0.1
    done
}

# Waits for background jobs by their ids; `wait` with several ids tells only of the last.
wait_all() {
    local job
    for job in "$@"; do wait "$job" || fail "a step failed, see above and $LAB"; done
}

# nodes_of SWARM: node names, the manager first.
nodes_of() {
    case $1 in
        one) echo one ;;
        three) echo three-1 three-2 three-3 ;;
        managers) echo mgr-1 mgr-2 mgr-3 ;;
        *) fail "no swarm is called $1: use one, three, managers" ;;
    esac
}

# managers_of SWARM: how many of its nodes manage.
managers_of() {
    case $1 in
        managers) echo 3 ;;
        *) echo 1 ;;
    esac
}

all_nodes() {
    local swarm
    for swarm in $SWARMS; do nodes_of "$swarm"; done | tr ' ' '\n'
}

address_of() {
    case $1 in
        one) echo "$SUBNET.11" ;;
        three-[1-3]) echo "$SUBNET.2${1#three-}" ;;
        mgr-[1-3]) echo "$SUBNET.3${1#mgr-}" ;;
        *) fail "no node is called $1" ;;
    esac
}

REGISTRY_PORT=5000
registry_address() { echo "$SUBNET.1:$REGISTRY_PORT"; }

# on NODE ARGUMENT…: the docker client against one node, logged in to the registry.
on() {
    local node=$1
    shift
    DOCKER_CONFIG=$LAB/docker docker --host "unix://$LAB/$node/docker.sock" "$@"
}
