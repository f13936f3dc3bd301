# Engines joined to a swarm: the first node manages, the others work.
# shellcheck shell=bash

swarm_up() {
    local manager workers token node
    read -r manager workers < <(nodes_of "$1")
    on "$manager" swarm init --advertise-addr "$(address_of "$manager")" >/dev/null
    token=$(on "$manager" swarm join-token --quiet worker)
    for node in $workers; do
        on "$node" swarm join --token "$token" "$(address_of "$manager"):2377" >/dev/null
    done
    wait_for 60 "readiness of swarm $1" all_ready "$1"
}

# all_ready SWARM: every node of it is Ready.
all_ready() {
    local nodes
    read -ra nodes < <(nodes_of "$1")
    [ "$(on "${nodes[0]}" node ls --format '{{.Status}}' | grep -c Ready)" -eq ${#nodes[@]} ]
}

# managers SWARM NUMBER: promotes the first so many nodes, demotes the others.
managers() {
    local nodes node position=0
    read -ra nodes < <(nodes_of "$1")
    if [ "$2" -lt 1 ] || [ "$2" -gt ${#nodes[@]} ]; then fail "swarm $1 cannot have $2 managers"; fi
    for node in "${nodes[@]}"; do
        position=$((position + 1))
        if [ $position -le "$2" ]; then promote "${nodes[0]}" "$node"; else demote "${nodes[0]}" "$node"; fi
    done
}

role_is() { [ "$(on "$1" node inspect --format '{{.Spec.Role}}' "$2")" = "$3" ]; }

# Until a promoted node is reachable it counts for the quorum but does not vote: taking another
# manager away meanwhile would make every call hang.
promote() {
    on "$1" node promote "$2" >/dev/null
    wait_for 60 "manager $2" reachable "$1" "$2"
}

reachable() { [ "$(on "$1" node inspect --format '{{.ManagerStatus.Reachability}}' "$2")" = reachable ]; }

demote() {
    if role_is "$1" "$2" worker; then return 0; fi
    on "$1" node demote "$2" >/dev/null
    wait_for 60 "worker $2" works_only "$1" "$2"
}

# The role in the specification changes first, the node itself follows.
works_only() { ! on "$2" node ls && [ "$(on "$2" info --format '{{.Swarm.LocalNodeState}}')" = active ]; }
