//! Which services are drawn, and in which file.

use std::collections::BTreeSet;

use crate::diff::NAMESPACE_LABEL;
use crate::model::StackName;
use crate::model::engine::Service;

/// Which part of a swarm is drawn.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Stacks; all of them without any.
    pub stacks: BTreeSet<StackName>,
    /// Labels that a service has to carry, with a value or with any.
    pub labels: Vec<(String, Option<String>)>,
    /// Where the content of configs goes.
    pub contents: Contents,
}

/// Where the content of configs goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Contents {
    /// Into files of their own.
    #[default]
    Beside,
    /// Into the compose file itself.
    Inline,
}

impl Selection {
    /// True for a service that carries the labels.
    pub(super) fn takes(&self, service: &Service) -> bool {
        let labels = &service.spec.labels;
        let carries = |(key, value): &(String, Option<String>)| match (labels.get(key), value) {
            (Some(there), Some(value)) => there == value,
            (there, _) => there.is_some(),
        };
        self.labels.iter().all(carries)
    }

    /// True for a stack that is asked for.
    pub(super) fn names(&self, stack: &StackName) -> bool {
        self.stacks.is_empty() || self.stacks.contains(stack)
    }
}

/// The stack that a service belongs to, or why it can't be in any file: a file's services are
/// called `STACK_KEY`.
pub(super) fn stack_of(service: &Service) -> Result<StackName, String> {
    let name = &service.spec.name;
    let Some(stack) = service.spec.labels.get(NAMESPACE_LABEL) else { return Err(lonely(name)) };
    let unfit = |why: &str| Err(format!("left out: {why}"));
    let Ok(stack_name) = StackName::new(stack.clone()) else {
        return unfit("its stack has a name that no stack can have");
    };
    match name.strip_prefix(stack_name.as_str()).and_then(|rest| rest.strip_prefix('_')) {
        Some(key) if !key.is_empty() => {}
        _ => return unfit(&format!("services of the stack {stack} are called {stack}_NAME")),
    }
    match &service.spec.task_template.container_spec {
        Some(_) => Ok(stack_name),
        None => unfit("it runs no containers (a plugin)"),
    }
}

/// A service that was made without a stack. With a name that fits, a label makes it part of one.
fn lonely(name: &str) -> String {
    let why = "left out: it belongs to no stack";
    match name.split_once('_').filter(|(stack, key)| !stack.is_empty() && !key.is_empty()) {
        Some((stack, _)) => format!(
            "{why}; docker service update --label-add {NAMESPACE_LABEL}={stack} {name} makes it \
             part of the stack {stack} and restarts nothing"
        ),
        None => {
            format!("{why}, and a stack's services are called STACK_NAME: it can't be in a file")
        }
    }
}
