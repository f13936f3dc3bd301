//! Which services are drawn, and in which file.

use std::collections::{BTreeMap, BTreeSet};

use crate::diff::{NAMESPACE_LABEL, RUN_LABEL};
use crate::model::engine::Service;
use crate::model::{Kind, ObjectRef, Observed, StackName};

use super::Remark;

/// Which part of a swarm is drawn.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Stacks; all of them without any.
    pub stacks: BTreeSet<StackName>,
    /// Labels that a service has to carry, with a value or with any.
    pub labels: Vec<(String, Option<String>)>,
    /// The stack that is to hold what belongs to none; without it, that is left out.
    pub rest: Option<StackName>,
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

/// A service, and the key that it has in its file.
#[derive(Debug, Clone)]
pub(super) struct Member<'a> {
    pub(super) key: String,
    pub(super) service: &'a Service,
    pub(super) standing: Standing,
}

/// What a service is to the stack in whose file it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// A part of it.
    Member,
    /// It has a name that fits, and belongs to no stack.
    Unlabelled,
    /// No file can name it: from this one, another is made.
    Anew,
}

/// Services by stack, and what is left out.
#[derive(Debug, Default)]
pub(super) struct Chosen<'a> {
    pub(super) stacks: BTreeMap<StackName, Vec<Member<'a>>>,
    /// What is left out, with the stack that its label names.
    pub(super) left_out: Vec<(Option<StackName>, Remark)>,
}

impl Selection {
    /// The services that are asked for.
    pub(super) fn choose<'a>(&self, observed: &'a Observed) -> Chosen<'a> {
        let services = || observed.services.values().map(AsRef::as_ref);
        let stacks: BTreeSet<StackName> = services().filter_map(labelled).collect();
        let mut chosen = Chosen::default();
        let mut others = Vec::new();
        for service in services().filter(|service| self.takes(service)) {
            match place(service, &stacks) {
                Ok((stack, key, Standing::Member)) => {
                    self.add(&mut chosen, stack, (key, service, Standing::Member));
                }
                other => others.push((service, other)),
            }
        }
        // Last, so that nobody else's key is taken.
        for (service, other) in others {
            match (other, &self.rest) {
                (Ok((stack, key, standing)), Some(_)) => {
                    self.add(&mut chosen, stack, (key, service, standing));
                }
                (Err(Unfit::Name(_)), Some(rest)) => {
                    let entry = (service.spec.name.clone(), service, Standing::Anew);
                    self.add(&mut chosen, rest.clone(), entry);
                }
                (Ok(_), None) => self.leave(&mut chosen, service, &lonely()),
                (Err(Unfit::Name(why) | Unfit::Never(why)), _) => {
                    self.leave(&mut chosen, service, &why);
                }
            }
        }
        chosen
    }

    fn add<'a>(
        &self,
        chosen: &mut Chosen<'a>,
        stack: StackName,
        (key, service, standing): (String, &'a Service, Standing),
    ) {
        if self.names(&stack) {
            let members = chosen.stacks.entry(stack).or_default();
            let mut numbers = 2_u32..;
            let mut free = key.clone();
            while members.iter().any(|member| member.key == free) {
                free = format!("{key}-{}", numbers.next().unwrap_or_default());
            }
            members.push(Member { key: free, service, standing });
        }
    }

    fn leave(&self, chosen: &mut Chosen<'_>, service: &Service, why: &str) {
        let stack = labelled(service);
        if self.stacks.is_empty() || stack.as_ref().is_some_and(|stack| self.names(stack)) {
            let object = ObjectRef::new(Kind::Service, &service.spec.name);
            let message = format!("left out: {why}");
            chosen.left_out.push((stack, Remark { object, path: String::new(), message }));
        }
    }

    /// True for a service that carries the labels.
    fn takes(&self, service: &Service) -> bool {
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

/// The stack that a service's label names, if one can be called so.
fn labelled(service: &Service) -> Option<StackName> {
    StackName::new(service.spec.labels.get(NAMESPACE_LABEL)?.clone()).ok()
}

/// Why a service can't be in the file of its stack.
enum Unfit {
    /// Its name is not that of a service of a stack.
    Name(String),
    /// It can't be in any file.
    Never(String),
}

/// The stack that a service belongs to or would belong to, and its key: a file's services are
/// called `STACK_KEY`.
fn place(
    service: &Service,
    stacks: &BTreeSet<StackName>,
) -> Result<(StackName, String, Standing), Unfit> {
    let name = &service.spec.name;
    if service.spec.task_template.container_spec.is_none() {
        return Err(Unfit::Never("it runs no containers (a plugin)".to_owned()));
    }
    if let Some(of) = service.spec.labels.get(RUN_LABEL) {
        return Err(Unfit::Never(format!("it is a run of {of}, and not declared by itself")));
    }
    let Some(label) = service.spec.labels.get(NAMESPACE_LABEL) else {
        let (stack, key) = unlabelled(name, stacks).ok_or_else(|| Unfit::Name(nameless()))?;
        return Ok((stack, key, Standing::Unlabelled));
    };
    let Some(stack) = labelled(service) else {
        let why = "its stack has a name that no stack can have";
        return Err(Unfit::Name(why.to_owned()));
    };
    match key_in(name, &stack) {
        Some(key) => Ok((stack, key.to_owned(), Standing::Member)),
        None => Err(Unfit::Name(format!("services of the stack {label} are called {label}_NAME"))),
    }
}

fn key_in<'n>(name: &'n str, stack: &StackName) -> Option<&'n str> {
    let key = name.strip_prefix(stack.as_str())?.strip_prefix('_')?;
    Some(key).filter(|key| !key.is_empty())
}

/// The stack that a name speaks of: the longest that there is, else what stands before the first
/// line below.
fn unlabelled(name: &str, stacks: &BTreeSet<StackName>) -> Option<(StackName, String)> {
    let there = stacks.iter().filter_map(|stack| Some((stack.clone(), key_in(name, stack)?)));
    if let Some((stack, key)) = there.max_by_key(|(stack, _)| stack.as_str().len()) {
        return Some((stack, key.to_owned()));
    }
    let (stack, key) = name.split_once('_').filter(|(_, key)| !key.is_empty())?;
    Some((StackName::new(stack).ok()?, key.to_owned()))
}

fn lonely() -> String {
    "it belongs to no stack; --rest STACK writes it too, and tells how it becomes part of one"
        .to_owned()
}

fn nameless() -> String {
    "it belongs to no stack, and a stack's services are called STACK_NAME; --rest STACK writes one \
     that is made anew"
        .to_owned()
}
