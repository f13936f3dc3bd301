//! Labels by which objects say whose they are, and what else skep and docker write on them.

pub use crate::model::name::{IMAGE_LABEL, NAMESPACE_LABEL};
use crate::model::{Instance, Kind};

/// Label that names the owner of an object: `INSTANCE/KIND/NAME`, of the object itself.
pub const OWNER_LABEL: &str = "skep.owner";
/// Label with the keyed hash of a secret's or config's content.
pub const HASH_LABEL: &str = "skep.hash";
/// Label with which a person stops writes to one service with plain docker.
pub const HOLD_LABEL: &str = "skep.hold";
/// Label on a service that is never removed for having left git: skep's own carries it.
pub const KEEP_LABEL: &str = "skep.keep";

/// What the owner label of an object has to say.
#[must_use]
pub fn owner_label(instance: &Instance, kind: Kind, name: &str) -> String {
    format!("{instance}/{kind}/{name}")
}
