//! One stack, from its trees to what it asks for.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use crate::load::check::{Shapes, check};
use crate::load::compose::{ComposeFile, MovedFromForm, StackSettings, schema_of};
use crate::load::convert::{Input, Objects, convert};
use crate::load::findings::Findings;
use crate::load::gather::{Gathered, needs, rank_of};
use crate::load::interpolate::{Variables, interpolate};
use crate::load::yaml::{FileId, KeyPath, Node, Value, decode};
use crate::load::{Identities, SealedUses};
use crate::model::{
    ApprovalPolicy, Content, DesiredService, DesiredStack, FileSet, HashKey, MovedFrom, Place,
    PrunePolicy, Rank, RecreatePolicy, RepoPath, SideStore, SourceName, SpecHash, StackName,
    StackNeed, StackOrder, StackPolicy, Wholeness, Window,
};

/// The schema of compose files, prepared once.
static COMPOSE: LazyLock<Shapes> = LazyLock::new(|| Shapes::new(&schema_of::<ComposeFile>()));

/// What all stacks of a load have in common.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// The source.
    pub source: &'a SourceName,
    /// All files of the revision.
    pub files: &'a FileSet,
    /// Paths of files by number.
    pub paths: &'a [RepoPath],
    /// Directories that the paths in files start from, by number.
    pub bases: &'a [RepoPath],
    /// Key for hashes of content.
    pub key: Option<&'a HashKey>,
    /// What opens sealed files.
    pub identities: &'a Identities,
}

/// A stack that could be made, perhaps without some of its services.
#[derive(Debug)]
pub struct Made {
    /// What it asks for.
    pub stack: DesiredStack,
    /// Content of its secrets and configs.
    pub data: SideStore,
}

/// Fills in the variables of one compose tree and holds it against the schema.
pub fn prepare(tree: &mut Node, variables: &Variables<'_>, findings: &mut Findings) {
    interpolate(tree, variables, findings);
    check(tree, &COMPOSE, findings);
    check_version(tree, findings);
}

/// Versions 3.0 to 3.13 are one format here, and the same as none at all.
fn check_version(tree: &Node, findings: &mut Findings) {
    let Some(version) = tree.get("version").and_then(Node::scalar_text) else { return };
    let known = match version.split_once('.') {
        None => matches!(version.as_str(), "" | "3"),
        Some((major, minor)) => {
            major == "3" && (0..=13).any(|known: u8| minor == known.to_string())
        }
    };
    if !known {
        let root = KeyPath::root();
        let message = "this version of the compose format is not known";
        let hint = "remove the line: files without a version are read as the newest of version 3";
        findings.error_in(tree, &root.key("version"), (message, hint));
    }
}

/// Makes a stack of what was put together for it; `None` when nothing of it can be used.
pub fn make(
    name: &StackName,
    gathered: &Gathered,
    (surroundings, variables): (Surroundings<'_>, &Variables<'_>),
    (findings, sealed): (&mut Findings, &mut SealedUses),
) -> Option<Made> {
    let tree = &gathered.tree;
    let input = Input {
        stack: name,
        tree,
        depends: &gathered.depends,
        paths: surroundings.paths,
        bases: surroundings.bases,
        files: surroundings.files,
        variables,
        locals: &gathered.locals,
        key: surroundings.key,
        identities: surroundings.identities,
    };
    let mut policy = policy(tree);
    policy.order = order(tree, surroundings.paths, findings);
    policy.moved_from = Moving { stack: name, tree, paths: surroundings.paths }.read(findings);
    let Objects { networks, secrets, configs, services, jobs, external, data, sealed: used } =
        convert(input, findings);
    used.into_iter().for_each(|(file, users)| sealed.entry(file).or_default().extend(users));
    let spoiled = findings.spoiled();
    if spoiled.whole.is_some() {
        return None;
    }
    let whole = spoiled.entries.is_empty();
    let unmade = unmade(name, tree, &services);
    let stack = DesiredStack {
        name: name.clone(),
        source: surroundings.source.clone(),
        files: Vec::new(),
        wholeness: if whole { Wholeness::Whole } else { Wholeness::Partial },
        policy,
        networks,
        secrets,
        configs,
        services,
        jobs,
        unmade,
        content: None,
        external,
    };
    let content = content(&stack);
    Some(Made { stack: DesiredStack { content, ..stack }, data })
}

/// What does not fit was told by the check against the schema.
fn policy(tree: &Node) -> StackPolicy {
    let settings = tree.get("x-skep").and_then(|node| decode::<StackSettings>(node).ok());
    let settings = settings.unwrap_or_default();
    let windows = settings.windows.unwrap_or_default();
    StackPolicy {
        suspend: settings.suspend,
        approval: settings.approval.map_or_else(ApprovalPolicy::default, ApprovalPolicy::from),
        windows: windows.into_iter().map(Window::from).collect(),
        order: StackOrder::default(),
        recreate: settings.recreate.map_or_else(RecreatePolicy::default, RecreatePolicy::from),
        atomic: settings.rollout.and_then(|rollout| rollout.atomic).unwrap_or_default(),
        prune: settings.prune.map(PrunePolicy::from).unwrap_or_default(),
        moved_from: None,
    }
}

/// Where a stack says what it was before.
struct Moving<'a> {
    stack: &'a StackName,
    tree: &'a Node,
    paths: &'a [RepoPath],
}

impl Moving<'_> {
    fn read(&self, findings: &mut Findings) -> Option<MovedFrom> {
        let (root, tree) = (KeyPath::root(), self.tree);
        let settings = root.key("x-skep");
        let path = settings.key("moved_from");
        let node = tree.get("x-skep")?.get("moved_from")?;
        let form: MovedFromForm = decode(node).ok()?;
        let stack = form.stack.map(StackName::new).transpose();
        let source = form.source.map(SourceName::new).transpose();
        let mut wrong = |key: &str, why: String| {
            findings.error_in(tree, &path.key(key), (why, "write the name that it had"));
        };
        let stack = stack.map_err(|why| wrong("stack", why.to_string())).ok()?;
        let source = source.map_err(|why| wrong("source", why.to_string())).ok()?;
        let renamed = stack.as_ref().is_some_and(|stack| stack != self.stack);
        if !renamed && source.is_none() {
            let message = "moved_from says nothing that was different before";
            let hint = "name the stack, or the source, that it was; or leave it out";
            findings.error_in(tree, &path, (message, hint));
            return None;
        }
        let span = tree.locate(&path);
        let index = usize::try_from(span.file.0).unwrap_or(usize::MAX);
        let file = self.paths.get(index).cloned().unwrap_or_default();
        let place = Place { file, at: Some(span.start) };
        Some(MovedFrom { stack: stack.filter(|_| renamed), source, place })
    }
}

/// Hash of all that a stack declares, for its hooks: images as written, contents by their hashes.
fn content(stack: &DesiredStack) -> Option<SpecHash> {
    let hooks = stack.services.values().any(|service| service.rank.is_hook());
    if !hooks || stack.wholeness == Wholeness::Partial {
        return None;
    }
    let services = stack.all_services();
    let specs = services.map(|(_, service)| serde_json::to_string(&service.spec).ok());
    let networks = stack.networks.values().map(|network| serde_json::to_string(&network.spec).ok());
    let data = stack.secrets.iter().chain(&stack.configs).map(|(name, data)| {
        let content = match &data.content {
            Content::Stored { hash, .. } => hash.as_ref()?.as_str().to_owned(),
            Content::Driver(driver) => serde_json::to_string(driver).ok()?,
        };
        Some(format!("{name}={content}"))
    });
    let parts: Option<Vec<String>> = specs.chain(networks).chain(data).collect();
    Some(SpecHash::of(parts?.join("\n").as_bytes()))
}

/// Services that can't be made, and where they stand.
fn unmade(
    stack: &StackName,
    tree: &Node,
    made: &BTreeMap<String, Arc<DesiredService>>,
) -> BTreeMap<String, Rank> {
    let Some(services) = tree.get("services").and_then(Node::as_map) else {
        return BTreeMap::new();
    };
    // Nothing comes after a job.
    let stands = |key: &&String| {
        let settings = services.get(*key).and_then(|entry| entry.node.get("x-skep"));
        settings.is_none_or(|settings| settings.get("job").is_none())
    };
    let keys = services.keys().filter(stands);
    let all = keys.map(|key| (format!("{stack}_{key}"), rank_of(services, key)));
    all.filter(|(name, _)| !made.contains_key(name)).collect()
}

/// Which stacks come before this one.
fn order(tree: &Node, paths: &[RepoPath], findings: &mut Findings) -> StackOrder {
    let root = KeyPath::root();
    let settings = root.key("x-skep");
    let keys = settings.key("depends_on");
    let Some(settings) = tree.get("x-skep") else { return StackOrder::default() };
    let wave = match settings.get("wave").map(|node| &node.value) {
        Some(Value::Int(wave)) => i32::try_from(*wave).unwrap_or_default(),
        _ => 0,
    };
    let path = |file: FileId| {
        let index = usize::try_from(file.0).unwrap_or(usize::MAX);
        paths.get(index).cloned().unwrap_or_default()
    };
    let needed = settings.get("depends_on").map(needs).unwrap_or_default();
    let mut depends_on = BTreeMap::new();
    for need in needed {
        let place = Place { file: path(need.span.file), at: Some(need.span.start) };
        let (until, presence) = (need.condition, need.presence);
        match StackName::new(need.name) {
            Ok(name) => {
                depends_on.insert(name, StackNeed { until, presence, place });
            }
            Err(error) => {
                findings.error(&keys, need.span, format!("no stack is called so: {error}"));
            }
        }
    }
    StackOrder { wave, depends_on }
}
