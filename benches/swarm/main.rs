//! Benchmarks on a real swarm of one node, side by side in one run with `docker stack deploy` and
//! with the raw API: `benches/run [SERVICES …]`. Services want no tasks (`replicas: 0`), so what is
//! measured is the bookkeeping.

#![expect(clippy::disallowed_methods, reason = "a benchmark stands outside, with clock and files")]
#![expect(clippy::expect_used, clippy::panic, reason = "a benchmark that can't go on ends")]

mod bench;
mod converge;
mod count;
mod docker;
#[path = "../../tests/swarm/doors.rs"]
mod doors;
#[path = "../../tests/swarm/lab.rs"]
mod lab;
mod latency;
mod process;
#[path = "../../tests/swarm/proxy.rs"]
#[expect(dead_code, reason = "the tests of swarms need more of it")]
mod proxy;
mod raw;
mod skep;
mod table;
mod world;

use bench::{Bench, percentile};
use table::Measured;
use world::World;

/// Services in a swarm.
const SIZES: [usize; 5] = [50, 200, 500, 1000, 2000];

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let sizes: Vec<usize> = arguments.iter().map(|text| text.parse().expect("a number")).collect();
    let bench = Bench::open();
    let mut columns = Vec::new();
    for services in if sizes.is_empty() { SIZES.to_vec() } else { sizes } {
        columns.push(measure(&bench, services).await);
    }
    bench.raw.clear().await;
    table::print(&columns);
}

async fn measure(bench: &Bench, services: usize) -> Measured {
    let world = World::new(&bench.image(), services);
    let (converge, no_op) = converge::measure(bench, &world).await;
    let restarted = process::measure(bench, world.path());
    let drift = latency::drift(bench, &world).await;
    let commit = latency::commit(bench, &world).await;
    bench.raw.clear().await;
    let memory = process::measure(bench, world.path()).memory;
    Measured {
        services,
        no_op,
        converge,
        drift: [50, 99].map(|percent| percentile(drift.clone(), percent)),
        commit: [50, 99].map(|percent| percentile(commit.clone(), percent)),
        first_pass: restarted.first_pass,
        memory: [memory, restarted.memory],
    }
}
