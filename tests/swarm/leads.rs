//! Several operators of one instance, as processes on a real swarm: one acts, and another one goes on
//! when it is killed, is stopped, or ends.

#![expect(clippy::disallowed_methods, reason = "a test measures real time")]

use std::path::Path;
use std::time::{Duration, Instant};

use crate::lab::{Lab, Node, within};
use crate::matrix::Line;
use crate::process::{Process, call, command, is_done};
use crate::proxy::{Proxy, Request};
use crate::running::IDLE;
use crate::world::{PATIENCE, World};

/// What fail-over may take at most.
const FAIL_OVER: Duration = Duration::from_secs(15);
/// Longest that a program may take to end after SIGTERM.
const GRACE: Duration = Duration::from_secs(9);

/// Two operators, each behind a door of its own; the first acts.
pub struct Two<'a> {
    /// The one that acts at first.
    pub first: Process,
    /// The one that follows at first.
    pub second: Process,
    /// What the second one says to the engine goes through here.
    pub door: Proxy,
    /// The commit that both are to reach.
    pub head: String,
    /// Taken away last: a live operator would make it anew.
    pub world: World<'a>,
}

impl<'a> Two<'a> {
    fn start(lab: &'a Lab, test: &str) -> Self {
        let world = World::on(lab, "one", test);
        let socket = world.node().socket.clone();
        Self::on(world, &socket)
    }

    /// The first on the manager of a world, the second on another socket.
    pub fn on(world: World<'a>, socket: &Path) -> Self {
        let head = world.commit_shop(IDLE);
        let first = Process::run(&world, &[]);
        first.reports(|report| is_done(report, &head));
        first.answers("/readyz", |_, body| body == "ready: acts\n");
        let door = Proxy::open(socket);
        let repo = world.repo.path();
        let words = ["run", repo.to_str().expect("text")];
        let second = Process::start(command(&world, door.path(), &words));
        second.reports(|report| is_done(report, &head));
        let told = second.answers("/readyz", |_, body| body.starts_with("ready: follows "));
        assert!(first.log().contains("this operator acts now"), "{}", first.log());
        let holder = told.trim().trim_start_matches("ready: follows ");
        assert!(second.log().contains(holder), "{}", second.log());
        let metrics = second.answers("/metrics", |status, _| status == 200);
        let named = format!("skep_lease_holder{{holder=\"{holder}\"}} 1\n");
        assert!(metrics.contains("skep_leading 0\n") && metrics.contains(&named), "{metrics}");
        assert_eq!(door.lines(0), Vec::<String>::new(), "the one that follows writes nothing");
        Self { first, second, door, head, world }
    }

    /// The write of a service by the second operator.
    fn repaired(&self) -> Request {
        let wanted = |write: &Request| self.world.short(write) == "update service web";
        let found = || self.door.writes(0).into_iter().find(wanted);
        assert!(within(PATIENCE, || found().is_some()), "{}", self.second.log());
        found().expect("it was there")
    }

    /// The version of the service in the swarm.
    fn version(&self) -> String {
        self.inspect("{{.Version.Index}}")
    }

    /// What the service runs with, and what it ran with before the last write.
    pub fn modes(&self) -> String {
        let env = |spec| format!("{{{{.{spec}.TaskTemplate.ContainerSpec.Env}}}}");
        self.inspect(&format!("{} after {}", env("Spec"), env("PreviousSpec")))
    }

    /// As the second one's manager tells it.
    fn inspect(&self, format: &str) -> String {
        let (name, node) = (self.world.full("web"), self.world.node().clone());
        let node = Node { socket: self.door.engine().to_owned(), ..node };
        self.world.lab.docker(&node, &["service", "inspect", "--format", format, &name])
    }

    /// Takes over: how long after a moment the second one repaired what was changed by hand.
    pub fn took(&self, since: Instant) -> Duration {
        let took = self.repaired().at.saturating_duration_since(since);
        self.second.answers("/readyz", |_, body| body == "ready: acts\n");
        self.second.reports(|report| is_done(report, &self.head));
        let repairs = self.door.lines(0);
        assert_eq!(repairs.iter().filter(|line| line.starts_with("update service")).count(), 1);
        took
    }
}

#[test]
fn when_the_one_that_acts_is_killed_another_goes_on_within_15_seconds() {
    let lab = Lab::open();
    let mut two = Two::start(&lab, "killed");
    let killed = Instant::now();
    two.first.kill();
    two.world.set_mode("web", "odd");
    let held = |report: &serde_json::Value| report["stacks"][0]["held"][0]["reason"] == "Following";
    two.second.reports(held);
    let took = two.took(killed);
    assert!(took <= FAIL_OVER, "{took:?}");
    let line = Line {
        scenario: "two operators: the one that acts is killed -9",
        topology: "one",
        must_hold: "the other goes on within 15 s, nothing is done twice",
    };
    line.held(&lab, &format!("fail-over {:.1} s, 1 write", took.as_secs_f64()));
}

#[test]
fn one_that_was_stopped_within_a_plan_writes_nothing_more_when_it_wakes() {
    let lab = Lab::open();
    let two = Two::start(&lab, "stopped");
    let mark = two.world.proxy.mark();
    let changed = IDLE.replace("MODE: fast", "MODE: slow").replace("file: motd", "file: rates");
    let head = two.world.commit_shop(&changed);
    assert!(two.world.proxy.wait_writes(mark, 1, PATIENCE), "{}", two.first.log());
    let stopped = Instant::now();
    two.first.pause();
    let two = Two { head, ..two };
    two.second.reports(|report| is_done(report, &two.head));
    let done = stopped.elapsed();
    two.second.answers("/readyz", |_, body| body == "ready: acts\n");
    let (mark, version) = (two.world.proxy.mark(), two.version());
    two.first.wake();
    two.first.answers("/readyz", |_, body| body.starts_with("ready: follows "));
    two.first.reports(|report| is_done(report, &two.head));
    assert_eq!(two.version(), version, "{:?}", two.world.proxy.lines(mark));
    assert_eq!(two.world.proxy.lines(mark), Vec::<String>::new());
    let line = Line {
        scenario: "two operators: the one that acts is stopped within a plan, and wakes up",
        topology: "one",
        must_hold: "the other ends the plan, the first writes nothing more",
    };
    line.held(
        &lab,
        &format!("all done {:.1} s after SIGSTOP, 0 writes after SIGCONT", done.as_secs_f64()),
    );
}

#[test]
fn one_that_ends_hands_over_at_once() {
    let lab = Lab::open();
    let mut two = Two::start(&lab, "handed");
    let ended = Instant::now();
    two.first.terminate();
    assert_eq!(two.first.end(GRACE).code(), Some(0), "{}", two.first.log());
    assert!(two.first.log().contains("the lease is given up"), "{}", two.first.log());
    two.world.set_mode("web", "odd");
    let took = two.took(ended);
    assert!(took <= Duration::from_secs(4), "{took:?}");
    let line = Line {
        scenario: "two operators: the one that acts ends by SIGTERM",
        topology: "one",
        must_hold: "it hands over within 4 s",
    };
    line.held(&lab, &format!("{:.1} s", took.as_secs_f64()));
}

/// Makes the swarm whole again when the test ends, also when it failed.
pub struct Restored<'a>(pub &'a Lab);

impl Drop for Restored<'_> {
    fn drop(&mut self) {
        self.0.mend();
    }
}

/// When the swarm has a leader that takes writes, as another manager tells: a write without a change
/// goes through raft like any other, and one that is elected may take a while to get there.
pub fn led(lab: &Lab, manager: &Node, dead: &str) -> Instant {
    let update = ["node", "update", manager.name.as_str()];
    let format = "{{.Hostname}} {{.ManagerStatus}}";
    let led = || {
        let nodes = lab.try_docker(manager, &["node", "ls", "--format", format]);
        let nodes = nodes.unwrap_or_default();
        nodes.contains(" Leader") && !nodes.contains(&format!("{dead} Leader"))
    };
    assert!(within(PATIENCE, led), "the swarm has no leader");
    assert!(within(PATIENCE, || lab.try_docker(manager, &update).is_ok()), "no write is taken");
    Instant::now()
}

#[test]
fn when_the_swarms_leader_is_killed_under_the_one_that_acts_another_goes_on_within_15_seconds() {
    let lab = Lab::managers();
    let first = lab.leader("managers");
    let other = lab.swarms["managers"].iter().find(|node| node.name != first.name);
    let other = other.expect("another manager");
    let mut world = World::at(&lab, first, "unled");
    world.bystanders.may_lose_tasks();
    let restored = Restored(&lab);
    let two = Two::on(world, &other.socket);
    let mark = two.world.proxy.mark();
    let killed = Instant::now();
    lab.change(&["engine", &first.name, "kill"]);
    // What is to be done while nobody can.
    let head = two.world.commit_shop(&IDLE.replace("fast", "slow"));
    let two = Two { head, ..two };
    let elected = led(&lab, other, &first.name);
    let took = two.took(elected);
    println!("a new leader after {:?}, fail-over {took:?} later", elected - killed);
    assert!(took <= FAIL_OVER, "{took:?}\n{}", two.second.log());
    // The one that acted comes back to its engine, follows, and does nothing a second time.
    lab.change(&["engine", &first.name, "start"]);
    two.first.answers("/readyz", |_, body| body.starts_with("ready: follows "));
    two.first.reports(|report| is_done(report, &two.head));
    assert_eq!(two.world.proxy.lines(mark), Vec::<String>::new(), "{}", two.first.log());
    let line = Line {
        scenario: "manager killed: the leader, under the operator that acts",
        topology: "three managers",
        must_hold: "another goes on within 15 s of the swarm's taking writes again, nothing is done twice",
    };
    let unled = (elected - killed).as_secs_f64();
    let took = took.as_secs_f64();
    line.held(&lab, &format!("the swarm itself {unled:.1} s, fail-over {took:.1} s, 1 write"));
    drop(two);
    drop(restored);
}

#[test]
fn apply_beside_a_live_operator_refuses_unless_it_suspends_and_a_dead_one_blocks_nothing() {
    let lab = Lab::open();
    let world = World::on(&lab, "one", "beside");
    let head = world.commit_shop(IDLE);
    let mut skep = Process::run(&world, &[]);
    skep.reports(|report| is_done(report, &head));
    // Not committed: the operator does not see it.
    world.repo.write(&world.file(), &world.with_images(&IDLE.replace("fast", "slow")));
    let repo = world.repo.path();
    let repo = repo.to_str().expect("text");
    let mode = || {
        let format = "{{.Spec.TaskTemplate.ContainerSpec.Env}}";
        world.docker(&["service", "inspect", "--format", format, &world.full("web")])
    };
    let apply = ["apply", repo, "--min-healthy", "0s"];
    let refused = call(&world, &apply);
    assert_eq!(refused.code, 2, "{refused:?}");
    for words in ["is alive and looks after", world.name.as_str(), "--suspend=2h"] {
        assert!(refused.err.contains(words), "{refused:?}");
    }
    assert_eq!(mode(), "[MODE=fast]");

    let applied = call(&world, &[&apply[..], &["--suspend=2h"]].concat());
    assert_eq!(applied.code, 0, "{applied:?}");
    assert_eq!(mode(), "[MODE=slow]");
    let by_hand = |report: &serde_json::Value| report.to_string().contains("applied by hand");
    skep.reports(by_hand);
    assert_eq!(mode(), "[MODE=slow]", "the operator leaves it");
    let status = call(&world, &["status"]);
    assert!(status.out.contains("applied by hand"), "{status:?}");

    skep.kill();
    assert_eq!(call(&world, &["resume", &world.name]).code, 0);
    world.repo.write(&world.file(), &world.with_images(&IDLE.replace("fast", "other")));
    let before = Instant::now();
    let applied = call(&world, &apply);
    assert_eq!(applied.code, 0, "{applied:?}");
    assert!(applied.err.contains("waiting up to 11 s"), "{applied:?}");
    assert_eq!(mode(), "[MODE=other]");
    println!("apply beside a dead operator took {:?}", before.elapsed());
}
