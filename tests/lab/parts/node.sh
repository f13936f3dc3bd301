# A node: namespaces held by one process, and a docker engine in them.
# shellcheck shell=bash

node_up() {
    local node=$1 holder
    mkdir -p "$LAB/$node"
    # Not `ip netns`: it hides the cgroups from the engine and leaves a mount behind.
    setsid unshare --uts --ipc --net --mount --pid --fork --kill-child --mount-proc \
        --propagation private \
        "$HERE/parts/node-init" "$node" "$(registry_address)" "$LAB/registry/ca.crt" "$ENGINE_ROOT" \
        >"$LAB/$node/init.log" 2>&1 </dev/null &
    holder=$!
    wait_for 10 "start of node $node" test -e "$LAB/$node/ready"
    remember "$node" "$(pgrep --parent "$holder")"
    cable_up "$node" "$(pid_of "$node")"
    engine_start "$node"
}

cgroup_of() { echo "$PREFIX-lab-$1"; }

# The kernel keeps the control groups of containers that were killed.
remove_cgroups() {
    find /sys/fs/cgroup -depth -type d -path "*/$(cgroup_of "$1")*" -exec rmdir {} + 2>/dev/null || true
}

engine_start() {
    local node=$1 init
    init=$(pid_of "$node") || fail "node $node is not up"
    # The environment is cleared: proxies and engine settings of this machine are not meant here.
    # The second socket is where containers expect it.
    # Engines from 26 on speak old versions of their API too; newer ones will not.
    nsenter --target "$init" --all --wd=/ env -i PATH="$PATH" HOME=/root DOCKER_MIN_API_VERSION=1.44 \
        bash -s -- "$LAB/$node/engine.log" \
        --data-root "$LAB/$node/data" \
        --host "unix://$LAB/$node/docker.sock" --host unix:///run/docker.sock \
        --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "/$(cgroup_of "$node")" \
        <"$HERE/parts/engine-start"
    wait_for 60 "engine on $node" on "$node" version
}

# Prints the engine's process id as this machine sees it.
engine_pid() {
    local init
    init=$(pid_of "$1") && pgrep --ns "$init" --nslist pid --exact dockerd
}

engine_gone() { ! engine_pid "$1" >/dev/null; }

# engine_stop NODE SIGNAL: the engine ends, the node stays.
engine_stop() {
    local pid
    pid=$(engine_pid "$1") || return 0
    kill -"$2" "$pid"
    wait_for 30 "end of the engine on $1" engine_gone "$1"
}
