//! Choices, from declarations, tags and what runs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{Cache, Choices, DeclaredImages, Scene, Tags, choose, repositories};
use crate::health::Clocks;
use crate::load::{LoadOptions, load};
use crate::model::engine::{Node, Service, Task, TaskState, TaskStatus};
use crate::model::{
    ApiVersion, Desired, Engine, Entry, FileSet, ImageAnswer, Images, Observed, PinnedImage,
    Platform, RepoPath, SeenTask, SourceName, Standing, TagsAnswer,
};

/// A small world: declarations in, choices as lines of text out.
struct World {
    desired: Desired,
    declared: DeclaredImages,
    tags: Tags,
    images: Images,
    observed: Observed,
    cache: Cache,
}

impl World {
    /// The policy of `web`, and stacks with one service each: `shop` follows.
    fn new(policy: &str) -> Self {
        let shop = "services: {web: {image: 'r.io/web:1.0.0', x-skep: {image: web}}}";
        let stage = "services: {web: {image: 'r.io/web:1.4.0'}}";
        let image = format!(
            "apiVersion: skep/v1\nkind: Image\nmetadata: {{name: web}}\n\
             spec: {{repository: r.io/web, {policy}}}\n"
        );
        let mut files = FileSet::default();
        for (name, text) in [("shop.yml", shop), ("stage.yml", stage), ("image.yml", &image)] {
            let path = RepoPath::new(name).expect("a path");
            files.insert(path, Entry::File(Arc::from(text.as_bytes())));
        }
        let source = SourceName::new("repo").expect("a name");
        let variables = BTreeMap::new();
        let options = LoadOptions {
            source: &source,
            key: None,
            name: None,
            variables: &variables,
            globs: &[],
            identities: crate::load::Identities::NONE,
        };
        let loaded = load(&files, &options);
        assert_eq!(loaded.problems, []);
        let declared = loaded.images.iter().cloned();
        let declared =
            declared.map(|image| ((source.clone(), image.name.clone()), image)).collect();
        Self {
            desired: loaded.desired,
            declared,
            tags: Tags::new(),
            images: Images::default(),
            observed: observed(),
            cache: Cache::default(),
        }
    }

    fn tags(mut self, tags: &str) -> Self {
        let tags = tags.split_whitespace().map(str::to_owned).collect();
        self.answer(TagsAnswer::Listed(tags));
        self
    }

    fn answer(&mut self, answer: TagsAnswer) {
        self.tags.insert("r.io/web".parse().expect("a repository"), answer);
    }

    /// A tag is there, for these architectures of linux.
    fn pinned(mut self, tag: &str, architectures: &str) -> Self {
        let image = format!("r.io/web:{tag}").parse().expect("an image");
        let platform =
            |architecture: &str| Platform { architecture: architecture.into(), os: "linux".into() };
        let platforms = architectures.split_whitespace().map(platform).collect();
        let pinned = PinnedImage { image: digest(&image), platforms };
        self.images.0.insert(image, ImageAnswer::Pinned(pinned));
        self
    }

    /// What runs in a stack, since so many minutes.
    fn runs(mut self, stack: &str, image: &str, minutes: i64) -> Self {
        let name = format!("{stack}_web");
        let declared = self.desired.stacks.values().find(|s| s.name.as_str() == stack);
        let spec = declared.expect("the stack").services[&name].spec.clone();
        let mut service = Service { id: name.clone(), spec, ..Service::default() };
        service.spec.labels.insert(super::IMAGE_LABEL.to_owned(), image.to_owned());
        if let Some(container) = &mut service.spec.task_template.container_spec {
            container.image = digest(&image.parse().expect("an image")).familiar();
        }
        let since = self.observed.at - SignedDuration::from_mins(minutes);
        let status = TaskStatus {
            timestamp: Some(since),
            state: TaskState::Running,
            ..TaskStatus::default()
        };
        let task = Task {
            id: format!("{name}.1"),
            slot: 1,
            service_id: name.clone(),
            spec: service.spec.task_template.clone(),
            status,
            desired_state: TaskState::Running,
            node_id: "n1".to_owned(),
            ..Task::default()
        };
        let seen = SeenTask { task: Arc::new(task), standing: Standing::Current };
        self.observed.tasks.insert(name.clone(), vec![seen]);
        self.observed.services.insert(name, Arc::new(service));
        self
    }

    fn choose(&mut self) -> (Desired, Choices) {
        let mut desired = self.desired.clone();
        let records = BTreeMap::new();
        let scene = Scene {
            declared: &self.declared,
            tags: &self.tags,
            images: &self.images,
            observed: &self.observed,
            records: &records,
            clocks: Clocks::default(),
        };
        let choices = choose(&mut desired, scene, &mut self.cache);
        (desired, choices)
    }

    /// The choice for `shop` as a line.
    fn line(&mut self) -> String {
        let (desired, choices) = self.choose();
        let [chosen] = choices.chosen.as_slice() else { panic!("{choices:?}") };
        let stack = desired.stacks.values().find(|stack| stack.name.as_str() == "shop");
        let service = &stack.expect("the stack").services["shop_web"];
        assert_eq!((&service.image, service.pull), (&chosen.image, chosen.pull));
        assert_eq!(service.spec.labels[&super::IMAGE_LABEL.to_owned()], chosen.image.familiar());
        let stays = chosen.stays.as_ref().map(|why| format!(" stays: {why:?}")).unwrap_or_default();
        let asks = match choices.questions.first() {
            Some(image) => format!(" asks: {image}"),
            None => String::new(),
        };
        format!("{}{stays}{asks}", chosen.image)
    }
}

fn digest(image: &crate::model::ImageRef) -> crate::model::ImageRef {
    image.with_digest(&format!("sha256:{}", "a".repeat(64)))
}

fn observed() -> Observed {
    let mut node = Node { id: "n1".to_owned(), ..Node::default() };
    node.description.platform.architecture = "x86_64".to_owned();
    node.description.platform.os = "linux".to_owned();
    node.status.state = "ready".to_owned();
    Observed {
        at: Timestamp::from_second(1_800_000_000).expect("a time"),
        engine: Engine {
            version: "28.5".to_owned(),
            api: ApiVersion::v1(51),
            cluster: "c".to_owned(),
            node: "n1".to_owned(),
        },
        services: BTreeMap::new(),
        tasks: BTreeMap::new(),
        networks: BTreeMap::new(),
        secrets: BTreeMap::new(),
        configs: BTreeMap::new(),
        nodes: BTreeMap::from([("n1".to_owned(), node)]),
        gaps: BTreeSet::new(),
    }
}

const RANGE: &str = "policy: {semver: '>=1.0 <2'}";

#[test]
fn the_best_tag_is_asked_for_and_then_chosen() {
    let world = World::new(RANGE).tags("1.0.0 1.4.0 1.10.0 2.0.0 latest");
    let mut world = world.runs("shop", "r.io/web:1.4.0", 5);
    let asked = "r.io/web:1.4.0 stays: Unreachable(\"the registry was not asked yet\") asks: r.io/web:1.10.0";
    assert_eq!(world.line(), asked);
    assert_eq!(world.pinned("1.10.0", "amd64").line(), "r.io/web:1.10.0");
}

#[test]
fn what_runs_already_is_not_asked_for() {
    let world = World::new(RANGE).tags("1.0.0 1.4.0");
    assert_eq!(world.runs("shop", "r.io/web:1.4.0", 5).line(), "r.io/web:1.4.0");
}

#[test]
fn a_registry_that_does_not_answer_leaves_what_runs() {
    let mut world = World::new(RANGE).runs("shop", "r.io/web:1.4.0", 5);
    world.answer(TagsAnswer::Unreachable("no answer".to_owned()));
    assert_eq!(world.line(), "r.io/web:1.4.0 stays: Unreachable(\"no answer\")");
    world.observed.services.clear();
    assert_eq!(world.line(), "r.io/web:1.0.0 stays: Unreachable(\"no answer\")");
}

#[test]
fn a_tag_that_vanished_is_not_left_for_an_older_one() {
    let world = World::new(RANGE).tags("1.0.0 1.2.0").pinned("1.2.0", "amd64");
    let mut world = world.runs("shop", "r.io/web:1.4.0", 5);
    assert_eq!(world.line(), "r.io/web:1.4.0");
    // Out of the range it is left.
    let world = World::new("policy: {semver: '~1.2'}").tags("1.0.0 1.2.0").pinned("1.2.0", "amd64");
    assert_eq!(world.runs("shop", "r.io/web:1.4.0", 5).line(), "r.io/web:1.2.0");
}

#[test]
fn an_image_that_no_node_can_run_is_passed_over() {
    let world = World::new(RANGE).tags("1.4.0 1.5.0 1.6.0").runs("shop", "r.io/web:1.4.0", 5);
    let mut world = world.pinned("1.6.0", "arm64").pinned("1.5.0", "arm64 amd64");
    assert_eq!(world.line(), "r.io/web:1.5.0");
    let both = format!("{RANGE}, platforms: [linux/amd64, linux/arm64]");
    let world =
        World::new(&both).tags("1.0.0 1.6.0").pinned("1.6.0", "amd64").pinned("1.0.0", "arm64");
    let why = "r.io/web:1.0.0 stays: Nothing(\"1.6.0: not built for linux/arm64; 1.0.0: not built for linux/amd64\")";
    assert_eq!({ world }.line(), why);
}

#[test]
fn a_tag_is_followed() {
    let mut world = World::new("policy: {digest: stable}").runs("shop", "r.io/web:1.4.0", 5);
    assert_eq!(world.line(), "r.io/web:stable");
    assert!(repositories(&world.desired, &world.declared).is_empty(), "no list of tags is needed");
    let (desired, _) = world.choose();
    let service = desired.stacks.values().find_map(|stack| stack.services.get("shop_web"));
    assert_eq!(service.expect("it").pull, crate::model::PullPolicy::Always);
}

#[test]
fn what_has_run_well_in_one_stack_is_promoted_with_its_digest() {
    let policy = "policy: {from: {stack: stage, healthy_for: 30m}}";
    let world = || World::new(policy).runs("shop", "r.io/web:1.0.0", 90);
    let mut early = world().runs("stage", "r.io/web:1.4.0", 29);
    assert!(
        early.line().starts_with("r.io/web:1.0.0 stays: NotYet(\"stage_web has been healthy since")
    );
    let wanted = digest(&"r.io/web:1.4.0".parse().expect("an image"));
    assert_eq!(world().runs("stage", "r.io/web:1.4.0", 31).line(), wanted.familiar());
    let nothing = "r.io/web:1.0.0 stays: NotYet(\"no service of stage runs an image of r.io/web\")";
    assert_eq!(world().line(), nothing);
}

#[test]
fn a_service_of_an_unknown_image_keeps_what_runs() {
    let mut world = World::new(RANGE).runs("shop", "r.io/web:1.4.0", 5);
    world.declared.clear();
    assert_eq!(world.line(), "r.io/web:1.4.0 stays: Undeclared");
}

/// Else each pass would compare all stacks anew that follow an image.
#[test]
fn the_same_choice_is_the_same_stack() {
    let mut world = World::new(RANGE).tags("1.4.0").pinned("1.4.0", "amd64");
    let stack = |desired: &Desired, name: &str| {
        let found = desired.stacks.values().find(|stack| stack.name.as_str() == name);
        Arc::clone(found.expect("the stack"))
    };
    let (first, second) = (world.choose().0, world.choose().0);
    assert!(Arc::ptr_eq(&stack(&first, "shop"), &stack(&second, "shop")));
    assert!(!Arc::ptr_eq(&stack(&first, "shop"), &stack(&world.desired, "shop")));
    assert!(Arc::ptr_eq(&stack(&first, "stage"), &stack(&world.desired, "stage")));
    let mut world = world.tags("1.4.0 1.5.0").pinned("1.5.0", "amd64");
    assert!(!Arc::ptr_eq(&stack(&world.choose().0, "shop"), &stack(&first, "shop")));
}
