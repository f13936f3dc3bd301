//! Worlds that are compared: whatever happens on the way, the end is the same.
//!
//! Scripts for this hold commits only, each followed until it has settled: what people do by hand has
//! another end when it comes a moment later.

use std::collections::BTreeMap;

use skep::diff::View;
use skep::diff::fields::fields;
use skep::ledger::{decode, is_ledger_name};
use skep::model::{Instance, Observed};
use skep::sim::{By, Verb};

use crate::script::{Action, Part, Script, Temper};
use crate::seeds::{Random, Scope, healing, script, shrink};
use crate::stage::Stage;

/// Says what is wrong with the world of a seed in which a script is played; nothing when all is well.
pub type Comparison = fn(u64, &Script) -> String;

/// Compares the world of a seed; what is wrong is told with a short script.
pub fn compare(seed: u64, comparison: Comparison) -> Option<String> {
    let script = script(seed, Scope::GitOnly);
    if comparison(seed, &script).is_empty() {
        return None;
    }
    let short =
        shrink(&script, |script| is_followed(script) && !comparison(seed, script).is_empty());
    Some(format!("seed {seed}: {}\n{short}", comparison(seed, &short)))
}

/// Whether what comes from git has settled before something else comes.
fn is_followed(script: &Script) -> bool {
    let pushes =
        |action: &Action| matches!(action, Action::Commit | Action::Revert | Action::ForcePush);
    let mut open = false;
    script.0.iter().all(|action| {
        let fine = !(open && pushes(action));
        open = (open || pushes(action)) && *action != Action::Settle;
        fine
    })
}

/// How a world ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct End {
    /// Everything that is there, by name, without ids and versions.
    there: BTreeMap<String, String>,
    /// What was written to the swarm, and how often; without ledgers.
    wrote: BTreeMap<String, usize>,
    /// Everything that was reported.
    told: String,
}

fn play(seed: u64, operators: usize, script: &Script) -> End {
    let mut actions = script.0.clone();
    actions.extend(healing());
    let mut stage = Stage::new(seed, operators);
    let mut told = String::new();
    stage.play(&Script(actions), |_, _, passes| {
        passes.iter().for_each(|pass| told.push_str(&format!("{:?}\n", pass.report)));
    });
    let mut wrote = BTreeMap::new();
    let log = stage.world.swarm.log();
    let made = log.iter().filter(|w| w.is_made_by(By::Port) && !is_ledger_name(&w.object.name));
    for write in made {
        let times = wrote.entry(format!("{} {}", write.verb, write.object)).or_default();
        // What is gone already can be removed once more; nothing comes of it.
        *times = if write.verb == Verb::Remove { 1 } else { *times + 1 };
    }
    End { there: there(&stage.world.swarm.picture()), wrote, told }
}

/// Everything that is in a swarm, without ids and versions. How many tasks run is left out: in a crash
/// loop that depends on the moment.
fn there(observed: &Observed) -> BTreeMap<String, String> {
    let mut there = BTreeMap::new();
    let names = View::new(observed).names;
    for (name, live) in &observed.services {
        let mut text: Vec<String> = fields(&live.spec, &names)
            .iter()
            .map(|(path, value)| format!("{path}={}", value.text))
            .collect();
        text.push(format!("{:?}", live.spec.labels));
        there.insert(format!("service {name}"), text.join(" "));
    }
    for (name, live) in &observed.networks {
        there.insert(format!("network {name}"), format!("{:?}", live.labels));
    }
    for (name, live) in &observed.secrets {
        there.insert(format!("secret {name}"), format!("{:?}", live.spec.labels));
    }
    for (name, live) in observed.configs.iter().filter(|(name, _)| !is_ledger_name(name)) {
        there.insert(format!("config {name}"), format!("{:?}", live.spec.labels));
    }
    for (name, entry) in decode(&observed.configs, &Instance::default()).stacks {
        // What is remembered of a service that is gone stays until its stack is as declared.
        let services = entry.record.services.iter();
        let there_still = services.filter(|(service, _)| observed.services.contains_key(*service));
        let quarantine = there_still.map(|(service, record)| {
            format!("{service} {:?} {:?} {:?}", record.attempted, record.stable, record.quarantine)
        });
        there.insert(format!("ledger {name}"), quarantine.collect::<Vec<_>>().join(" "));
    }
    there
}

/// Where two ends differ.
fn difference(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>) -> String {
    let names: std::collections::BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let odd = names.into_iter().filter(|name| one.get(*name) != other.get(*name));
    odd.map(|name| format!("{name}:\n  {:?}\n  {:?}\n", one.get(name), other.get(name))).collect()
}

/// Nothing but the world has a say.
pub fn same_bytes(seed: u64, script: &Script) -> String {
    let (one, other) = (play(seed, 1, script), play(seed, 1, script));
    if one == other { String::new() } else { "another run told something else".to_owned() }
}

/// The last write before the end is made and not answered: a death right before the next write, or
/// right after this one, leaves the same.
pub fn after_a_crash(seed: u64, script: &Script) -> String {
    let whole = play(seed, 1, script);
    // Ledgers count too.
    let writes = 2 * whole.wrote.values().sum::<usize>();
    let at = 1 + Random::new(seed).below(writes);
    let mut actions = script.0.clone();
    actions.insert(0, Action::Crash(at));
    let cut = play(seed, 1, &Script(actions));
    let wrong = difference(&whole.there, &cut.there);
    if wrong.is_empty() { wrong } else { format!("crash after {at} writes: {wrong}") }
}

/// Two operators whose passes run at the same time, without a lease between them.
pub fn two_at_once(seed: u64, script: &Script) -> String {
    let (one, two) = (play(seed, 1, script), play(seed, 2, script));
    let count = |end: &End| -> BTreeMap<String, String> {
        end.wrote.iter().map(|(what, times)| (what.clone(), times.to_string())).collect()
    };
    difference(&one.there, &two.there) + &difference(&count(&one), &count(&two))
}

/// Images that fail, a registry that does not answer, a file with a mistake.
pub fn beside_a_bad_one(seed: u64, script: &Script) -> String {
    let bad = bad(seed, script);
    let mut plain = script.clone();
    if !bad.last.is_empty() {
        // The commit that takes the bad one away takes along what was edited and not committed.
        plain.0.extend([Action::Commit, Action::Settle]);
    }
    let alone = play(seed, 1, &plain).there;
    let mut actions = bad.first;
    actions.extend(script.0.iter().cloned());
    actions.extend(bad.last);
    let mut beside = play(seed, 1, &Script(actions)).there;
    beside.retain(|name, _| !name.contains("odd"));
    difference(&alone, &beside)
}

/// A stack that something is wrong with, and what is done about it in the end.
struct Bad {
    first: Vec<Action>,
    last: Vec<Action>,
}

fn bad(seed: u64, script: &Script) -> Bad {
    let tempers = [
        Temper::Crashes(0),
        Temper::Crashes(8),
        Temper::NeverHealthy,
        Temper::Missing,
        Temper::Refused,
    ];
    let takes = |action: &Action| {
        use Action::{ForcePush, Forget, Rename, Revert};
        matches!(action, Forget(..) | Rename(..) | Revert | ForcePush)
    };
    let kind = match seed % 7 {
        // A removal rightly waits for a broken file, and then for what is not well or was rewritten.
        5 if script.0.iter().any(takes) => 4,
        kind => usize::try_from(kind).expect("a small number"),
    };
    let odd = || "odd".to_owned();
    let image = if kind == 6 { "down.test/odd:1" } else { "odd:1" };
    let mut first: Vec<Action> = Vec::new();
    first.extend(tempers.get(kind).map(|temper| Action::Image("odd:1".to_owned(), temper.clone())));
    let parts = vec![Part::Image(image.to_owned()), Part::Network("front".to_owned())];
    first.push(Action::Declare(odd(), "web".to_owned(), parts));
    // A file that can't be read may have held more of any stack: removals wait until it is gone.
    let last = if kind == 5 {
        first.push(Action::Break(odd()));
        vec![Action::Forget(odd(), None), Action::Commit, Action::Settle]
    } else {
        Vec::new()
    };
    Bad { first, last }
}
