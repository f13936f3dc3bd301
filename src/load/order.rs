//! Stacks that wait for each other: circles, and names that no stack has.
//!
//! What is wrong spoils no stack: those of a circle are held by the plan, which names the one that
//! each waits for, and all others go on.

use std::collections::{BTreeMap, BTreeSet};

use crate::load::check::nearest;
use crate::load::circles::{Steps, break_circles, spelled};
use crate::load::lines;
use crate::model::{
    Desired, DesiredStack, FileSet, Place, Presence, Problem, SourceName, StackName,
};

/// Stands between the waves of a source, in a circle that leads through one. No stack's name has it.
const WAVE: char = '/';

/// Circles of stacks that wait for each other, by `depends_on` and by their waves.
#[must_use]
pub fn circles_of_stacks(desired: &Desired) -> Vec<Problem> {
    // Waves alone make none.
    if desired.stacks.values().all(|stack| stack.policy.order.depends_on.is_empty()) {
        return Vec::new();
    }
    let circles = break_circles(&mut steps(desired));
    circles.iter().filter_map(|circle| tell_circle(circle, desired)).collect()
}

/// Names in `depends_on` that none of the stacks has.
#[must_use]
pub fn unknown_stacks(desired: &Desired) -> Vec<Problem> {
    let mut problems = Vec::new();
    for stack in desired.stacks.values() {
        for (name, need) in &stack.policy.order.depends_on {
            if need.presence == Presence::Optional || desired.stacks.contains_key(name) {
                continue;
            }
            let message = format!("there is no stack '{name}' to wait for");
            let near = nearest(name.as_str(), desired.stacks.keys().map(StackName::as_str));
            let hint = match near {
                Some(near) => format!("did you mean '{near}'?"),
                None => "remove it, or declare the stack".to_owned(),
            };
            problems.push(problem(&need.place, message).hint(hint));
        }
    }
    problems
}

/// Problems with the lines that they are about, sorted.
#[must_use]
pub fn with_lines(problems: Vec<Problem>, files: &FileSet) -> Vec<Problem> {
    lines::finish(problems, files)
}

/// Who waits for whom. A wave of a source stands for all of its stacks up to that one.
fn steps(desired: &Desired) -> Steps<()> {
    let mut waves: BTreeMap<&SourceName, BTreeSet<i32>> = BTreeMap::new();
    for stack in desired.stacks.values() {
        waves.entry(&stack.source).or_default().insert(stack.policy.order.wave);
    }
    let mut steps = Steps::new();
    let mut step = |from: String, to: String| {
        steps.entry(from).or_insert_with(BTreeMap::new).insert(to, ());
    };
    for (name, stack) in &desired.stacks {
        let order = &stack.policy.order;
        let declared = order.depends_on.keys().filter(|need| desired.stacks.contains_key(*need));
        declared.for_each(|need| step(name.to_string(), need.to_string()));
        let before = waves.get(&stack.source).and_then(|w| w.range(..order.wave).next_back());
        before.into_iter().for_each(|wave| step(name.to_string(), node(stack, *wave)));
        step(node(stack, order.wave), name.to_string());
    }
    for (source, waves) in waves {
        for (early, late) in waves.iter().zip(waves.iter().skip(1)) {
            step(format!("{source}{WAVE}{late}"), format!("{source}{WAVE}{early}"));
        }
    }
    steps
}

fn node(stack: &DesiredStack, wave: i32) -> String {
    format!("{}{WAVE}{wave}", stack.source)
}

/// Told where one stack of the circle names the next one.
fn tell_circle(circle: &[String], desired: &Desired) -> Option<Problem> {
    let stack = |name: &String| desired.stacks.get(name.as_str()).map(AsRef::as_ref);
    let stacks: Vec<String> = circle.iter().filter(|name| !name.contains(WAVE)).cloned().collect();
    let mut around = stacks.iter().zip(stacks.iter().skip(1).chain(stacks.first()));
    let (first, need) = around.find_map(|(from, to)| {
        let needed = stack(from)?.policy.order.depends_on.get(to.as_str())?;
        Some((from, needed))
    })?;
    let mut path = stacks.clone();
    path.rotate_left(stacks.iter().position(|name| name == first)?);
    let message = format!("stacks wait for each other in a circle: {}", spelled(&path));
    let waves = path.iter().filter_map(stack);
    let waves = waves.map(|stack| (stack.name.as_str(), stack.policy.order.wave));
    let told: Vec<String> = waves.map(|(name, wave)| format!("'{name}' has wave {wave}")).collect();
    let hint = match stacks.len() == circle.len() {
        true => "take one of these steps away".to_owned(),
        false => format!("a later wave waits for all before it: {}", told.join(", ")),
    };
    Some(problem(&need.place, message).hint(hint))
}

fn problem(place: &Place, message: String) -> Problem {
    let problem = Problem::error(place.file.clone(), message).key("depends_on");
    match place.at {
        Some(at) => problem.at(at),
        None => problem,
    }
}
