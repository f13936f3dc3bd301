//! Any bytes as what `git` prints: no panic, and nothing but whole ids.

use skep::source::{parse_batch, parse_refs, parse_tree};

pub fn run(data: &[u8]) {
    let _ = (parse_refs(data), parse_tree(data), parse_batch(data));
}
