//! A pass over a large simulated swarm: `cargo bench --bench pass [SERVICES …]`. For each service
//! there are five tasks, for ten services a node, for fifty services a stack. Each size has a
//! process of its own, so that memory is that of one.

#![expect(clippy::disallowed_methods, reason = "a benchmark stands outside, with clock and files")]
#![expect(clippy::expect_used, reason = "a benchmark that can't go on ends")]
#![expect(clippy::print_stdout, reason = "the table is what a benchmark is for")]

mod swarm;

use std::process::Command;
use std::time::{Duration, Instant};

use skep::ports::Swarm as _;

use crate::swarm::Large;

/// Services in a swarm.
const SIZES: [usize; 4] = [1250, 2500, 5000, 10_000];
/// Passes that are measured.
const PASSES: usize = 15;
/// First argument of the process that measures one size and prints its line.
const CHILD: &str = "--child";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    if let [first, services] = arguments.as_slice()
        && first == CHILD
    {
        return child(services.parse().expect("a number"));
    }
    println!(
        "{:>8} {:>6} {:>6} {:>9} {:>10} {:>9} {:>12} {:>13} {:>13} {:>12}",
        "services",
        "nodes",
        "tasks",
        "look, ms",
        "no-op, ms",
        "kept, ms",
        "repair, ms",
        "started, ms",
        "skep, MiB",
        "all, MiB"
    );
    let sizes: Vec<usize> = arguments.iter().map(|text| text.parse().expect("a number")).collect();
    for services in if sizes.is_empty() { SIZES.to_vec() } else { sizes } {
        let own = std::env::current_exe().expect("this program");
        let status = Command::new(own).args([CHILD, &services.to_string()]).status();
        assert!(status.expect("this program runs").success(), "{services} services");
    }
    println!("aim: a no-op pass over 10000 services in 150 ms; look: the simulator's part of it");
}

/// Measures one size and prints its line.
fn child(services: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let large = runtime.block_on(Large::converged(services));
    let before = resident("VmRSS:");
    let mut operator = large.operator();
    let start = Instant::now();
    runtime.block_on(large.quiet_pass(&mut operator));
    let started = start.elapsed();
    let looks =
        median((0..PASSES).map(|_| timed(|| drop(runtime.block_on(large.world.swarm.look())))));
    let passes =
        median((0..PASSES).map(|_| timed(|| runtime.block_on(large.quiet_pass(&mut operator)))));
    let memory = resident("VmRSS:").saturating_sub(before);
    let repairs = median((0..PASSES).map(|turn| {
        large.change_by_hand(turn);
        timed(|| runtime.block_on(large.repair(&mut operator)))
    }));
    large.keep_more();
    // It reads what is new to it.
    runtime.block_on(large.quiet_pass(&mut operator));
    let kept =
        median((0..PASSES).map(|_| timed(|| runtime.block_on(large.quiet_pass(&mut operator)))));
    let (nodes, tasks) = large.size();
    println!(
        "{services:>8} {nodes:>6} {tasks:>6} {:>9} {:>10} {:>9} {:>12} {:>13} {:>13} {:>12}",
        ms(looks),
        ms(passes),
        ms(kept),
        ms(repairs),
        ms(started),
        mib(memory),
        mib(resident("VmHWM:"))
    );
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn median(times: impl Iterator<Item = Duration>) -> Duration {
    let mut times: Vec<Duration> = times.collect();
    times.sort_unstable();
    times[times.len() / 2]
}

fn ms(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1000.0)
}

fn mib(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / f64::from(1 << 20))
}

/// A line of the process's status, in bytes.
fn resident(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a line of memory");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
}
