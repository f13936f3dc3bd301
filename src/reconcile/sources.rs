//! Sources, and what was last read of them.

use std::sync::Arc;

use futures::future::join_all;

use super::Operator;
use crate::model::SourceName;
use crate::ports::{Checkout, Source, SourceError};
use crate::status::SourceReport;

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
}

impl SourceState {
    /// A source that was not read yet.
    #[must_use]
    pub fn new(name: SourceName) -> Self {
        Self { name, checkout: None, error: None }
    }

    /// Takes the answer of a read; true when something changed.
    pub fn take(&mut self, answer: Result<Checkout, SourceError>) -> bool {
        match answer {
            Ok(checkout) => {
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

impl Operator {
    /// Reads all sources, at the same time.
    pub async fn read_sources(&mut self) {
        let answers = join_all(self.sources.iter().map(|named| named.source.read())).await;
        for (state, answer) in self.states.iter_mut().zip(answers) {
            state.take(answer);
        }
    }
}
