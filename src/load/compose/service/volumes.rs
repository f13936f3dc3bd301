//! Mounts of a service.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::load::compose::forms::ShortVolumeText;

/// A mount, in short or long form.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum VolumeMount {
    /// `[SOURCE:]TARGET[:OPTIONS]`
    Short(ShortVolumeText),
    /// The same in words.
    Long(LongVolume),
}

/// A mount in words.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, extend("patternProperties" = {"^x-": true}))]
pub struct LongVolume {
    /// Kind of mount.
    #[serde(rename = "type")]
    pub kind: VolumeType,
    /// Name of a volume, or a path of the node.
    pub source: Option<String>,
    /// Path in the container.
    pub target: Option<String>,
    /// Not writable; `false` by default.
    #[schemars(extend("default" = false))]
    pub read_only: Option<bool>,
    /// Accepted for docker's sake; the engine drops it.
    pub consistency: Option<String>,
    /// Options of a bind.
    pub bind: Option<BindSettings>,
    /// Options of a volume.
    pub volume: Option<VolumeSettings>,
    /// Options of a tmpfs.
    pub tmpfs: Option<TmpfsSettings>,
}

/// Kind of a mount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum VolumeType {
    /// A volume, named or anonymous.
    Volume,
    /// A path of the node.
    Bind,
    /// Memory; without limit by default.
    Tmpfs,
    /// A named pipe of Windows.
    Npipe,
    /// A volume of the cluster (CSI).
    Cluster,
    /// The files of an image; no engine takes it in a service.
    Image,
}

impl VolumeType {
    /// The engine's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Volume => "volume",
            Self::Bind => "bind",
            Self::Tmpfs => "tmpfs",
            Self::Npipe => "npipe",
            Self::Cluster => "cluster",
            Self::Image => "image",
        }
    }
}

/// Options of a bind.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, extend("patternProperties" = {"^x-": true}), transform = crate::load::compose::keys::add_bind_keys)]
pub struct BindSettings {
    /// `rprivate` (default), `private`, `rshared`, `shared`, `rslave` or `slave`.
    pub propagation: Option<String>,
    /// Whether the path is made where it is missing. Swarm never does.
    pub create_host_path: Option<bool>,
}

/// Options of a volume.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, extend("patternProperties" = {"^x-": true}))]
pub struct VolumeSettings {
    /// Don't copy the image's content into a new volume; `false` by default.
    #[schemars(extend("default" = false))]
    pub nocopy: Option<bool>,
    /// Path inside the volume (engine 26 and newer); its top by default.
    pub subpath: Option<String>,
}

/// Options of a tmpfs.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, extend("patternProperties" = {"^x-": true}))]
pub struct TmpfsSettings {
    /// Size in bytes; without limit by default.
    #[schemars(range(min = 0))]
    pub size: Option<i64>,
    /// Permission bits; 0o1777 by default. `docker stack deploy` loses it.
    pub mode: Option<u32>,
}
