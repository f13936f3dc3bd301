//! Reads a listing object by object, and keeps what has not changed since the last look.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::model::Gap;
use crate::model::engine::{Service, ServiceStatus, Task, Version};

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

impl Versioned for Task {
    fn version(&self) -> Version {
        self.version
    }

    fn refreshed(kept: &Arc<Self>, _: &Head<'_>) -> Arc<Self> {
        kept.clone()
    }
}

/// Reads a listing; objects in `kept` whose version is still the same are not read again.
///
/// # Errors
/// The answer is no list.
pub(super) fn read_kept<T: Versioned>(
    kind: &str,
    answer: &[u8],
    kept: &Kept<T>,
) -> serde_json::Result<Listing<Arc<T>>> {
    each(kind, answer, |raw| {
        let head: Head<'_> = serde_json::from_str(raw)?;
        match kept.get(head.id.as_ref()) {
            Some(old) if old.version() == head.version => Ok(T::refreshed(old, &head)),
            _ => serde_json::from_str(raw).map(Arc::new),
        }
    })
}

/// Reads a listing.
///
/// # Errors
/// The answer is no list.
pub(super) fn read<T: DeserializeOwned>(
    kind: &str,
    answer: &[u8],
) -> serde_json::Result<Listing<T>> {
    each(kind, answer, |raw| serde_json::from_str(raw))
}

/// Reads each object by itself, so that one that can't be read harms no other.
fn each<T>(
    kind: &str,
    answer: &[u8],
    read: impl Fn(&str) -> serde_json::Result<T>,
) -> serde_json::Result<Listing<T>> {
    // Go writes `null` for an empty list that it never made.
    let raw: Option<Vec<&RawValue>> = serde_json::from_slice(answer)?;
    let mut listing = Listing { objects: Vec::new(), gaps: BTreeSet::new() };
    for object in raw.unwrap_or_default() {
        match read(object.get()) {
            Ok(object) => listing.objects.push(object),
            Err(why) => {
                listing.gaps.insert(gap(kind, object.get(), &why));
            }
        }
    }
    Ok(listing)
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
