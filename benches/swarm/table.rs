//! The table: a column for each number of services, a line for each measure, the aims at the end.

use std::time::Duration;

use crate::converge::{Converge, NoOp};

/// All that was measured with so many services.
pub struct Measured {
    pub services: usize,
    pub no_op: NoOp,
    pub converge: Converge,
    /// p50 and p99.
    pub drift: [Duration; 2],
    /// p50 and p99.
    pub commit: [Duration; 2],
    pub first_pass: Duration,
    /// In bytes: of a process that made everything, and of one that found it.
    pub memory: [u64; 2],
}

/// A line: what it is, how it is read off, and what it should be.
type Line = (&'static str, fn(&Measured) -> String, &'static str);

const LINES: [Line; 22] = [
    ("services", |m| m.services.to_string(), "aim"),
    ("no-op pass, ms", |_| String::new(), ""),
    ("  raw listings", |m| ms(m.no_op.raw), ""),
    ("  skep", |m| ms(m.no_op.skep), ""),
    ("  skep / raw", |m| times(m.no_op.skep, m.no_op.raw), "1.5"),
    ("  docker stack deploy", |m| ms(m.no_op.docker), ""),
    ("  reads of skep", |m| m.no_op.counts.reads.to_string(), ""),
    ("  writes of skep", |m| m.no_op.counts.writes.to_string(), "0"),
    ("  registry questions of skep", |m| m.no_op.counts.registry.to_string(), "0"),
    ("first converge, ms", |_| String::new(), ""),
    ("  raw creates", |m| ms(m.converge.raw), ""),
    ("  one answer of the registry", |m| ms(m.converge.registry), ""),
    ("  skep", |m| ms(m.converge.skep), ""),
    ("  skep / raw", |m| times(m.converge.skep, m.converge.raw), "1.5"),
    ("  docker stack deploy", |m| ms(m.converge.docker), ""),
    ("change by hand to repaired, p50, ms", |m| ms(m.drift[0]), ""),
    ("change by hand to repaired, p99, ms", |m| ms(m.drift[1]), "250"),
    ("commit to written, p50, ms", |m| ms(m.commit[0]), ""),
    ("commit to written, p99, ms", |m| ms(m.commit[1]), ""),
    ("start to first pass, ms", |m| ms(m.first_pass), ""),
    ("peak memory, first converge, MiB", |m| mib(m.memory[0]), ""),
    ("peak memory, started anew, MiB", |m| mib(m.memory[1]), "40"),
];

/// Prints the table.
#[expect(clippy::print_stdout, reason = "the table is what a benchmark is for")]
pub fn print(columns: &[Measured]) {
    for (name, cell, aim) in LINES {
        let cells: Vec<String> = columns.iter().map(|m| format!("{:>9}", cell(m))).collect();
        println!("{}", format!("{name:<36}{}{aim:>9}", cells.concat()).trim_end());
    }
}

fn ms(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1000.0)
}

fn times(time: Duration, floor: Duration) -> String {
    format!("{:.2}", time.as_secs_f64() / floor.as_secs_f64())
}

fn mib(bytes: u64) -> String {
    const TENTH: u64 = 1024 * 1024 / 10;
    let tenths = bytes.div_ceil(TENTH);
    format!("{}.{}", tenths / 10, tenths % 10)
}
