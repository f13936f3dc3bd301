//! The runbooks of `docs/disaster.md`, carried out: the quorum lost, yesterday's raft restored, the
//! ledger deleted. Whatever the swarm lost, skep makes it equal to git again, and removes nothing that
//! git declares.

#![expect(
    clippy::disallowed_methods,
    reason = "a test measures real time, and copies a manager's data"
)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::lab::{Lab, Node, within};
use crate::leads::Restored;
use crate::matrix::Line;
use crate::process::call;
use crate::world::{PATIENCE, World};

/// Longest until all is well after the swarm is there again.
const AFTER: Duration = Duration::from_secs(120);

const TWO: &str = "\
services:
  web:
    image: IMAGE
    environment: {MODE: fast}
    configs: [motd]
    secrets: [password]
    deploy: {update_config: {monitor: 1s}}
  api: {image: IMAGE, deploy: {replicas: 0}}
configs:
  motd: {file: motd.txt}
secrets:
  password: {file: password.txt}
";

fn commit(world: &World<'_>, content: &str, text: &str) -> String {
    let (file, text) = (world.file(), world.with_images(text));
    world.commit(&[("motd.txt", content), ("password.txt", content), (&file, &text)])
}

/// The swarm of three managers, of which the first survives.
struct Managers<'a> {
    lab: &'a Lab,
    first: &'a Node,
    others: &'a [Node],
}

impl<'a> Managers<'a> {
    fn of(lab: &'a Lab) -> Self {
        let (first, others) = lab.swarms["managers"].split_first().expect("nodes");
        Self { lab, first, others }
    }

    fn kill_others(&self) {
        for node in self.others {
            self.lab.change(&["engine", &node.name, "kill"]);
        }
    }

    /// Where an engine keeps its part of the swarm.
    fn raft(&self, node: &Node) -> PathBuf {
        self.lab.dir.join(&node.name).join("data/swarm")
    }

    /// What a person does on the manager that is left.
    fn force_new_cluster(&self) {
        let words = ["swarm", "init", "--force-new-cluster", "--advertise-addr"];
        self.lab.docker(self.first, &[&words[..], &[&self.first.address]].concat());
    }

    /// The others come back without what they remember: with it, two of three old managers would be a
    /// quorum of their own.
    fn join_anew(&self) {
        let token = self.lab.docker(self.first, &["swarm", "join-token", "--quiet", "manager"]);
        for node in self.others {
            let _ = std::fs::remove_dir_all(self.raft(node));
            self.lab.change(&["engine", &node.name, "start"]);
            let old = ["node", "ls", "--quiet", "--filter", &format!("name={}", node.name)];
            let old = self.lab.docker(self.first, &old);
            // It is no member of the new cluster's raft, so that it need not be demoted.
            self.lab.docker(self.first, &["node", "rm", "--force", &old]);
            let manager = format!("{}:2377", self.first.address);
            self.lab.docker(node, &["swarm", "join", "--token", &token, &manager]);
            let reachable = || self.lab.try_docker(node, &["node", "ls"]).is_ok();
            assert!(within(PATIENCE, reachable), "{} does not manage", node.name);
        }
    }
}

fn ids(world: &World<'_>, services: &[&str]) -> Vec<String> {
    let id = |service: &&str| {
        world.docker(&["service", "inspect", "--format", "{{.ID}}", &world.full(service)])
    };
    services.iter().map(id).collect()
}

#[test]
fn after_the_quorum_was_lost_a_new_cluster_of_one_manager_converges_and_keeps_what_it_had() {
    let lab = Lab::managers();
    let managers = Managers::of(&lab);
    let mut world = World::at(&lab, managers.first, "quorum");
    world.bystanders.may_lose_tasks();
    let restored = Restored(&lab);
    commit(&world, "first\n", TWO);
    world.start();
    world.converged();
    let (before, seen, mark) =
        (ids(&world, &["web", "api"]), world.skep().mark(), world.proxy.mark());
    managers.kill_others();
    let trouble = world.skep().wait(seen, PATIENCE, |report| !report.trouble.is_empty());
    assert!(trouble.is_ok(), "the missing leader is told");
    commit(&world, "second\n", &TWO.replace("fast", "slow"));
    assert_eq!(world.wrote(mark), Vec::<String>::new(), "nothing can be written");
    managers.force_new_cluster();
    let there = Instant::now();
    world.converged_within(AFTER);
    let took = there.elapsed();
    assert_eq!(ids(&world, &["web", "api"]), before);
    let wrote = world.wrote(mark);
    let updates = wrote.iter().filter(|line| *line == "update service web").count();
    assert_eq!(updates, 1, "{wrote:?}");
    assert!(!wrote.iter().any(|line| line.starts_with("remove service")), "{wrote:?}");
    managers.join_anew();
    let line = Line {
        scenario: "quorum lost, --force-new-cluster",
        topology: "three managers",
        must_hold: "what git says now is there, no service is made anew or removed",
    };
    line.held(&lab, &measured(took, &wrote));
    drop(world);
    drop(restored);
}

/// What the matrix tells of a new cluster.
fn measured(took: Duration, wrote: &[String]) -> String {
    let (took, writes) = (took.as_secs_f64(), wrote.len());
    format!("converged {took:.1} s after the new cluster, {writes} writes")
}

/// A copy of a folder, links and rights included.
fn copy(from: &Path, to: &Path) {
    let mut copy = std::process::Command::new("cp");
    let copied = copy.arg("--archive").arg(from).arg(to).status().expect("cp");
    assert!(copied.success(), "{} is not copied", from.display());
}

#[test]
fn yesterdays_raft_restored_converges_to_todays_commit_and_nothing_that_is_declared_is_removed() {
    let lab = Lab::managers();
    let managers = Managers::of(&lab);
    let mut world = World::at(&lab, managers.first, "yester");
    world.bystanders.may_lose_tasks();
    let restored = Restored(&lab);
    let first = &managers.first.name;
    let old = TWO.replace("  api:", "  old: {image: IMAGE, deploy: {replicas: 0}}\n  api:");
    commit(&world, "first\n", &old);
    world.start();
    world.converged();
    world.stop();
    // The copy that is made each night.
    let copied = tempfile::tempdir().expect("a directory");
    let (raft, kept) = (managers.raft(managers.first), copied.path().join("swarm"));
    lab.change(&["engine", first, "stop"]);
    copy(&raft, &kept);
    lab.change(&["engine", first, "start"]);
    // The day goes on: one service changes, one comes, one goes, contents change.
    let new = TWO
        .replace("fast", "slow")
        .replace("  api:", "  new: {image: IMAGE, deploy: {replicas: 0}}\n  api:");
    commit(&world, "second\n", &new);
    assert!(within(PATIENCE, || lab.try_docker(managers.first, &["node", "ls"]).is_ok()));
    world.start();
    world.converged();
    assert_eq!(world.names("service"), ["api", "new", "web"]);
    // All managers are lost, and the copy is what there is.
    managers.kill_others();
    lab.change(&["engine", first, "kill"]);
    std::fs::remove_dir_all(&raft).expect("the raft goes");
    copy(&kept, &raft);
    let mark = world.proxy.mark();
    lab.change(&["engine", first, "start"]);
    managers.force_new_cluster();
    let there = Instant::now();
    world.converged_within(AFTER);
    let took = there.elapsed();
    assert_eq!(world.names("service"), ["api", "new", "web"]);
    let wrote = world.wrote(mark);
    let removed = wrote.iter().filter(|line| line.starts_with("remove service")).count();
    assert_eq!(removed, 1, "the one that left git since: {wrote:?}");
    let repo = world.repo.path();
    let diff = call(&world, &["diff", repo.to_str().expect("text")]);
    assert_eq!(diff.code, 0, "{diff:?}");
    managers.join_anew();
    let line = Line {
        scenario: "yesterday's raft restored, ledger and all",
        topology: "three managers",
        must_hold: "today's commit is there again, nothing that it declares is removed",
    };
    line.held(&lab, &measured(took, &wrote));
    drop(world);
    drop(restored);
}

/// Deletes what skep remembers of the stack, as a person does who tidies up.
fn forget(world: &World<'_>) {
    let ledger = format!("skep.ledger.{0}.{0}", world.name);
    world.docker(&["config", "rm", &ledger]);
}

fn remembers(world: &World<'_>) -> bool {
    world.try_docker(&["config", "inspect", &format!("skep.ledger.{0}.{0}", world.name)]).is_ok()
}

#[test]
fn a_deleted_ledger_is_written_anew_nothing_is_touched_and_removals_wait_for_it() {
    let lab = Lab::open();
    let mut world = World::on(&lab, "one", "forgot");
    let with_old = TWO.replace("  api:", "  old: {image: IMAGE, deploy: {replicas: 0}}\n  api:");
    commit(&world, "first\n", &with_old);
    world.start();
    world.converged();
    let (services, tasks) = (ids(&world, &["web", "api", "old"]), world.tasks("web"));

    // Under a running operator.
    let (mark, began) = (world.proxy.mark(), Instant::now());
    forget(&world);
    world.look_again("look");
    assert!(within(PATIENCE, || remembers(&world)), "the record is written anew");
    let anew = began.elapsed();
    world.converged();
    assert_eq!(world.wrote(mark), Vec::<String>::new());
    assert_eq!((ids(&world, &["web", "api", "old"]), world.tasks("web")), (services, tasks));

    // While nobody runs, and git removes and changes something meanwhile.
    world.stop();
    forget(&world);
    let removing = commit(&world, "second\n", &TWO.replace("fast", "slow"));
    let mark = world.proxy.mark();
    world.start();
    world.write(mark, "update service web");
    let old = world.full("old");
    world.reported(0, "the removal, held", |stack| {
        let mut held = stack.plan.held.iter();
        held.any(|held| held.object.name == old && held.reason.name() == "ViewIncomplete")
    });
    assert_eq!(world.names("service"), ["api", "old", "web"]);
    let wrote = world.wrote(mark);
    assert!(!wrote.iter().any(|line| line.starts_with("remove service")), "{wrote:?}");

    // The removal is said again.
    world.repo.git(&["revert", "--no-edit", &removing]);
    world.converged();
    assert_eq!(world.names("service"), ["api", "old", "web"]);
    world.repo.git(&["revert", "--no-edit", "HEAD"]);
    world.converged();
    assert_eq!(world.names("service"), ["api", "web"]);
    let line = Line {
        scenario: "the ledger is deleted",
        topology: "one",
        must_hold: "nothing is touched or made anew, removals are held until it is there again",
    };
    line.held(
        &lab,
        &format!(
            "0 writes, there again after {} ms; 1 removal held, done when said again",
            anew.as_millis()
        ),
    );
}
