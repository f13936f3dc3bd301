//! What stands under `sops`: whom the data key is sealed to, which values are sealed, and the MAC
//! (`stores/stores.go` of SOPS).

use zeroize::Zeroizing;

use super::bounds::MAX_RECIPIENTS;
use super::cipher::DataKey;
use super::keys::{Identities, Recipient, combine, split, unwrap, wrap};
use super::random::Random;
use super::rule::{Rule, RuleError};
use super::sheet::Meta;

/// Version of SOPS whose form is written.
const VERSION: &str = "3.11.0";

/// Lists of keys that are not of age, with the field that names one.
const OTHERS: [(&str, &str); 6] = [
    ("pgp", "fp"),
    ("kms", "arn"),
    ("gcp_kms", "resource_id"),
    ("hckms", "key_id"),
    ("azure_kv", "name"),
    ("hc_vault", "key_name"),
];

/// Why metadata can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// A field is missing, or is none of the kind.
    #[error("its metadata has no usable '{0}'")]
    Field(&'static str),
    /// No key at all.
    #[error("its metadata names nobody whom it is sealed to")]
    Nobody,
    /// Too many keys.
    #[error("it is sealed to more than {MAX_RECIPIENTS} recipients")]
    TooMany,
    /// Which values are sealed is not clear.
    #[error("which of its values are sealed is not clear")]
    Rule(#[source] RuleError),
}

/// The data key, or a share of it, as it is sealed to one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sealed {
    /// Whom to, as the file says.
    pub(super) recipient: String,
    /// What age made of it; `None` for other kinds of keys.
    pub(super) envelope: Option<String>,
}

/// What is known of a sealed file without opening it.
#[derive(Debug, Clone)]
pub struct Metadata {
    /// Groups of keys: each of a group opens the same.
    pub(super) groups: Vec<Vec<Sealed>>,
    /// How many groups have to open.
    pub(super) threshold: usize,
    pub(super) rule: Rule,
    pub(super) mac: String,
    /// When it was changed, which is authenticated with the MAC.
    pub(super) changed: String,
    pub(super) mac_only_encrypted: bool,
}

impl Metadata {
    pub(super) fn of(meta: &Meta) -> Result<Self, MetadataError> {
        let text = |name: &'static str| {
            let found = meta.get(name).and_then(Meta::text);
            found.map(str::to_owned).ok_or(MetadataError::Field(name))
        };
        let truth = |name: &'static str| match meta.get(name).map(Meta::text) {
            None | Some(Some("false")) => Ok(false),
            Some(Some("true")) => Ok(true),
            Some(_) => Err(MetadataError::Field(name)),
        };
        let own = group(meta)?;
        let groups = match (own.is_empty(), meta.get("key_groups")) {
            (true, Some(Meta::List(groups))) => {
                groups.iter().map(group).collect::<Result<_, _>>()?
            }
            (true, None) => Vec::new(),
            (true, Some(_)) => return Err(MetadataError::Field("key_groups")),
            (false, _) => vec![own],
        };
        let count: usize = groups.iter().map(Vec::len).sum();
        if count == 0 || groups.iter().any(Vec::is_empty) {
            return Err(MetadataError::Nobody);
        }
        if count > MAX_RECIPIENTS {
            return Err(MetadataError::TooMany);
        }
        let threshold = match meta.get("shamir_threshold") {
            None => 0,
            Some(value) => {
                let number = value.text().and_then(|text| text.parse().ok());
                number.ok_or(MetadataError::Field("shamir_threshold"))?
            }
        };
        let rule = Rule::of(|way| meta.get(way).and_then(Meta::text));
        Ok(Self {
            // What says nothing, or more than there are, asks for all of them.
            threshold: if threshold == 0 { groups.len() } else { threshold },
            groups,
            rule: rule.map_err(MetadataError::Rule)?,
            mac: text("mac")?,
            changed: text("lastmodified")?,
            mac_only_encrypted: truth("mac_only_encrypted")?,
        })
    }

    /// Whom it is sealed to, in the order of the file: recipients of age, and other kinds of keys
    /// with the name of their kind.
    #[must_use]
    pub fn recipients(&self) -> Vec<String> {
        self.groups.iter().flatten().map(|sealed| sealed.recipient.clone()).collect()
    }

    /// Groups of keys, and how many of them have to open.
    #[must_use]
    pub fn groups(&self) -> (usize, usize) {
        (self.groups.len(), self.threshold)
    }

    /// The data key; else how many groups could be opened.
    pub(super) fn data_key(&self, identities: &Identities) -> Result<DataKey, usize> {
        let own = identities.recipients();
        let open = |group: &Vec<Sealed>| {
            // Those that are ours by their name come first: trying all is slow.
            let (first, rest): (Vec<_>, Vec<_>) =
                group.iter().partition(|sealed| own.contains(&sealed.recipient));
            let tried = first.into_iter().chain(rest).filter_map(|key| key.envelope.as_ref());
            tried.filter_map(|envelope| unwrap(envelope, identities)).next()
        };
        let parts: Vec<Zeroizing<Vec<u8>>> = self.groups.iter().filter_map(open).collect();
        let key = match self.groups.len() {
            1 => parts.first().cloned(),
            _ if parts.len() < self.threshold => None,
            _ => combine(&parts),
        };
        let bytes = key.and_then(|key| <[u8; 32]>::try_from(key.as_slice()).ok());
        bytes.map(DataKey::new).ok_or(parts.len())
    }

    /// Seals a data key to groups of recipients.
    pub(super) fn seal_key(
        &mut self,
        key: &DataKey,
        (groups, threshold): (&[Vec<Recipient>], Option<u8>),
        random: &mut Random,
    ) -> Option<()> {
        let count = u8::try_from(groups.len()).ok()?;
        let needed = threshold.unwrap_or(count);
        let parts = match count {
            0 => return None,
            1 => vec![Zeroizing::new(key.reveal().to_vec())],
            _ if !(2..=count).contains(&needed) => return None,
            _ => split(key.reveal(), (count, needed), random),
        };
        let seal = |(group, part): (&Vec<Recipient>, &Zeroizing<Vec<u8>>)| {
            let one = |recipient: &Recipient| {
                let envelope = Some(wrap(part, recipient)?);
                Some(Sealed { recipient: recipient.to_string(), envelope })
            };
            group.iter().map(one).collect::<Option<Vec<_>>>().filter(|group| !group.is_empty())
        };
        self.groups = groups.iter().zip(&parts).map(seal).collect::<Option<_>>()?;
        self.threshold = usize::from(needed);
        Some(())
    }

    /// Whom it is sealed to, to be sealed to again; `None` when some of them are not of age.
    pub(super) fn same_recipients(&self) -> Option<Vec<Vec<Recipient>>> {
        let one = |sealed: &Sealed| Recipient::read(&sealed.recipient).ok();
        self.groups.iter().map(|group| group.iter().map(one).collect()).collect()
    }

    /// As it is written.
    pub(super) fn written(&self) -> Meta {
        let text = |text: &str| Meta::Text(text.to_owned());
        let key = |sealed: &Sealed| {
            Meta::Map(vec![
                ("recipient".to_owned(), text(&sealed.recipient)),
                ("enc".to_owned(), text(sealed.envelope.as_deref().unwrap_or_default())),
            ])
        };
        let age = |group: &Vec<Sealed>| {
            ("age".to_owned(), Meta::List(group.iter().map(key).collect::<Vec<_>>()))
        };
        let mut entries = Vec::new();
        match self.groups.as_slice() {
            [group] => entries.push(age(group)),
            groups => {
                let bare = Meta::Bare(self.threshold.to_string());
                entries.push(("shamir_threshold".to_owned(), bare));
                let groups = groups.iter().map(|group| Meta::Map(vec![age(group)])).collect();
                entries.push(("key_groups".to_owned(), Meta::List(groups)));
            }
        }
        entries.push(("lastmodified".to_owned(), text(&self.changed)));
        entries.push(("mac".to_owned(), text(&self.mac)));
        let (way, pattern) = self.rule.written();
        entries.push((way.to_owned(), text(pattern)));
        if self.mac_only_encrypted {
            entries.push(("mac_only_encrypted".to_owned(), Meta::Bare("true".to_owned())));
        }
        entries.push(("version".to_owned(), text(VERSION)));
        Meta::Map(entries)
    }
}

/// Keys of one group.
fn group(meta: &Meta) -> Result<Vec<Sealed>, MetadataError> {
    let mut found = Vec::new();
    for key in list(meta, "age") {
        let text = |name: &str| key.get(name).and_then(Meta::text).map(str::to_owned);
        found.push(Sealed {
            recipient: text("recipient").ok_or(MetadataError::Field("recipient"))?,
            envelope: Some(text("enc").ok_or(MetadataError::Field("enc"))?),
        });
    }
    for (kind, field) in OTHERS {
        for key in list(meta, kind) {
            let name = key.get(field).and_then(Meta::text).unwrap_or_default();
            found.push(Sealed { recipient: format!("{kind} {name}"), envelope: None });
        }
    }
    Ok(found)
}

fn list<'a>(meta: &'a Meta, name: &str) -> &'a [Meta] {
    match meta.get(name) {
        Some(Meta::List(items)) => items,
        _ => &[],
    }
}
