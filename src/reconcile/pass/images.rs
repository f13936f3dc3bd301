//! Which images services run that follow an `Image`: lists of tags are asked for, then the references
//! that the choice depends on, until nothing is left to ask.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::answers::Answer;
use super::desired::Wanted;
use crate::choose::{self, Choices, Scene};
use crate::ledger::Ledgers;
use crate::model::{Chosen, Desired, Images, Observed, Repository, TagsAnswer};
use crate::reconcile::Operator;

/// Lists that are asked for at the same time.
const PARALLEL: usize = 4;
/// Most times that references are asked for in one pass, one candidate after the other.
const ROUNDS: usize = 5;

impl Answer for TagsAnswer {
    fn is_given(&self) -> bool {
        matches!(self, Self::Listed(_))
    }
}

impl Operator {
    /// Puts the images into what is wanted that its services follow.
    pub(super) async fn choose(
        &mut self,
        wanted: &mut Wanted,
        (observed, ledgers): (&Observed, &Ledgers),
        now: Timestamp,
    ) -> Vec<Chosen> {
        let records = ledgers.stacks.iter().map(|(name, entry)| (name, &*entry.record)).collect();
        let repositories = choose::repositories(&wanted.desired, &wanted.images);
        let registry = &*self.doors.registry;
        let ask = |repository| registry.tags(repository);
        let poll = |repository: &Repository| interval(wanted, repository, self.settings.poll);
        let lists = &mut self.memory.lists;
        let tags = lists.to((&repositories, now), (ask, PARALLEL), poll).await;
        let declared = wanted.desired.clone();
        let mut images = Images::default();
        let mut cache = std::mem::take(&mut self.memory.chosen);
        let mut choices = Choices::default();
        for _ in 0..ROUNDS {
            wanted.desired = Desired::clone(&declared);
            let scene = Scene {
                declared: &wanted.images,
                tags: &tags,
                images: &images,
                observed,
                records: &records,
                clocks: self.settings.clocks,
            };
            choices = choose::choose(&mut wanted.desired, scene, &mut cache);
            if choices.questions.is_empty() {
                break;
            }
            let asked = self.ask(choices.questions.clone(), now).await;
            images.0.extend(asked.0);
        }
        self.memory.chosen = cache;
        choices.chosen
    }
}

/// How long a list of a repository may be used: as the most eager `Image` of it says.
fn interval(wanted: &Wanted, repository: &Repository, poll: Duration) -> SignedDuration {
    let of_it = wanted.images.values().filter(|image| image.repository == *repository);
    let own = of_it.filter_map(|image| image.interval).min();
    SignedDuration::try_from(own.unwrap_or(poll)).unwrap_or_default()
}
