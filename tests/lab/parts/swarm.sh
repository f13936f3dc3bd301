# Engines joined to a swarm: the first node manages, the others work; of `managers` all manage.
# shellcheck shell=bash

swarm_up() {
    local first others role token node number=1
    read -r first others < <(nodes_of "$1")
    on "$first" swarm init --advertise-addr "$(address_of "$first")" >/dev/null
    if [ "$(managers_of "$1")" -gt 1 ]; then role=manager; else role=worker; fi
    token=$(on "$first" swarm join-token --quiet "$role")
    for node in $others; do
        on "$node" swarm join --token "$token" "$(address_of "$first"):2377" >/dev/null
        # One by one: a new manager counts for the quorum before it votes.
        if [ "$role" = manager ]; then
            number=$((number + 1))
            wait_for 90 "$number managers in $1" led_by "$number" "$first"
        fi
    done
    wait_for 60 "readiness of swarm $1" all_ready "$1"
}

# all_ready SWARM: every node of it is Ready.
all_ready() {
    local nodes
    read -ra nodes < <(nodes_of "$1")
    [ "$(on "${nodes[0]}" node ls --format '{{.Status}}' | grep -c Ready)" -eq ${#nodes[@]} ]
}

# managers SWARM NUMBER: promotes the first so many nodes, demotes the others. When it returns, the
# swarm has a leader and takes writes. Each step is tried again while the swarm elects one.
managers() {
    local nodes position role
    read -ra nodes < <(nodes_of "$1")
    if [ "$2" -lt 1 ] || [ "$2" -gt ${#nodes[@]} ]; then fail "swarm $1 cannot have $2 managers"; fi
    wait_for 90 "leader of $1" takes_writes "${nodes[0]}"
    for position in "${!nodes[@]}"; do
        if [ "$position" -lt "$2" ]; then role=promote; else role=demote; fi
        wait_for 90 "answer to $role ${nodes[position]}" on "${nodes[0]}" node $role "${nodes[position]}"
        # A promoted node counts for the quorum at once and votes later: taking another manager
        # away meanwhile would leave the swarm without a leader. And a demoted node leaves later
        # than its role says.
        wait_for 90 "end of $role ${nodes[position]}" "${role}d" "${nodes[0]}" "${nodes[position]}"
    done
    wait_for 90 "$2 managers in $1" led_by "$2" "${nodes[0]}"
}

# promoted MANAGER NODE: the others reach it, and it answers as one of them.
promoted() {
    certified "$2" manager &&
        [ "$(on "$1" node inspect --format '{{.ManagerStatus.Reachability}}' "$2")" = reachable ] &&
        on "$2" node ls
}

# demoted MANAGER NODE: it is no voter any more, and works on.
demoted() {
    certified "$2" worker && [ -z "$(on "$1" node inspect --format '{{with .ManagerStatus}}manages{{end}}' "$2")" ] &&
        [ "$(on "$2" info --format '{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}}')" = "active false" ]
}

# certified NODE ROLE: it has the role itself. A demoted node holds a manager's certificate for some
# seconds longer, and starts a manager with it that is in nobody's list when it is promoted again
# meanwhile: the swarm then waits half a minute for it, or loses its quorum.
certified() {
    openssl x509 -noout -subject -in "$LAB/$1/data/swarm/certificates/swarm-node.crt" |
        grep -q "OU *= *swarm-$2"
}

# led_by NUMBER MANAGER: so many managers, all of them reachable, one of them the leader.
led_by() {
    local states
    states=$(on "$2" node ls --format '{{.ManagerStatus}}' | grep . | sort | uniq -c | xargs) || return 1
    case $1 in
        1) [ "$states" = "1 Leader" ] ;;
        *) [ "$states" = "1 Leader $(($1 - 1)) Reachable" ] ;;
    esac && takes_writes "$2"
}

# takes_writes MANAGER: an update without a change is written like any other.
takes_writes() { on "$1" node update "$1"; }

# swarm_mend SWARM: its managers, all nodes ready and active, as after the start.
swarm_mend() {
    local nodes node
    read -ra nodes < <(nodes_of "$1")
    if [ "$(managers_of "$1")" -eq 1 ]; then lone_mend "$1"; else quorum_mend "$1"; fi
    wait_for 90 "readiness of swarm $1" all_ready "$1"
    for node in "${nodes[@]}"; do
        wait_for 20 "activity of $node" active "${nodes[0]}" "$node"
    done
}

# active MANAGER NODE: written only where something was left.
active() {
    [ "$(on "$1" node inspect --format '{{.Spec.Availability}} {{len .Spec.Labels}}' "$2")" = "active 0" ] ||
        node_clear "$1" "$2"
}

node_clear() {
    local label without=()
    while read -r label; do
        without+=(--label-rm "$label")
    done < <(on "$1" node inspect --format '{{json .Spec.Labels}}' "$2" | jq -r 'keys[]')
    on "$1" node update --availability active "${without[@]}" "$2"
}

# lone_mend SWARM: one node manages, the others work. A swarm that was lost is made anew.
lone_mend() {
    if (wait_for 20 "nodes of $1" whole "$1"); then managers "$1" 1; else swarm_anew "$1"; fi
}

# whole SWARM: the first node of it knows all of them.
whole() {
    local names
    names=$(on "$(nodes_of "$1" | cut -d' ' -f1)" node ls --format '{{.Hostname}}') &&
        [ "$(sort -u <<<"$names" | xargs)" = "$(nodes_of "$1")" ]
}

# quorum_mend SWARM: all nodes manage. What lost its quorum, or some of its members, is made anew.
quorum_mend() {
    local nodes
    read -ra nodes < <(nodes_of "$1")
    if (wait_for 40 "quorum of $1" led_by ${#nodes[@]} "${nodes[0]}"); then return; fi
    swarm_anew "$1"
}

swarm_anew() {
    local node
    say "the swarm $1 is made anew"
    for node in $(nodes_of "$1"); do
        on "$node" swarm leave --force >/dev/null 2>&1 || true
    done
    swarm_up "$1"
}
