//! Any bytes as what `git` prints: no panic, and nothing but whole ids.

use skep::source::{parse_batch, parse_missing, parse_refs, parse_sizes, parse_tree};

pub fn run(data: &[u8]) {
    for found in parse_refs(data) {
        assert!(matches!(found.id.len(), 40 | 64));
    }
    let _ = (parse_tree(data), parse_missing(data), parse_sizes(data));
    let bytes = parse_batch(data).values().map(|blob| blob.len()).sum::<usize>();
    assert!(bytes <= data.len());
}
