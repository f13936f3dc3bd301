//! Keys of compose files that are known and have no effect, or can't be used (yet).
//!
//! They stand in the schema, so that an author learns the reason instead of "unknown key".

use schemars::Schema;
use serde_json::{Value, json};

/// Marks a key of the schema that has no effect; its value is the reason.
pub const IGNORED: &str = "x-ignored";
/// Marks a key of the schema that is refused; its value is `[what is wrong, what to do]`.
pub const REFUSED: &str = "x-refused";

/// Keys of a service that `docker stack deploy` takes and ignores.
const SERVICE_IGNORED: [(&str, &str); 18] = [
    ("build", "stacks run images that exist already"),
    ("cgroup_parent", "Swarm has no such setting"),
    ("cgroupns_mode", "Swarm has no such setting"),
    ("container_name", "Swarm names the containers of a service itself"),
    ("devices", "Swarm can't hand devices to tasks"),
    ("domainname", "Swarm has no such setting; write the whole name into hostname"),
    ("expose", "all ports are open between services of one network"),
    ("external_links", "services find each other by name on a common network"),
    ("ipc", "Swarm has no such setting"),
    ("links", "services find each other by name on a common network"),
    ("mac_address", "Swarm has no such setting"),
    ("network_mode", "Swarm has no such setting; for the host's network join the network 'host'"),
    ("pid", "Swarm has no such setting"),
    ("privileged", "Swarm can't run privileged tasks; cap_add gives single rights"),
    ("security_opt", "Swarm takes no such options from a stack file"),
    ("shm_size", "Swarm has no such setting; mount a tmpfs at /dev/shm"),
    ("userns_mode", "Swarm has no such setting"),
    ("develop", "it is for development with docker compose"),
];

/// Keys of a service that can't be used, with what to do.
const SERVICE_REFUSED: [(&str, &str, &str); 36] = [
    ("annotations", NOT_YET, "write labels"),
    ("attach", ELSEWHERE, "remove it"),
    ("blkio_config", CANT, "remove it"),
    ("cpu_count", CANT, "write deploy.resources.limits.cpus"),
    ("cpu_percent", CANT, "write deploy.resources.limits.cpus"),
    ("cpu_period", CANT, "write deploy.resources.limits.cpus"),
    ("cpu_quota", CANT, "write deploy.resources.limits.cpus"),
    ("cpu_rt_period", CANT, "remove it"),
    ("cpu_rt_runtime", CANT, "remove it"),
    ("cpu_shares", CANT, "write deploy.resources.limits.cpus"),
    ("cpus", CANT, "write deploy.resources.limits.cpus"),
    ("cpuset", CANT, "write deploy.resources.limits.cpus"),
    ("device_cgroup_rules", CANT, "remove it"),
    ("dns_opt", NOT_YET, "remove it"),
    ("extends", NOT_YET, "copy what it extends into the service, or use a YAML anchor"),
    ("gpus", CANT, "write deploy.resources.reservations.generic_resources"),
    ("group_add", NOT_YET, "name the group in user: USER:GROUP"),
    ("label_file", NOT_YET, "write labels"),
    ("mem_limit", CANT, "write deploy.resources.limits.memory"),
    ("mem_reservation", CANT, "write deploy.resources.reservations.memory"),
    ("mem_swappiness", CANT, "remove it"),
    ("memswap_limit", CANT, "write deploy.resources.limits.memory"),
    ("oom_kill_disable", CANT, "remove it"),
    ("pids_limit", CANT, "write deploy.resources.limits.pids"),
    ("platform", CANT, "write a constraint: node.platform.arch == x86_64"),
    ("post_start", CANT, "remove it"),
    ("pre_stop", CANT, "remove it"),
    ("profiles", NOT_YET, "put the service into a file of its own"),
    ("provider", ELSEWHERE, "remove it"),
    ("runtime", CANT, "set the default runtime of the nodes"),
    ("scale", CANT, "write deploy.replicas"),
    ("storage_opt", CANT, "remove it"),
    ("use_api_socket", ELSEWHERE, "mount the socket as a bind"),
    ("uts", CANT, "remove it"),
    ("volume_driver", CANT, "write the driver at the volume, under the top-level volumes"),
    ("volumes_from", CANT, "mount a named volume in both services"),
];

const NOT_YET: &str = "is not supported yet";
const CANT: &str = "can't be used: Swarm has no such setting";
const ELSEWHERE: &str = "belongs to docker compose and means nothing in a swarm";

/// Adds the known keys without effect to a service.
pub fn add_service_keys(schema: &mut Schema) {
    for (key, reason) in SERVICE_IGNORED {
        add(schema, key, ignored(reason));
    }
    for (key, message, hint) in SERVICE_REFUSED {
        add(schema, key, refused(message, hint));
    }
}

/// Adds the keys of a file that can't be used yet.
pub fn add_file_keys(schema: &mut Schema) {
    add(schema, "include", refused(NOT_YET, "list the files in the spec of a Stack manifest"));
    add(schema, "models", refused(ELSEWHERE, "remove it"));
}

/// Adds the keys of a port that can't be used.
pub fn add_port_keys(schema: &mut Schema) {
    let everywhere = "Swarm publishes on all addresses of a node";
    add(schema, "host_ip", refused(&format!("can't be used: {everywhere}"), "remove it"));
    add(schema, "name", refused(NOT_YET, "remove it"));
    add(schema, "app_protocol", refused(ELSEWHERE, "remove it"));
}

/// Adds the keys of a bind that docker loses.
pub fn add_bind_keys(schema: &mut Schema) {
    add(
        schema,
        "create_host_path",
        ignored("Swarm never makes the path of a bind; it has to exist"),
    );
    add(schema, "selinux", ignored("Swarm has no such setting"));
    add(schema, "recursive", ignored("Swarm has no such setting"));
}

/// Adds the keys of a service's network that have no effect.
pub fn add_attachment_keys(schema: &mut Schema) {
    for key in ["ipv4_address", "ipv6_address"] {
        add(schema, key, ignored("Swarm chooses the addresses of tasks"));
    }
    for key in ["gw_priority", "interface_name", "link_local_ips", "mac_address", "priority"] {
        add(schema, key, refused(CANT, "remove it"));
    }
}

/// Adds the keys of a network that can't be used yet.
pub fn add_network_keys(schema: &mut Schema) {
    add(
        schema,
        "enable_ipv6",
        refused(NOT_YET, "make the network by hand and declare it external"),
    );
    add(
        schema,
        "enable_ipv4",
        refused(NOT_YET, "make the network by hand and declare it external"),
    );
}

/// Adds the keys of an address pool that can't be used yet.
pub fn add_pool_keys(schema: &mut Schema) {
    for key in ["gateway", "ip_range", "aux_addresses"] {
        add(schema, key, refused(NOT_YET, "make the network by hand and declare it external"));
    }
}

/// Adds the keys of a secret that can't be used yet.
pub fn add_secret_keys(schema: &mut Schema) {
    add(schema, "environment", refused(NOT_YET, "write file"));
    add(
        schema,
        "content",
        refused("can't be used: a secret does not belong into the text", "write file"),
    );
}

/// Adds the keys of a config that can't be used yet.
pub fn add_config_keys(schema: &mut Schema) {
    add(schema, "environment", refused(NOT_YET, "write content with a variable in it"));
}

fn ignored(reason: &str) -> Value {
    json!({ "description": format!("Has no effect: {reason}."), "deprecated": true, IGNORED: reason })
}

fn refused(message: &str, hint: &str) -> Value {
    json!({ "description": format!("This {message}; {hint}."), "not": {}, REFUSED: [message, hint] })
}

fn add(schema: &mut Schema, key: &str, value: Value) {
    let properties = schema.ensure_object().entry("properties").or_insert_with(|| json!({}));
    if let Some(properties) = properties.as_object_mut() {
        properties.insert(key.to_owned(), value);
    }
}
