//! Sources that the root source declares: opened when they are declared, closed when they are not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};

use super::{Followed, SourceState};
use crate::model::{Ancestry, DeclaredSource, Place, Problem, Revision, Severity, SourceName};
use crate::ports::{Checkout, Source, SourceError, SourceOpener};
use crate::reconcile::Operator;

/// What a root source declares.
#[derive(Debug)]
pub(in crate::reconcile) struct DeclaredSources {
    /// The sources.
    pub(in crate::reconcile) sources: Vec<DeclaredSource>,
    /// Whether there may be more of them: the root was not read, or holds an error.
    pub(in crate::reconcile) maybe_more: bool,
}

impl Default for DeclaredSources {
    fn default() -> Self {
        Self { sources: Vec::new(), maybe_more: true }
    }
}

impl Operator {
    /// Goes by what the root source declares. What it declares no longer is not read any more, and
    /// nothing of it is touched: a source that is not read removes nothing.
    pub(in crate::reconcile) fn follow(&mut self, declared: DeclaredSources) -> Vec<Problem> {
        let Some(opener) = self.opener.clone() else {
            return declared.sources.iter().map(not_followed).collect();
        };
        if !declared.maybe_more {
            let names = declared.sources.iter().map(|source| source.name.clone()).collect();
            self.close_all_but(&names);
        }
        let (usable, problems) = self.usable(declared.sources);
        for declared in usable {
            self.go_by(declared, &opener);
        }
        problems
    }

    /// The declarations that can be used: of two with one name neither, as with stacks, and none
    /// with the name of a source that skep was started with. What was followed before such a
    /// mistake stays as it was.
    fn usable(&self, declared: Vec<DeclaredSource>) -> (Vec<DeclaredSource>, Vec<Problem>) {
        let given = |name: &SourceName| {
            let mut given = self.sources.iter().filter(|source| source.declared.is_none());
            given.any(|source| source.state.name == *name)
        };
        let mut by_name: BTreeMap<SourceName, Vec<DeclaredSource>> = BTreeMap::new();
        for source in declared {
            by_name.entry(source.name.clone()).or_default().push(source);
        }
        let (mut usable, mut problems) = (Vec::new(), Vec::new());
        for (name, same) in by_name {
            let message = match same.len() {
                1 if !given(&name) => {
                    usable.extend(same);
                    continue;
                }
                1 => format!("skep was started with a source {name} already"),
                number => format!("the source {name} is declared {number} times; none is used"),
            };
            let of = |source| problem_of(source, &message).hint("give it another name");
            problems.extend(same.iter().map(of));
        }
        (usable, problems)
    }

    fn close_all_but(&mut self, names: &BTreeSet<SourceName>) {
        let loads = &mut self.memory.loads;
        self.sources.retain(|source| {
            let kept = source.declared.is_none() || names.contains(&source.state.name);
            if !kept {
                loads.forget(&source.state.name);
            }
            kept
        });
    }

    /// Opens a source, or goes on with the one that is open. One that leads elsewhere now is opened
    /// anew, and what was read before stays in force until it can be read.
    fn go_by(&mut self, declared: DeclaredSource, opener: &Arc<dyn SourceOpener>) {
        let open = self.sources.iter().position(|source| source.state.name == declared.name);
        let state = match open.map(|index| &mut self.sources[index]) {
            Some(open) if open.declared.as_ref().is_some_and(|d| d.reads_the_same(&declared)) => {
                open.declared = Some(declared);
                return;
            }
            Some(open) => open.state.clone(),
            None => SourceState::new(declared.name.clone()),
        };
        self.sources.retain(|source| source.state.name != declared.name);
        let (opener, wanted) = (Arc::clone(opener), declared.clone());
        let source = Arc::new(Late { opener, declared: wanted, opened: OnceLock::new() });
        self.add(state, source, Some(declared));
    }

    /// Adds a source under an id of its own.
    pub(in crate::reconcile) fn add(
        &mut self,
        state: SourceState,
        source: Arc<dyn Source>,
        declared: Option<DeclaredSource>,
    ) {
        let id = self.opened;
        self.opened += 1;
        self.sources.push(Followed { id, source, state, declared });
    }
}

fn not_followed(declared: &DeclaredSource) -> Problem {
    let message = "this command does not read the sources that a source declares";
    problem_of(declared, message).severity(Severity::Note)
}

/// Why a declaration in another source than the root does nothing.
pub(in crate::reconcile) fn counts_in_the_root_only((kind, place): (&str, &Place)) -> Problem {
    let message = format!("a {kind} counts only in the source that skep was started with");
    problem_at(place, message).hint("move it there").severity(Severity::Warning)
}

/// A problem at a source's declaration.
fn problem_of(declared: &DeclaredSource, message: impl Into<String>) -> Problem {
    problem_at(&declared.place, message)
}

fn problem_at(place: &Place, message: impl Into<String>) -> Problem {
    let problem = Problem::error(place.file.clone(), message);
    match place.at {
        Some(at) => problem.at(at),
        None => problem,
    }
}

/// A declared source. It is opened when it is needed, and tried again when that fails: what opens
/// it, a mounted secret or a path, may come later.
struct Late {
    opener: Arc<dyn SourceOpener>,
    declared: DeclaredSource,
    opened: OnceLock<Arc<dyn Source>>,
}

impl Late {
    fn open(&self) -> Result<Arc<dyn Source>, SourceError> {
        if let Some(opened) = self.opened.get() {
            return Ok(Arc::clone(opened));
        }
        let source = self.opener.open(&self.declared)?;
        Ok(Arc::clone(self.opened.get_or_init(|| source)))
    }
}

impl Source for Late {
    fn read(&self) -> BoxFuture<'_, Result<Checkout, SourceError>> {
        Box::pin(async { self.open()?.read().await })
    }

    fn ancestry<'a>(&'a self, old: &'a Revision, new: &'a Revision) -> BoxFuture<'a, Ancestry> {
        Box::pin(async {
            match self.open() {
                Ok(source) => source.ancestry(old, new).await,
                Err(_) => Ancestry::Unknown,
            }
        })
    }

    fn changes(&self) -> BoxStream<'static, ()> {
        self.open().map_or_else(|_| Box::pin(stream::pending()) as _, |source| source.changes())
    }
}
