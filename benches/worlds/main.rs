//! The properties of `tests/properties` in as many worlds as one likes:
//! `tests/properties/long --seeds 1000000 --from 1`. Prints what breaks a law with the seed and a
//! short script, and goes on.

#![expect(clippy::expect_used, reason = "a run that can't go on ends")]
#![expect(clippy::print_stdout, reason = "what was found is what it is for")]
#![allow(dead_code, unused_imports, reason = "the tests need more of these")]

#[path = "../../tests/properties/ends.rs"]
mod ends;
#[path = "../../tests/properties/laws/mod.rs"]
mod laws;
#[path = "../../tests/properties/script/mod.rs"]
mod script;
#[path = "../../tests/properties/seeds/mod.rs"]
mod seeds;
#[path = "../../tests/properties/stage/mod.rs"]
mod stage;
#[path = "../../tests/properties/tree.rs"]
mod tree;

use std::process::ExitCode;

use ends::{Comparison, after_a_crash, beside_a_bad_one, compare, same_bytes, two_at_once};

/// All comparisons; each seed is for one of them.
const COMPARISONS: [(&str, Comparison); 4] = [
    ("the same input gives the same bytes (law 5)", same_bytes),
    ("an operator that dies is followed by one that comes to the same end", after_a_crash),
    ("two operators at once write nothing twice", two_at_once),
    ("a bad stack changes nothing for the others (law 9)", beside_a_bad_one),
];
/// Seeds between two words about how far it is.
const PIECE: u64 = 1000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let number = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).map(|text| text.parse::<u64>().expect("a number"))
    };
    let (count, from) = (number("--seeds").unwrap_or(PIECE), number("--from").unwrap_or(1));
    let mut failures = 0;
    let mut first = from;
    while first < from + count {
        let piece = PIECE.min(from + count - first);
        failures += try_seeds(first, piece);
        first += piece;
        println!("{} of {count} seeds, {failures} failures", first - from);
    }
    if failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Tries some seeds, and tells of the failures.
fn try_seeds(first: u64, count: u64) -> usize {
    let mut failures = 0;
    for failure in seeds::run(first, count) {
        failures += 1;
        println!("{}", failure.shrunk());
    }
    for seed in first..first + count {
        let turn = usize::try_from(seed).expect("a seed") % COMPARISONS.len();
        let (name, comparison) = COMPARISONS[turn];
        if let Some(wrong) = compare(seed, comparison) {
            failures += 1;
            println!("{name}\n{wrong}");
        }
    }
    failures
}
