//! `kind: Source`: a further repository or directory of declarations. Counts only in the root
//! source.

use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::load::check::{Shapes, check};
use crate::load::compose::{Duration as DurationText, schema_of};
use crate::load::findings::Findings;
use crate::load::manifest::envelope::Subject;
use crate::load::yaml::{KeyPath, Node, decode};
use crate::model::{CredentialFiles, DeclaredSource, Place, SourceName};

/// What the schema says of it.
pub(in crate::load::manifest) const ABOUT: &str = "A further source of declarations: a git repository, or a \
    directory of the machine. Counts only in the source that the operator was started with.";

/// An example.
pub(in crate::load::manifest) const EXAMPLE: &str = "\
apiVersion: skep/v1
kind: Source
metadata:
  name: team-shop
spec:
  url: https://git.example/team/shop.git
  branch: main
  path: stacks
";

/// Spec of a source.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct SourceForm {
    /// Address of a git repository (`https`, `ssh`, or a path), or a directory.
    pub url: String,
    /// Branch to follow; the repository's own choice without branch, tag and commit.
    pub branch: Option<String>,
    /// Tag to follow.
    pub tag: Option<String>,
    /// One exact commit.
    pub commit: Option<String>,
    /// Directory in the repository.
    pub path: Option<String>,
    /// Globs of the files to read, relative to the path; without any, YAML files by their names.
    pub files: Option<Vec<String>>,
    /// Time between looks; what the operator was started with (`--interval`) by default.
    pub interval: Option<DurationText>,
    /// Stops all writes to the stacks of this source, with this reason.
    pub suspend: Option<String>,
    /// What opens the repository: files on the operator's machine, such as mounted secrets.
    pub credentials: Option<CredentialsForm>,
    /// File with certificates (PEM) that are trusted instead of the system's.
    pub ca_file: Option<String>,
}

/// Files that hold credentials. The credentials themselves never stand in a declaration.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(rename = "CredentialFiles", deny_unknown_fields)]
pub struct CredentialsForm {
    /// A token.
    pub token_file: Option<String>,
    /// The user of a password.
    pub user: Option<String>,
    /// The password.
    pub password_file: Option<String>,
    /// A private key for ssh.
    pub key_file: Option<String>,
    /// Host keys of ssh servers.
    pub known_hosts_file: Option<String>,
}

static SHAPES: LazyLock<Shapes> = LazyLock::new(|| Shapes::new(&schema_of::<SourceForm>()));

/// Reads a source; `None` when it can't be used.
pub fn read(
    subject: &Subject,
    mut spec: Node,
    place: Place,
    findings: &mut Findings,
) -> Option<DeclaredSource> {
    check(&mut spec, &SHAPES, findings);
    let root = KeyPath::root();
    let name = match SourceName::new(subject.name.clone()) {
        Ok(name) => name,
        Err(error) => {
            let metadata = root.key("metadata");
            let message = format!("'{}': {error}", subject.name);
            findings.error(&metadata.key("name"), subject.name_span, message);
            return None;
        }
    };
    let form: SourceForm = decode(&spec).ok()?;
    let revisions = [&form.branch, &form.tag, &form.commit];
    if revisions.iter().filter(|revision| revision.is_some()).count() > 1 {
        let message = "a source follows one of branch, tag and commit";
        findings.error_in(&spec, &root, (message, "keep one of them"));
        return None;
    }
    Some(declared(name, form, place))
}

fn nanoseconds(time: i64) -> Duration {
    Duration::from_nanos(u64::try_from(time).unwrap_or(0))
}

fn declared(name: SourceName, form: SourceForm, place: Place) -> DeclaredSource {
    let credentials = form.credentials.unwrap_or_default();
    DeclaredSource {
        name,
        url: form.url,
        branch: form.branch,
        tag: form.tag,
        commit: form.commit,
        path: form.path,
        files: form.files.unwrap_or_default(),
        poll: form.interval.map(|interval| nanoseconds(interval.0)),
        suspend: form.suspend,
        credentials: CredentialFiles {
            token: credentials.token_file.map(PathBuf::from),
            user: credentials.user,
            password: credentials.password_file.map(PathBuf::from),
            key: credentials.key_file.map(PathBuf::from),
            known_hosts: credentials.known_hosts_file.map(PathBuf::from),
        },
        ca_file: form.ca_file.map(PathBuf::from),
        place,
    }
}
