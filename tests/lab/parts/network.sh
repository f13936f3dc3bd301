# A bridge on this machine, at .1 of the subnet, and a cable from it to each node.
# shellcheck shell=bash

bridge() { echo "${PREFIX}br0"; }
cable() { echo "$PREFIX-$1"; }

network_up() {
    ip link add "$(bridge)" type bridge
    ip address add "$SUBNET.1/24" dev "$(bridge)"
    ip link set "$(bridge)" up
    if iptables-save | grep -qE '^:(INPUT|FORWARD) DROP|^-A (INPUT|FORWARD) '; then open_firewall; fi
}

# A docker engine or a firewall of this machine may drop what it does not know.
open_firewall() {
    iptables -w -I INPUT -i "$(bridge)" -j ACCEPT
    iptables -w -I FORWARD -i "$(bridge)" -o "$(bridge)" -j ACCEPT
}

close_firewall() {
    iptables-save | sed -n "s/^-A \\(.* -i $(bridge) .*\\)/\\1/p" | while read -ra rule; do
        iptables -w -D "${rule[@]}"
    done
}

# cable_up NODE PID: one end at the bridge, the other in the namespace of that process.
cable_up() {
    ip link add "$(cable "$1")" type veth peer name eth0 netns "$2"
    ip link set "$(cable "$1")" master "$(bridge)" up
    nsenter --target "$2" --net ip address add "$(address_of "$1")/24" dev eth0
    nsenter --target "$2" --net ip link set eth0 up
}

# cable_set NODE up|down: down is a cut cable.
cable_set() { ip link set "$(cable "$1")" "$2"; }

network_down() {
    local name
    close_firewall
    # A namespace that ended takes its cable along, but not at once.
    for name in /sys/class/net/"$PREFIX"-* /sys/class/net/"$(bridge)"; do
        ip link delete "$(basename "$name")" 2>/dev/null || true
    done
}
