//! Questions to registries: one for each distinct reference, and only when something hangs on it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::answers::Answer;
use crate::diff::{self, View};
use crate::health::{self, Clocks};
use crate::ledger::Ledgers;
use crate::model::{Desired, ImageAnswer, ImageRef, Images, LedgerRecord, Observed, StackName};
use crate::reconcile::Operator;

/// Questions at the same time. Each registry bounds those to itself, and one that is slow must not
/// keep the others waiting.
const PARALLEL: usize = 64;

impl Answer for ImageAnswer {
    fn is_given(&self) -> bool {
        matches!(self, Self::Pinned(_))
    }
}

/// Images that nodes could not get for what is declared.
pub(super) fn doubts(desired: &Desired, observed: &Observed, clocks: Clocks) -> BTreeSet<ImageRef> {
    let services = desired.stacks.values().flat_map(|stack| &stack.services);
    let live = services.filter_map(|(name, declared)| {
        let clocks = clocks.under(&declared.rollout);
        Some(health::doubts(observed.services.get(name)?, observed, clocks))
    });
    live.flatten().collect()
}

impl Operator {
    /// What each stack has to ask; of those that did not move since the last pass it is known.
    pub(super) fn questions(
        &self,
        desired: &Desired,
        ledgers: &Ledgers,
        view: &View<'_>,
    ) -> BTreeMap<StackName, BTreeSet<ImageRef>> {
        let nothing = LedgerRecord::default();
        let asked = desired.stacks.iter().map(|(name, stack)| {
            let record = ledgers.stacks.get(name).map_or(&nothing, |entry| &entry.record);
            let known = self.memory.compared.asks(stack).cloned();
            (name.clone(), known.unwrap_or_else(|| diff::questions(stack, record, view)))
        });
        asked.collect()
    }

    /// Asks what is not known yet.
    pub(super) async fn ask(&mut self, questions: BTreeSet<ImageRef>, now: Timestamp) -> Images {
        let poll = SignedDuration::try_from(self.settings.poll).unwrap_or_default();
        let registry = &*self.doors.registry;
        let ask = |image| registry.resolve(image);
        Images(self.memory.answers.to((&questions, now), (ask, PARALLEL), |_| poll).await)
    }
}
