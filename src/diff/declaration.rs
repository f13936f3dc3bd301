//! What a stack declares, as one hash.

use super::fields::{NamesById, fields};
use crate::model::{Content, DesiredData, DesiredStack, SpecHash};

/// Stands for all that is declared of a stack: another one is another declaration, whatever the
/// swarm and registries make of it.
#[must_use]
pub fn declaration(stack: &DesiredStack) -> SpecHash {
    let names = NamesById::new();
    let mut words: Vec<String> = Vec::new();
    for (name, service) in stack.all_services() {
        let picture = fields(&service.spec, &names);
        let hashes = [picture.hash(), picture.loose_hash()];
        words.push(name.clone());
        words.extend(hashes.iter().map(|hash| hash.as_str().to_owned()));
    }
    words.extend(stack.jobs.values().map(|job| format!("{:?}", job.timing)));
    words.extend(stack.networks.keys().cloned());
    for (name, data) in stack.secrets.iter().chain(&stack.configs) {
        words.extend([name.clone(), content(data)]);
    }
    SpecHash::of(words.join(" ").as_bytes())
}

fn content(data: &DesiredData) -> String {
    match &data.content {
        Content::Stored { hash, .. } => {
            hash.as_ref().map_or_else(String::new, |hash| hash.as_str().to_owned())
        }
        Content::Driver(driver) => format!("{driver:?}"),
    }
}
