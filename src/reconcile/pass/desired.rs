//! What all sources together ask for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::kept::Instead;
use crate::choose::DeclaredImages;
use crate::ledger::Ledgers;
use crate::load::{LoadOptions, Loaded, circles_of_stacks, load, unknown_stacks};
use crate::model::guard::{Guard, GuardScope, UnreadGuard};
use crate::model::{
    Desired, DesiredNode, DesiredStack, HashKey, Place, Problem, RepoPath, Revision, Severity,
    SideStore, SourceName, StackName, Wholeness,
};
use crate::plan::guard::Guards;
use crate::ports::Checkout;
use crate::reconcile::sources::{DeclaredSources, Followed, counts_in_the_root_only};
use crate::reconcile::{Operator, Settings};

/// The last load of each source: an unchanged revision is not loaded again.
#[derive(Debug, Default)]
pub(in crate::reconcile) struct LoadCache(BTreeMap<SourceName, Cached>);

#[derive(Debug)]
struct Cached {
    revision: Revision,
    key: Option<HashKey>,
    globs: Vec<String>,
    loaded: Arc<Loaded>,
}

/// What all sources together ask for.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) desired: Desired,
    pub(super) data: SideStore,
    pub(super) problems: Vec<Problem>,
    /// What the root source asks of nodes.
    pub(super) nodes: Vec<DesiredNode>,
    /// Which images services follow.
    pub(super) images: DeclaredImages,
    /// Sources that were loaded, with their revisions, and whether without any error.
    pub(super) sources: BTreeMap<SourceName, (Revision, Wholeness)>,
    /// Stacks that are compared with what is kept of them, and not with what is declared.
    pub(super) instead: BTreeMap<StackName, Instead>,
    /// What stacks may do.
    pub(super) guards: Guards,
    /// The source whose manifests declare the others.
    pub(super) root: Option<SourceName>,
    /// Sources that are gone by, read or not.
    pub(super) followed: BTreeSet<SourceName>,
    /// Stacks that another source keeps, as they are declared where they are not used.
    pub(super) rivals: Vec<Arc<DesiredStack>>,
}

impl Operator {
    /// What was read of the sources asks for all of this.
    #[must_use]
    pub fn desired(&mut self, ledgers: &Ledgers) -> Desired {
        self.wanted(ledgers).desired
    }

    /// Goes by the sources that the root source declares, loads what was read of all of them, and
    /// puts it together.
    pub(super) fn wanted(&mut self, ledgers: &Ledgers) -> Wanted {
        let declared = self.declared(ledgers.key.as_ref());
        let mut wanted = Wanted { problems: self.follow(declared), ..Wanted::default() };
        let root = self.sources.first();
        if let Some(root) = root.filter(|root| root.state.checkout.is_none()) {
            wanted.guards.unread.push(unread(&root.state.name));
        }
        wanted.root = self.sources.first().map(|root| root.state.name.clone());
        wanted.followed = self.sources.iter().map(|source| source.state.name.clone()).collect();
        for (index, followed) in self.sources.iter().enumerate() {
            let Some(checkout) = &followed.state.checkout else { continue };
            let loads = &mut self.memory.loads;
            let loaded = loads.load(followed, checkout, &self.settings, ledgers.key.as_ref());
            if index > 0 {
                let sources = loaded.sources.iter().map(|source| ("Source", &source.place));
                let nodes = loaded.nodes.iter().map(|node| ("Node", &node.place));
                wanted.problems.extend(sources.chain(nodes).map(counts_in_the_root_only));
                wanted.problems.extend(loaded.guards.iter().map(guards_in_the_root_only));
            } else {
                wanted.nodes.clone_from(&loaded.nodes);
                wanted.guards.known.clone_from(&loaded.guards);
                wanted.guards.unread.clone_from(&loaded.unread_guards);
            }
            wanted.add(followed, checkout, (&loaded, ledgers));
        }
        self.tell_order(&mut wanted);
        wanted
    }

    /// What is wrong with the order of stacks of several sources. Whether a stack is missing can
    /// only be told when all of them could be read.
    fn tell_order(&self, wanted: &mut Wanted) {
        let mut problems = circles_of_stacks(&wanted.desired);
        let read = |followed: &Followed| wanted.sources.get(&followed.state.name);
        if self.sources.iter().all(|source| matches!(read(source), Some((_, Wholeness::Whole)))) {
            problems.extend(unknown_stacks(&wanted.desired));
        }
        let known = |problem: &Problem| {
            let same = |told: &Problem| (told.at, &told.message) == (problem.at, &problem.message);
            wanted.problems.iter().any(same)
        };
        problems.retain(|problem| !known(problem));
        wanted.problems.extend(problems);
    }

    fn declared(&mut self, key: Option<&HashKey>) -> DeclaredSources {
        let root = self.sources.first();
        let Some((root, checkout)) = root.and_then(|r| Some((r, r.state.checkout.as_ref()?)))
        else {
            return DeclaredSources::default();
        };
        let loaded = self.memory.loads.load(root, checkout, &self.settings, key);
        let maybe_more = loaded.problems.iter().any(Problem::is_error);
        DeclaredSources { sources: loaded.sources.clone(), maybe_more }
    }
}

/// A root source that was not read yet may hold guards.
fn unread(root: &SourceName) -> UnreadGuard {
    let file = RepoPath::new(root.as_str()).unwrap_or_default();
    UnreadGuard { about: GuardScope::default(), place: Place { file, at: None } }
}

/// Why a guard in another source than the root does nothing.
fn guards_in_the_root_only(guard: &Guard) -> Problem {
    let message = "a Guard counts only in the source that skep was started with";
    let problem = Problem::error(guard.place.file.clone(), message).severity(Severity::Warning);
    let problem = problem.hint("move it there");
    match guard.place.at {
        Some(at) => problem.at(at),
        None => problem,
    }
}

impl LoadCache {
    fn load(
        &mut self,
        followed: &Followed,
        checkout: &Checkout,
        settings: &Settings,
        key: Option<&HashKey>,
    ) -> Arc<Loaded> {
        let source = &followed.state.name;
        // A name on the command line is for what stands there.
        let (globs, name) = match &followed.declared {
            Some(declared) => (&declared.files, None),
            None => (&settings.globs, settings.name.as_ref()),
        };
        if let Some(cached) = self.0.get(source)
            && cached.revision == checkout.revision
            && cached.key.as_ref() == key
            && cached.globs == *globs
        {
            return Arc::clone(&cached.loaded);
        }
        let (variables, identities) = (&settings.variables, &settings.identities);
        let options = LoadOptions { source, key, name, variables, globs, identities };
        let loaded = Arc::new(load(&checkout.files, &options));
        let (revision, key, globs) = (checkout.revision.clone(), key.cloned(), globs.clone());
        let cached = Cached { revision, key, globs, loaded: Arc::clone(&loaded) };
        self.0.insert(source.clone(), cached);
        loaded
    }

    /// Forgets the loads of a source.
    pub(in crate::reconcile) fn forget(&mut self, source: &SourceName) {
        self.0.remove(source);
    }
}

impl Wanted {
    /// Puts what is kept in the place of a declaration.
    pub(super) fn put(&mut self, name: &StackName, stack: Arc<DesiredStack>, instead: Instead) {
        self.desired.stacks.insert(name.clone(), stack);
        self.instead.insert(name.clone(), instead);
    }

    fn add(
        &mut self,
        followed: &Followed,
        checkout: &Checkout,
        (loaded, ledgers): (&Loaded, &Ledgers),
    ) {
        let source = followed.state.name.clone();
        let suspend = followed.declared.as_ref().and_then(|declared| declared.suspend.as_ref());
        let owner = |stack| ledgers.stacks.get(stack).and_then(|e| e.record.source.as_ref());
        let faulty = checkout.files.is_empty() || loaded.problems.iter().any(Problem::is_error);
        let wholeness = if faulty { Wholeness::Partial } else { Wholeness::Whole };
        self.problems.extend(loaded.problems.iter().cloned());
        self.data.extend(loaded.data.clone());
        let images = loaded.images.iter().cloned();
        self.images.extend(images.map(|image| ((source.clone(), image.name.clone()), image)));
        for (name, stack) in &loaded.desired.stacks {
            let mut stack = Arc::clone(stack);
            // A file that can't be read may have held more of any stack of its source.
            if stack.wholeness < wholeness {
                Arc::make_mut(&mut stack).wholeness = wholeness;
            }
            if let Some(reason) = suspend {
                let policy = &mut Arc::make_mut(&mut stack).policy;
                policy.suspend.get_or_insert_with(|| reason.clone());
            }
            match self.desired.stacks.get(name) {
                Some(_) if owner(name) != Some(&source) => self.rivals.push(stack),
                _ => self.rivals.extend(self.desired.stacks.insert(name.clone(), stack)),
            }
        }
        self.sources.insert(source, (checkout.revision.clone(), wholeness));
    }
}
