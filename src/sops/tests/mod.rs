//! The room against files of the real implementation, and against itself. `tests/sops/make` tells how
//! the files were made.

mod foreign;
mod generated;
mod tampered;

use std::path::PathBuf;

use super::{Format, Identities, Moment, OpenError, Opened, Random, Recipient, Terms, open};
use crate::model::SecretBytes;

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/sops").join(name)
}

#[expect(clippy::disallowed_methods, reason = "a test reads files of the repository")]
fn file(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap()
}

/// Identities of some of the keys.
fn keys(names: &[&str]) -> Identities {
    let mut all = Identities::default();
    for name in names {
        let bytes = SecretBytes::new(file(&format!("{name}.key")));
        all.extend(Identities::read(&bytes).unwrap());
    }
    all
}

fn recipient(name: &str) -> Recipient {
    let recipients = keys(&[name]).recipients();
    Recipient::read(recipients.first().unwrap()).unwrap()
}

fn text(opened: &Opened) -> String {
    String::from_utf8(opened.plain.reveal().to_vec()).unwrap()
}

fn moment(seed: u8) -> Moment {
    Moment { at: "2026-01-02T03:04:05Z".to_owned(), random: Random::new([seed; 32]) }
}

fn terms(groups: &[&[&str]], threshold: Option<u8>) -> Terms {
    let group = |names: &&[&str]| names.iter().map(|name| recipient(name)).collect();
    let groups = groups.iter().map(group).collect();
    Terms { groups, threshold, rule: super::Rule::default(), mac_only_encrypted: false }
}
