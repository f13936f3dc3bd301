//! All public stacks in one swarm at once, and one import of everything.
//!
//! What would be in each other's way is moved by two rules, so that nothing is left out: names that
//! a file says itself get the name of its stack in front, and a published port that another service
//! has becomes the next free one. External objects are made first, for each stack its own.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use serde_json::Value;
use skep::diff::references;
use skep::model::{DesiredStack, HashKey, Kind, ObjectRef, StackName};

use crate::cases::{As, corpus, load_like_docker_as, stack_cases};
use crate::lab::{Claim, Lab};
use crate::refused::refused;
use crate::stage::{KEY, SOURCE, Stage};

/// Fewest stacks of the corpus that make a swarm worth the name.
const FEWEST: usize = 45;
const NOTHING: [String; 0] = [];

#[tokio::test]
async fn one_import_of_a_swarm_with_every_public_stack_differs_from_it_in_nothing() {
    let lab = Lab::alone();
    let claim = lab.claim("one", "whole");
    let stacks = filled(&lab, &claim).await;
    assert!(stacks.len() >= FEWEST, "{} stacks", stacks.len());
    let skep = Skep::new(&claim);
    everything(&skep, &stacks);
    what_is_nobodys(&skep, &stacks, &claim.prefix);
    on_standard_output(&skep);
    one_stack(&skep, &stacks[stacks.len() / 2]);
    by_label(&skep, &stacks);
}

fn everything(skep: &Skep, stacks: &[DesiredStack]) {
    let out = skep.dir("all");
    let told = skep.good(&["import", "--output", text(&out)]).1;
    assert_eq!(told.lines().count(), 1, "something can't be said: {told}");
    assert_eq!(skep.differing(text(&out), b""), NOTHING);
    let again = skep.dir("again");
    skep.good(&["import", "--output", text(&again)]);
    for stack in stacks {
        let read = |out: &Path| {
            std::fs::read_to_string(out.join(stack.name.as_str()).join("compose.yml")).unwrap()
        };
        let file = read(&out);
        assert_eq!(file, read(&again));
        let missing: Vec<ObjectRef> =
            objects(stack).into_iter().filter(|object| !says(&file, stack, object)).collect();
        assert_eq!(missing, [], "{file}");
    }
}

/// External objects are of no stack: they stand in a file of their own, and differ in nothing.
fn what_is_nobodys(skep: &Skep, stacks: &[DesiredStack], prefix: &str) {
    let (out, rest) = (skep.dir("rest"), format!("{prefix}-rest"));
    skep.good(&["import", "--rest", &rest, "--output", text(&out)]);
    assert_eq!(skep.differing(text(&out), b""), NOTHING);
    let file = std::fs::read_to_string(out.join(&rest).join("compose.yml")).unwrap();
    let made: BTreeSet<ObjectRef> = stacks.iter().flat_map(made).collect();
    let foreign: Vec<ObjectRef> = stacks.iter().flat_map(objects).collect();
    let foreign: Vec<_> = foreign.into_iter().filter(|object| !made.contains(object)).collect();
    let missing: Vec<_> =
        foreign.iter().filter(|object| !file.contains(&format!("  {}:\n", object.name))).collect();
    assert!(!foreign.is_empty() && missing.is_empty(), "{missing:?}\n{file}");
}

/// Content that is no text can't stand in one document: the objects stay, as external ones.
fn on_standard_output(skep: &Skep) {
    let (document, told) = skep.good(&["import"]);
    assert!(!told.contains("image"), "{told}");
    assert_eq!(skep.differing("-", document.as_bytes()), NOTHING);
}

fn one_stack(skep: &Skep, stack: &DesiredStack) {
    let (document, told) = skep.good(&["import", stack.name.as_str()]);
    assert_eq!(told, "", "{document}");
    let own = objects(stack).into_iter().map(|object| object.name).collect();
    skep.assert_differs_only_elsewhere(&own, "-", document.as_bytes());
}

/// The label that most services carry.
fn by_label(skep: &Skep, stacks: &[DesiredStack]) {
    let mut carriers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, service) in stacks.iter().flat_map(|stack| &stack.services) {
        for (key, value) in service.spec.labels.iter().filter(|(key, _)| !key.contains("docker")) {
            carriers.entry(format!("{key}={value}")).or_default().insert(name.clone());
        }
    }
    let (label, services) = carriers.iter().max_by_key(|(_, names)| names.len()).unwrap();
    assert!(services.len() > 1, "{label} {services:?}");
    let out = skep.dir("label");
    skep.good(&["import", "--label", label, "--output", text(&out)]);
    skep.assert_differs_only_elsewhere(services, text(&out), b"");
}

/// The swarm with all stacks that load; every object of theirs.
async fn filled(lab: &Lab, claim: &Claim<'_>) -> Vec<DesiredStack> {
    let mut ports = Ports::default();
    let mut stacks = Vec::new();
    for (number, case) in stack_cases(&corpus()).iter().enumerate() {
        let name = format!("{}-{number:02}", claim.prefix);
        let stage = Stage::new(lab, claim.node, (&claim.prefix, &name));
        let stack = StackName::new(name).unwrap();
        let named = As { stack: stack.clone(), key: Some(HashKey::new(KEY)) };
        let loaded = load_like_docker_as(case, &named).loaded;
        if refused(case, &loaded).is_some() {
            continue;
        }
        let declared = &loaded.desired.stacks[&stack];
        let mut idle = stage.idle(declared);
        assert_eq!(count(declared), count(&idle), "two names of {} have become one", case.name);
        ports.shift(&mut idle);
        stage.make_foreign(&idle).await;
        let undone = stage.apply(&idle, &loaded.data).await;
        assert_eq!(undone, Vec::<String>::new(), "{}", case.name);
        stage.changes_once_allocated(&idle).await;
        stacks.push(idle);
    }
    stacks
}

/// Published ports that are taken.
#[derive(Default)]
struct Ports(BTreeSet<(u32, String)>);

impl Ports {
    fn shift(&mut self, stack: &mut DesiredStack) {
        for service in stack.services.values_mut() {
            let service = Arc::make_mut(service);
            let endpoint = service.spec.endpoint_spec.iter_mut();
            for port in endpoint.flat_map(|endpoint| &mut endpoint.ports) {
                let from = port.published_port;
                if from > 0 {
                    let free =
                        |port_number: &u32| self.0.insert((*port_number, port.protocol.clone()));
                    port.published_port = (from..=65535).chain(1024..from).find(free).unwrap();
                }
            }
        }
    }
}

fn count(stack: &DesiredStack) -> [usize; 4] {
    [stack.services.len(), stack.networks.len(), stack.configs.len(), stack.secrets.len()]
}

/// Everything that a stack makes or refers to.
fn objects(stack: &DesiredStack) -> BTreeSet<ObjectRef> {
    let used = stack.services.values().flat_map(|service| references(&service.spec));
    made(stack).into_iter().chain(used).collect()
}

fn made(stack: &DesiredStack) -> BTreeSet<ObjectRef> {
    let of = |kind: Kind| move |name: &String| ObjectRef::new(kind, name.as_str());
    let made = stack.services.keys().map(of(Kind::Service));
    let made = made.chain(stack.networks.keys().map(of(Kind::Network)));
    let made = made.chain(stack.configs.keys().map(of(Kind::Config)));
    let made = made.chain(stack.secrets.keys().map(of(Kind::Secret)));
    made.collect()
}

/// True when a file has an entry for an object, by its key or by its name.
fn says(file: &str, stack: &DesiredStack, object: &ObjectRef) -> bool {
    let name = format!("    name: {}", object.name);
    let key = object.name.strip_prefix(&format!("{}_", stack.name));
    let key = format!("  {}:", key.unwrap_or(&object.name));
    file.lines().any(|line| line == name || line == key)
}

/// The program, as the operator that made the stacks.
struct Skep {
    dir: tempfile::TempDir,
    environment: BTreeMap<&'static str, String>,
}

impl Skep {
    fn new(claim: &Claim<'_>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("key"), KEY).unwrap();
        let environment = BTreeMap::from([
            ("HOME", dir.path().display().to_string()),
            ("DOCKER_HOST", format!("unix://{}", claim.node.socket.display())),
            ("SKEP_INSTANCE", claim.prefix.clone()),
        ]);
        Self { dir, environment }
    }

    /// A directory that is not there yet.
    fn dir(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn call(&self, words: &[&str], input: &[u8]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_skep"));
        command.env_clear().envs(&self.environment).args(words);
        command.arg("--key-file").arg(self.dir.path().join("key"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        child.wait_with_output().unwrap()
    }

    /// What a call that has to go well says, on standard output and standard error.
    fn good(&self, words: &[&str]) -> (String, String) {
        let output = self.call(words, b"");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let told = text(&output.stderr);
        assert!(output.status.success(), "{words:?}: {told}");
        (text(&output.stdout), told)
    }

    /// Everything in which files differ from what runs, as `ACTION KIND NAME …`.
    fn differing(&self, source: &str, input: &[u8]) -> Vec<String> {
        let words = ["diff", source, "--source-name", SOURCE, "-o", "json"];
        let output = self.call(&words, input);
        let report: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)));
        assert_eq!(report["problems"], serde_json::json!([]));
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let stacks = list(&report["stacks"]);
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let drift = stacks.iter().flat_map(|stack| list(&stack["drift"])).map(|drift| {
            let (kind, name) = (word(&drift["object"]["kind"]), word(&drift["object"]["name"]));
            format!("{} {kind} {name} {}", word(&drift["action"]), drift["fields"])
        });
        let lines: Vec<String> = drift.collect();
        assert_eq!(output.status.success(), lines.is_empty(), "{report}");
        lines
    }

    /// To the source that all stacks are of, what a part of its files does not hold has left.
    fn assert_differs_only_elsewhere(&self, kept: &BTreeSet<String>, source: &str, input: &[u8]) {
        let differing = self.differing(source, input);
        let is_removal = |line: &String| {
            let others = line.strip_prefix("remove ").and_then(|rest| rest.split(' ').nth(1));
            others.is_some_and(|name| !kept.contains(name))
        };
        let wrong: Vec<&String> = differing.iter().filter(|line| !is_removal(line)).collect();
        assert_eq!(wrong, Vec::<&String>::new());
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
