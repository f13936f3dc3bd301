//! Reads a listing object by object, and keeps what has not changed since the last look.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::model::Gap;
use crate::model::engine::{LiveConfig, Service, ServiceStatus, Task, Version};

/// One listing, read.
#[derive(Debug)]
pub(super) struct Listing<T> {
    /// What could be read, in the engine's order.
    pub(super) objects: Vec<T>,
    /// What could not.
    pub(super) gaps: BTreeSet<Gap>,
}

/// Parsed objects by id; an object of the same version is the same object.
pub(super) type Kept<T> = HashMap<String, Arc<T>>;

/// What a kind needs to be kept from look to look.
pub(super) trait Versioned: DeserializeOwned {
    /// Its version.
    fn version(&self) -> Version;
    /// The same object with the parts that change without a new version.
    fn refreshed(kept: &Arc<Self>, head: &Head<'_>) -> Arc<Self>;
}

/// The little that must be read of each object in each look.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Head<'a> {
    #[serde(rename = "ID", borrow)]
    id: Cow<'a, str>,
    version: Version,
    #[serde(default)]
    service_status: Option<ServiceStatus>,
}

impl Versioned for Service {
    fn version(&self) -> Version {
        self.version
    }

    fn refreshed(kept: &Arc<Self>, head: &Head<'_>) -> Arc<Self> {
        if kept.service_status == head.service_status {
            return kept.clone();
        }
        Arc::new(Self { service_status: head.service_status, ..Self::clone(kept) })
    }
}

impl Versioned for LiveConfig {
    fn version(&self) -> Version {
        self.version
    }

    fn refreshed(kept: &Arc<Self>, _: &Head<'_>) -> Arc<Self> {
        kept.clone()
    }
}

impl Versioned for Task {
    fn version(&self) -> Version {
        self.version
    }

    fn refreshed(kept: &Arc<Self>, _: &Head<'_>) -> Arc<Self> {
        kept.clone()
    }
}

/// Reads an object, unless the one in `kept` still has its version.
///
/// # Errors
/// It is not what it should be.
pub(super) fn read_kept<T: Versioned>(raw: &str, kept: &Kept<T>) -> serde_json::Result<Arc<T>> {
    let head: Head<'_> = serde_json::from_str(raw)?;
    match kept.get(head.id.as_ref()) {
        Some(old) if old.version() == head.version => Ok(T::refreshed(old, &head)),
        _ => serde_json::from_str(raw).map(Arc::new),
    }
}

impl<T> Listing<T> {
    /// Adds an object by itself, so that one that can't be read harms no other.
    pub(super) fn add(
        &mut self,
        kind: &str,
        raw: &RawValue,
        read: impl FnOnce(&str) -> serde_json::Result<T>,
    ) {
        match read(raw.get()) {
            Ok(object) => self.objects.push(object),
            Err(why) => {
                self.gaps.insert(gap(kind, raw.get(), &why));
            }
        }
    }
}

/// Enough to say which object it was.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Signs {
    #[serde(rename = "ID", alias = "Id")]
    id: String,
    #[serde(rename = "Name")]
    name: String,
    #[serde(rename = "Spec")]
    spec: NameOnly,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct NameOnly {
    #[serde(rename = "Name")]
    name: String,
}

fn gap(kind: &str, raw: &str, why: &serde_json::Error) -> Gap {
    let Signs { id, name, spec } = serde_json::from_str(raw).unwrap_or_default();
    let name = [spec.name, name, id].into_iter().find(|text| !text.is_empty());
    Gap::Unreadable { kind: kind.to_owned(), name: name.unwrap_or_default(), why: why.to_string() }
}
