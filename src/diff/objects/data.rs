//! Which version of a secret or config is meant, and whether it is there.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::diff::Unequal;
use crate::diff::change::{DataChange, DataLive, FieldChange, Owner};
use crate::diff::fields::{Fields, OWN_LABELS};
use crate::diff::owner::{Claim, HASH_LABEL, NAMESPACE_LABEL, Owners};
use crate::diff::snapshot::LiveData;
use crate::model::engine::StringMap;
use crate::model::name::MAX_DATA_NAME;
use crate::model::{Content, DesiredData, HashKey, KeyedHash, Kind, Naming, ObjectRef};

/// Hex digits of a version suffix.
const SUFFIX: usize = 10;

/// What is needed to place the versions of one kind in one stack.
#[derive(Debug, Clone, Copy)]
pub struct Versions<'a> {
    /// Secret or config.
    pub kind: Kind,
    /// What is there.
    pub live: &'a LiveData<'a>,
    /// Whose things are.
    pub owners: Owners<'a>,
    /// Key of the hashes, when known.
    pub key: Option<&'a HashKey>,
    /// Contents that secrets were found not to have.
    pub unequal: &'a Unequal,
}

/// How the content under a name compares with what is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Match {
    Same,
    Other,
    Unknown,
}

impl Versions<'_> {
    /// Finds the engine name and what is there under it.
    #[must_use]
    pub fn place(&self, declared: &str, wanted: &DesiredData) -> DataChange {
        let supersedes = self.newest_other(declared, wanted);
        let (name, live) = match wanted.naming {
            Naming::Verbatim => (declared.to_owned(), self.verbatim(declared, wanted)),
            Naming::Versioned => self.versioned(declared, wanted),
        };
        let object = ObjectRef::new(self.kind, name);
        let supersedes = supersedes.filter(|other| *other != object.name);
        let (mut fields, labels) = self.labels(&object.name, wanted, &live);
        let mut live = live;
        if (!fields.is_empty() || matches!(live, DataLive::Immutable { .. }))
            && let Some(both) = self.kept_by_another(&object.name)
        {
            (live, fields) = (DataLive::Theirs(both), Vec::new());
        }
        DataChange {
            object,
            declared: declared.to_owned(),
            wanted: wanted.clone(),
            live,
            supersedes,
            fields,
            labels,
        }
    }

    /// Labels that differ, and all that should be there.
    fn labels(
        &self,
        name: &str,
        wanted: &DesiredData,
        live: &DataLive,
    ) -> (Vec<Arc<FieldChange>>, StringMap) {
        let mut labels = wanted.labels.clone();
        let (DataLive::Same { .. }, Some(seen)) = (live, self.live.get(name)) else {
            return (Vec::new(), labels);
        };
        let id = seen.target.id.as_str();
        let claim = Claim { kind: self.kind, name, id, labels: seen.labels };
        if let Some(stack) = self.owners.sharer(claim) {
            labels.insert(NAMESPACE_LABEL.to_owned(), stack.to_owned());
        }
        let (own, declared): (Vec<_>, Vec<_>) =
            seen.labels.iter().partition(|(key, _)| key.starts_with(OWN_LABELS));
        let (mut ours, mut theirs) = (Fields::default(), Fields::default());
        ours.put_map("labels", &labels);
        theirs.put_map("labels", declared);
        labels.extend(own.into_iter().map(|(key, value)| (key.clone(), value.clone())));
        (crate::diff::changed_fields(&theirs, &ours), labels)
    }

    /// Who keeps an object that another stack declares too, and has.
    fn kept_by_another(&self, name: &str) -> Option<String> {
        let seen = self.live.get(name)?;
        let id = seen.target.id.as_str();
        let claim = Claim { kind: self.kind, name, id, labels: seen.labels };
        let keeper = self.owners.keeper(claim)?;
        Some(self.owners.claims.both(claim, (keeper, self.owners.stack.as_str())))
    }

    fn verbatim(&self, name: &str, wanted: &DesiredData) -> DataLive {
        match self.under(name, wanted) {
            Some((Match::Other, DataLive::Same { target, owner })) => {
                DataLive::Immutable { target, owner }
            }
            Some((_, live)) => live,
            None => DataLive::Absent,
        }
    }

    fn versioned(&self, declared: &str, wanted: &DesiredData) -> (String, DataLive) {
        let plain = self.under(declared, wanted);
        let suffixed = hash_of(wanted).map(|hash| version_name(declared, hash));
        match plain {
            Some((Match::Same | Match::Unknown, live)) => (declared.to_owned(), live),
            Some((Match::Other, live @ DataLive::Theirs(_))) => (declared.to_owned(), live),
            Some((Match::Other, _)) => self.suffixed(declared, suffixed, wanted),
            None if self.has(suffixed.as_deref())
                || self.newest_other(declared, wanted).is_some() =>
            {
                self.suffixed(declared, suffixed, wanted)
            }
            None => (declared.to_owned(), DataLive::Absent),
        }
    }

    /// True when a version is there: it stays what it is once the plain name was collected.
    fn has(&self, version: Option<&str>) -> bool {
        version.is_some_and(|name| self.live.get(name).is_some())
    }

    fn suffixed(
        &self,
        declared: &str,
        suffixed: Option<String>,
        wanted: &DesiredData,
    ) -> (String, DataLive) {
        let Some(name) = suffixed else { return (declared.to_owned(), DataLive::Absent) };
        let live = self.under(&name, wanted).map_or(DataLive::Absent, |(_, live)| live);
        (name, live)
    }

    /// What is there under a name, and how it compares.
    fn under(&self, name: &str, wanted: &DesiredData) -> Option<(Match, DataLive)> {
        let seen = self.live.get(name)?;
        let owner = self.owners.of(Claim {
            kind: self.kind,
            name,
            id: &seen.target.id,
            labels: seen.labels,
        });
        if let Owner::Theirs(whose) = owner {
            return Some((Match::Other, DataLive::Theirs(whose)));
        }
        let target = seen.target.clone();
        Some(match self.compare(name, wanted) {
            Match::Unknown => (Match::Unknown, DataLive::Unknown { target, owner }),
            found => (found, DataLive::Same { target, owner }),
        })
    }

    fn compare(&self, name: &str, wanted: &DesiredData) -> Match {
        let (Some(seen), Content::Stored { hash, .. }) = (self.live.get(name), &wanted.content)
        else {
            // A driver's secret has no content of ours to compare.
            return Match::Same;
        };
        let known = seen.labels.get(HASH_LABEL).map(KeyedHash::from_label);
        let read = || {
            let bytes = STANDARD.decode(seen.data?).ok()?;
            Some(self.key?.hash(&bytes))
        };
        match (hash, known.or_else(read)) {
            (Some(wanted), Some(there)) if *wanted == there => Match::Same,
            (Some(_), Some(_)) => Match::Other,
            (Some(wanted), None) if self.unequal.get(&seen.target.id) == Some(wanted) => {
                Match::Other
            }
            _ => Match::Unknown,
        }
    }

    /// A version of ours beside the one that is wanted.
    fn newest_other(&self, declared: &str, wanted: &DesiredData) -> Option<String> {
        let wanted_name = hash_of(wanted).map(|hash| version_name(declared, hash));
        let ours = |name: &&str| {
            self.live.get(name).is_some_and(|seen| {
                let id = seen.target.id.as_str();
                let claim = Claim { kind: self.kind, name, id, labels: seen.labels };
                self.owners.of(claim) == Owner::Ours
            })
        };
        self.live
            .names(stem(declared))
            .filter(|name| is_version_of(name, declared))
            .filter(|name| Some(*name) != wanted_name.as_deref())
            .filter(ours)
            .max_by_key(|name| self.live.get(name).map(|seen| seen.target.version))
            .map(str::to_owned)
    }
}

fn hash_of(wanted: &DesiredData) -> Option<&KeyedHash> {
    match &wanted.content {
        Content::Stored { hash, .. } => hash.as_ref(),
        Content::Driver(_) => None,
    }
}

/// Name of a version: the declared name, shortened where needed, and ten digits of the hash.
fn version_name(declared: &str, hash: &KeyedHash) -> String {
    format!("{}-{}", stem(declared), hash.suffix())
}

/// True when a name is a version of a declared name: plain, or with a hash suffix.
#[must_use]
pub fn is_version_of(name: &str, declared: &str) -> bool {
    let stem = stem(declared);
    let suffix = name.strip_prefix(stem).and_then(|rest| rest.strip_prefix('-'));
    name == declared
        || suffix.is_some_and(|s| s.len() == SUFFIX && s.chars().all(|c| c.is_ascii_hexdigit()))
}

/// What all versions of a name begin with: room is left for the suffix within 64 characters.
fn stem(declared: &str) -> &str {
    declared.get(..declared.len().min(MAX_DATA_NAME - SUFFIX - 1)).unwrap_or(declared)
}
