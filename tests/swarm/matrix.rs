//! What was shown on real swarms, in figures: one line for each scenario, which `tests/run` puts
//! into one table.

use std::fs::OpenOptions;
use std::io::Write;

use crate::lab::Lab;

/// One scenario that held: what happened to which swarm, what must hold, and what was measured.
pub struct Line<'a> {
    /// What happens.
    pub scenario: &'a str,
    /// Where: `one`, `three (1 manager)`, `three managers`.
    pub topology: &'a str,
    /// What must hold.
    pub must_hold: &'a str,
}

impl Line<'_> {
    /// Told when it held: `matrix: scenario | topology | must hold | measured`, to whoever looks
    /// at this test, and for the table.
    pub fn held(&self, lab: &Lab, measured: &str) {
        let Self { scenario, topology, must_hold } = self;
        let line = format!("matrix: {scenario} | {topology} | {must_hold} | {measured}\n");
        print!("{line}");
        let mut table = OpenOptions::new();
        let table = table.create(true).append(true).open(lab.dir.join("matrix"));
        table.and_then(|mut table| table.write_all(line.as_bytes())).expect("the table grows");
    }
}
