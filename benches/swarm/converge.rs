//! First converge and no-op pass, beside `docker stack deploy` and beside the raw API.

use std::path::Path;
use std::time::{Duration, Instant};

use skep::model::Step;
use skep::reconcile::Operator;
use skep::status::Report;

use crate::bench::{Bench, median};
use crate::count::{self, Counts};
use crate::docker;
use crate::raw::{Call, post};
use crate::world::World;

/// Rounds of the no-op pass; the floor is measured between them.
const ROUNDS: usize = 30;
/// Rounds of the first converge; the floor is measured between them.
const CONVERGES: usize = 3;

/// First converge of one world, in three ways.
pub struct Converge {
    pub raw: Duration,
    pub docker: Duration,
    pub skep: Duration,
    /// One answer of the registry: skep waits for it before it makes anything.
    pub registry: Duration,
}

/// A pass that has nothing to do.
pub struct NoOp {
    pub raw: Duration,
    pub docker: Duration,
    pub skep: Duration,
    /// What went over the socket, and what was asked of registries.
    pub counts: Counts,
}

/// Measures both; the world is converged afterwards.
pub async fn measure(bench: &Bench, world: &World) -> (Converge, NoOp) {
    bench.raw.clear().await;
    let docker = (docker::deploy(&bench.lab, world), docker::deploy(&bench.lab, world));
    let (mut raw, mut skep, mut registry) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..CONVERGES {
        registry.push(timed(bench.start(world.path(), &bench.socket).ask(&bench.image())).await.0);
        bench.raw.clear().await;
        raw.push(create_raw(bench, world).await);
        bench.raw.clear().await;
        skep.push(create(bench, world).await);
    }
    let mut operator = bench.start(world.path(), &bench.socket).operator();
    operator.read_sources().await;
    settle(&mut operator).await;
    let (raw_look, skep_pass) = rounds(bench, &mut operator).await;
    let counts = count(bench, world.path()).await;
    let [raw, skep, registry] = [raw, skep, registry].map(median);
    let converge = Converge { raw, docker: docker.0, skep, registry };
    (converge, NoOp { raw: raw_look, docker: docker.1, skep: skep_pass, counts })
}

/// The first pass of an operator that finds nothing.
async fn create(bench: &Bench, world: &World) -> Duration {
    let mut operator = bench.start(world.path(), &bench.socket).operator();
    operator.read_sources().await;
    let (time, report) = timed(operator.pass()).await;
    assert_written(&report, world);
    time
}

/// The same objects, made by nothing but requests.
async fn create_raw(bench: &Bench, world: &World) -> Duration {
    let mut operator = bench.start(world.path(), &bench.socket).operator();
    operator.read_sources().await;
    let report = operator.preview().await;
    let steps: Vec<&Step> = report
        .stacks
        .values()
        .flat_map(|stack| &stack.plan.steps)
        .map(|planned| &planned.step)
        .collect();
    let networks = steps.iter().filter_map(|step| network(step)).collect();
    let services: Vec<Call> = steps.iter().filter_map(|step| service(step)).collect();
    assert_eq!(services.len(), world.services(), "a preview creates every service: {report:?}");
    let start = now();
    bench.raw.write_all(networks).await;
    bench.raw.write_all(services).await;
    start.elapsed()
}

fn network(step: &Step) -> Option<Call> {
    let Step::CreateNetwork { spec } = step else { return None };
    Some(post("/networks/create", spec))
}

fn service(step: &Step) -> Option<Call> {
    let Step::CreateService { spec } = step else { return None };
    Some(post("/services/create", spec))
}

fn assert_written(report: &Report, world: &World) {
    let outcomes = report.stacks.values().flat_map(|stack| &stack.outcomes);
    let bad: Vec<_> = outcomes.clone().filter(|outcome| !outcome.outcome.is_done()).collect();
    assert!(bad.is_empty() && report.trouble.is_empty(), "{bad:?} {:?}", report.trouble);
    assert!(outcomes.count() >= world.services(), "every service is written: {report:?}");
}

/// Passes until there is nothing to do.
pub async fn settle(operator: &mut Operator) {
    for _ in 0..10 {
        let report = operator.pass().await;
        if report.stacks.values().all(|stack| stack.plan.is_empty()) {
            return;
        }
    }
    panic!("it does not settle");
}

async fn rounds(bench: &Bench, operator: &mut Operator) -> (Duration, Duration) {
    let (mut raw, mut skep) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        // In turn the first: else one of the two would always pay for the engine's collection of
        // garbage, where that comes with every second look.
        if round % 2 == 0 {
            raw.push(timed(bench.raw.look()).await.0);
        }
        skep.push(timed(operator.pass()).await.0);
        if round % 2 == 1 {
            raw.push(timed(bench.raw.look()).await.0);
        }
    }
    (median(raw), median(skep))
}

/// What one pass sends, counted at the socket.
async fn count(bench: &Bench, repository: &Path) -> Counts {
    let mut operator = bench.start(repository, bench.proxy.path()).operator();
    operator.read_sources().await;
    operator.pass().await;
    let mark = bench.proxy.mark();
    operator.pass().await;
    count::since(&bench.proxy, mark)
}

pub async fn timed<T>(work: impl Future<Output = T>) -> (Duration, T) {
    let start = now();
    let result = work.await;
    (start.elapsed(), result)
}

pub fn now() -> Instant {
    Instant::now()
}
