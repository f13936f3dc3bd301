//! One way round: files are applied to a simulated swarm, what runs is drawn, and what was drawn is
//! read and compared with what runs.

#![expect(clippy::expect_used, reason = "a test may fail")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use skep::diff::{View, references};
use skep::load::{LoadOptions, Loaded, load};
use skep::model::engine::NetworkSpec;
use skep::model::{
    Ancestry, ApiVersion, Entry, FileSet, Kind, NewData, ObjectRef, Observed, RepoPath, Revision,
    SecretBytes, SourceName, StackName,
};
use skep::ports::{Checkout, Source, SourceError, Swarm as _, Write};
use skep::reconcile::{Doors, NamedSource, Operator, Settings};
use skep::sim::{SwarmShape, World};
use skep::status::Report;
use skep::view::compose::{Drawings, Selection, draw};
use skep::view::yaml::write;

/// Longest that a pass may take, in virtual time.
const PATIENCE: Duration = Duration::from_secs(1200);
/// Passes after which a stack that still is on its way is taken as it is.
const PASSES: usize = 8;

/// Files, and how they are read.
#[derive(Clone, Default)]
pub struct Declared {
    /// The files.
    pub files: FileSet,
    /// The one that counts; all without any.
    pub globs: Vec<String>,
    /// Variables.
    pub variables: BTreeMap<String, String>,
    /// Name for the only stack.
    pub name: Option<StackName>,
}

impl Declared {
    /// The same with variables that have no value taken for empty, as docker takes them.
    ///
    /// # Errors
    /// What else is wrong.
    #[allow(dead_code, reason = "one of the two targets needs it")]
    pub fn with_unset_empty(&self) -> Result<Self, Vec<String>> {
        let mut declared = self.clone();
        loop {
            let loaded = loaded(&declared);
            let known = declared.variables.len();
            for problem in &loaded.problems {
                if let Some(rest) = problem.message.strip_prefix("the variable '")
                    && let Some((name, _)) = rest.split_once("' is not set")
                {
                    declared.variables.insert(name.to_owned(), String::new());
                }
            }
            if declared.variables.len() > known {
                continue;
            }
            let errors = loaded.problems.iter().filter(|problem| problem.is_error());
            let errors: Vec<String> = errors.map(ToString::to_string).collect();
            return if errors.is_empty() { Ok(declared) } else { Err(errors) };
        }
    }
}

/// What came of a way round.
#[allow(dead_code, reason = "one of the two targets needs it")]
pub struct Round {
    /// What ran.
    pub observed: Observed,
    /// What was drawn.
    pub drawings: Drawings,
    /// What differs between that and what runs, and what is wrong with it.
    pub differing: Vec<String>,
}

/// The drawn files as text, for a look.
#[allow(dead_code, reason = "one of the two targets needs it")]
pub fn text(drawings: &Drawings) -> String {
    let texts = drawings.stacks.iter().map(|one| write(&one.file));
    texts.collect::<Vec<_>>().join("---\n")
}

/// Applies, draws, reads again, compares.
pub async fn round(declared: &Declared, api: ApiVersion) -> Round {
    let shape = SwarmShape { api, ..SwarmShape::default() };
    let world = World::with_shape(1, &shape);
    apply(&world, declared).await;
    let observed = world.swarm.look().await.expect("a look");
    let drawings = draw(&observed, &Selection::default());
    let mut differing = compared(&world, &drawn(&drawings)).await;
    let loaded = loaded(declared);
    let wanted: BTreeSet<&String> =
        loaded.desired.stacks.values().flat_map(|stack| stack.services.keys()).collect();
    let missing = wanted.into_iter().filter(|name| !observed.services.contains_key(*name));
    differing.extend(missing.map(|name| format!("{name} does not run")));
    Round { observed, drawings, differing }
}

/// Draws what drawn files make in an empty swarm that has the same secrets, whose content is in no
/// file, and the key of their hashes.
#[allow(dead_code, reason = "one of the two targets needs it")]
pub async fn again(drawings: &Drawings, observed: &Observed, api: ApiVersion) -> Drawings {
    let shape = SwarmShape { api, ..SwarmShape::default() };
    let world = World::with_shape(1, &shape);
    for config in observed.configs.values().filter(|config| is_key(&config.spec.name)) {
        let bytes = STANDARD.decode(&config.spec.data).expect("base64");
        let new = NewData { labels: config.spec.labels.clone(), ..nobodys(&config.spec.name) };
        let write = Write::CreateConfig { new, bytes: SecretBytes::new(bytes) };
        world.swarm.hand().write(&write).expect("a write");
    }
    for secret in observed.secrets.values().filter(|secret| secret.spec.driver.is_none()) {
        let new = NewData { labels: secret.spec.labels.clone(), ..nobodys(&secret.spec.name) };
        let bytes = SecretBytes::new(b"the same".to_vec());
        world.swarm.hand().write(&Write::CreateSecret { new, bytes }).expect("a write");
    }
    apply(&world, &drawn(drawings)).await;
    draw(&world.swarm.look().await.expect("a look"), &Selection::default())
}

/// Applies files until nothing is written any more.
pub async fn apply(world: &World, declared: &Declared) {
    let loaded = loaded(declared);
    let errors: Vec<_> = loaded.problems.iter().filter(|problem| problem.is_error()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    make_foreign(world, &loaded).await;
    let mut operator = operator(world, declared);
    let mut writes = usize::MAX;
    for _ in 0..PASSES {
        pass(world, &mut operator).await;
        if writes == world.swarm.log().len() {
            break;
        }
        writes = world.swarm.log().len();
        world.advance(Duration::from_secs(5)).await;
    }
}

/// What files differ in from what runs.
pub async fn compared(world: &World, declared: &Declared) -> Vec<String> {
    let mut operator = operator(world, declared);
    operator.read_sources().await;
    let report = world.run(PATIENCE, operator.preview()).await.expect("it ends");
    differing(&report)
}

/// What was drawn, as the files that `--output` writes.
pub fn drawn(drawings: &Drawings) -> Declared {
    let mut declared = Declared::default();
    for one in &drawings.stacks {
        let mut add = |name: &str, bytes: Vec<u8>| {
            let path = RepoPath::new(&format!("{}/{name}", one.stack)).expect("a path");
            declared.files.insert(path, Entry::File(Arc::from(bytes)));
        };
        add("compose.yml", write(&one.file).into_bytes());
        add(".skepignore", b"configs/\n".to_vec());
        one.contents.iter().for_each(|(path, bytes)| add(path, bytes.clone()));
    }
    declared
}

/// Everything that differs or is wrong.
fn differing(report: &Report) -> Vec<String> {
    let mut lines: Vec<String> = report.trouble.clone();
    lines.extend(report.problems.iter().map(|problem| format!("{} {problem}", problem.key)));
    for stack in report.stacks.values() {
        for drift in &stack.plan.drift {
            let fields = drift.fields();
            let fields = fields.iter().map(|field| {
                let change = &field.change;
                format!("{}: {:?} -> {:?}", change.path, change.old, change.new)
            });
            let fields = fields.collect::<Vec<_>>().join(", ");
            lines.push(format!("{:?} {} {fields}", drift.action, drift.object));
        }
    }
    lines
}

async fn pass(world: &World, operator: &mut Operator) {
    let turn = async {
        operator.read_sources().await;
        operator.pass().await
    };
    let report = world.run(PATIENCE, turn).await.expect("a pass ends");
    assert_eq!(report.trouble, Vec::<String>::new());
}

/// Reads the files.
pub fn loaded(declared: &Declared) -> Loaded {
    let source = SourceName::new("root").expect("a name");
    let options = LoadOptions {
        source: &source,
        key: None,
        name: declared.name.as_ref(),
        variables: &declared.variables,
        globs: &declared.globs,
        identities: skep::load::Identities::NONE,
    };
    load(&declared.files, &options)
}

/// Makes what services refer to and no stack declares.
async fn make_foreign(world: &World, loaded: &Loaded) {
    let there = world.swarm.look().await.expect("a look");
    let stacks = loaded.desired.stacks.values();
    let own: BTreeSet<ObjectRef> = stacks
        .clone()
        .flat_map(|stack| {
            let networks = stack.networks.keys().map(|name| ObjectRef::new(Kind::Network, name));
            let secrets = stack.secrets.keys().map(|name| ObjectRef::new(Kind::Secret, name));
            let configs = stack.configs.keys().map(|name| ObjectRef::new(Kind::Config, name));
            networks.chain(secrets).chain(configs)
        })
        .collect();
    let specs = stacks.flat_map(|stack| stack.services.values()).map(|service| &service.spec);
    let used: BTreeSet<ObjectRef> = specs.flat_map(references).collect();
    let there = View::new(&there);
    for object in used.difference(&own).filter(|object| !there.has(object)) {
        let new = || nobodys(&object.name);
        let bytes = SecretBytes::new(b"foreign".to_vec());
        let write = match object.kind {
            Kind::Secret => Write::CreateSecret { new: new(), bytes },
            Kind::Config => Write::CreateConfig { new: new(), bytes },
            Kind::Network | Kind::Service | Kind::Node => Write::CreateNetwork(NetworkSpec {
                name: object.name.clone(),
                attachable: true,
                ..NetworkSpec::default()
            }),
        };
        world.swarm.hand().write(&write).expect("a write");
    }
}

fn is_key(name: &str) -> bool {
    name.starts_with("skep-") && name.ends_with("-key")
}

fn nobodys(name: &str) -> NewData {
    NewData::labelled(name.to_owned(), [].into())
}

fn operator(world: &World, declared: &Declared) -> Operator {
    let doors = Doors {
        swarm: Arc::new(world.swarm.clone()),
        registry: Arc::new(world.registry.clone()),
        clock: Arc::new(world.clock.clone()),
    };
    let name = SourceName::new("root").expect("a name");
    let source = Arc::new(Fixed(Arc::new(declared.files.clone())));
    let settings = Settings {
        variables: declared.variables.clone(),
        name: declared.name.clone(),
        globs: declared.globs.clone(),
        ..Settings::default()
    };
    Operator::new(doors, vec![NamedSource { name, source }], settings)
}

/// Files that never change.
struct Fixed(Arc<FileSet>);

impl Source for Fixed {
    fn read(&self) -> BoxFuture<'_, Result<Checkout, SourceError>> {
        let revision = Revision::Tree("fixed".to_owned());
        let files = Arc::clone(&self.0);
        let checkout = Checkout { revision, subject: String::new(), files, stale: None };
        std::future::ready(Ok(checkout)).boxed()
    }

    fn ancestry<'a>(&'a self, _: &'a Revision, _: &'a Revision) -> BoxFuture<'a, Ancestry> {
        std::future::ready(Ancestry::Same).boxed()
    }

    fn changes(&self) -> BoxStream<'static, ()> {
        Box::pin(futures::stream::pending())
    }
}
