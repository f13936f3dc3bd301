//! Objects that skep does not own, beside those that it does: whatever happens, they stay as they
//! were, to the last byte that the engine tells of them.

use std::time::Duration;

use crate::lab::{Lab, Node, within};

const KINDS: [&str; 4] = ["service", "network", "secret", "config"];

/// Bystanders of one stack, with what the engine said of them at first. Compared when dropped.
pub struct Bystanders<'a> {
    lab: &'a Lab,
    node: &'a Node,
    names: Vec<String>,
    before: Vec<String>,
}

impl<'a> Bystanders<'a> {
    /// Makes one of each kind with the stack's name in front, one that a person put into the stack
    /// with a copied owner label, and one of a stack and an instance that begin with our names.
    pub fn make(lab: &'a Lab, node: &'a Node, stack: &str) -> Self {
        let labels = |namespace: &str, owner: &str| {
            vec![format!("com.docker.stack.namespace={namespace}"), format!("skep.owner={owner}")]
        };
        let other = format!("{stack}-other");
        for kind in KINDS {
            create(lab, node, (kind, &format!("{stack}_legacy")), &[]);
            let copied = labels(stack, &format!("{stack}/{kind}/{stack}_web"));
            create(lab, node, (kind, &format!("{stack}_copied")), &copied);
            let name = format!("{other}_web");
            let theirs = labels(&other, &format!("{other}/{kind}/{name}"));
            create(lab, node, (kind, &name), &theirs);
        }
        let names = ["_legacy", "_copied", "-other_web"].map(|end| format!("{stack}{end}"));
        let mut made = Self { lab, node, names: names.to_vec(), before: Vec::new() };
        // The engine fills in a network's subnet a moment after it was made.
        assert!(within(Duration::from_secs(20), || made.subnets() == names.len()));
        made.before = made.inspect();
        made
    }

    fn subnets(&self) -> usize {
        let format = ["network", "inspect", "--format", "{{len .IPAM.Config}}"];
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        let lengths = self.lab.docker(self.node, &[&format[..], &names].concat());
        lengths.lines().filter(|length| *length == "1").count()
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
        let after = self.inspect();
        // A second panic would hide the first.
        if !std::thread::panicking() {
            assert_eq!(self.before, after, "what is not skep's was touched");
        }
    }
}

fn create(lab: &Lab, node: &Node, (kind, name): (&str, &str), labels: &[String]) {
    let mut words = vec![kind, "create"];
    words.extend(labels.iter().flat_map(|label| ["--label", label]));
    // Any file will do as content.
    let content = lab.registry.ca.display().to_string();
    match kind {
        "service" => {
            words.extend(["--detach", "--replicas", "0", "--name", name, lab.image("1")]);
        }
        "network" => words.extend(["--driver", "overlay", name]),
        _ => words.extend([name, &content]),
    }
    lab.docker(node, &words);
}
