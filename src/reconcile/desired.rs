//! What all sources together ask for.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Operator;
use crate::load::{LoadOptions, Loaded, load};
use crate::model::{
    Desired, HashKey, Problem, Revision, SideStore, SourceName, StackName, Wholeness,
};
use crate::ports::Checkout;

/// The last load of each source: an unchanged revision is not loaded again.
#[derive(Debug, Default)]
pub(super) struct LoadCache(BTreeMap<SourceName, Cached>);

#[derive(Debug)]
struct Cached {
    revision: Revision,
    keyed: bool,
    loaded: Arc<Loaded>,
}

/// What all sources together ask for.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) desired: Desired,
    pub(super) data: SideStore,
    pub(super) problems: Vec<Problem>,
    /// Sources that were loaded, with their revisions, and whether without any error.
    pub(super) sources: BTreeMap<SourceName, (Revision, Wholeness)>,
    /// Stacks that two sources declare: the one that is not used, and by whom it is declared.
    pub(super) rivals: Vec<(StackName, SourceName)>,
}

impl Operator {
    /// Loads what was read of the sources and puts it together.
    pub(super) fn wanted(
        &mut self,
        key: Option<&HashKey>,
        owners: &BTreeMap<StackName, SourceName>,
    ) -> Wanted {
        let mut wanted = Wanted::default();
        for index in 0..self.states.len() {
            let state = &self.states[index];
            let Some(checkout) = state.checkout.clone() else { continue };
            let name = state.name.clone();
            let loaded = self.load(&name, &checkout, key);
            wanted.add(name, &checkout, &loaded, owners);
        }
        wanted
    }

    fn load(
        &mut self,
        source: &SourceName,
        checkout: &Checkout,
        key: Option<&HashKey>,
    ) -> Arc<Loaded> {
        let keyed = key.is_some();
        if let Some(cached) = self.memory.loads.0.get(source)
            && cached.revision == checkout.revision
            && cached.keyed == keyed
        {
            return Arc::clone(&cached.loaded);
        }
        let options = LoadOptions {
            source,
            key,
            name: self.settings.name.as_ref(),
            variables: &self.settings.variables,
            globs: &self.settings.globs,
        };
        let loaded = Arc::new(load(&checkout.files, &options));
        let revision = checkout.revision.clone();
        let cached = Cached { revision, keyed, loaded: Arc::clone(&loaded) };
        self.memory.loads.0.insert(source.clone(), cached);
        loaded
    }
}

impl Wanted {
    fn add(
        &mut self,
        source: SourceName,
        checkout: &Checkout,
        loaded: &Loaded,
        owners: &BTreeMap<StackName, SourceName>,
    ) {
        let faulty = checkout.files.is_empty() || loaded.problems.iter().any(Problem::is_error);
        let wholeness = if faulty { Wholeness::Partial } else { Wholeness::Whole };
        self.problems.extend(loaded.problems.iter().cloned());
        self.data.extend(loaded.data.clone());
        for (name, stack) in &loaded.desired.stacks {
            let mut stack = Arc::clone(stack);
            // A file that can't be read may have held more of any stack of its source.
            if stack.wholeness < wholeness {
                Arc::make_mut(&mut stack).wholeness = wholeness;
            }
            match self.desired.stacks.get(name) {
                Some(other) if owners.get(name) != Some(&source) => {
                    self.rivals.push((name.clone(), other.source.clone()));
                }
                Some(other) => {
                    self.rivals.push((name.clone(), other.source.clone()));
                    self.desired.stacks.insert(name.clone(), stack);
                }
                None => {
                    self.desired.stacks.insert(name.clone(), stack);
                }
            }
        }
        self.sources.insert(source, (checkout.revision.clone(), wholeness));
    }
}
