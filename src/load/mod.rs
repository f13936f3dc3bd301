//! Files of a revision → what they ask for, and every problem in them.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Desired, FileSet, HashKey, Problem, SideStore, SourceName, StackName};

/// stub
pub struct LoadOptions<'a> {
    /// stub
    pub source: &'a SourceName,
    /// stub
    pub key: Option<&'a HashKey>,
    /// stub
    pub name: Option<&'a StackName>,
    /// stub
    pub variables: &'a BTreeMap<String, String>,
}
/// stub
#[derive(Debug, Default)]
pub struct Loaded {
    /// stub
    pub desired: Desired,
    /// stub
    pub data: SideStore,
    /// stub
    pub problems: Vec<Problem>,
    /// stub
    pub broken: BTreeSet<StackName>,
}
/// stub
#[must_use]
pub fn load(_files: &FileSet, _options: &LoadOptions<'_>) -> Loaded {
    Loaded::default()
}
