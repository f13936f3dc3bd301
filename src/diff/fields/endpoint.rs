//! Fields of published ports and load balancing.

use super::Fields;
use crate::model::engine::{EndpointSpec, PortConfig};

/// Fields of an endpoint spec.
#[must_use]
pub fn endpoint(spec: Option<&EndpointSpec>) -> Fields {
    let mut fields = Fields::default();
    let Some(spec) = spec else { return fields };
    let mode = if spec.mode.is_empty() { "vip" } else { spec.mode.as_str() };
    fields.put_unless("deploy.endpoint_mode", mode, "vip");
    for port in &spec.ports {
        let mode = if port.publish_mode.is_empty() { "ingress" } else { &port.publish_mode };
        fields.put(format!("ports[{}]", port_text(port)), mode);
    }
    fields
}

/// What a port is told by: `8080:80/tcp`; the published port is empty where the engine chooses.
#[must_use]
pub fn port_text(port: &PortConfig) -> String {
    let protocol = if port.protocol.is_empty() { "tcp" } else { &port.protocol };
    let published = match port.published_port {
        0 => String::new(),
        number => number.to_string(),
    };
    format!("{published}:{}/{protocol}", port.target_port)
}
