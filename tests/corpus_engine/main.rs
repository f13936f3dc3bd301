//! The public stacks of the corpus on a real engine: applied without tasks, read back, and compared.
//! Whatever a file declares has to be found again as it was declared.
//!
//! `tests/run` runs it where there is a corpus and a laboratory.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]
#![expect(
    clippy::disallowed_methods,
    reason = "the corpus lies outside, and an engine that allocates networks sends no event"
)]

#[path = "../corpus/cases.rs"]
#[expect(dead_code, reason = "the comparison with docker needs more of it")]
mod cases;
#[path = "../swarm/doors.rs"]
#[expect(dead_code, reason = "there is no repository here")]
mod doors;
#[path = "../swarm/lab.rs"]
mod lab;
mod refused;
mod stage;
mod whole;

use std::sync::Arc;

use skep::diff::{DataLive, StackChanges};
use skep::load::Loaded;
use skep::model::{DesiredStack, HashKey, StackName};

use crate::cases::{As, Case, corpus, load_like_docker_as, stack_cases};
use crate::lab::Lab;
use crate::refused::refused;
use crate::stage::Stage;

#[tokio::test]
async fn every_public_stack_is_found_as_it_was_declared() {
    let lab = Lab::open();
    let cases = stack_cases(&corpus());
    let mut wrong = Vec::new();
    for case in &cases {
        // One at a time: they publish the same ports.
        let claim = lab.claim("one", "corpus");
        let stage = Stage::new(&lab, claim.node, (&claim.prefix, &claim.prefix));
        let name = StackName::new(claim.prefix.clone()).unwrap();
        let key = Some(HashKey::new([7; 32]));
        let loaded = load_like_docker_as(case, &As { stack: name.clone(), key }).loaded;
        if let Some(why) = refused(case, &loaded) {
            println!("{:60} refused: {why}", case.name);
            continue;
        }
        let verdict = check(&stage, &loaded.desired.stacks[&name], &loaded).await;
        println!("{:60} {}", case.name, if verdict.is_empty() { "equal" } else { "differs" });
        wrong.extend(verdict.into_iter().map(|line| format!("{}: {line}", case.name)));
    }
    assert!(cases.len() > 40 && wrong.is_empty(), "{} stacks\n{}", cases.len(), wrong.join("\n"));
}

/// What differs after the stack was made.
async fn check(stage: &Stage, stack: &DesiredStack, loaded: &Loaded) -> Vec<String> {
    let stack = Arc::new(stage.idle(stack));
    stage.make_foreign(&stack).await;
    let mut wrong = stage.apply(&stack, &loaded.data).await;
    let changes = stage.changes_once_allocated(&stack).await;
    wrong.extend(differences(&changes));
    wrong.extend(stage.steps_left(&stack).await);
    wrong
}

fn differences(changes: &StackChanges) -> Vec<String> {
    let mut wrong = Vec::new();
    for change in &changes.networks {
        let fields = change.fields.iter().map(|f| format!("{} {f:?}", change.spec.name));
        wrong.extend(fields);
        wrong.extend(change.live.is_none().then(|| format!("no network {}", change.spec.name)));
    }
    for change in &changes.data {
        let same = matches!(change.live, DataLive::Same { .. }) && change.fields.is_empty();
        wrong.extend((!same).then(|| format!("{} {:?}", change.object, change.live)));
    }
    for change in &changes.services {
        wrong.extend(change.fields.iter().map(|f| format!("{} {f:?}", change.name)));
        wrong.extend(change.live.is_none().then(|| format!("no service {}", change.name)));
    }
    wrong.extend(changes.leftovers.iter().map(|left| format!("left over: {}", left.object)));
    wrong
}

#[test]
fn the_corpus_is_there() {
    let names: Vec<String> = stack_cases(&corpus()).into_iter().map(|c: Case| c.name).collect();
    assert!(names.len() > 40, "{names:?}");
}
