//! Variables, layer over layer.

use std::collections::BTreeMap;

/// Where variables come from.
#[derive(Debug, Clone)]
pub struct Variables<'a> {
    /// Layers, the strongest first: the stack's own variables, the process environment, `.env`.
    pub layers: Vec<&'a BTreeMap<String, String>>,
    /// The process environment alone: empty values of `environment` are filled from it, as docker
    /// does.
    pub process: &'a BTreeMap<String, String>,
}

impl Variables<'_> {
    /// The value of a variable; an empty one is set.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.layers.iter().find_map(|layer| layer.get(name)).map(String::as_str)
    }

    /// The variable whose name is nearest to one that is not set.
    #[must_use]
    pub fn nearest(&self, name: &str) -> Option<&str> {
        let known = self.layers.iter().flat_map(|layer| layer.keys());
        crate::load::check::nearest(name, known.map(String::as_str))
    }
}
