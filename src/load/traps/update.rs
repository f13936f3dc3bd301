//! `update_config.order: start-first`, where two tasks get in each other's way.

use super::{Case, Trap};

const ORDER: [&str; 3] = ["deploy", "update_config", "order"];
const STOP_FIRST: &str = "write order: stop-first";

/// A port of the node can be held once (moby#36934: `host-mode port already in use`).
pub fn host_port(case: &Case<'_>) -> Vec<Trap> {
    let Some(port) = case.host_port().filter(|_| case.starts_first()) else { return Vec::new() };
    let message = format!(
        "with start-first the new task waits for port {port} of the node, which the old one holds \
         until the new one runs"
    );
    let hint = format!("{STOP_FIRST}, or publish the port in mode ingress");
    vec![Trap::at(&ORDER, (message, hint))]
}

/// Two tasks write into one volume for a while, as databases don't expect.
pub fn volume(case: &Case<'_>) -> Vec<Trap> {
    let written = case.local_volumes().find(|volume| !volume.read_only);
    if !case.starts_first() || written.is_none() {
        return Vec::new();
    }
    let message = "with start-first the old and the new task write into the same named volume \
                   during an update";
    vec![Trap::at(&ORDER, (message, STOP_FIRST))]
}
