//! Answers that may be used again for a while: services that follow a tag would else ask in each pass,
//! and a registry that is down or refuses would be asked at each event.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::BoxFuture;
use futures::stream::{self, StreamExt as _};
use jiff::{SignedDuration, Timestamp};

/// Wait before a registry that did not give what was asked for is asked again; doubled each time, up to
/// the poll time.
const FIRST: SignedDuration = SignedDuration::from_secs(1);

/// Answers by what was asked.
#[derive(Debug)]
pub(super) struct Answers<Q, A>(BTreeMap<Q, Kept<A>>);

#[derive(Debug)]
struct Kept<A> {
    until: Timestamp,
    answer: A,
    /// How often in a row it was not what was asked for.
    failures: u32,
}

/// An answer of a registry.
pub(super) trait Answer: Clone {
    /// Whether it is what was asked for.
    fn is_given(&self) -> bool;
}

impl<Q, A> Default for Answers<Q, A> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<Q: Ord + Clone, A: Answer> Answers<Q, A> {
    /// The answers to these questions: those that are kept, and those that `ask` gives to the rest, so many
    /// at the same time. `poll` says how long one may be used.
    pub(super) async fn to<'a>(
        &mut self,
        (questions, now): (&'a BTreeSet<Q>, Timestamp),
        (ask, parallel): (impl Fn(&'a Q) -> BoxFuture<'a, A>, usize),
        poll: impl Fn(&Q) -> SignedDuration,
    ) -> BTreeMap<Q, A> {
        let (mut answers, mut open) = (BTreeMap::new(), Vec::new());
        for question in questions {
            match self.0.get(question).filter(|kept| now < kept.until) {
                Some(kept) => drop(answers.insert(question.clone(), kept.answer.clone())),
                None => open.push(question),
            }
        }
        let asked = open.into_iter().map(|question| {
            let answer = ask(question);
            async move { (question, answer.await) }
        });
        let new: Vec<(&Q, A)> = stream::iter(asked).buffer_unordered(parallel).collect().await;
        for (question, answer) in new {
            self.keep(question, answer.clone(), (now, poll(question)));
            answers.insert(question.clone(), answer);
        }
        answers
    }

    fn keep(&mut self, question: &Q, answer: A, (now, poll): (Timestamp, SignedDuration)) {
        let before = self.0.get(question).map_or(0, |kept| kept.failures);
        let (failures, wait) = match answer.is_given() {
            true => (0, poll),
            false => (before + 1, FIRST.saturating_mul(1 << before.min(16)).min(poll)),
        };
        let until = now.checked_add(wait).unwrap_or(Timestamp::MAX);
        self.0.insert(question.clone(), Kept { until, answer, failures });
    }
}
