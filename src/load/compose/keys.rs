//! Keys of compose files that are known and have no effect, or can't be used.
//!
//! They stand in the schema, so that an author learns the reason instead of "unknown key".

use schemars::Schema;
use serde_json::{Value, json};

use super::service::unsupported::Unsupported;

/// Marks a key of the schema that has no effect; its value is the reason.
pub const IGNORED: &str = "x-ignored";
/// Marks a key of the schema that is refused; its value is `[what is wrong, what to do]`.
pub const REFUSED: &str = "x-refused";

/// Keys of a service that `docker stack deploy` takes and ignores, and whose loss nobody misses.
/// Those whose loss is missed are [`Unsupported`].
const SERVICE_IGNORED: [(&str, &str); 5] = [
    ("annotations", "Swarm hands none to containers; labels can say the same"),
    ("build", "stacks run images that exist already"),
    ("container_name", "Swarm names the containers of a service itself"),
    ("develop", "it is for development with docker compose"),
    ("expose", "all ports are open between services of one network"),
];

/// Keys of a service that can't be used, with what to do.
const SERVICE_REFUSED: [(&str, &str, &str); 30] = [
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
    ("gpus", CANT, "write deploy.resources.reservations.generic_resources"),
    ("mem_limit", CANT, "write deploy.resources.limits.memory"),
    ("mem_reservation", CANT, "write deploy.resources.reservations.memory"),
    ("mem_swappiness", CANT, "write x-skep: {swappiness: …}"),
    ("memswap_limit", CANT, "write x-skep: {swap: …}, which counts beside the memory limit"),
    ("oom_kill_disable", CANT, "remove it"),
    ("pids_limit", CANT, "write deploy.resources.limits.pids"),
    ("platform", CANT, "write a constraint: node.platform.arch == x86_64"),
    ("post_start", CANT, "remove it"),
    ("pre_stop", CANT, "remove it"),
    ("provider", ELSEWHERE, "remove it"),
    ("runtime", CANT, "set the default runtime of the nodes"),
    ("scale", CANT, "write deploy.replicas"),
    ("storage_opt", CANT, "remove it"),
    ("use_api_socket", ELSEWHERE, "mount the socket as a bind"),
    ("uts", CANT, "remove it"),
    ("volume_driver", CANT, "write the driver at the volume, under the top-level volumes"),
    ("volumes_from", CANT, "mount a named volume in both services"),
];

const CANT: &str = "can't be used: Swarm has no such setting";
const ELSEWHERE: &str = "belongs to docker compose and means nothing in a swarm";

/// Adds the known keys without effect to a service.
pub fn add_service_keys(schema: &mut Schema) {
    for key in Unsupported::ALL.into_iter().filter(|key| *key != Unsupported::SecurityOpt) {
        add(schema, key.key(), unsupported(key));
    }
    for (key, reason) in SERVICE_IGNORED {
        add(schema, key, ignored(reason));
    }
    for (key, message, hint) in SERVICE_REFUSED {
        add(schema, key, refused(message, hint));
    }
}

/// Adds the keys of a file that can't be used yet.
pub fn add_file_keys(schema: &mut Schema) {
    add(schema, "models", refused(ELSEWHERE, "remove it"));
}

/// Adds the keys of a port that can't be used.
pub fn add_port_keys(schema: &mut Schema) {
    let everywhere = "Swarm publishes on all addresses of a node";
    add(schema, "host_ip", refused(&format!("can't be used: {everywhere}"), "remove it"));
    add(schema, "app_protocol", ignored("Swarm balances connections, whatever they carry"));
}

/// Adds the keys of a bind that docker loses.
pub fn add_bind_keys(schema: &mut Schema) {
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

/// Adds the keys of a network that can't be used.
pub fn add_network_keys(schema: &mut Schema) {
    add(schema, "enable_ipv4", refused(CANT, "remove it: networks of a swarm have IPv4"));
}

/// Adds the keys of an address pool that can't be used (`convert/network.go` in moby drops them).
pub fn add_pool_keys(schema: &mut Schema) {
    add(schema, "aux_addresses", refused(CANT, "write ip_range, so that they lie outside of it"));
}

/// Adds the keys of a secret that can't be used yet.
pub fn add_secret_keys(schema: &mut Schema) {
    add(
        schema,
        "content",
        refused(
            "can't be used: a secret does not belong into the text",
            "write file, or environment: NAME of a variable",
        ),
    );
}

fn ignored(reason: &str) -> Value {
    json!({ "description": format!("Has no effect: {reason}."), "deprecated": true, IGNORED: reason })
}

/// The value may be anything: what is told of it depends on `x-skep` (`convert/unsupported.rs`).
fn unsupported(key: Unsupported) -> Value {
    let (reason, instead) = (key.reason(), key.instead());
    let name = key.key();
    let ignore = format!("x-skep: {{ignore_unsupported: [{name}]}} runs the service without it");
    json!({ "description": format!("Can't be used: {reason}. Instead: {instead}; {ignore}.") })
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
