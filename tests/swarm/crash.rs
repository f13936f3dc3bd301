//! kill -9 at a random moment during a converge: another start ends it well, and nothing is
//! doubled or left over.

#![expect(clippy::disallowed_methods, reason = "a test measures real time and dies at any of it")]

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::lab::{Lab, within};
use crate::matrix::Line;
use crate::process::{Process, call, is_done};
use crate::world::{PATIENCE, World};

const ROUNDS: u64 = 20;
/// Times that an operator under continuous commits is killed, and after how many it is looked.
const KILLS: u64 = 200;
const CHECKED: u64 = 20;
/// One that does not get so far is killed after this time.
const BRIEFLY: Duration = Duration::from_millis(700);
/// More writes than a round takes: sometimes it is killed at rest.
const WRITES: u64 = 28;

/// Changes in each round, all of it: both configs, the secret, and thereby both services.
const MAIN: &str = "\
services:
  web:
    image: IMAGE
    environment: {ROUND: \"NUMBER\"}
    networks: [front]
    configs: [{source: motd, target: /etc/motd}]
    deploy: {replicas: 0}
  api:
    image: IMAGE
    networks: [front]
    configs: [{source: rates, target: /etc/rates}]
    secrets: [password]
    deploy: {replicas: 0}
networks:
  front: {}
configs:
  motd: {file: motd.txt}
  rates: {file: rates.txt}
secrets:
  password: {file: password.txt}
";

/// New in each round under another name, and gone in the next.
const FRESH: &str = "\
services:
  job:
    image: IMAGE
    networks: [back]
    configs: [{source: motd, target: /etc/motd}]
    secrets: [password]
    deploy: {replicas: 0}
networks:
  back: {}
configs:
  motd: {file: motd.txt}
secrets:
  password: {file: password.txt}
";

/// Never changes, and runs.
const STILL: &str = "services:\n  lamp: {image: IMAGE}\n";

/// A small generator (xorshift64*): which numbers come is printed and can be had again.
struct Random(u64);

impl Random {
    /// From the clock, or from `SKEP_SEED`.
    fn new() -> Self {
        let clock = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let fresh = || u64::try_from(clock.expect("a time").as_nanos() & 0xffff_ffff).expect("32");
        let given = std::env::var("SKEP_SEED").ok().and_then(|text| text.parse().ok());
        let seed = given.unwrap_or_else(fresh).max(1);
        println!("SKEP_SEED={seed}");
        Self(seed)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % limit
    }
}

/// Commits what a round declares.
fn commit(world: &World<'_>, number: u64) -> String {
    let file = |name: &str| format!("{}{name}.yml", world.name);
    if let Some(before) = number.checked_sub(1) {
        let _ = std::fs::remove_file(world.repo.path().join(file(&format!("-{before}"))));
    }
    world.commit(&[
        ("motd.txt", &format!("round {number}\n")),
        ("rates.txt", &format!("{number} {number}\n")),
        ("password.txt", &format!("hunter{number}\n")),
        (&file("-still"), &world.with_images(STILL)),
        (&file(&format!("-{number}")), &world.with_images(FRESH)),
        (&file(""), &world.with_images(&MAIN.replace("NUMBER", &number.to_string()))),
    ])
}

#[test]
fn killed_twenty_times_at_any_moment_it_ends_converged_and_nothing_is_doubled_or_left() {
    let lab = Lab::open();
    let world = World::on(&lab, "one", "crash");
    let mut random = Random::new();
    let (mut number, mut head) = (0, commit(&world, 0));
    let mut lamp = None;
    for round in 0..ROUNDS {
        let began = Instant::now();
        let mark = world.proxy.mark();
        bury(&world);
        let mut doomed = Process::run(&world, &[]);
        let (write, delay) = (1 + random.below(WRITES), random.below(4_000));
        world.proxy.wait_writes(mark, usize::try_from(write).expect("small"), quiet(round));
        std::thread::sleep(Duration::from_micros(delay));
        doomed.kill();
        let done = world.proxy.writes(mark).len();
        // Every second time git moves on while nobody looks.
        if random.below(2) == 0 {
            number += 1;
            head = commit(&world, number);
        }
        bury(&world);
        let restarted = Process::run(&world, &[]);
        restarted.reports(|report| is_done(report, &head));
        exactly(&world, number);
        let task = lamp_task(&world);
        assert_eq!(*lamp.get_or_insert_with(|| task.clone()), task, "an unchanged service");
        println!(
            "round {round}: killed after {done} writes ({write}, {delay} us), {:?}",
            began.elapsed()
        );
        number += 1;
        head = commit(&world, number);
    }
    let last = Process::run(&world, &[]);
    last.reports(|report| is_done(report, &head));
    let repo = world.repo.path();
    let diff = call(&world, &["diff", repo.to_str().expect("text")]);
    assert_eq!(diff.code, 0, "{diff:?}");
    exactly(&world, number);
}

#[test]
fn killed_two_hundred_times_under_continuous_commits_it_is_converged_whenever_it_is_let_be() {
    let lab = Lab::open();
    let world = World::on(&lab, "one", "kills");
    let mut random = Random::new();
    let (began, mut converged) = (Instant::now(), Duration::ZERO);
    let mut writes = BTreeSet::new();
    let mut lamp = None;
    for number in 0..KILLS {
        let head = commit(&world, number);
        bury(&world);
        let mark = world.proxy.mark();
        let mut doomed = Process::run(&world, &[]);
        let (write, delay) = (1 + random.below(WRITES), random.below(20_000));
        world.proxy.wait_writes(mark, usize::try_from(write).expect("small"), BRIEFLY);
        std::thread::sleep(Duration::from_micros(delay));
        doomed.kill();
        writes.insert(world.proxy.writes(mark).len());
        if (number + 1) % CHECKED == 0 {
            let start = Instant::now();
            bury(&world);
            Process::run(&world, &[]).reports(|report| is_done(report, &head));
            converged = converged.max(start.elapsed());
            exactly(&world, number);
            let task = lamp_task(&world);
            assert_eq!(*lamp.get_or_insert_with(|| task.clone()), task, "an unchanged service");
        }
    }
    let line = Line {
        scenario: "operator killed -9 two hundred times under continuous commits",
        topology: "one",
        must_hold: "whenever it is let be: as committed, nothing doubled or left, what did not change is untouched",
    };
    let (took, converged) = (began.elapsed().as_secs(), converged.as_secs_f64());
    let (least, most) = (writes.first(), writes.last());
    line.held(&lab, &format!("{KILLS} kills in {took} s, after {} to {} writes; 10 looks, converged after {converged:.1} s at most", least.unwrap_or(&0), most.unwrap_or(&0)));
}

/// Takes away the lease of an operator that was killed: whoever comes next would wait until it is
/// sure that nobody renews it (`leads.rs`), and the moments that are looked for here are others.
fn bury(world: &World<'_>) {
    let _ = world.try_docker(&["config", "rm", &format!("skep.lease.{}", world.name)]);
}

/// A round that wrote all that there was to write is at rest after so long.
fn quiet(round: u64) -> Duration {
    Duration::from_millis(if round == 0 { 5000 } else { 1500 })
}

/// The task of the service that never changes.
fn lamp_task(world: &World<'_>) -> String {
    let name = format!("{}-still_lamp", world.name);
    world.docker(&["service", "ps", "--no-trunc", "--format", "{{.ID}} {{.DesiredState}}", &name])
}

/// There is what the round declares, and of what has versions those that a service refers to, or
/// would go back to, with those that a set needs which is kept of a stack that is there.
fn exactly(world: &World<'_>, number: u64) {
    let named = |names: &[&str]| -> BTreeSet<String> {
        names.iter().map(|name| format!("{}{name}", world.name)).collect()
    };
    let fresh = |name: &str| format!("-{number}_{name}");
    let services = named(&["_api", "_web", "-still_lamp", &fresh("job")]);
    let mut networks = named(&["_front", &fresh("back")]);
    // A stack that declares no network gets docker's own for it.
    networks.extend(named(&["-still_default"]));
    let stacks = named(&["", "-still", &format!("-{number}")]);
    let ledgers: BTreeSet<String> = ["".to_owned(), "-still".to_owned(), format!("-{number}")]
        .iter()
        .map(|stack| format!("skep.ledger.{0}.{0}{stack}", world.name))
        .chain([format!("skep-{}-key", world.name), format!("skep.lease.{}", world.name)])
        .collect();
    let mut last = String::new();
    let equal = within(PATIENCE, || {
        let (kept_of, mut referred) = needed_by_sets(world);
        referred.extend(referred_by(world, &services));
        let configs: BTreeSet<String> = referred.union(&ledgers).cloned().collect();
        let (configs, secrets): (BTreeSet<String>, BTreeSet<String>) = (
            configs.into_iter().filter(|n| !n.contains("_password")).collect(),
            referred.into_iter().filter(|n| n.contains("_password")).collect(),
        );
        let wanted = [&services, &networks, &secrets, &configs].map(Clone::clone);
        let mut there = ["service", "network", "secret", "config"].map(|kind| ours(world, kind));
        for record in counted(world).difference(&ledgers) {
            there[3].remove(record);
        }
        last = format!("wanted {wanted:#?}\nthere {there:#?}\nkept of {kept_of:?}");
        wanted == there && kept_of.is_subset(&stacks)
    });
    assert!(equal, "{last}");
}

/// Records of stacks that went for the present commit: they are kept until the next one, because what
/// was removed counts until then.
fn counted(world: &World<'_>) -> BTreeSet<String> {
    let configs = configs_of(world, "skep.ledger");
    let head = world.repo.head();
    let of_head = |config: &&Value| {
        let record = config["Spec"]["Labels"]["skep.record"].as_str().unwrap_or_default();
        let record: Value = serde_json::from_str(record).unwrap_or_default();
        record["removed"]["revision"].to_string().contains(&head)
    };
    let names = configs.iter().filter(of_head).filter_map(|config| config["Spec"]["Name"].as_str());
    names.map(str::to_owned).collect()
}

/// All objects of a kind that are skep's in this world, by their names.
fn ours(world: &World<'_>, kind: &str) -> BTreeSet<String> {
    let names = world.lab.docker(world.node(), &[kind, "ls", "--format", "{{.Name}}"]);
    // Of what was healthy some sets are kept: how many, depends on which of them came so far.
    let kept = |name: &str| name.starts_with("skep.stable.");
    let ours =
        |name: &&str| name.contains(&world.name) && !kept(name) && !world.bystanders.has(name);
    // Not into a set at once: a doubled name would be lost there.
    let names: Vec<&str> = names.lines().filter(ours).collect();
    let set: BTreeSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(names.len(), set.len(), "doubled: {names:?}");
    set
}

/// Configs of this world's instance under a label, as the engine tells of them.
fn configs_of(world: &World<'_>, label: &str) -> Vec<Value> {
    let filter = format!("label={label}={}", world.name);
    let ids = world.docker(&["config", "ls", "--quiet", "--filter", &filter]);
    let words: Vec<&str> = ["config", "inspect"].into_iter().chain(ids.lines()).collect();
    // One that is removed meanwhile is an error: the next look has the rest.
    let json = world.try_docker(&words).unwrap_or_else(|_| "[]".to_owned());
    serde_json::from_str(&json).expect("JSON")
}

/// Stacks of which sets are kept, with the secrets and configs that these need.
fn needed_by_sets(world: &World<'_>) -> (BTreeSet<String>, BTreeSet<String>) {
    let sets = configs_of(world, "skep.stable");
    let (mut stacks, mut names) = (BTreeSet::new(), BTreeSet::new());
    for labels in sets.iter().map(|set| &set["Spec"]["Labels"]) {
        stacks.extend(labels["skep.stack"].as_str().map(str::to_owned));
        let uses = labels["skep.uses"].as_str().expect("a label");
        let uses: Value = serde_json::from_str(uses).expect("JSON");
        let lists = [&uses["secrets"], &uses["configs"]].into_iter().filter_map(Value::as_array);
        names.extend(lists.flatten().filter_map(Value::as_str).map(str::to_owned));
    }
    (stacks, names)
}

/// Secrets and configs that services refer to, now or in the spec before.
fn referred_by(world: &World<'_>, services: &BTreeSet<String>) -> BTreeSet<String> {
    let mut words = vec!["service", "inspect"];
    words.extend(services.iter().map(String::as_str));
    let Ok(json) = world.try_docker(&words) else { return BTreeSet::new() };
    let services: Vec<Value> = serde_json::from_str(&json).expect("JSON");
    let mut names = BTreeSet::new();
    for spec in services.iter().flat_map(|service| [&service["Spec"], &service["PreviousSpec"]]) {
        let container = &spec["TaskTemplate"]["ContainerSpec"];
        for (list, name) in [("Secrets", "SecretName"), ("Configs", "ConfigName")] {
            let list = container[list].as_array().into_iter().flatten();
            names.extend(list.filter_map(|one| one[name].as_str()).map(str::to_owned));
        }
    }
    names
}
