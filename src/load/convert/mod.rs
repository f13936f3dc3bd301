//! Typed compose to what the engine takes: `ServiceSpec`, `NetworkSpec`, secrets, configs.
//!
//! What `docker stack deploy` makes of a key is what is made of it here (`cli/compose/convert` in
//! docker's CLI), down to the four objects that it always sends, also when empty: `Privileges`,
//! `Resources`, `Placement`, `EndpointSpec`. Swarm restarts tasks when one of them appears or
//! disappears. All lists have an order that depends on nothing but the file.

mod container;
mod data;
mod deploy;
mod existing;
mod follows;
mod hook;
pub mod ignore;
mod job;
mod networks;
mod reveal;
mod rollout;
mod service;
mod unsupported;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::load::compose::{Config, Network, Secret, StackSettings, Volume};
use crate::load::findings::{Findings, Remark};
use crate::load::gather::{Dependencies, Locals};
use crate::load::interpolate::Variables;
use crate::load::sealed::{Text, holds_sealed, plain_text, stray};
use crate::load::yaml::{FileId, KeyPath, Map, Node, Origin, Part, Span, Value, decode};
use crate::load::{Identities, SealedUses};
use crate::model::engine::StringMap;
use crate::model::name::NAMESPACE_LABEL;
use crate::model::{
    DesiredData, DesiredJob, DesiredNetwork, DesiredService, FieldRules, FileError, FileSet,
    HashKey, ObjectRef, Place, RepoPath, RolloutPolicy, SideStore, StackName,
};
use crate::sops::{Standing, standing};

/// What a conversion reads.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The stack's name.
    pub stack: &'a StackName,
    /// The merged tree, in the form of a compose file.
    pub tree: &'a Node,
    /// Which service waits for which, by key.
    pub depends: &'a Dependencies,
    /// Paths of the files that the tree was read from, by number.
    pub paths: &'a [RepoPath],
    /// Directories that the paths in these files start from, by number.
    pub bases: &'a [RepoPath],
    /// All files of the revision.
    pub files: &'a FileSet,
    /// Variables, for entries of `environment` that name no value.
    pub variables: &'a Variables<'a>,
    /// Variables that count, below those, for what one file says.
    pub locals: &'a Locals,
    /// Key for hashes of content.
    pub key: Option<&'a HashKey>,
    /// What opens sealed files.
    pub identities: &'a Identities,
}

/// What a conversion makes. Entries with a mistake are missing.
#[derive(Debug, Default)]
pub struct Objects {
    /// Networks that services use and that are not external, by full name.
    pub networks: BTreeMap<String, DesiredNetwork>,
    /// Secrets that are not external, by full name.
    pub secrets: BTreeMap<String, DesiredData>,
    /// Configs that are not external, by full name.
    pub configs: BTreeMap<String, DesiredData>,
    /// Services, by full name.
    pub services: BTreeMap<String, Arc<DesiredService>>,
    /// Jobs, by full name.
    pub jobs: BTreeMap<String, Arc<DesiredJob>>,
    /// What is declared external.
    pub external: BTreeSet<ObjectRef>,
    /// Content of secrets and configs.
    pub data: SideStore,
    /// Sealed files, with what is made of them.
    pub sealed: SealedUses,
}

/// Converts a stack.
pub fn convert(input: Input<'_>, findings: &mut Findings) -> Objects {
    let settings = input.tree.get("x-skep").and_then(|node| decode(node).ok()).unwrap_or_default();
    let (objects, bound) = (Objects::default(), BTreeMap::new());
    let rollout = RolloutPolicy::default();
    let (ignore, reveal) = (Vec::new(), FieldRules::default());
    let mut stage = Stage { input, settings, rollout, ignore, reveal, findings, objects, bound };
    stage.rollout = stage.rollout_of_all();
    stage.ignore = stage.ignore_of_all();
    stage.reveal = stage.reveal_of_all();
    let declared = Declared {
        networks: stage.section("networks"),
        volumes: stage.section("volumes"),
        secrets: stage.section("secrets"),
        configs: stage.section("configs"),
    };
    stage.existing(&declared);
    stage.data_objects(&declared);
    stage.external_networks(&declared);
    stage.waits_for_jobs();
    stage.services(&declared);
    stage.endless();
    stage.unsupported_of_all();
    stage.take_back();
    stage.objects
}

/// The typed top level, by key.
struct Declared {
    networks: BTreeMap<String, Network>,
    volumes: BTreeMap<String, Volume>,
    secrets: BTreeMap<String, Secret>,
    configs: BTreeMap<String, Config>,
}

/// A conversion under way.
struct Stage<'a, 'f> {
    input: Input<'a>,
    /// `x-skep` of the stack.
    settings: StackSettings,
    /// How rollouts of services are judged that say nothing of it.
    rollout: RolloutPolicy,
    /// Fields of services that others decide, as the stack says.
    ignore: Vec<ignore::StackRule>,
    /// Fields of services whose values may be shown, as the stack says.
    reveal: FieldRules,
    findings: &'f mut Findings,
    objects: Objects,
    /// Files that became configs because they are mounted, by the config's name.
    bound: BTreeMap<String, RepoPath>,
}

impl<'a> Stage<'a, '_> {
    /// Takes back what only services with a mistake asked for: their networks, and the configs that
    /// files became for them. Names stay given away, so that they don't depend on who has mistakes.
    fn take_back(&mut self) {
        let services = self.objects.services.values().map(|service| &service.spec);
        let jobs = self.objects.jobs.values().map(|job| &job.service.spec);
        let specs = services.chain(jobs).map(|spec| &spec.task_template);
        let mut used = BTreeSet::new();
        for task in specs {
            used.extend(task.networks.iter().map(|network| network.target.clone()));
            let configs = task.container_spec.iter().flat_map(|container| &container.configs);
            used.extend(configs.map(|config| config.config_name.clone()));
        }
        self.objects.networks.retain(|name, _| used.contains(name));
        let bound = &self.bound;
        self.objects.configs.retain(|name, _| !bound.contains_key(name) || used.contains(name));
    }

    fn entries(&self, section: &str) -> Option<&'a Map> {
        self.input.tree.get(section)?.as_map()
    }

    /// Reads a section entry by entry; entries that can't be read are left out.
    fn section<T: DeserializeOwned + Default>(&mut self, section: &str) -> BTreeMap<String, T> {
        let root = KeyPath::root();
        let section_path = root.key(section);
        let mut typed = BTreeMap::new();
        for (key, entry) in self.entries(section).into_iter().flatten() {
            let form = match &entry.node.value {
                Value::Null => Some(T::default()),
                _ => self.decode(&entry.node, &section_path.key(key)),
            };
            typed.extend(form.map(|form| (key.clone(), form)));
        }
        typed
    }

    /// Reads one entry. A mistake that the check against the schema did not tell is told here.
    fn decode<T: DeserializeOwned>(&mut self, node: &Node, path: &KeyPath<'_>) -> Option<T> {
        match decode(node) {
            Ok(form) => Some(form),
            Err(error) => {
                let told = match path.parts().as_slice() {
                    [Part::Key(section), Part::Key(name), ..] => {
                        self.findings.is_spoiled(section, name)
                    }
                    _ => false,
                };
                if !told {
                    self.findings.error(path, error.at.unwrap_or(node.span), error.message);
                }
                None
            }
        }
    }

    /// ` 'text'` for a message, or nothing where the text comes from a variable.
    fn quote(&self, path: &KeyPath<'_>, text: &str) -> String {
        let filled = |node: &Node| {
            node.origin == Origin::Filled
                || node.as_map().is_some_and(|map| {
                    map.values().any(|entry| entry.node.origin == Origin::Filled)
                })
        };
        match self.input.tree.find(path) {
            Some(node) if !filled(node) => format!(" '{text}'"),
            _ => String::new(),
        }
    }

    /// True when a key is there, also when its value can't be used.
    fn stands(&self, path: &KeyPath<'_>, key: &str) -> bool {
        self.input.tree.find(path).and_then(|node| node.get(key)).is_some()
    }

    /// True when a key is there and its value can't be used, which was told.
    fn is_unusable(&self, path: &KeyPath<'_>, key: &str) -> bool {
        let value = self.input.tree.find(path).and_then(|node| node.get(key));
        value.is_some_and(|node| node.value == Value::Unusable)
    }

    fn error(&mut self, path: &KeyPath<'_>, remark: impl Into<Remark>) {
        self.findings.error_in(self.input.tree, path, remark);
    }

    fn warning(&mut self, path: &KeyPath<'_>, remark: impl Into<Remark>) {
        self.findings.warning_in(self.input.tree, path, remark);
    }

    /// `STACK_KEY`
    fn scoped(&self, key: &str) -> String {
        format!("{}_{key}", self.input.stack)
    }

    fn path_of(&self, file: FileId) -> RepoPath {
        let index = usize::try_from(file.0).unwrap_or(usize::MAX);
        self.input.paths.get(index).cloned().unwrap_or_default()
    }

    /// The directory that paths in a file start from.
    fn base_of(&self, file: FileId) -> RepoPath {
        let index = usize::try_from(file.0).unwrap_or(usize::MAX);
        self.input.bases.get(index).cloned().unwrap_or_default()
    }

    /// The value of a variable for what a file says.
    fn variable(&self, file: FileId, name: &str) -> Option<&'a str> {
        let input = self.input;
        let local = || {
            let dotenvs = input.locals.get(&file)?;
            dotenvs.iter().find_map(|dotenv| dotenv.variables.get(name)).map(String::as_str)
        };
        input.variables.get(name).or_else(local)
    }

    fn place(&self, span: Span) -> Place {
        Place { file: self.path_of(span.file), at: Some(span.start) }
    }

    /// Labels with the one of the stack, which nobody can override.
    fn stack_labels(&self, mut labels: StringMap) -> StringMap {
        labels.insert(NAMESPACE_LABEL.to_owned(), self.input.stack.to_string());
        labels
    }

    fn read_if_there(
        &self,
        path: &KeyPath<'_>,
        name: &str,
    ) -> Result<(RepoPath, Arc<[u8]>), Unread> {
        let from = self.base_of(self.input.tree.locate(path).file);
        let file = self.input.files.join(&from, name).map_err(|error| Unread {
            message: error.to_string(),
            hint: PATHS,
            missing: false,
        })?;
        match self.input.files.read(&file) {
            Ok(bytes) => Ok((file, bytes)),
            Err(error) => Err(Unread {
                message: error.to_string(),
                hint: hint_for(&error),
                missing: matches!(error, FileError::Missing(_)),
            }),
        }
    }

    /// Reads a file that a declaration names, relative to the file that names it; a sealed one is
    /// opened.
    fn read(&mut self, path: &KeyPath<'_>, name: &str) -> Option<(RepoPath, Text)> {
        match self.read_if_there(path, name) {
            Ok((file, bytes)) => Some((file.clone(), self.in_clear(path, (&file, bytes))?)),
            Err(Unread { message, hint, .. }) => {
                let plain = !self.quote(path, "").is_empty();
                let message = match plain {
                    true => message,
                    false => "with its variables filled in, there is no such file".to_owned(),
                };
                self.error(path, (message, hint));
                None
            }
        }
    }
}

impl Stage<'_, '_> {
    /// What a file holds in clear, for what stands at a path.
    fn in_clear(
        &mut self,
        path: &KeyPath<'_>,
        (file, bytes): (&RepoPath, Arc<[u8]>),
    ) -> Option<Text> {
        let sealed = standing(file.file_name(), &bytes) != Standing::Plain;
        if sealed && let [Part::Key(section), Part::Key(name), ..] = path.parts().as_slice() {
            let kind = section.trim_end_matches('s');
            let user = format!("{kind} {}", self.scoped(name));
            self.objects.sealed.entry(file.clone()).or_default().insert(user);
        }
        match plain_text(file, bytes, self.input.identities) {
            Ok(text) => Some(text),
            Err(remark) => {
                let plain = !self.quote(path, "").is_empty();
                let message = match plain {
                    true => remark.message,
                    false => "with its variables filled in, the file that it names is sealed and \
                              can't be opened"
                        .to_owned(),
                };
                self.error(path, (message, remark.hint));
                None
            }
        }
    }

    /// Tells a sealed value that would go to the swarm as it is.
    fn refuse_sealed(&mut self, bytes: &[u8], path: &KeyPath<'_>) -> Option<()> {
        if !holds_sealed(bytes) {
            return Some(());
        }
        self.error(path, stray("this"));
        None
    }
}

/// Why a file can't be read.
struct Unread {
    message: String,
    hint: &'static str,
    missing: bool,
}

/// What to do about a path that leads to nothing.
const PATHS: &str =
    "paths are relative to the file that names them, and stay inside the repository";

fn hint_for(error: &FileError) -> &'static str {
    match error {
        FileError::Missing(_) | FileError::Directory(_) | FileError::Link { .. } => PATHS,
        FileError::TooLarge { .. } => "make it smaller: files up to 1 MiB are read",
        FileError::Unread { .. } => "name a directory above both as the path of the source",
        FileError::Special { .. } | FileError::Unreadable { .. } => "",
    }
}
