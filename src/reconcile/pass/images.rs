//! Which images services run that follow an `Image`: lists of tags are asked for, then the references
//! that the choice depends on, until nothing is left to ask.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt as _};
use jiff::{SignedDuration, Timestamp};

use super::desired::Wanted;
use crate::choose::{self, Choices, Scene, Tags};
use crate::ledger::Ledgers;
use crate::model::{Chosen, Desired, Images, Observed, Repository, TagsAnswer};
use crate::reconcile::Operator;

/// Lists that are asked for at the same time.
const PARALLEL: usize = 4;
/// Most times that references are asked for in one pass, one candidate after the other.
const ROUNDS: usize = 5;
/// Wait before a registry that gave no list is asked again; doubled each time, up to the poll time.
const FIRST: SignedDuration = SignedDuration::from_secs(1);

/// Lists of tags that may be used again for a while.
#[derive(Debug, Default)]
pub(super) struct Lists(BTreeMap<Repository, Kept>);

#[derive(Debug)]
struct Kept {
    until: Timestamp,
    answer: TagsAnswer,
    /// How often in a row there was none.
    failures: u32,
}

impl Lists {
    fn fresh(&self, repository: &Repository, now: Timestamp) -> Option<TagsAnswer> {
        let kept = self.0.get(repository)?;
        (now < kept.until).then(|| kept.answer.clone())
    }

    fn keep(
        &mut self,
        repository: Repository,
        answer: TagsAnswer,
        (now, poll): (Timestamp, SignedDuration),
    ) {
        let before = self.0.get(&repository).map_or(0, |kept| kept.failures);
        let (failures, wait) = match answer {
            TagsAnswer::Listed(_) => (0, poll),
            _ => (before + 1, FIRST.saturating_mul(1 << before.min(16)).min(poll)),
        };
        let until = now.checked_add(wait).unwrap_or(Timestamp::MAX);
        self.0.insert(repository, Kept { until, answer, failures });
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
        let tags = self.tags(repositories, wanted, now).await;
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

    /// Tags of repositories; those that were asked for a moment ago are not asked for again.
    async fn tags(
        &mut self,
        repositories: BTreeSet<Repository>,
        wanted: &Wanted,
        now: Timestamp,
    ) -> Tags {
        let mut tags = Tags::new();
        let mut open = Vec::new();
        for repository in repositories {
            match self.memory.lists.fresh(&repository, now) {
                Some(answer) => drop(tags.insert(repository, answer)),
                None => open.push(repository),
            }
        }
        let registry = &self.doors.registry;
        let answers: Vec<(Repository, TagsAnswer)> = stream::iter(open)
            .map(|repository| async move {
                let answer = registry.tags(&repository).await;
                (repository, answer)
            })
            .buffer_unordered(PARALLEL)
            .collect()
            .await;
        for (repository, answer) in answers {
            let poll = self.interval(wanted, &repository);
            self.memory.lists.keep(repository.clone(), answer.clone(), (now, poll));
            tags.insert(repository, answer);
        }
        tags
    }

    /// How long a list of a repository may be used: as the most eager `Image` of it says.
    fn interval(&self, wanted: &Wanted, repository: &Repository) -> SignedDuration {
        let of_it = wanted.images.values().filter(|image| image.repository == *repository);
        let own = of_it.filter_map(|image| image.interval).min();
        SignedDuration::try_from(own.unwrap_or(self.settings.poll)).unwrap_or_default()
    }
}
