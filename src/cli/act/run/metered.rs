//! Doors that count what goes through them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::{BoxStream, StreamExt as _};
use jiff::Timestamp;

use crate::metrics::Metrics;
use crate::model::{
    Ancestry, DeclaredSource, ImageAnswer, ImageRef, Observed, Repository, Revision, TagsAnswer,
};
use crate::ports::{
    Checkout, Clock, Registry, Source, SourceError, SourceOpener, Swarm, SwarmError, SwarmEvent,
    Write, Written,
};
use crate::reconcile::{Doors, NamedSource};

/// Counts what goes through the doors of an operator.
pub(super) fn doors(doors: Doors, metrics: &Metrics) -> Doors {
    let clock = Arc::clone(&doors.clock);
    let metrics = || metrics.clone();
    let heard = Arc::new(Mutex::new(None));
    Doors {
        swarm: Arc::new(MeteredSwarm { inner: doors.swarm, metrics: metrics(), clock, heard }),
        registry: Arc::new(MeteredRegistry { inner: doors.registry, metrics: metrics() }),
        clock: doors.clock,
    }
}

/// Counts the reads of a source.
pub(super) fn source(named: NamedSource, metrics: &Metrics) -> NamedSource {
    let name = named.name.to_string();
    let metrics = metrics.clone();
    let source = Arc::new(MeteredSource { inner: named.source, name, metrics });
    NamedSource { name: named.name, source }
}

/// Counts the reads of the sources that it opens.
pub(super) fn opener(opener: Arc<dyn SourceOpener>, metrics: &Metrics) -> Arc<dyn SourceOpener> {
    Arc::new(MeteredOpener { inner: opener, metrics: metrics.clone() })
}

struct MeteredOpener {
    inner: Arc<dyn SourceOpener>,
    metrics: Metrics,
}

impl SourceOpener for MeteredOpener {
    fn open(&self, declared: &DeclaredSource) -> Result<Arc<dyn Source>, SourceError> {
        let inner = self.inner.open(declared)?;
        let named = NamedSource { name: declared.name.clone(), source: inner };
        Ok(source(named, &self.metrics).source)
    }
}

struct MeteredSwarm {
    inner: Arc<dyn Swarm>,
    metrics: Metrics,
    clock: Arc<dyn Clock>,
    /// Time of the first event since the last look.
    heard: Arc<Mutex<Option<Timestamp>>>,
}

impl MeteredSwarm {
    fn since(&self, start: Timestamp) -> Duration {
        Duration::try_from(start.duration_until(self.clock.now())).unwrap_or_default()
    }
}

impl Swarm for MeteredSwarm {
    fn look(&self) -> BoxFuture<'_, Result<Observed, SwarmError>> {
        Box::pin(async {
            if let Some(heard) = take(&self.heard) {
                self.metrics.event_seen(self.since(heard));
            }
            let start = self.clock.now();
            let answer = self.inner.look().await;
            let outcome = if answer.is_ok() { "answered" } else { "failed" };
            self.metrics.look(outcome, self.since(start));
            answer
        })
    }

    fn write<'a>(&'a self, write: &'a Write) -> BoxFuture<'a, Result<Written, SwarmError>> {
        Box::pin(async move {
            let start = self.clock.now();
            let answer = self.inner.write(write).await;
            self.metrics.write(self.since(start));
            answer
        })
    }

    fn events(&self) -> BoxStream<'static, SwarmEvent> {
        let (metrics, clock) = (self.metrics.clone(), Arc::clone(&self.clock));
        let heard = Arc::clone(&self.heard);
        let count = move |event: &SwarmEvent| match event {
            SwarmEvent::Changed { kind, .. } => {
                metrics.event(kind);
                lock(&heard).get_or_insert_with(|| clock.now());
            }
            SwarmEvent::Connected => metrics.event("connected"),
            SwarmEvent::Broken(_) => metrics.event("broken"),
        };
        self.inner.events().inspect(count).boxed()
    }
}

fn lock(heard: &Mutex<Option<Timestamp>>) -> std::sync::MutexGuard<'_, Option<Timestamp>> {
    // A time is whole even when its writer panicked.
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

fn take(heard: &Mutex<Option<Timestamp>>) -> Option<Timestamp> {
    lock(heard).take()
}

struct MeteredRegistry {
    inner: Arc<dyn Registry>,
    metrics: Metrics,
}

impl Registry for MeteredRegistry {
    fn resolve<'a>(&'a self, image: &'a ImageRef) -> BoxFuture<'a, ImageAnswer> {
        Box::pin(async move {
            let answer = self.inner.resolve(image).await;
            self.metrics.registry_question(match answer {
                ImageAnswer::Pinned(_) => "pinned",
                ImageAnswer::Refused(_) => "refused",
                ImageAnswer::Unreachable(_) => "unreachable",
            });
            answer
        })
    }

    fn tags<'a>(&'a self, repository: &'a Repository) -> BoxFuture<'a, TagsAnswer> {
        Box::pin(async move {
            let answer = self.inner.tags(repository).await;
            self.metrics.registry_question(match answer {
                TagsAnswer::Listed(_) => "listed",
                TagsAnswer::Refused(_) => "refused",
                TagsAnswer::Unreachable(_) => "unreachable",
            });
            answer
        })
    }
}

struct MeteredSource {
    inner: Arc<dyn Source>,
    name: String,
    metrics: Metrics,
}

impl Source for MeteredSource {
    fn read(&self) -> BoxFuture<'_, Result<Checkout, SourceError>> {
        Box::pin(async {
            let answer = self.inner.read().await;
            let outcome = match &answer {
                Ok(_) => "read",
                Err(SourceError::Unreachable { .. }) => "unreachable",
                Err(SourceError::Denied { .. }) => "denied",
                Err(SourceError::Missing { .. }) => "missing",
                Err(SourceError::Broken { .. }) => "broken",
            };
            self.metrics.source_read(&self.name, outcome);
            answer
        })
    }

    fn ancestry<'a>(&'a self, old: &'a Revision, new: &'a Revision) -> BoxFuture<'a, Ancestry> {
        self.inner.ancestry(old, new)
    }

    fn changes(&self) -> BoxStream<'static, ()> {
        self.inner.changes()
    }
}
