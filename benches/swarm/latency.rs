//! How long a change is in force before skep has answered it: a change by hand, and a commit.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use skep::reconcile::{self, Nudge};
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::bench::Bench;
use crate::converge::now;
use crate::raw::{get, post};
use crate::world::World;

/// Changes by hand.
const DRIFTS: usize = 100;
/// Commits.
const COMMITS: usize = 20;
/// Time between looks at the service that should be repaired.
const LOOK: Duration = Duration::from_millis(1);
/// Quiet time before each change: changes by people come one at a time.
const PAUSE: Duration = Duration::from_millis(200);
/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// An operator that runs, on threads of its own as `skep run` does.
struct Running {
    stop: watch::Sender<bool>,
    reports: watch::Receiver<Option<Arc<skep::status::Report>>>,
    thread: JoinHandle<()>,
}

impl Running {
    fn start(bench: &Bench, world: &World) -> Self {
        let operator = bench.start(world.path(), &bench.socket).operator();
        let (stop, stopped) = watch::channel(false);
        let (publish, reports) = watch::channel(None);
        let thread = thread::spawn(|| {
            let runtime = Runtime::new().expect("a runtime");
            runtime.block_on(reconcile::run(operator, Nudge::default(), stopped, publish));
        });
        Self { stop, reports, thread }
    }

    /// Waits for the first pass that knows the declarations and has nothing to do.
    async fn settled(&mut self) {
        let quiet = |report: &Option<Arc<skep::status::Report>>| {
            report.as_ref().is_some_and(|report| {
                !report.stacks.is_empty() && report.stacks.values().all(|s| s.plan.is_empty())
            })
        };
        self.reports.wait_for(quiet).await.expect("the operator runs");
    }

    fn end(self) {
        self.stop.send_replace(true);
        self.thread.join().expect("the operator ends");
    }
}

/// From the engine's answer to a change by hand until the service is as declared again.
pub async fn drift(bench: &Bench, world: &World) -> Vec<Duration> {
    let mut running = Running::start(bench, world);
    running.settled().await;
    let mut times = Vec::new();
    for sample in 0..DRIFTS {
        pause().await;
        // Another service each time: the third repair of one field would be a fight.
        let service = World::service_name(sample * world.services() / DRIFTS);
        change_by_hand(bench, &service).await;
        times.push(until(bench, &service, "0", now()).await);
    }
    running.end();
    times
}

async fn change_by_hand(bench: &Bench, service: &str) {
    let mut seen = bench.raw.inspect(&format!("/services/{service}")).await;
    let environment = &mut seen["Spec"]["TaskTemplate"]["ContainerSpec"]["Env"];
    for variable in environment.as_array_mut().expect("an environment") {
        if variable.as_str().is_some_and(|text| text.starts_with("GENERATION=")) {
            *variable = json!("GENERATION=by hand");
        }
    }
    let version = &seen["Version"]["Index"];
    let path = format!("/services/{service}/update?version={version}");
    let (status, body) = bench.raw.send(post(&path, &seen["Spec"])).await;
    assert!(status.is_success(), "{}", String::from_utf8_lossy(&body));
}

/// From the end of `git commit` until the service is as committed.
pub async fn commit(bench: &Bench, world: &World) -> Vec<Duration> {
    let mut running = Running::start(bench, world);
    running.settled().await;
    let mut times = Vec::new();
    for sample in 0..COMMITS {
        pause().await;
        let (stack, generation) = (sample % world.stacks(), sample + 1);
        world.change(stack, generation);
        let service = format!("{}_s00", World::stack_name(stack));
        times.push(until(bench, &service, &generation.to_string(), now()).await);
    }
    running.end();
    times
}

async fn until(bench: &Bench, service: &str, generation: &str, start: Instant) -> Duration {
    let (path, wanted) = (format!("/services/{service}"), format!("\"GENERATION={generation}\""));
    loop {
        let (_, body) = bench.raw.send(get(&path)).await;
        if spec_of(&body).contains(&wanted) {
            return start.elapsed();
        }
        assert!(start.elapsed() < PATIENCE, "{service} is not GENERATION={generation}");
        sleep(LOOK).await;
    }
}

/// The spec alone: the previous one stands in the same answer.
fn spec_of(body: &[u8]) -> String {
    let service: Value = serde_json::from_slice(body).expect("a service");
    service["Spec"].to_string()
}

async fn pause() {
    sleep(PAUSE).await;
}

async fn sleep(time: Duration) {
    tokio::time::sleep(time).await;
}
