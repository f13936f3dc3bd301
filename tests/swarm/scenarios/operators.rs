//! What happens to the operator: its disk is full, its clock jumps, another one acts at the same time.

#![expect(clippy::disallowed_methods, reason = "a test mounts and fills a disk, and moves a clock")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::lab::{Lab, within};
use crate::matrix::Line;
use crate::operator::Operator;
use crate::process::{Process, command, is_done};
use crate::proxy::Proxy;
use crate::world::{PATIENCE, World};

const ONE: &str = "\
services:
  web:
    image: IMAGE
    environment: {MODE: fast}
    deploy: {replicas: 0}
";

fn commit(world: &World<'_>, mode: &str) -> String {
    world.commit(&[(&world.file(), &world.with_images(&ONE.replace("fast", mode)))])
}

/// A small disk. Unmounted when dropped.
struct Disk(PathBuf);

impl Disk {
    fn mount(at: &Path, size: &str) -> Self {
        std::fs::create_dir_all(at).expect("a directory");
        let options = format!("size={size}");
        let words = ["-t", "tmpfs", "-o", &options, "tmpfs"];
        let mounted = Command::new("mount").args(words).arg(at).status().expect("mount");
        assert!(mounted.success(), "no disk at {}", at.display());
        Self(at.to_owned())
    }

    /// Fills it to the last byte.
    fn fill(&self) {
        let ballast = std::fs::write(self.ballast(), vec![0_u8; 8 << 20]);
        assert!(ballast.is_err(), "the disk is larger than it should be");
    }

    fn ballast(&self) -> PathBuf {
        self.0.join("ballast")
    }

    fn free(&self) {
        std::fs::remove_file(self.ballast()).expect("the ballast goes");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_told_and_stops_new_commits_but_no_repair() {
    let lab = Lab::open();
    let mut world = World::on(&lab, "one", "full");
    world.serve();
    let disk = Disk::mount(&world.repo.beside("cache"), "512k");
    let head = commit(&world, "fast");
    let cache = disk.0.display().to_string();
    let words = ["run", world.host().url(), "--interval", "1s", "--cache", &cache];
    let skep = Process::start(command(&world, world.proxy.path(), &words));
    skep.reports(|report| is_done(report, &head));
    disk.fill();
    let head = commit(&world, "slow");
    skep.reports(|report| report["sources"][0]["error"].is_string());
    let mark = world.proxy.mark();
    let odd = Instant::now();
    world.set_mode("web", "odd");
    let took = world.write(mark, "update service web").at.saturating_duration_since(odd);
    assert_eq!(mode(&world), "[MODE=fast]", "what was last read is enforced");
    disk.free();
    let freed = Instant::now();
    skep.reports(|report| is_done(report, &head));
    assert_eq!(mode(&world), "[MODE=slow]");
    let line = Line {
        scenario: "disk full at the operator",
        topology: "one",
        must_hold: "it is told, hands are repaired, and it goes on once there is room",
    };
    let (repaired, went_on) = (took.as_millis(), freed.elapsed().as_secs_f64());
    line.held(&lab, &format!("a hand repaired after {repaired} ms, on again after {went_on:.1} s"));
}

fn mode(world: &World<'_>) -> String {
    let format = "{{.Spec.TaskTemplate.ContainerSpec.Env}}";
    let inspect = ["service", "inspect", "--format", format, &world.full("web")];
    let mut last = String::new();
    // The write that was seen on its way may not have arrived.
    within(PATIENCE, || {
        last = world.docker(&inspect);
        last != "[MODE=odd]"
    });
    last
}

/// A clock of skep alone, which stands where a file says. Time that only passes is not changed.
struct Clock(PathBuf);

impl Clock {
    /// Starts a command with it.
    fn of(world: &World<'_>, command: &mut Command) -> Self {
        let library = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"]
            .map(|folder| Path::new(folder).join("faketime/libfaketime.so.1"));
        let library = library.iter().find(|path| path.exists()).expect("libfaketime");
        let clock = Self(world.repo.beside("clock"));
        clock.jump("+0");
        command.env("LD_PRELOAD", library);
        command.env("FAKETIME_TIMESTAMP_FILE", &clock.0).env("FAKETIME_NO_CACHE", "1");
        command.env("DONT_FAKE_MONOTONIC", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        clock
    }

    /// The clock is so far from the true one from now on.
    fn jump(&self, distance: &str) {
        let next = self.0.with_extension("next");
        std::fs::write(&next, format!("{distance}\n")).expect("a file");
        std::fs::rename(&next, &self.0).expect("the clock jumps");
    }
}

/// Healthy some seconds after its start: a rollout of it is on its way when the clock jumps.
const SLOW: &str = "\
services:
  web:
    image: IMAGE
    environment: {MODE: fast, PROGRAM_AFTER: 3s}
    deploy: {update_config: {monitor: 1s}}
";

#[test]
fn a_clock_that_jumps_by_days_during_a_rollout_fails_nothing_and_delays_nothing() {
    let lab = Lab::open();
    let world = World::on(&lab, "one", "clock");
    let text = |mode: &str| SLOW.replace("IMAGE", lab.image("slow")).replace("fast", mode);
    let commit = |mode: &str| world.commit(&[(&world.file(), &text(mode))]);
    let head = commit("fast");
    let repo = world.repo.path();
    let words = ["run", repo.to_str().expect("text")];
    let mut skep = command(&world, world.proxy.path(), &words);
    let clock = Clock::of(&world, &mut skep);
    let skep = Process::start(skep);
    skep.reports(|report| is_done(report, &head));
    let mut measured = Vec::new();
    for (distance, mode) in [("+3d", "ahead"), ("-3d", "behind")] {
        let (mark, began) = (world.proxy.mark(), Instant::now());
        let head = commit(mode);
        world.write(mark, "update service web");
        clock.jump(distance);
        // Something to wake up for, which is none of its business.
        world.docker(&[
            "config",
            "create",
            &world.full(mode),
            &lab.registry.ca.display().to_string(),
        ]);
        skep.reports(|report| is_done(report, &head));
        assert_eq!(world.wrote(mark), ["update service web"], "{distance}: {}", skep.log());
        assert_eq!(skep.get("/readyz").expect("an answer").1, "ready: acts\n", "{}", skep.log());
        let took = began.elapsed();
        let (mark, odd) = (world.proxy.mark(), Instant::now());
        world.docker(&[
            "service",
            "update",
            "--detach",
            "--label-add",
            "colour=red",
            &world.full("web"),
        ]);
        let repaired = world.write(mark, "update service web").at.saturating_duration_since(odd);
        skep.reports(|report| is_done(report, &head));
        measured.push(format!(
            "{distance}: rolled out in {:.0} s, a hand repaired after {} ms",
            took.as_secs_f64(),
            repaired.as_millis()
        ));
    }
    let line = Line {
        scenario: "clock of the operator jumps during a rollout",
        topology: "one",
        must_hold: "no rollback, no quarantine, no rollout that is forgotten; it acts on",
    };
    line.held(&lab, &measured.join("; "));
}

#[test]
fn two_operators_that_both_act_at_once_end_at_the_same_and_double_nothing() {
    let lab = Lab::open();
    let mut world = World::on(&lab, "one", "both");
    commit(&world, "fast");
    world.start();
    world.converged();
    // It takes no part in the lease: nobody keeps it from writing.
    let door = Proxy::open(&world.node().socket);
    let source = (world.repo.path().display().to_string(), world.repo.options());
    let second = Operator::start(&lab, door.path(), source, world.settings());
    let mark = world.proxy.mark();
    let more = format!("  api: {{image: {}, deploy: {{replicas: 0}}}}\n", lab.image("1"));
    for round in 0..5 {
        let text = world.with_images(&ONE.replace("fast", &format!("m{round}")));
        let text = if round % 2 == 0 { text + &more } else { text };
        world.commit(&[(&world.file(), &text)]);
        world.converged();
    }
    let (ours, theirs) = (world.wrote(mark).len(), door.writes(0).len());
    assert!(second.mark() > 0, "the second one looked");
    drop(second);
    assert_eq!(world.names("service"), ["api", "web"]);
    let last = world.proxy.mark();
    world.look_again("look");
    assert_eq!(world.proxy.lines(last), Vec::<String>::new());
    let line = Line {
        scenario: "two operators act at once, without a lease",
        topology: "one",
        must_hold: "they end at the same, nothing is doubled",
    };
    line.held(
        &lab,
        &format!("5 commits, {ours} and {theirs} requests to write, nothing left to do"),
    );
}
