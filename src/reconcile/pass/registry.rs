//! Questions to registries: one for each distinct reference, and only when something hangs on it.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt as _};
use jiff::{SignedDuration, Timestamp};

use crate::diff::{self, View};
use crate::health::{self, Clocks};
use crate::ledger::Ledgers;
use crate::model::{Desired, ImageAnswer, ImageRef, Images, LedgerRecord, Observed, StackName};
use crate::reconcile::Operator;

/// Questions at the same time. Each registry bounds those to itself, and one that is slow must not
/// keep the others waiting.
const PARALLEL: usize = 64;

/// Wait before a registry that gave no image is asked again; doubled each time, up to the poll time.
const FIRST: SignedDuration = SignedDuration::from_secs(1);

/// Answers that may be used again for a while: services that follow a tag would else ask in each
/// pass, and a registry that is down or refuses would be asked at each event.
#[derive(Debug, Default)]
pub(super) struct Answers(BTreeMap<ImageRef, Kept>);

#[derive(Debug)]
struct Kept {
    until: Timestamp,
    answer: ImageAnswer,
    /// How often in a row there was no image.
    failures: u32,
}

impl Answers {
    fn fresh(&self, image: &ImageRef, now: Timestamp) -> Option<ImageAnswer> {
        let kept = self.0.get(image)?;
        (now < kept.until).then(|| kept.answer.clone())
    }

    fn keep(
        &mut self,
        image: ImageRef,
        answer: ImageAnswer,
        (now, poll): (Timestamp, SignedDuration),
    ) {
        let before = self.0.get(&image).map_or(0, |kept| kept.failures);
        let (failures, wait) = match answer {
            ImageAnswer::Pinned(_) => (0, poll),
            _ => (before + 1, FIRST.saturating_mul(1 << before.min(16)).min(poll)),
        };
        let until = now.checked_add(wait).unwrap_or(Timestamp::MAX);
        self.0.insert(image, Kept { until, answer, failures });
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
        let mut images = Images::default();
        let mut open = Vec::new();
        for image in questions {
            match self.memory.answers.fresh(&image, now) {
                Some(answer) => {
                    images.0.insert(image, answer);
                }
                None => open.push(image),
            }
        }
        let registry = &self.doors.registry;
        let answers: Vec<(ImageRef, ImageAnswer)> = stream::iter(open)
            .map(|image| async move {
                let answer = registry.resolve(&image).await;
                (image, answer)
            })
            .buffer_unordered(PARALLEL)
            .collect()
            .await;
        for (image, answer) in answers {
            images.0.insert(image.clone(), answer.clone());
            self.memory.answers.keep(image, answer, (now, poll));
        }
        images
    }
}
