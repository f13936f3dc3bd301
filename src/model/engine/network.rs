//! What is sent to create networks, secrets and configs.

use serde::{Deserialize, Serialize};

use super::{Extra, StringMap, is_default, null_is_default};

/// Networks of the nodes themselves, by the names that a service may say; nobody makes them.
pub const NODE_NETWORKS: [&str; 4] = ["host", "bridge", "none", "default"];
/// Label of such a network, as the swarm has it (`PredefinedLabel` in swarmkit's network
/// allocator).
pub const NODE_NETWORK_MARK: &str = "com.docker.swarm.predefined";

/// Body of `POST /networks/create`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct NetworkSpec {
    /// Full name.
    pub name: String,
    /// Driver; `overlay` unless declared.
    #[serde(skip_serializing_if = "is_default")]
    pub driver: String,
    /// Options of the driver.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_is_default")]
    pub options: StringMap,
    /// No way out.
    #[serde(skip_serializing_if = "is_default")]
    pub internal: bool,
    /// Containers outside services may join.
    #[serde(skip_serializing_if = "is_default")]
    pub attachable: bool,
    /// Labels; they can't be changed later.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_is_default")]
    pub labels: StringMap,
    /// Address management.
    #[serde(rename = "IPAM", skip_serializing_if = "Option::is_none")]
    pub ipam: Option<Ipam>,
    /// IPv6 as well.
    #[serde(rename = "EnableIPv6", skip_serializing_if = "is_default")]
    pub enable_ipv6: bool,
    /// Fields unknown to this version.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Address management of a network.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Ipam {
    /// Driver; empty is `default`.
    #[serde(skip_serializing_if = "is_default")]
    pub driver: String,
    /// Options of the driver.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_is_default")]
    pub options: StringMap,
    /// Address pools.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_is_default")]
    pub config: Vec<IpamConfig>,
}

/// One address pool.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct IpamConfig {
    /// `10.1.0.0/24`.
    #[serde(skip_serializing_if = "is_default")]
    pub subnet: String,
    /// Part of the subnet that addresses are taken from.
    #[serde(rename = "IPRange", skip_serializing_if = "is_default")]
    pub ip_range: String,
    /// Gateway; filled in by the engine when not given.
    #[serde(skip_serializing_if = "is_default")]
    pub gateway: String,
}

/// Driver of a secret or template of a config, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct DataDriver {
    /// Name of the driver.
    pub name: String,
    /// Its options.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_is_default")]
    pub options: StringMap,
}

/// What the engine says of a secret: everything but its data.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct SecretSpec {
    /// Full name.
    pub name: String,
    /// Labels; the only thing that can be changed later.
    #[serde(deserialize_with = "null_is_default")]
    pub labels: StringMap,
    /// External secret driver; then there is no data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub driver: Option<DataDriver>,
    /// Template driver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub templating: Option<DataDriver>,
    /// Fields unknown to this version.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A config as the engine stores it; unlike a secret's, its data can be read back.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ConfigSpec {
    /// Full name.
    pub name: String,
    /// Labels; the only thing that can be changed later.
    #[serde(deserialize_with = "null_is_default")]
    pub labels: StringMap,
    /// Content in base64.
    #[serde(skip_serializing_if = "is_default")]
    pub data: String,
    /// Template driver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub templating: Option<DataDriver>,
    /// Fields unknown to this version.
    #[serde(flatten)]
    pub extra: Extra,
}
