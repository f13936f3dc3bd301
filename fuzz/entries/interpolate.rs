//! Any text as a template: no panic, and values of variables in no error.

use std::collections::BTreeMap;

use skep::load::interpolate::{Variables, fill};

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let known = [("A", "\u{1}canary"), ("EMPTY", ""), ("a_B9", "${A}$$")];
    let known: BTreeMap<String, String> =
        known.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let variables = Variables { layers: vec![&known], process: &known };
    match fill(text, &variables) {
        Ok(filled) => assert!(text.contains('$') || filled == text),
        Err(errors) => {
            assert!(!errors.is_empty());
            for error in errors {
                assert!(text.contains('\u{1}') || !error.to_string().contains('\u{1}'));
            }
        }
    }
}
