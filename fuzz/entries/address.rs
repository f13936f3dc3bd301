//! Any text as the address of a source, a ref, or an engine: no panic, and nothing that a program
//! could take for an option.

use skep::source::{CommitId, Location, RefName};
use skep::swarm::Host;

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok((location, _)) = Location::parse(text) {
        source(&location);
    }
    if let Ok(name) = RefName::new(text) {
        assert!(!name.as_str().starts_with('-') && !name.as_str().contains(".."));
    }
    if let Ok(id) = CommitId::new(text) {
        assert!(matches!(id.as_str().len(), 40 | 64));
    }
    if let Ok(host) = text.parse::<Host>() {
        let shown = host.to_string();
        let rest = shown.split_once("://").map_or("", |(_, rest)| rest);
        assert!(!rest.starts_with('-'), "{shown}");
        assert_eq!(shown.parse::<Host>(), Ok(host), "{shown}");
    }
}

fn source(location: &Location) {
    let shown = location.to_string();
    assert!(!shown.starts_with('-'), "{shown}");
    assert!(!shown.chars().any(char::is_control), "{shown}");
    // What is shown is an address again: the same one. Paths are shown as they are.
    if !matches!(location, Location::Path(_) | Location::Repository(_)) {
        let host = shown.split_once("://").map_or("", |(_, host)| host);
        assert!(!host.starts_with('-'), "{shown}");
        let again = Location::parse(&shown).map(|(location, _)| location);
        assert_eq!(again.as_ref(), Ok(location), "{shown}");
    }
}
