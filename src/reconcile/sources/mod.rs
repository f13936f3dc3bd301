//! Sources, and what was last read of them.

mod declared;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use futures::stream::{self, BoxStream, SelectAll, Stream, StreamExt as _};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

pub(super) use self::declared::{DeclaredSources, counts_in_the_root_only};
use super::{Nudge, Operator};
use crate::ledger::Ledgers;
use crate::model::{Ancestry, DeclaredSource, Revision, SourceName};
use crate::ports::{Checkout, Clock, Source, SourceError};
use crate::status::SourceReport;

/// Shortest time between two reads of a source: a remote must not be asked in a tight loop.
pub const SHORTEST_POLL: Duration = Duration::from_secs(1);

/// A source under its name.
#[derive(Clone)]
pub struct NamedSource {
    /// Its name.
    pub name: SourceName,
    /// The source.
    pub source: Arc<dyn Source>,
}

/// What was last read of a source. A failed read changes nothing but the error: what was read
/// before stays in force.
#[derive(Debug, Clone)]
pub struct SourceState {
    /// Its name.
    pub name: SourceName,
    /// The newest revision that could be read.
    pub checkout: Option<Checkout>,
    /// Why the last read failed.
    pub error: Option<SourceError>,
    /// What an earlier process left of a source that can't be asked. It is used once the ledger
    /// shows that it is not behind what was applied.
    left: Option<Checkout>,
}

impl SourceState {
    /// A source that was not read yet.
    #[must_use]
    pub fn new(name: SourceName) -> Self {
        Self { name, checkout: None, error: None, left: None }
    }

    /// Takes the answer of a read; true when something changed.
    pub fn take(&mut self, answer: Result<Checkout, SourceError>) -> bool {
        match answer {
            Ok(mut checkout) if checkout.stale.is_some() && self.checkout.is_none() => {
                self.error = checkout.stale.take();
                self.left = Some(checkout);
                true
            }
            Ok(checkout) if checkout.stale.is_some() => self.take(checkout.newest()),
            Ok(checkout) => {
                self.left = None;
                let moved = self.checkout.as_ref().map(|c| &c.revision) != Some(&checkout.revision);
                let recovered = self.error.take().is_some();
                self.checkout = Some(checkout);
                moved || recovered
            }
            Err(error) => {
                let changed = self.error.as_ref() != Some(&error);
                self.error = Some(error);
                changed
            }
        }
    }

    /// Decides about what an earlier process left (law 9): it stays enforced when it has all that
    /// was applied. Without anything applied there is nothing to enforce.
    async fn prove(&mut self, source: &dyn Source, applied: &BTreeSet<Revision>) {
        let Some(left) = self.left.take() else { return };
        for revision in applied {
            if let Ancestry::Same | Ancestry::Later =
                source.ancestry(revision, &left.revision).await
            {
                continue;
            }
            let attempted = format!("using commit {} of the mirror", left.revision.short());
            let short = revision.short();
            let why = self.error.take().map_or_else(String::new, |error| error.to_string());
            let message = format!("it does not follow {short}, which was applied last ({why})");
            self.error = Some(SourceError::Broken { attempted, message });
            return;
        }
        self.checkout = Some(left).filter(|_| !applied.is_empty());
    }

    /// Whether nothing was read yet, and nothing was tried.
    fn is_unread(&self) -> bool {
        self.checkout.is_none() && self.error.is_none() && self.left.is_none()
    }

    /// The source in a report.
    #[must_use]
    pub fn report(&self) -> SourceReport {
        SourceReport {
            name: self.name.clone(),
            revision: self.checkout.as_ref().map(|checkout| checkout.revision.clone()),
            subject: self.checkout.as_ref().map(|c| c.subject.clone()).unwrap_or_default(),
            error: self.error.as_ref().map(ToString::to_string),
        }
    }
}

/// A source that an operator goes by.
pub(super) struct Followed {
    /// Tells its answers from those of an earlier source of the same name.
    pub(super) id: u64,
    /// The source.
    pub(super) source: Arc<dyn Source>,
    /// What was last read of it.
    pub(super) state: SourceState,
    /// How it is declared; `None` for those that the operator was started with.
    pub(super) declared: Option<DeclaredSource>,
}

impl Operator {
    /// Reads all sources, at the same time: the sources themselves, nothing that was left of them.
    pub async fn read_sources(&mut self) {
        self.read_some(|_| true).await;
    }

    /// Reads the declared sources that were not read yet; false when there is none.
    pub async fn read_opened(&mut self) -> bool {
        self.read_some(|source| source.declared.is_some() && source.state.is_unread()).await
    }

    async fn read_some(&mut self, which: impl Fn(&Followed) -> bool) -> bool {
        let mut some: Vec<&mut Followed> = self.sources.iter_mut().filter(|s| which(s)).collect();
        let answers = join_all(some.iter().map(|source| source.source.read())).await;
        for (source, answer) in some.iter_mut().zip(answers) {
            source.state.take(answer.and_then(Checkout::newest));
        }
        !some.is_empty()
    }

    /// Takes the answer of a read; true when something changed.
    pub(super) fn take(&mut self, (id, answer): Read) -> bool {
        let source = self.sources.iter_mut().find(|source| source.id == id);
        source.is_some_and(|source| source.state.take(answer))
    }

    /// Decides about what earlier processes left of sources that can't be asked.
    pub(super) async fn prove(&mut self, ledgers: &Ledgers) {
        for source in self.sources.iter_mut().filter(|source| source.state.left.is_some()) {
            let records = ledgers.stacks.values().map(|entry| &entry.record);
            let name = Some(&source.state.name);
            let of_source = records.filter(|record| record.source.as_ref() == name);
            let applied = of_source.filter_map(|record| record.revision.clone()).collect();
            source.state.prove(&*source.source, &applied).await;
        }
    }
}

/// An answer of one source, by its id.
pub(super) type Read = (u64, Result<Checkout, SourceError>);

/// The sources, each read again and again: when its poll time has come, when it says that this is
/// worth while, and at a nudge. One source is never read twice at the same time, and all of them
/// are read while passes run: a pass may wait for a lock that a read holds.
#[derive(Default)]
pub(super) struct Reads {
    streams: SelectAll<BoxStream<'static, Read>>,
    /// By id; a source is read until its guard is dropped.
    open: BTreeMap<u64, DropGuard>,
    kept: VecDeque<Read>,
}

impl Reads {
    /// Begins with a read of each source that is not read yet, and ends with those that an
    /// operator goes by no longer.
    pub(super) fn follow(&mut self, operator: &Operator, nudge: &Nudge) {
        self.open.retain(|id, _| operator.sources.iter().any(|source| source.id == *id));
        for source in &operator.sources {
            if !self.open.contains_key(&source.id) {
                let end = CancellationToken::new();
                let reads = Reader::begin(source, operator, nudge);
                self.streams.push(reads.take_until(end.clone().cancelled_owned()).boxed());
                self.open.insert(source.id, end.drop_guard());
            }
        }
    }

    /// The next answer; `None` without sources.
    pub(super) async fn next(&mut self) -> Option<Read> {
        match self.kept.pop_front() {
            Some(read) => Some(read),
            None => self.streams.next().await,
        }
    }

    /// Finishes some work while sources are read; what they answer meanwhile comes after it.
    pub(super) async fn beside<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                Some(read) = self.streams.next() => self.kept.push_back(read),
            }
        }
    }
}

/// Who reads one source.
struct Reader {
    id: u64,
    source: Arc<dyn Source>,
    changes: BoxStream<'static, ()>,
    nudged: watch::Receiver<u64>,
    poll: Duration,
    clock: Arc<dyn Clock>,
}

impl Reader {
    fn begin(
        followed: &Followed,
        operator: &Operator,
        nudge: &Nudge,
    ) -> impl Stream<Item = Read> + Send + use<> {
        let (id, source) = (followed.id, Arc::clone(&followed.source));
        let declared = followed.declared.as_ref().and_then(|declared| declared.poll);
        let reader = Self {
            id,
            changes: source.changes(),
            source: Arc::clone(&source),
            nudged: nudge.listen(),
            poll: declared.unwrap_or(operator.settings.poll).max(SHORTEST_POLL),
            clock: Arc::clone(&operator.doors.clock),
        };
        let first = stream::once(async move { (id, source.read().await) });
        first.chain(stream::unfold(reader, Self::next))
    }

    async fn next(mut self) -> Option<(Read, Self)> {
        let poll = jittered(self.poll, &*self.clock);
        tokio::select! {
            () = self.clock.sleep(poll) => {}
            Some(()) = self.changes.next() => {}
            Ok(()) = self.nudged.changed() => {}
        }
        let answer = self.source.read().await;
        Some(((self.id, answer), self))
    }
}

/// Up to a tenth more or less, taken from the clock's own digits: many operators that were started
/// by one deploy should not ask one git server in step.
pub(super) fn jittered(time: Duration, clock: &dyn Clock) -> Duration {
    let part = clock.now().subsec_nanosecond().unsigned_abs() % 201;
    time * (900 + part) / 1000
}
