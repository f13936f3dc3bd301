//! Text that may hold something secret, with what everybody may see of it.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Serialize, Serializer};

use crate::diff::{FieldChange, Masked};
use crate::model::engine::{ContainerSpec, ServiceSpec};
use crate::model::{FieldRules, Step};
use crate::plan::StackPlan;

/// What stands for a value that may be secret. It has one length for all.
pub const HIDDEN: &str = "(hidden)";

/// Shortest value that is looked for in texts: a shorter one is more often a word than a secret.
const SHORTEST: usize = 6;

/// Whether values that may be secret are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reveal {
    /// Text on a terminal.
    Values,
    /// Everything else.
    Nothing,
}

/// Text of which a part may be secret. `Display`, `Debug` and `Serialize` show what everybody may
/// see.
#[derive(Clone, PartialEq, Eq)]
pub struct Veiled {
    shown: String,
    full: Option<String>,
}

impl Veiled {
    /// Text that everybody may see.
    pub fn open(text: impl Into<String>) -> Self {
        Self { shown: text.into(), full: None }
    }

    /// Text that is hidden as a whole.
    pub fn hidden(text: impl Into<String>) -> Self {
        Self { shown: HIDDEN.to_owned(), full: Some(text.into()) }
    }

    /// Text with another one that everybody may see.
    pub fn masked_as(shown: impl Into<String>, full: impl Into<String>) -> Self {
        Self { shown: shown.into(), full: Some(full.into()) }
    }

    /// A value with what the comparison says about it.
    pub fn of(text: impl Into<String>, masked: Masked) -> Self {
        match masked {
            Masked::No => Self::open(text),
            Masked::Yes => Self::hidden(text),
        }
    }

    /// True when nothing of the text is shown to this audience.
    #[must_use]
    pub fn is_hidden(&self, reveal: Reveal) -> bool {
        self.full.is_some() && self.to(reveal) == HIDDEN
    }

    /// The text for this audience.
    #[must_use]
    pub fn to(&self, reveal: Reveal) -> &str {
        match (reveal, &self.full) {
            (Reveal::Values, Some(full)) => full,
            _ => &self.shown,
        }
    }
}

impl fmt::Display for Veiled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Veiled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Veiled({:?})", self.shown)
    }
}

impl Serialize for Veiled {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.shown)
    }
}

/// Values of one stack that may be secret, to be hidden where an engine or a program repeats them
/// in its messages. What is masked by its place needs no veil; this is for texts of others.
#[derive(Clone, Default)]
pub struct Veil(BTreeSet<String>);

impl Veil {
    /// Collects what a plan knows to be masked.
    #[must_use]
    pub fn of(plan: &StackPlan) -> Self {
        let mut veil = Self::default();
        for drift in &plan.drift {
            let reveal = plan.revealed(Some(&drift.object));
            let masked =
                |change: &FieldChange| change.masked == Masked::Yes && !reveal.cover(&change.path);
            for field in drift.fields().iter().filter(|field| masked(&field.change)) {
                let values = [&field.change.old, &field.change.new];
                values.into_iter().flatten().for_each(|value| veil.insert(value));
            }
        }
        let ignored = plan.ignored.iter().flat_map(|one| &one.fields);
        for change in ignored.filter(|change| change.masked == Masked::Yes) {
            [&change.old, &change.new].into_iter().flatten().for_each(|value| veil.insert(value));
        }
        for planned in &plan.steps {
            let (Step::CreateService { spec }
            | Step::UpdateService { spec, .. }
            | Step::RollBack { spec, .. }) = &planned.step
            else {
                continue;
            };
            veil.spec(spec, &plan.revealed(planned.step.object().as_ref()));
        }
        veil
    }

    /// Collects what a service's spec holds.
    #[must_use]
    pub fn of_spec(spec: &ServiceSpec) -> Self {
        Self::of_spec_but(spec, &FieldRules::default())
    }

    /// Collects what a service's spec holds beside what may be shown.
    #[must_use]
    pub fn of_spec_but(spec: &ServiceSpec, reveal: &FieldRules) -> Self {
        let mut veil = Self::default();
        veil.spec(spec, reveal);
        veil
    }

    /// Collects what the specs of several services hold.
    #[must_use]
    pub fn of_specs<'a>(specs: impl Iterator<Item = &'a ServiceSpec>) -> Self {
        let mut veil = Self::default();
        specs.for_each(|spec| veil.spec(spec, &FieldRules::default()));
        veil
    }

    /// Collects what a container is made of beside what may be shown.
    #[must_use]
    pub fn of_container_but(spec: &ContainerSpec, reveal: &FieldRules) -> Self {
        let mut veil = Self::default();
        veil.container(spec, reveal);
        veil
    }

    /// Text in which these values are hidden.
    pub fn over(&self, text: impl Into<String>) -> Veiled {
        let full = text.into();
        // Longest first, so that a value inside another one does not leave the rest of it.
        let mut values: Vec<&String> = self.0.iter().filter(|v| full.contains(*v)).collect();
        if values.is_empty() {
            return Veiled::open(full);
        }
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        let shown = values.into_iter().fold(full.clone(), |text, v| text.replace(v, HIDDEN));
        Veiled { shown, full: Some(full) }
    }

    fn spec(&mut self, spec: &ServiceSpec, reveal: &FieldRules) {
        let container = spec.task_template.container_spec.iter();
        container.for_each(|container| self.container(container, reveal));
    }

    fn container(&mut self, container: &ContainerSpec, reveal: &FieldRules) {
        let delicate = container.delicate_fields();
        delicate.filter(|(path, _)| !reveal.cover(path)).for_each(|(_, word)| self.insert(word));
    }

    fn insert(&mut self, value: &str) {
        if value.chars().count() >= SHORTEST {
            self.0.insert(value.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_veil_hides_the_longest_value_first() {
        let veil = Veil(["hunter2".to_owned(), "hunter2-and-more".to_owned()].into());
        let text = veil.over("exec hunter2-and-more failed, hunter2 too");
        assert_eq!(text.to_string(), "exec (hidden) failed, (hidden) too");
        assert_eq!(text.to(Reveal::Values), "exec hunter2-and-more failed, hunter2 too");
    }

    #[test]
    fn nothing_but_a_terminal_gets_the_value() {
        let text = Veiled::hidden("hunter2");
        assert_eq!(format!("{text} {text:?}"), "(hidden) Veiled(\"(hidden)\")");
        assert_eq!(serde_json::to_string(&text).expect("JSON"), "\"(hidden)\"");
        assert_eq!((text.to(Reveal::Nothing), text.to(Reveal::Values)), (HIDDEN, "hunter2"));
    }
}
