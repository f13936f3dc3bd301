//! Objects that skep does not own, beside those that it does: whatever happens, they stay as they
//! were, to the last byte that the engine tells of them, and so do the tasks that run.

use std::time::Duration;

use crate::lab::{Lab, Node, within};

const KINDS: [&str; 4] = ["secret", "config", "network", "service"];

/// How the bystanders' names end, behind the stack's name.
pub const ENDS: [&str; 4] = ["_legacy", "_copied", "_theirs", "-other_web"];

/// Bystanders of one stack, with what the engine said of them at first. Compared when dropped.
pub struct Bystanders<'a> {
    lab: &'a Lab,
    node: &'a Node,
    names: Vec<String>,
    before: Vec<String>,
    tasks: Option<String>,
}

impl<'a> Bystanders<'a> {
    /// Makes four of each kind: one with the stack's name in front and nothing else, one that a
    /// person put into the stack with a copied owner label, one that another installation of skep
    /// owns in a stack of the same name, and one of a stack and an installation that begin with
    /// our names. The services use the secret and the config of their name; the first has a task.
    pub fn make(lab: &'a Lab, node: &'a Node, stack: &str) -> Self {
        let names = ENDS.map(|end| format!("{stack}{end}"));
        for kind in KINDS {
            for name in &names {
                create(lab, node, (kind, name), &labels(stack, kind, name));
            }
        }
        let (before, tasks) = (Vec::new(), None);
        let mut made = Self { lab, node, names: names.to_vec(), before, tasks };
        // The engine fills in a network's subnet, and makes a task, a moment after.
        assert!(within(Duration::from_secs(30), || made.subnets() == names.len()));
        assert!(within(Duration::from_secs(30), || made.running().lines().count() == 1));
        made.before = made.inspect();
        made.tasks = Some(made.running());
        made
    }

    /// Whether an object of this name is one of them.
    pub fn has(&self, name: &str) -> bool {
        self.names.iter().any(|other| other == name)
    }

    /// From now on tasks may end: their engine does.
    pub fn may_lose_tasks(&mut self) {
        self.tasks = None;
    }

    fn subnets(&self) -> usize {
        let format = ["network", "inspect", "--format", "{{len .IPAM.Config}}"];
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        let lengths = self.lab.docker(self.node, &[&format[..], &names].concat());
        lengths.lines().filter(|length| *length == "1").count()
    }

    /// All tasks that there ever were of the service that has one.
    fn running(&self) -> String {
        let words = ["service", "ps", "--no-trunc", "--format", "{{.ID}} {{.DesiredState}}"];
        self.lab.docker(self.node, &[&words[..], &[&self.names[0]]].concat())
    }

    fn inspect(&self) -> Vec<String> {
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        let one = |kind| {
            let inspected =
                self.lab.try_docker(self.node, &[&[kind, "inspect"], &names[..]].concat());
            inspected.unwrap_or_else(|why| format!("{kind}: {why}"))
        };
        KINDS.map(one).to_vec()
    }
}

impl Drop for Bystanders<'_> {
    fn drop(&mut self) {
        // A second panic would hide the first.
        if std::thread::panicking() {
            return;
        }
        assert_eq!(self.before, self.inspect(), "what is not skep's was touched");
        if let Some(tasks) = &self.tasks {
            assert_eq!(tasks, &self.running(), "a task that is not skep's was touched");
        }
    }
}

/// What each of them says of itself; see `make`.
fn labels(stack: &str, kind: &str, name: &str) -> Vec<String> {
    let other = format!("{stack}-other");
    let (namespace, owner) = match name.strip_prefix(stack) {
        Some("_copied") => (stack, format!("{stack}/{kind}/{stack}_web")),
        Some("_theirs") => (stack, format!("{other}/{kind}/{name}")),
        Some("-other_web") => (other.as_str(), format!("{other}/{kind}/{name}")),
        _ => return Vec::new(),
    };
    vec![format!("com.docker.stack.namespace={namespace}"), format!("skep.owner={owner}")]
}

fn create(lab: &Lab, node: &Node, (kind, name): (&str, &str), labels: &[String]) {
    let mut words = vec![kind, "create"];
    words.extend(labels.iter().flat_map(|label| ["--label", label]));
    // Any file will do as content.
    let content = lab.registry.ca.display().to_string();
    let replicas = if name.ends_with(ENDS[0]) { "1" } else { "0" };
    match kind {
        "service" => {
            words.extend(["--detach", "--replicas", replicas, "--secret", name, "--config", name]);
            words.extend(["--name", name, lab.image("1")]);
        }
        "network" => words.extend(["--driver", "overlay", name]),
        _ => words.extend([name, &content]),
    }
    lab.docker(node, &words);
}
