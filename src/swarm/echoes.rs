//! Events of what the operator writes for itself: it knows already. What others write to the same
//! configs is news: a person who suspends or resumes a stack writes its ledger.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::model::Kind;
use crate::ports::Write;

/// Own writes whose events have not come yet. A mistake costs one look too many, or one that
/// comes with the next timer.
pub(super) struct Echoes {
    own: fn(&str) -> bool,
    unheard: fn(&str) -> bool,
    awaited: Mutex<BTreeMap<String, usize>>,
}

impl Echoes {
    /// `own` tells the operator's configs by their names, `unheard` those of which nothing is told
    /// at all.
    pub(super) fn new(own: fn(&str) -> bool, unheard: fn(&str) -> bool) -> Self {
        Self { own, unheard, awaited: Mutex::default() }
    }

    /// A write is about to be sent.
    pub(super) fn sending(&self, write: &Write) {
        let awaited = |name: &&str| (self.own)(name) && !(self.unheard)(name);
        if let Some(name) = config(write).filter(awaited) {
            self.change(|awaited| *awaited.entry(name.to_owned()).or_insert(0) += 1);
        }
    }

    /// It was not made.
    pub(super) fn failed(&self, write: &Write) {
        if let Some(name) = config(write) {
            self.is_echo(name);
        }
    }

    /// Whether an event of a config is dropped.
    pub(super) fn drops(&self, name: &str) -> bool {
        (self.unheard)(name) || self.is_echo(name)
    }

    /// Whether an event of a config is that of an own write; it is not awaited any more then.
    fn is_echo(&self, name: &str) -> bool {
        self.change(|awaited| {
            let Some(count) = awaited.get_mut(name) else { return false };
            *count -= 1;
            if *count == 0 {
                awaited.remove(name);
            }
            true
        })
    }

    /// Events were lost.
    pub(super) fn forget(&self) {
        self.change(BTreeMap::clear);
    }

    fn change<T>(&self, change: impl FnOnce(&mut BTreeMap<String, usize>) -> T) -> T {
        change(&mut self.awaited.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The config that is written.
fn config(write: &Write) -> Option<&str> {
    match write {
        Write::CreateConfig { new, .. } => Some(&new.name),
        Write::Label { kind: Kind::Config, target, .. } => Some(&target.name),
        Write::Remove { object, .. } if object.kind == Kind::Config => Some(&object.name),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::engine::StringMap;
    use crate::model::{NewData, SecretBytes};

    fn create(name: &str) -> Write {
        let (labels, name) = (StringMap::new(), name.to_owned());
        let new = NewData::labelled(name, labels);
        Write::CreateConfig { new, bytes: SecretBytes::new(Vec::new()) }
    }

    #[test]
    fn one_event_of_each_own_write_is_an_echo_and_no_other() {
        let echoes = Echoes::new(|name| name.starts_with("own-"), |_| false);
        assert!(!echoes.is_echo("own-1"), "somebody else wrote it");
        echoes.sending(&create("own-1"));
        echoes.sending(&create("web"));
        assert!(!echoes.is_echo("web"));
        assert!(echoes.is_echo("own-1"));
        assert!(!echoes.is_echo("own-1"));
    }

    #[test]
    fn nothing_is_told_of_an_unheard_config_whoever_wrote_it() {
        let echoes = Echoes::new(|_| true, |name| name == "lease");
        echoes.sending(&create("lease"));
        for _ in 0..3 {
            assert!(echoes.drops("lease"));
        }
        assert!(!echoes.drops("own-1"), "somebody else wrote it");
    }

    #[test]
    fn a_write_that_failed_or_whose_event_was_lost_hides_no_other() {
        let echoes = Echoes::new(|_| true, |_| false);
        echoes.sending(&create("own-1"));
        echoes.failed(&create("own-1"));
        assert!(!echoes.is_echo("own-1"));
        echoes.sending(&create("own-1"));
        echoes.forget();
        assert!(!echoes.is_echo("own-1"));
    }
}
