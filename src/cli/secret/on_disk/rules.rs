//! Creation rules of `.sops.yaml`: the first whose `path_regex` fits a file says whom it is sealed to
//! (`config/config.go` of SOPS).

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::read;
use crate::cli::error::Failure;
use crate::load::yaml::{FileId, decode, parse};
use crate::sops::{Recipient, Rule, Terms, expression};

const NAME: &str = ".sops.yaml";

#[derive(Deserialize)]
struct RulesFile {
    creation_rules: Option<Vec<CreationRule>>,
}

#[derive(Deserialize)]
struct CreationRule {
    path_regex: Option<String>,
    #[serde(flatten)]
    own: Group,
    key_groups: Option<Vec<Group>>,
    shamir_threshold: Option<u8>,
    unencrypted_suffix: Option<String>,
    encrypted_suffix: Option<String>,
    unencrypted_regex: Option<String>,
    encrypted_regex: Option<String>,
    unencrypted_comment_regex: Option<String>,
    encrypted_comment_regex: Option<String>,
    mac_only_encrypted: Option<bool>,
}

/// Keys of one group. Those of other kinds than age are seen, so that nobody is left out silently.
#[derive(Deserialize)]
struct Group {
    age: Option<Names>,
    merge: Option<Vec<Group>>,
    pgp: Option<IgnoredAny>,
    kms: Option<IgnoredAny>,
    gcp_kms: Option<IgnoredAny>,
    hckms: Option<IgnoredAny>,
    azure_keyvault: Option<IgnoredAny>,
    hc_vault: Option<IgnoredAny>,
    hc_vault_transit_uri: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Names {
    /// With commas between them.
    Text(String),
    List(Vec<String>),
}

/// Whom a file is sealed to.
pub(in crate::cli::secret) fn terms_for(file: &Path) -> Result<Terms, Failure> {
    let attempted = || format!("find the recipients of {}", file.display());
    let whole = std::path::absolute(file).map_err(|error| Failure::new(attempted(), error))?;
    let rules = rules_above(&whole).ok_or_else(|| {
        Failure::new(attempted(), format!("there is no {NAME} above it; or give --age"))
    })?;
    let words = terms(&whole, &rules).map_err(|why| format!("{}: {why}", rules.display()));
    words.map_err(|why| Failure::new(attempted(), why))
}

fn rules_above(file: &Path) -> Option<PathBuf> {
    file.ancestors().skip(1).map(|folder| folder.join(NAME)).find(|path| path.is_file())
}

fn terms(file: &Path, rules: &Path) -> Result<Terms, String> {
    let bytes = read(rules).map_err(|failure| failure.to_string())?;
    let parsed = parse(&bytes, FileId::default());
    if let Some(fault) = parsed.faults.first() {
        let line = fault.at.map_or(1, |at| at.line);
        return Err(format!("line {line}: {}", fault.message));
    }
    let tree = parsed.documents.first().ok_or("it is empty")?;
    let read: RulesFile = decode(tree).map_err(|error| error.to_string())?;
    let folder = rules.parent().unwrap_or_else(|| Path::new(""));
    let name = file.strip_prefix(folder).unwrap_or(file).to_string_lossy();
    for rule in read.creation_rules.unwrap_or_default() {
        let fits = match rule.path_regex.as_deref().filter(|text| !text.is_empty()) {
            None => true,
            Some(text) => {
                let regex = expression(text);
                regex.ok_or_else(|| format!("path_regex '{text}' can't be read"))?.is_match(&name)
            }
        };
        if fits {
            return rule.terms();
        }
    }
    Err(format!("none of its creation_rules fits '{name}'"))
}

impl CreationRule {
    fn terms(self) -> Result<Terms, String> {
        let ways = |way: &str| match way {
            "unencrypted_suffix" => self.unencrypted_suffix.as_deref(),
            "encrypted_suffix" => self.encrypted_suffix.as_deref(),
            "unencrypted_regex" => self.unencrypted_regex.as_deref(),
            "encrypted_regex" => self.encrypted_regex.as_deref(),
            "unencrypted_comment_regex" => self.unencrypted_comment_regex.as_deref(),
            _ => self.encrypted_comment_regex.as_deref(),
        };
        let rule = Rule::of(ways).map_err(|error| error.to_string())?;
        let groups: Vec<Vec<Recipient>> = match &self.key_groups {
            Some(groups) if !groups.is_empty() => {
                groups.iter().map(Group::recipients).collect::<Result<_, _>>()?
            }
            _ => vec![self.own.recipients()?],
        };
        if groups.iter().any(Vec::is_empty) {
            return Err("the rule that fits names no recipient of age (age: …)".to_owned());
        }
        let threshold = self.shamir_threshold.filter(|needed| *needed > 0 && groups.len() > 1);
        let mac_only_encrypted = self.mac_only_encrypted.unwrap_or_default();
        Ok(Terms { groups, threshold, rule, mac_only_encrypted })
    }
}

impl Group {
    fn recipients(&self) -> Result<Vec<Recipient>, String> {
        let others = [
            &self.pgp,
            &self.kms,
            &self.gcp_kms,
            &self.hckms,
            &self.azure_keyvault,
            &self.hc_vault,
            &self.hc_vault_transit_uri,
        ];
        if others.iter().any(|other| other.is_some()) {
            return Err(
                "the rule names other keys than those of age, which skep can't seal to".into()
            );
        }
        let mut found = Vec::new();
        for group in self.merge.iter().flatten() {
            found.extend(group.recipients()?);
        }
        let names: Vec<&str> = match &self.age {
            None => Vec::new(),
            Some(Names::Text(text)) => text.split(',').collect(),
            Some(Names::List(names)) => names.iter().flat_map(|name| name.split(',')).collect(),
        };
        for name in names.iter().map(|name| name.trim()).filter(|name| !name.is_empty()) {
            let recipient = Recipient::read(name).map_err(|error| error.to_string())?;
            if !found.contains(&recipient) {
                found.push(recipient);
            }
        }
        Ok(found)
    }
}
