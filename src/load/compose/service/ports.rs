//! Published ports.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::load::compose::forms::ShortPorts;

/// A published port, in short or long form.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Port {
    /// `[IP:][PUBLISHED[-PUBLISHED]:]TARGET[-TARGET][/PROTOCOL]`
    Short(ShortPorts),
    /// The same in words.
    Long(LongPort),
}

/// A published port in words.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, extend("patternProperties" = {"^x-": true}), transform = crate::load::compose::keys::add_port_keys)]
pub struct LongPort {
    /// A name for the reader.
    pub name: Option<String>,
    /// Port in the container.
    #[schemars(range(min = 1, max = 65535))]
    pub target: u32,
    /// Port on the nodes; without it the engine chooses one from 30000 on.
    #[schemars(range(max = 65535))]
    pub published: Option<u32>,
    /// Transport protocol; `tcp` by default.
    pub protocol: Option<String>,
    /// `ingress` (on every node, balanced; the default) or `host` (on the nodes that run a task).
    pub mode: Option<String>,
}
